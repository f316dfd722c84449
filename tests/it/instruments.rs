//! What an application counts with, from the first use to after the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keepwatch::instrument::{Catalogue, Counter, Static};
use keepwatch::messages::Values;
use keepwatch::model::Timestamp;
use keepwatch::{LabelSet, LabelValue, Monitor};

#[derive(Debug, Clone, Copy, LabelValue)]
#[label(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    #[label(rename = "other")]
    Unknown,
}

#[derive(Debug, Clone, Copy, LabelValue)]
enum Answer {
    Success,
    ClientError,
}

#[derive(Debug, Clone, Copy, LabelSet)]
#[label(crate = "keepwatch")]
struct Request {
    method: Method,
    #[label(rename = "status")]
    answer: Answer,
    r#cached: bool,
}

static PARSED: Static<Counter> = Static::new("parsed_total", "Documents that were parsed.");

/// Returns the newest value of each series of a metric, by its labels.
async fn newest(monitor: &Monitor, metric: &str) -> Vec<(String, f64)> {
    let (start, end) = (Timestamp::MIN, Timestamp::MAX);
    let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
    let series = monitor.send(values).await.unwrap();
    let last = |series: &keepwatch::model::SeriesSamples| series.samples.last().unwrap().value;
    series.iter().map(|series| (series.labels.to_string(), last(series))).collect()
}

#[test]
fn typed_labels_are_the_texts_that_their_types_say() {
    assert_eq!(Request::NAMES, ["method", "status", "cached"]);
    assert_eq!((Method::COUNT, Request::COUNT), (3, 12));
    let mut seen = std::collections::BTreeSet::new();
    for method in [Method::Get, Method::Post, Method::Unknown] {
        for answer in [Answer::Success, Answer::ClientError] {
            for cached in [false, true] {
                seen.insert(Request { method, answer, cached }.index());
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), (0..12).collect::<Vec<_>>());
    let mut texts = Vec::new();
    let one = Request { method: Method::Unknown, answer: Answer::ClientError, cached: true };
    one.push_texts(&mut texts);
    assert_eq!(texts, ["other", "client_error", "true"]);
}

#[actix_web::test]
async fn what_is_counted_before_the_start_and_after_the_end_is_not_lost() {
    let catalogue = Catalogue::new();
    let requests = catalogue.counter("requests_total").register_typed::<Request>().unwrap();
    let get = Request { method: Method::Get, answer: Answer::Success, cached: false };
    requests.get(get).increment();
    PARSED.increment_by(7);
    let called = Arc::new(AtomicU64::new(40));
    let called_by = Arc::clone(&called);
    let read = move || called_by.fetch_add(1, Ordering::Relaxed) as f64;
    catalogue.gauge("queue_length").callback(read).unwrap();
    catalogue.gauge("broken").callback(|| panic!("a callback that panics")).unwrap();

    let interval = Duration::from_millis(100);
    let monitor =
        Monitor::builder().catalogue(catalogue).collection_interval(interval).start().unwrap();
    monitor.adopt(&PARSED).unwrap();
    requests.get(get).increment();
    let labels = r#"{cached="false",method="GET",status="success"}"#;
    assert_eq!(newest(&monitor, "requests_total").await, [(labels.to_owned(), 2.0)]);
    assert_eq!(newest(&monitor, "parsed_total").await, [("{}".to_owned(), 7.0)]);
    // The callback is read at each collection; another that panics is no
    // obstacle.
    while newest(&monitor, "queue_length").await.last().is_none_or(|(_, value)| *value < 42.0) {
        actix_rt::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(newest(&monitor, "broken").await.is_empty());
    monitor.shutdown().await;
    requests.get(get).increment();
    assert_eq!(requests.get(get).value(), 3.0);
}
