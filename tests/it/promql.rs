//! PromQL through the monitor, and over HTTP as Prometheus' clients send it.

use std::time::Duration;

use actix_web::test::TestRequest;
use keepwatch::Monitor;
use keepwatch::alert::{Rule, Severity};
use keepwatch::messages::{AddRule, EvaluateNow, RecordBatch, RegisterMetric, RegisterMode};
use keepwatch::model::{MetricDefinition, Record, TimeRange, Timestamp};
use keepwatch::monitor::{QueryFailure, QueryLimits};
use keepwatch::promql::{PointValue, Value};
use serde_json::{Value as Json, json};

use crate::web::{Answer, ask, request};

/// A monitor with two queues, each with a counter that grows by 6 and 12 a
/// minute up to the time that is returned, a whole minute.
pub(crate) async fn counting() -> (Monitor, Timestamp) {
    let monitor = Monitor::builder().start().unwrap();
    let definition = MetricDefinition::counter("jobs_total").labels(["queue"]).help("Done.");
    let definition = definition.build().unwrap();
    monitor.send(RegisterMetric { definition, mode: RegisterMode::Strict }).await.unwrap();
    let now = monitor.clock().now();
    let end = Timestamp::from_millis(now.millis() / 60_000 * 60_000);
    let samples = (0..=60u32).flat_map(|sample| {
        let at = end - Duration::from_secs(10) * (60 - sample);
        [("mail", 1.0), ("print", 2.0)].map(|(queue, step)| {
            Record::set_at("jobs_total", step * f64::from(sample), at).label("queue", queue)
        })
    });
    let outcome = monitor.send(RecordBatch(samples.collect())).await.unwrap();
    assert_eq!(outcome.accepted, 122, "{outcome:?}");
    (monitor, end)
}

/// Adds a rule that fires for the queue of each counter.
pub(crate) async fn with_alert(monitor: &Monitor) {
    let rule = Rule::on("Working", "jobs_total").when_text("value > 0").severity(Severity::Info);
    monitor.send(AddRule(rule.build().unwrap())).await.unwrap();
    monitor.send(EvaluateNow::default()).await.unwrap();
}

