//! `/metrics`: the current values, for scrapers.
//!
//! What is encoded is decided by `Accept`, how it is compressed by
//! `Accept-Encoding`. Encoding and compressing happen on pool threads, a burst
//! at a time, and a burst begins when the one before was taken: a scraper that
//! reads slowly holds one burst in memory and no thread.

mod burst;

use std::collections::VecDeque;

use actix_web::http::header::{self, HeaderName};
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::{self, Stream};
use keepwatch_actors::Error;
use keepwatch_engine::exposition::{Coding, Format, Wanted};

use self::burst::{Burst, Encoder};
use super::fresh;
use crate::Monitor;

/// The parameter that names a metric to show; it may come many times.
const NAME: &str = "name[]";

/// Answers a scrape.
pub(super) async fn exposition(monitor: Data<Monitor>, request: HttpRequest) -> HttpResponse {
    let accept = joined(&request, header::ACCEPT);
    let format = Format::negotiate(accept.as_deref());
    let coding = Coding::negotiate(joined(&request, header::ACCEPT_ENCODING).as_deref());
    let wanted = Wanted { format, names: names(request.query_string()) };
    let (exposition, now) = (monitor.scraped().clone(), monitor.clock().now());
    let first = move || Encoder::new(exposition.scrape(&wanted, now), coding).burst();
    let Burst { bytes, rest } = match monitor.encode(first).await {
        Ok(burst) => burst,
        Err(error) => {
            return fresh(HttpResponse::ServiceUnavailable())
                .content_type("text/plain; charset=utf-8")
                .body(format!("{error}\n"));
        }
    };
    let mut response = fresh(HttpResponse::Ok());
    response
        .content_type(format.content_type())
        .insert_header((header::VARY, "Accept, Accept-Encoding"));
    if coding != Coding::Identity {
        response.insert_header((header::CONTENT_ENCODING, coding.as_str()));
    }
    match rest {
        None => response.body(bytes),
        Some(rest) => response.streaming(bursts(monitor.get_ref().clone(), bytes, rest)),
    }
}

/// Gives the first burst, then each that follows when it is asked for.
fn bursts(
    monitor: Monitor,
    first: Bytes,
    rest: Encoder,
) -> impl Stream<Item = Result<Bytes, Error>> + 'static {
    let begun = (VecDeque::from([first]), Some(rest));
    stream::try_unfold((monitor, begun), |(monitor, (mut ready, rest))| async move {
        if let Some(bytes) = ready.pop_front() {
            return Ok(Some((bytes, (monitor, (ready, rest)))));
        }
        let Some(encoder) = rest else { return Ok(None) };
        let Burst { bytes, rest } = monitor.encode(move || encoder.burst()).await?;
        Ok(Some((bytes, (monitor, (ready, rest)))))
    })
}

/// Returns the values of a header that may come several times, as one list.
fn joined(request: &HttpRequest, name: HeaderName) -> Option<String> {
    let values: Vec<&str> =
        request.headers().get_all(name).filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Returns the metrics that are asked for; other parameters are ignored, as
/// scrapers may add their own.
fn names(query: &str) -> Vec<String> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query);
    let pairs = pairs.map(Query::into_inner).unwrap_or_default();
    pairs.into_iter().filter(|(name, _)| name == NAME).map(|(_, value)| value).collect()
}
