//! Other programs, scraped: a server of every format and fault beside a
//! monitor.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use flate2::Compression;
use flate2::write::GzEncoder;
use keepwatch::Monitor;
use keepwatch::model::{TimeRange, Timestamp};
use keepwatch::promql::{LabelSet, Value};
use keepwatch::scrape::{Health, Job, SampleLimits, ScrapedTarget};
use serde_json::json;
use structured_zstd::encoding::{CompressionLevel, StreamingEncoder};

use crate::web::ask;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PROTOBUF: &str = "application/vnd.google.protobuf; \
                        proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// A server that serves metrics in as many ways as there are paths.
struct Server {
    address: String,
    /// What `/changing` does.
    phase: Arc<AtomicU32>,
}

impl Server {
    /// Serves on a thread of its own until the test's process ends.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let phase = Arc::new(AtomicU32::new(0));
        let shared = web::Data::from(Arc::clone(&phase));
        let (ready, started) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app =
                    move || App::new().app_data(shared.clone()).default_service(web::to(answer));
                let server = HttpServer::new(app).workers(1).disable_signals();
                let server = server.listen(listener).unwrap().run();
                ready.send(()).unwrap();
                server.await.unwrap();
            });
        });
        started.recv().unwrap();
        Self { address, phase }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn answer(request: HttpRequest, phase: web::Data<AtomicU32>) -> HttpResponse {
    let asks = |header: &str| {
        let value = request.headers().get(header).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let text = "# TYPE hits counter\n# HELP hits Hits.\nhits_total{path=\"/\"} 7\n# EOF\n";
    let mut ok = HttpResponse::Ok();
    match request.path() {
        "/open-metrics" if asks("accept").starts_with("application/openmetrics-text") => {
            ok.content_type(OPEN_METRICS).body(text)
        }
        "/text" => ok
            .content_type("text/plain; version=0.0.4")
            .body("# TYPE hits_total counter\n# HELP hits_total Hits.\nhits_total{path=\"/\"} 7\n"),
        "/protobuf" => ok.content_type(PROTOBUF).body(hits_in_protobuf()),
        "/gzip" if asks("accept-encoding").contains("gzip") => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(text.as_bytes()).unwrap();
            let body = encoder.finish().unwrap();
            ok.content_type(OPEN_METRICS).insert_header(("content-encoding", "gzip")).body(body)
        }
        "/zstd" if asks("accept-encoding").contains("zstd") => {
            let level = CompressionLevel::from_level(1);
            let mut encoder = StreamingEncoder::new(Vec::new(), level);
            encoder.write_all(text.as_bytes()).unwrap();
            let body = encoder.finish().unwrap();
            ok.content_type(OPEN_METRICS).insert_header(("content-encoding", "zstd")).body(body)
        }
        "/changing" => match phase.load(Ordering::SeqCst) {
            0 => ok.body("stays 1\ngoes 1\nup 9\n"),
            1 => ok.body("stays 2\n"),
            2 => HttpResponse::InternalServerError().finish(),
            _ => ok.body("stays 3\n"),
        },
        // What the process of this test has, too, and twice the same.
        "/keepwatch" => ok.body("keepwatch_own 5\nkeepwatch_own 6\n"),
        "/large" => ok.body("a 1\n".repeat(1_000)),
        "/many" => ok.body("a 1\nb 2\nc 3\n"),
        "/broken" => ok.body("a{ 1\n"),
        "/page" => ok.content_type("text/html").body("<p>no</p>"),
        "/silent" => std::future::pending().await,
        _ => HttpResponse::NotFound().finish(),
    }
}

/// `hits_total{path="/"} 7` with a time of creation, byte by byte.
fn hits_in_protobuf() -> Vec<u8> {
    let mut body = vec![0, 0x0a, 10];
    body.extend_from_slice(b"hits_total");
    body.extend_from_slice(&[0x12, 5]);
    body.extend_from_slice(b"Hits.");
    let label = [0x0a, 9, 0x0a, 4, b'p', b'a', b't', b'h', 0x12, 1, b'/'];
    let counter = [0x1a, 9, 9, 0, 0, 0, 0, 0, 0, 0x1c, 0x40];
    body.extend_from_slice(&[0x22, 22]);
    body.extend_from_slice(&label);
    body.extend_from_slice(&counter);
    body[0] = u8::try_from(body.len() - 1).unwrap();
    body
}

/// As often as may be.
fn job(name: &str) -> Job {
    Job::new(name).interval(Duration::from_millis(100))
}

/// Waits until something holds, which the test's own end limits.
async fn until(mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it never holds");
}

async fn until_scraped(target: &ScrapedTarget) {
    until(async || target.status().last_scrape.is_some()).await;
}