fn floats(value: &Value) -> Vec<(String, Vec<f64>)> {
    let float = |value: PointValue| value.float().unwrap();
    match value {
        Value::Matrix(matrix) => matrix
            .iter()
            .map(|one| {
                let points = one.points.iter().map(|point| float(point.value));
                (one.labels.to_string(), points.collect())
            })
            .collect(),
        Value::Vector(vector) => vector
            .iter()
            .map(|(labels, point)| (labels.to_string(), vec![float(point.value)]))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[actix_web::test]
async fn queries_read_what_was_recorded() {
    let (monitor, end) = counting().await;
    let answer = monitor.query("sum(increase(jobs_total[1m]))", end).await.unwrap();
    assert_eq!(floats(&answer.value), [("{}".to_owned(), vec![18.0])]);
    let range = TimeRange::new(end - Duration::from_secs(120), end);
    let minute = Duration::from_secs(60);
    let answer = monitor.query_range("jobs_total", range, minute).await.unwrap();
    let expected = [
        ("jobs_total{queue=\"mail\"}".to_owned(), vec![48.0, 54.0, 60.0]),
        ("jobs_total{queue=\"print\"}".to_owned(), vec![96.0, 108.0, 120.0]),
    ];
    assert_eq!(floats(&answer.value), expected);
    let error = monitor.query("sum(rate(jobs_total))", end).await.unwrap_err();
    assert!(matches!(error, QueryFailure::Query(_)), "{error:?}");
    monitor.shutdown().await;
    let gone = monitor.query("jobs_total", end).await.unwrap_err();
    assert!(matches!(gone, QueryFailure::Engine(_)), "{gone:?}");
}

#[actix_web::test]
async fn a_query_has_a_budget() {
    let mut limits = QueryLimits::default();
    limits.options.samples_max = 10;
    let monitor = Monitor::builder().queries(limits).start().unwrap();
    let now = monitor.clock().now();
    let range = TimeRange::new(now - Duration::from_secs(100), now);
    let second = Duration::from_secs(1);
    let error = monitor.query_range("vector(1)", range, second).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a query of 101 steps is larger than the 10 samples that are allowed"
    );
    monitor.shutdown().await;
}

#[track_caller]
fn check(answer: &Answer, expected: &Json) {
    assert_eq!(answer.status, 200, "{}", answer.json());
    let answer = answer.json();
    assert_eq!((&answer["status"], &answer["data"]), (&json!("success"), expected), "{answer}");
}

#[track_caller]
fn check_refused(answer: &Answer, status: u16, kind: &str, message: &str) {
    assert_eq!(answer.status, status, "{}", answer.json());
    let expected = json!({"status": "error", "errorType": kind, "error": message});
    assert_eq!(answer.json(), expected);
}

#[actix_web::test]
async fn clients_of_prometheus_are_understood() {
    let (monitor, end) = counting().await;
    let seconds = end.millis() / 1_000;
    // Grafana's check of a data source.
    let answer = ask(&monitor, "/watch/api/v1/query?query=1%2B1&time=4").await;
    check(&answer, &json!({"resultType": "scalar", "result": [4, "2"]}));
    let matrix = json!({"resultType": "matrix", "result": [
        {"metric": {"queue": "mail"}, "values": [[seconds - 60, "0.1"], [seconds, "0.1"]]},
    ]});
    let query = "query=rate(jobs_total%7Bqueue%3D%22mail%22%7D%5B1m%5D)";
    let times = format!("start={}&end={seconds}", seconds - 60);
    // A form in the body, a form under another name, and all in the URL.
    for (url, content_type, body) in [
        ("", "application/x-www-form-urlencoded", format!("{query}&{times}&step=60")),
        ("?step=1m", "text/plain", format!("{query}&{times}")),
        (&format!("?{query}&{times}&step=60s"), "application/json", String::new()),
    ] {
        let post = TestRequest::post()
            .uri(&format!("/watch/api/v1/query_range{url}"))
            .insert_header(("content-type", content_type))
            .set_payload(body);
        check(&request(&monitor, post).await, &matrix);
    }
    let series = ask(&monitor, "/watch/api/v1/series?match[]=jobs_total%7Bqueue!%3D%22mail%22%7D");
    check(&series.await, &json!([{"__name__": "jobs_total", "queue": "print"}]));
    let labels = ask(&monitor, "/watch/api/v1/labels?match[]=jobs_total").await;
    check(&labels, &json!(["__name__", "queue"]));
    let values = ask(&monitor, "/watch/api/v1/label/queue/values").await;
    check(&values, &json!(["mail", "print"]));
    let metadata = ask(&monitor, "/watch/api/v1/metadata?metric=jobs_total").await;
    check(&metadata, &json!({"jobs_total": [{"type": "counter", "help": "Done.", "unit": ""}]}));
    let formatted = ask(&monitor, "/watch/api/v1/format_query?query=sum(x)by(job)").await;
    check(&formatted, &json!("sum by (job) (x)"));
    let alerts = ask(&monitor, "/watch/api/v1/alerts").await;
    check(&alerts, &json!({"alerts": []}));
    let exemplars = ask(&monitor, "/watch/api/v1/query_exemplars?query=x").await;
    check(&exemplars, &json!([]));
    for path in ["rules", "targets", "status/buildinfo", "status/runtimeinfo", "status/tsdb"] {
        let answer = ask(&monitor, &format!("/watch/api/v1/{path}")).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("success")), "{path}");
    }
    assert_eq!(ask(&monitor, "/watch/-/healthy").await.status, 200);
    monitor.shutdown().await;
}

#[actix_web::test]
async fn bad_requests_are_told_what_is_wrong() {
    let (monitor, _) = counting().await;
    let ask = async |path: &str| ask(&monitor, &format!("/watch/api/v1/{path}")).await;
    for (path, status, kind, message) in [
        (
            "query",
            400,
            "bad_data",
            "invalid parameter \"query\": 1:1: parse error: no expression found in input",
        ),
        (
            "query?query=sum(",
            400,
            "bad_data",
            "invalid parameter \"query\": 1:5: parse error: expected an expression, found the end of the query",
        ),
        (
            "query?query=x&time=noon",
            400,
            "bad_data",
            "invalid parameter \"time\": cannot parse \"noon\" to a valid timestamp",
        ),
        (
            "query_range?query=x&start=2&end=1&step=1",
            400,
            "bad_data",
            "invalid parameter \"end\": end timestamp must not be before start time",
        ),
        (
            "query_range?query=x&start=0&end=100000&step=1",
            400,
            "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        ),
        ("series", 400, "bad_data", "no match[] parameter provided"),
        (
            "query?query=label_replace(jobs_total,%22queue%22,%22%22,%22queue%22,%22.*%22)",
            422,
            "execution",
            "vector cannot contain metrics with the same labelset",
        ),
    ] {
        check_refused(&ask(path).await, status, kind, message);
    }
    monitor.shutdown().await;
}
