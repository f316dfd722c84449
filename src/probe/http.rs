//! A URL answers as expected.

use std::ops::RangeInclusive;
use std::time::Duration;

use awc::Client;
use awc::http::Uri;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use keepwatch_actors::health_checker::probe::Probe;
use keepwatch_engine::clock::{Clock as _, SystemClock};
use keepwatch_engine::health::Outcome;
use thiserror::Error;

use crate::notation::format_duration;

/// The most of a body that is read to look for a text, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// A check that gets a URL; it observes how long the answer took, in ms.
///
/// A status from 200 to 399 is expected by default, after at most ten
/// redirects. `https` certificates are checked against Mozilla's roots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    url: Uri,
    status: RangeInclusive<u16>,
    body: Option<String>,
    degraded_after: Option<Duration>,
}

/// Why a URL or an expectation was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The text is no absolute URL of a web server.
    #[error("expected a URL such as \"http://127.0.0.1:8080/health\", got {url:?}")]
    Url {
        /// The text as given.
        url: String,
    },
    /// The text is no status or range of them.
    #[error("expected a status or a range from 100 to 599, such as \"200-299\", got {status:?}")]
    Status {
        /// The text as given.
        status: String,
    },
}

impl Http {
    /// Checks a URL by GET.
    ///
    /// # Errors
    /// A URL without the scheme `http` or `https`, or without a host.
    pub fn get(url: &str) -> Result<Self, HttpError> {
        let refuse = || HttpError::Url { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(refuse());
        }
        Ok(Self { url: uri, status: 200..=399, body: None, degraded_after: None })
    }

    /// Sets the statuses that are expected.
    #[must_use]
    pub const fn status(mut self, status: RangeInclusive<u16>) -> Self {
        self.status = status;
        self
    }

    /// Expects a text in the first MiB of the body.
    #[must_use]
    pub fn body_contains(mut self, text: impl Into<String>) -> Self {
        self.body = Some(text.into());
        self
    }

    /// Calls an answer that takes longer degraded.
    #[must_use]
    pub const fn degraded_after(mut self, limit: Duration) -> Self {
        self.degraded_after = Some(limit);
        self
    }

    async fn look(self) -> Outcome {
        // Without a provider of the host application's choice, rustls takes
        // this one; an earlier choice stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The check's own timeout limits the whole run.
        let client = Client::builder().disable_timeout().finish();
        let (found, took) = timed(self.fetch(&client)).await;
        match found {
            Err(message) => Outcome::failed(format_args!("GET {} {message}", self.url)),
            Ok(()) => match self.degraded_after.filter(|limit| took > *limit) {
                Some(limit) => Outcome::degraded(format_args!(
                    "GET {} took {:.0} ms, above {}",
                    self.url,
                    millis(took),
                    format_duration(limit)
                )),
                None => Outcome::healthy(),
            }
            .observed(millis(took), "ms"),
        }
    }

    async fn fetch(&self, client: &Client) -> Result<(), String> {
        let request = client.get(self.url.clone()).send();
        let mut response = request.await.map_err(|error| format!("failed: {error}"))?;
        let status = response.status().as_u16();
        if !self.status.contains(&status) {
            let (low, high) = self.status.clone().into_inner();
            let expected = if low == high { low.to_string() } else { format!("{low}-{high}") };
            return Err(format!("answered {status}; expected {expected}"));
        }
        let Some(text) = &self.body else { return Ok(()) };
        let body = response.body().limit(BODY_BYTES_MAX).await;
        let body = body.map_err(|error| format!("has no readable body: {error}"))?;
        if String::from_utf8_lossy(&body).contains(text) {
            return Ok(());
        }
        Err(format!("answered {status} without {text:?} in its body"))
    }
}

impl Probe for Http {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        let http = self.clone();
        let url = self.url.clone();
        // The client's futures stay on their thread; the task begins there.
        let run = async move {
            match tokio::task::spawn_local(async move { http.look().await }).await {
                Ok(outcome) => outcome,
                Err(error) => Outcome::failed(format_args!("GET {url}: {error}")),
            }
        };
        run.boxed()
    }
}

/// Measures how long a future takes.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let clock = SystemClock::new();
    let output = work.await;
    (output, clock.monotonic())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// Reads the statuses to expect, as one (`"204"`) or a range (`"200-299"`).
pub(crate) fn parse_statuses(text: &str) -> Result<RangeInclusive<u16>, HttpError> {
    let refuse = || HttpError::Status { status: text.to_owned() };
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.trim().parse::<u16>().map_err(|_| refuse());
    let (low, high) = (number(low)?, number(high)?);
    if 100 <= low && low <= high && high <= 599 { Ok(low..=high) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use keepwatch_engine::health::Verdict;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::task::LocalSet;

    use super::*;

    #[test]
    fn urls_and_statuses() {
        for good in ["http://a", "https://a:8443/x?y=z", "http://[::1]:80/"] {
            assert!(Http::get(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/x", "ftp://a/", "http://", "http:// a"] {
            assert_eq!(Http::get(bad), Err(HttpError::Url { url: bad.to_owned() }));
        }
        assert_eq!(parse_statuses("204"), Ok(204..=204));
        assert_eq!(parse_statuses("200-299"), Ok(200..=299));
        for bad in ["", "ok", "299-200", "99", "200-600", "2xx"] {
            assert!(parse_statuses(bad).is_err(), "{bad}");
        }
    }

    /// Serves one answer and looks at it.
    async fn look(status: &str, body: &str, http: impl Fn(Http) -> Http) -> (String, Outcome) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/up", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let server = async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let probe = http(Http::get(&url).unwrap());
        let (outcome, ()) =
            LocalSet::new().run_until(async { tokio::join!(probe.run(), server) }).await;
        (url, outcome)
    }

    #[tokio::test]
    async fn answers() {
        let (_, outcome) = look("200 OK", "ready", |http| http).await;
        assert_eq!(outcome.verdict, Verdict::Healthy);
        assert!(outcome.observed.is_some_and(|observed| observed.value > 0.0));

        let (url, outcome) = look("503 No", "", |http| http).await;
        let message = format!("GET {url} answered 503; expected 200-399");
        assert_eq!(outcome, Outcome::failed(message));

        let (_, outcome) = look("204 None", "", |http| http.status(204..=204)).await;
        assert_eq!(outcome.verdict, Verdict::Healthy);

        let (_, outcome) = look("200 OK", "not ready", |http| http.body_contains("ready")).await;
        assert_eq!(outcome.verdict, Verdict::Healthy);

        let (url, outcome) = look("200 OK", "no", |http| http.body_contains("ready")).await;
        let message = format!("GET {url} answered 200 without \"ready\" in its body");
        assert_eq!(outcome, Outcome::failed(message));

        let (_, outcome) = look("200 OK", "", |http| http.degraded_after(Duration::ZERO)).await;
        assert!(matches!(outcome.verdict, Verdict::Degraded(_)), "{outcome:?}");
    }

    #[tokio::test]
    async fn no_server_is_a_failure_by_name() {
        let probe = Http::get("http://127.0.0.1:1/").unwrap();
        let outcome = LocalSet::new().run_until(probe.run()).await;
        let text = format!("{outcome:?}");
        assert!(text.contains("GET http://127.0.0.1:1/ failed: "), "{text}");
    }
}
