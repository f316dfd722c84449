//! `/metrics`, as scrapers ask for it.

use std::io::Read as _;

use actix_web::body::{BodySize, MessageBody as _, to_bytes};
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse};
use keepwatch::{Monitor, web};

struct Scraped {
    content_type: String,
    coding: String,
    vary: String,
    /// The length that was said, if it was.
    length: Option<u64>,
    body: Vec<u8>,
}

impl Scraped {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

async fn scrape(monitor: &Monitor, request: TestRequest) -> Scraped {
    let app = init_service(App::new().service(web::scope("", monitor))).await;
    let response = call_service(&app, request.to_request()).await;
    assert_eq!(response.status(), 200);
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (content_type, coding, vary) =
        (header("content-type"), header("content-encoding"), header("vary"));
    let response: HttpResponse<_> = response.into();
    let length = match response.body().size() {
        BodySize::Sized(length) => Some(length),
        _ => None,
    };
    let body = to_bytes(response.into_body()).await.expect("a body").to_vec();
    Scraped { content_type, coding, vary, length, body }
}

fn asking(accept: &str, coding: &str) -> TestRequest {
    let request = TestRequest::get().uri("/metrics?name[]=jobs_total&other=1");
    request.insert_header(("accept", accept)).insert_header(("accept-encoding", coding))
}

/// A monitor whose metric `jobs_total` has this many series.
fn counting(series: usize) -> Monitor {
    let monitor = Monitor::builder().start().expect("a valid engine");
    let jobs = monitor.counter("jobs_total").help("Jobs.").labels(["queue"]).series_max(series);
    let jobs = jobs.register().expect("a new name");
    for index in 0..series {
        jobs.with(&[&format!("queue-{index:06}")]).expect("there is room").increment_by(7);
    }
    monitor
}

#[actix_web::test]
async fn the_format_is_what_accept_says() {
    let monitor = counting(1);
    for (accept, content_type, begins) in [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "# HELP jobs_total Jobs.\n"),
        (
            "text/plain;version=1.0.0;escaping=allow-utf-8",
            "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
            "# HELP jobs_total Jobs.\n",
        ),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total{queue=\"queue-000000\"} 7\n",
        ),
    ] {
        let scraped = scrape(&monitor, asking(accept, "identity")).await;
        assert_eq!((scraped.content_type.as_str(), scraped.coding.as_str()), (content_type, ""));
        assert_eq!(scraped.vary, "Accept, Accept-Encoding");
        assert!(scraped.text().starts_with(begins), "{}", scraped.text());
        assert_eq!(scraped.length, Some(scraped.body.len() as u64));
        assert!(!scraped.text().contains("keepwatch_"), "only what was asked for");
    }
    let protobuf = scrape(&monitor, asking("application/vnd.google.protobuf", "")).await;
    assert!(protobuf.content_type.starts_with("application/vnd.google.protobuf; proto="));
    assert_eq!(protobuf.body[1..].get(..12), Some(&b"\x0a\x0ajobs_total"[..]));
}

#[actix_web::test]
async fn what_is_compressed_comes_out_as_it_was() {
    // More than a burst, and little more than nothing.
    for series in [20_000, 1] {
        let monitor = counting(series);
        let plain = scrape(&monitor, asking("text/plain", "identity")).await;
        assert_eq!(plain.text().lines().count(), 2 + series);
        // What is long is not held to be measured.
        assert_eq!(plain.length.is_some(), series == 1);
        let gzip = scrape(&monitor, asking("text/plain", "gzip")).await;
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut unpacked).expect("gzip");
        assert_eq!((gzip.coding.as_str(), unpacked == plain.body), ("gzip", true));
        let zstd = scrape(&monitor, asking("text/plain", "gzip;q=0.9, zstd")).await;
        let mut unpacked = Vec::new();
        let mut decoder = structured_zstd::decoding::StreamingDecoder::new(&*zstd.body);
        decoder.read_to_end(&mut unpacked).expect("zstd");
        assert_eq!((zstd.coding.as_str(), unpacked == plain.body), ("zstd", true));
        if series > 1 {
            assert!(gzip.body.len() * 8 < plain.body.len(), "{}", gzip.body.len());
            assert!(zstd.body.len() * 8 < plain.body.len(), "{}", zstd.body.len());
        }
    }
}

#[actix_web::test]
async fn a_head_says_what_a_get_would() {
    let monitor = counting(1);
    let head = asking("text/plain", "gzip").method(Method::HEAD);
    let scraped = scrape(&monitor, head).await;
    assert_eq!(scraped.content_type, "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(scraped.coding, "gzip");
}
