//! Fetching a body.

use awc::Client;
use awc::error::PayloadError;
use awc::http::StatusCode;
use awc::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use keepwatch_engine::scrape::{self, ScrapeFailure};

use super::board::ScrapedTarget;

/// Tells a target how long it may take, in seconds.
const TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

/// What a target answered.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) content_type: Option<String>,
    pub(super) coding: Option<String>,
}

/// Makes the client of all targets, which keeps their connections.
pub(super) fn client() -> Client {
    // Without a provider of the host application's choice, rustls takes this
    // one; an earlier choice stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A scrape has a timeout of its own.
    Client::builder()
        .disable_timeout()
        .add_default_header(("user-agent", concat!("keepwatch/", env!("CARGO_PKG_VERSION"))))
        .finish()
}

/// Asks a target, for at most its timeout.
pub(super) async fn fetch(
    client: &Client,
    target: &ScrapedTarget,
) -> Result<Fetched, ScrapeFailure> {
    let asked = tokio::time::timeout(target.timeout, ask(client, target)).await;
    asked.unwrap_or(Err(ScrapeFailure::TimedOut(target.timeout)))
}

async fn ask(client: &Client, target: &ScrapedTarget) -> Result<Fetched, ScrapeFailure> {
    let request = client
        .get(target.url.as_str())
        .no_decompress()
        .insert_header((ACCEPT, scrape::ACCEPT))
        .insert_header((ACCEPT_ENCODING, "zstd, gzip;q=0.9"))
        .insert_header((
            HeaderName::from_static(TIMEOUT),
            target.timeout.as_secs_f64().to_string(),
        ));
    let response = request.send().await;
    let mut response = response.map_err(|error| ScrapeFailure::Fetch(error.to_string()))?;
    if response.status() != StatusCode::OK {
        return Err(ScrapeFailure::Status(response.status().as_u16()));
    }
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let (content_type, coding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
    let body = response.body().limit(target.body_bytes_max).await;
    let body = body.map_err(|error| match error {
        PayloadError::Overflow => ScrapeFailure::BodyTooLarge(target.body_bytes_max),
        error => ScrapeFailure::Fetch(error.to_string()),
    })?;
    Ok(Fetched { body: body.into(), content_type, coding })
}