/// Asks for the present values, each series as text.
async fn values(monitor: &Monitor, query: &str) -> Vec<(String, f64)> {
    let answer = monitor.query(query, monitor.clock().now()).await.unwrap();
    let Value::Vector(vector) = &answer.value else { panic!("{:?}", answer.value) };
    vector
        .iter()
        .map(|(labels, point)| (labels.to_string(), point.value.float().unwrap()))
        .collect()
}

#[actix_web::test]
async fn every_format_gives_the_same_series() {
    let server = Server::start();
    let paths = ["/open-metrics", "/text", "/protobuf", "/gzip", "/zstd"];
    let builder = paths.iter().fold(Monitor::builder(), |builder, path| {
        builder.scrape(job(&path[1..]).target(server.url(path)).label("zone", "eu"))
    });
    let monitor = builder.start().unwrap();
    for target in monitor.targets() {
        until_scraped(target).await;
        let status = target.status();
        assert_eq!((status.health, &*status.last_error), (Health::Up, ""), "{}", target.url);
        assert_eq!(status.samples, 1, "{}", target.url);
    }
    let mut found = values(&monitor, "hits_total").await;
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let mut jobs = paths.map(|path| &path[1..]);
    jobs.sort_unstable();
    for ((labels, value), job) in found.iter().zip(jobs) {
        assert_eq!(*value, 7.0);
        for label in [
            format!("instance=\"{}\"", server.address),
            format!("job=\"{job}\""),
            "path=\"/\"".to_owned(),
            "zone=\"eu\"".to_owned(),
        ] {
            assert!(labels.contains(&label), "{labels} {label}");
        }
    }
    assert_eq!(values(&monitor, "sum(up)").await, [("{}".to_owned(), 5.0)]);
    assert_eq!(found.len(), 5);
    let own = "sum by (job) (scrape_samples_scraped)";
    assert_eq!(values(&monitor, own).await.len(), 5);

    let metadata = ask(&monitor, "/watch/api/v1/metadata?metric=hits_total").await.json();
    let described = json!([{"type": "counter", "help": "Hits.", "unit": ""}]);
    assert_eq!(metadata["data"], json!({"hits_total": described}));
    assert!(monitor.shutdown().await.is_clean());
}

#[actix_web::test]
async fn a_series_that_goes_has_an_end() {
    let server = Server::start();
    let monitor =
        Monitor::builder().scrape(job("j").target(server.url("/changing"))).start().unwrap();
    let sum = async |query: &str| values(&monitor, query).await.first().map(|(_, value)| *value);
    until(async || sum("stays").await == Some(1.0)).await;
    assert_eq!(sum("goes").await, Some(1.0));
    // The target's own `up` is not taken for the scrape's.
    assert_eq!(values(&monitor, "up").await.len(), 1);
    assert_eq!(sum("up").await, Some(1.0));

    server.phase.store(1, Ordering::SeqCst);
    until(async || sum("stays").await == Some(2.0)).await;
    assert_eq!(sum("goes").await, None);

    server.phase.store(2, Ordering::SeqCst);
    until(async || sum("up").await == Some(0.0)).await;
    assert_eq!(sum("stays").await, None);
    assert_eq!(monitor.targets()[0].status().last_error, "expected status 200, got 500");

    server.phase.store(3, Ordering::SeqCst);
    until(async || sum("stays").await == Some(3.0)).await;
    assert_eq!(sum("up").await, Some(1.0));
    let counted = sum("keepwatch_scrape_dropped_total{reason=\"duplicate sample\"}").await;
    assert!(counted >= Some(1.0), "{counted:?}");
    let failed = sum("keepwatch_scrape_failures_total{job=\"j\",reason=\"status\"}").await;
    assert!(failed >= Some(1.0), "{failed:?}");
    assert!(monitor.shutdown().await.is_clean());
}

#[actix_web::test]
async fn a_stop_ends_the_series_of_targets() {
    let folder = std::env::temp_dir().join(format!("keepwatch-scrape-{}", std::process::id()));
    let server = Server::start();
    let start = || {
        let job = job("j").target(server.url("/text"));
        Monitor::builder().data_dir(&folder).scrape(job).start().unwrap()
    };
    let monitor = start();
    until_scraped(&monitor.targets()[0]).await;
    assert!(monitor.shutdown().await.is_clean());
    let ended = monitor.clock().now();
    drop(monitor);

    let again = Monitor::builder().data_dir(&folder).start().unwrap();
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let found: Vec<LabelSet> = again.find_series(vec![Vec::new()], all).await.unwrap().to_vec();
    assert!(found.iter().any(|labels| labels.get("__name__") == "hits_total"), "{found:?}");
    let answer = again.query("hits_total or up", ended).await.unwrap();
    assert!(matches!(&answer.value, Value::Vector(vector) if vector.iter().next().is_none()));
    let before = again.query("count_over_time(hits_total[1h])", ended).await.unwrap();
    assert!(matches!(&before.value, Value::Vector(vector) if vector.iter().next().is_some()));
    again.shutdown().await;
    std::fs::remove_dir_all(folder).unwrap();
}

#[actix_web::test]
async fn a_scrape_that_fails_says_why() {
    let server = Server::start();
    let limits = SampleLimits { samples: Some(2), ..SampleLimits::default() };
    let short = Duration::from_millis(50);
    let jobs = [
        job("large").target(server.url("/large")).body_bytes_max(3_999),
        job("many").target(server.url("/many")).limits(limits),
        job("broken").target(server.url("/broken")),
        job("page").target(server.url("/page")),
        job("absent").target(server.url("/absent")),
        job("silent").target(server.url("/silent")).timeout(short),
        job("nobody").target("127.0.0.1:1"),
    ];
    let monitor = jobs.into_iter().fold(Monitor::builder(), |all, job| all.scrape(job));
    let monitor = monitor.start().unwrap();
    let expected = [
        "body is larger than 3999 bytes",
        "more than 2 samples: 3",
        "body cannot be read: line 1, column 4: expected",
        "content type \"text/html\" is no format of metrics",
        "expected status 200, got 404",
        "no answer within 50ms",
        "could not be fetched: ",
    ];
    for (target, expected) in monitor.targets().iter().zip(expected) {
        until_scraped(target).await;
        let status = target.status();
        assert_eq!(status.health, Health::Down);
        assert!(status.last_error.starts_with(expected), "{}: {}", target.url, status.last_error);
    }
    let zero = ("{}".to_owned(), 0.0);
    assert_eq!(values(&monitor, "sum(up)").await, [zero]);
    assert_eq!(values(&monitor, "count(up)").await, [("{}".to_owned(), 7.0)]);
    assert_eq!(values(&monitor, "sum(scrape_samples_scraped)").await[0].1, 3.0);
    assert_eq!(values(&monitor, "a").await, []);
    assert!(monitor.shutdown().await.is_clean());
}

#[actix_web::test]
async fn a_program_may_have_metrics_of_the_same_name() {
    let server = Server::start();
    let monitor =
        Monitor::builder().scrape(job("j").target(server.url("/keepwatch"))).start().unwrap();
    let own = monitor.gauge("keepwatch_own").register_one().unwrap();
    own.set(1.0);
    until(async || values(&monitor, "keepwatch_own").await.len() == 2).await;
    assert_eq!(values(&monitor, "sum(keepwatch_own)").await, [("{}".to_owned(), 6.0)]);
    let shown = monitor.exposition().await.unwrap();
    let lines: Vec<_> = shown.lines().filter(|line| line.starts_with("keepwatch_own")).collect();
    assert_eq!(lines, ["keepwatch_own 1"]);
    monitor.shutdown().await;
}

#[actix_web::test]
async fn targets_are_told_as_prometheus_does() {
    let server = Server::start();
    let job = job("node").target(server.url("/text")).label("zone", "eu");
    let monitor = Monitor::builder().scrape(job).start().unwrap();
    until_scraped(&monitor.targets()[0]).await;
    let targets = ask(&monitor, "/watch/api/v1/targets?state=active").await.json();
    let one = &targets["data"]["activeTargets"][0];
    let labels = json!({"instance": server.address, "job": "node", "zone": "eu"});
    assert_eq!(one["labels"], labels);
    assert_eq!(one["scrapeUrl"], json!(server.url("/text")));
    let told = (&one["health"], &one["lastError"], &one["scrapePool"], &one["scrapeInterval"]);
    assert_eq!(told, (&json!("up"), &json!(""), &json!("node"), &json!("100ms")));
    assert_eq!(one["discoveredLabels"]["__metrics_path__"], json!("/text"));
    assert!(one["lastScrapeDuration"].as_f64() > Some(0.0));
    let none = ask(&monitor, "/watch/api/v1/targets?state=dropped").await.json();
    assert_eq!(none["data"]["activeTargets"], json!([]));
    let pools = ask(&monitor, "/watch/api/v1/scrape_pools").await.json();
    assert_eq!(pools["data"], json!({"scrapePools": ["node"]}));
    let path = "/watch/api/v1/targets/metadata?match_target=%7Bjob%3D%22node%22%7D";
    let described = ask(&monitor, path).await.json();
    let expected = json!([{
        "target": labels, "metric": "hits_total", "type": "counter", "help": "Hits.", "unit": ""
    }]);
    assert_eq!(described["data"], expected);
    let other = path.replace("node", "other");
    assert_eq!(ask(&monitor, &other).await.json()["data"], json!([]));
    monitor.shutdown().await;
}
