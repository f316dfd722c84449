//! The HTTP surface, mounted in an application as users mount it.

use std::time::Duration;

use actix_web::body::MessageBody as _;
use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, web as actix};
use keepwatch::alert::{Rule, Severity};
use keepwatch::health::{CheckDefinition, Group, Outcome};
use keepwatch::messages::{
    AddCheck, CheckNow, EvaluateNow, RecordBatch, RegisterMetric, RegisterMode,
};
use keepwatch::model::{self, MetricDefinition};
use keepwatch::{Monitor, web};
use serde_json::Value;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: u16,
    content_type: String,
    cache_control: String,
    etag: String,
    policy: String,
    pub(crate) allow_origin: String,
    body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub(crate) async fn ask(monitor: &Monitor, path: &str) -> Answer {
    request(monitor, TestRequest::get().uri(path)).await
}

pub(crate) async fn request(monitor: &Monitor, request: TestRequest) -> Answer {
    let app = App::new()
        .service(web::scope("/watch", monitor))
        .route("/", actix::get().to(|| async { "mine" }));
    let app = init_service(app).await;
    let response = call_service(&app, request.to_request()).await;
    let header = |name: &str| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (content_type, cache_control) = (header("content-type"), header("cache-control"));
    let (etag, policy) = (header("etag"), header("content-security-policy"));
    let allow_origin = header("access-control-allow-origin");
    let status = response.status().as_u16();
    let body = response.into_body().try_into_bytes().unwrap_or_default();
    let body = String::from_utf8(body.to_vec()).expect("text");
    Answer { status, content_type, cache_control, etag, policy, allow_origin, body }
}

/// A monitor with an alert that fires and a check that fails.
async fn watched() -> Monitor {
    let rule = Rule::on("QueueLong", "queue_length")
        .when_text("value > 10")
        .severity(Severity::Error)
        .description("{{ $value }} wait in {{ $labels.queue }}.")
        .build()
        .unwrap();
    let database = CheckDefinition::new("database").groups([Group::Readiness]);
    let orders = CheckDefinition::new("orders").requires("database");
    let monitor = Monitor::builder()
        .rule(rule)
        .check(AddCheck::new(orders, || async { true }))
        .check(AddCheck::new(database, || async { Err::<(), _>("connection refused") }))
        .start()
        .unwrap();
    let definition = MetricDefinition::gauge("queue_length").labels(["queue"]).help("Waiting.");
    let message =
        RegisterMetric { definition: definition.build().unwrap(), mode: RegisterMode::Strict };
    monitor.send(message).await.unwrap();
    let records = [("mail", 12.0), ("print", 3.0)]
        .map(|(queue, length)| model::Record::set("queue_length", length).label("queue", queue));
    let outcome = monitor.send(RecordBatch(records.to_vec())).await.unwrap();
    assert_eq!(outcome.accepted, 2);
    monitor.send(EvaluateNow::default()).await.unwrap();
    monitor.send(CheckNow { check: "database".into() }).await.unwrap();
    monitor
}

#[actix_web::test]
async fn metrics_are_prometheus_text() {
    let answer = ask(&watched().await, "/watch/metrics?whatever=1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
    let expected = "# HELP queue_length Waiting.\n# TYPE queue_length gauge\n\
                    queue_length{queue=\"mail\"} 12\nqueue_length{queue=\"print\"} 3\n";
    assert!(answer.body.contains(expected), "{}", answer.body);
    assert!(answer.body.ends_with('\n'));
}

#[actix_web::test]
async fn health_is_down_with_its_root() {
    let monitor = watched().await;
    let answer = ask(&monitor, "/watch/health?probe=1").await;
    assert_eq!((answer.status, answer.cache_control.as_str()), (503, "no-store"));
    assert_eq!(answer.content_type, "application/health+json");
    let document = answer.json();
    assert_eq!(document["status"], "fail");
    assert_eq!(document["checks"]["database:responseTime"][0]["output"], "connection refused");
    let orders = &document["checks"]["orders:responseTime"][0];
    assert!(orders["output"].as_str().unwrap().contains("database"), "{orders}");

    // Liveness holds no check that fails; a database must not restart anyone.
    for (group, status, word) in
        [("live", 200, "pass"), ("ready", 503, "fail"), ("startup", 200, "pass")]
    {
        let answer = ask(&monitor, &format!("/watch/health/{group}")).await;
        assert_eq!(
            (answer.status, answer.json()["status"].as_str()),
            (status, Some(word)),
            "{group}"
        );
        assert_eq!(answer.cache_control, "no-store");
    }
    assert_eq!(ask(&monitor, "/watch/health/other").await.status, 404);
}

#[actix_web::test]
async fn a_degraded_check_passes() {
    let definition = CheckDefinition::new("cache");
    let check = AddCheck::new(definition, || async { Outcome::degraded("slow") });
    let monitor = Monitor::builder().check(check).start().unwrap();
    monitor.send(CheckNow { check: "cache".into() }).await.unwrap();
    for path in ["/watch/health", "/watch/health/ready"] {
        let answer = ask(&monitor, path).await;
        assert_eq!(
            (answer.status, answer.json()["status"].as_str()),
            (200, Some("warn")),
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_beat_keeps_a_check_alive() {
    let waiting = AddCheck::heartbeat("backup", Duration::from_secs(3_600));
    let running = AddCheck::new(CheckDefinition::new("database"), || async { true });
    let monitor = Monitor::builder().check(waiting).check(running).start().unwrap();
    let beat = |check: &str| {
        let path = format!("/watch/api/checks/{check}/beat");
        TestRequest::default().method(Method::POST).uri(&path)
    };
    let foreign = beat("backup").insert_header(("Sec-Fetch-Site", "cross-site"));
    assert_eq!(request(&monitor, foreign).await.status, 403);
    let status = async || {
        let health = ask(&monitor, "/watch/api/health").await.json();
        health["checks"][0]["status"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(status().await, "unknown");
    assert_eq!(request(&monitor, beat("backup")).await.status, 204);
    assert_eq!(status().await, "up");
    assert_eq!(request(&monitor, beat("nightly")).await.status, 404);
    assert_eq!(request(&monitor, beat("database")).await.status, 409);
    assert_eq!(ask(&monitor, "/watch/api/checks/backup/beat").await.status, 405);
}

#[actix_web::test]
async fn active_alerts_by_severity_and_label() {
    let monitor = watched().await;
    let alert = &ask(&monitor, "/watch/api/alerts").await.json()["alerts"][0];
    assert_eq!(alert["rule"], "QueueLong");
    assert_eq!(alert["state"], "firing");
    assert_eq!(alert["severity"], "error");
    assert_eq!(alert["value"], 12.0);
    assert_eq!(alert["labels"]["queue"], "mail");
    assert_eq!(alert["annotations"]["description"], "12 wait in mail.");
    for (query, count) in [
        ("severity=error", 1),
        ("severity=info", 0),
        ("label=queue%3D%22mail%22", 1),
        ("label=queue%3D%22print%22", 0),
        ("severity=&label=", 1),
    ] {
        let answer = ask(&monitor, &format!("/watch/api/alerts?{query}")).await;
        let alerts = answer.json()["alerts"].as_array().map(Vec::len);
        assert_eq!((answer.status, alerts), (200, Some(count)), "{query}");
    }
}

#[actix_web::test]
async fn history_by_time_severity_and_rule() {
    let monitor = watched().await;
    let transition = &ask(&monitor, "/watch/api/alerts/history").await.json()["transitions"][0];
    assert_eq!(transition["to"], "firing");
    assert_eq!(transition["alert"]["rule"], "QueueLong");
    for (query, count) in [
        ("rule=QueueLong", 1),
        ("rule=Other", 0),
        ("severity=error&limit=1", 1),
        ("severity=critical", 0),
        ("start=2020-01-01T00:00:00Z", 1),
        ("end=1577836800", 0),
    ] {
        let answer = ask(&monitor, &format!("/watch/api/alerts/history?{query}")).await;
        let transitions = answer.json()["transitions"].as_array().map(Vec::len);
        assert_eq!((answer.status, transitions), (200, Some(count)), "{query}");
    }
}

#[actix_web::test]
async fn values_by_matcher_and_time() {
    let monitor = watched().await;
    let path = "/watch/api/metrics/queue_length/values";
    let all = ask(&monitor, path).await;
    assert_eq!(all.json()["series"].as_array().map(Vec::len), Some(2));
    let mail = ask(&monitor, &format!("{path}?match[]=queue%3D~%22ma.*%22")).await.json();
    assert_eq!(mail["metric"], "queue_length");
    assert_eq!(mail["series"][0]["labels"]["queue"], "mail");
    assert_eq!(mail["series"][0]["samples"][0]["value"], 12.0);
    let none = ask(&monitor, &format!("{path}?start=0&end=1.5")).await.json();
    assert_eq!(none["series"].as_array().map(Vec::len), Some(0));
    assert_eq!(none["end"], "1970-01-01T00:00:01.500Z");

    let missing = ask(&monitor, "/watch/api/metrics/queue_lenght/values").await;
    assert_eq!(missing.status, 404);
    let message = missing.json()["error"]["message"].to_string();
    assert!(message.contains("queue_lenght"), "{message}");
}

#[actix_web::test]
async fn definitions_actors_and_health() {
    let monitor = watched().await;
    let metrics = ask(&monitor, "/watch/api/metrics").await.json();
    let queue = metrics["metrics"].as_array().unwrap().iter().find(|m| m["name"] == "queue_length");
    assert_eq!(queue.map(|metric| metric["kind"].clone()), Some("gauge".into()));

    let actors = ask(&monitor, "/watch/api/actors").await.json();
    let actors = actors["actors"].as_array().unwrap();
    for name in ["registry", "alert_evaluator", "health_checker"] {
        let actor = actors.iter().find(|actor| actor["component"] == name).expect(name);
        assert_eq!((&actor["state"], &actor["restarts"]), (&"running".into(), &0.into()));
    }

    let health = ask(&monitor, "/watch/api/health").await.json();
    assert_eq!(health["checks"][0]["name"], "database");
    assert_eq!(health["checks"][1]["root"], "database");
    assert!(!health["transitions"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn the_summary_as_json_and_as_text() {
    let monitor = watched().await;
    let json = ask(&monitor, "/watch/api/summary?window=1m").await;
    assert_eq!(json.content_type, "application/json");
    assert_eq!(json.json()["window_seconds"], 60.0);
    let accepts =
        TestRequest::get().uri("/watch/api/summary").insert_header(("Accept", "text/plain"));
    for text in
        [ask(&monitor, "/watch/api/summary?format=text").await, request(&monitor, accepts).await]
    {
        assert_eq!(text.content_type, "text/plain; charset=utf-8");
        assert!(text.body.starts_with("keepwatch at "), "{}", text.body);
        assert!(text.body.contains("QueueLong"), "{}", text.body);
    }
}

#[actix_web::test]
async fn malformed_parameters_are_named() {
    let monitor = Monitor::builder().start().unwrap();
    for (query, parameter, value) in [
        ("alerts?severity=fatal", "severity", "fatal"),
        ("alerts?label=queue", "label", "queue"),
        ("alerts?sevrity=error", "sevrity", "error"),
        ("alerts/history?limit=0", "limit", "0"),
        ("alerts/history?limit=many", "limit", "many"),
        ("alerts/history?start=yesterday", "start", "yesterday"),
        ("alerts/history?start=9&end=8", "start", "9"),
        ("summary?window=5", "window", "5"),
        ("summary?window=32d", "window", "32d"),
        ("summary?format=xml", "format", "xml"),
        ("actors?all=1", "all", "1"),
        ("health?all=1", "all", "1"),
        ("metrics?all=1", "all", "1"),
        ("metrics/m/values?end=NaN", "end", "NaN"),
        ("metrics/m/values?match[]=a%3D~%22(%22", "match[]", "a=~\"(\""),
    ] {
        let answer = ask(&monitor, &format!("/watch/api/{query}")).await;
        assert_eq!(
            (answer.status, answer.content_type.as_str()),
            (400, "application/json"),
            "{query}"
        );
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["parameter"], &error["value"]),
            (&parameter.into(), &value.into()),
            "{query}"
        );
        assert!(error["expected"].as_str().is_some_and(|text| !text.is_empty()), "{query}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains(parameter)), "{query}");
    }
}

#[actix_web::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let monitor = watched().await;
    let page = ask(&monitor, "/watch/").await;
    assert_eq!((page.status, page.content_type.as_str()), (200, "text/html; charset=utf-8"));
    assert!(page.policy.contains("default-src 'self'"), "{}", page.policy);
    for part in
        ["1 alert is firing", "QueueLong", "12 wait in mail.", "connection refused", "registry"]
    {
        assert!(page.body.contains(part), "{part:?} is missing");
    }
    // Relative addresses work wherever the scope is mounted, and no script or
    // style stands in the page itself, which the policy would refuse.
    for attribute in ["href=\"", "src=\""] {
        for address in page.body.split(attribute).skip(1) {
            assert!(!address.starts_with('/') && !address.starts_with("http"), "{address:.40}");
        }
    }
    assert!(!page.body.contains("style=") && !page.body.contains("<style"));
    for file in ["style.css", "page.js", "favicon.svg"] {
        assert!(page.body.contains(&format!("assets/{file}")));
        let path = format!("/watch/assets/{file}");
        let asset = ask(&monitor, &path).await;
        assert!(asset.status == 200 && !asset.body.is_empty(), "{file}");
        let known =
            TestRequest::get().uri(&path).insert_header(("If-None-Match", asset.etag.as_str()));
        assert_eq!(request(&monitor, known).await.status, 304, "{file}");
    }
}

#[actix_web::test]
async fn a_label_cannot_write_html() {
    let monitor = watched().await;
    let record =
        model::Record::set("queue_length", 99.0).label("queue", "<script>alert(1)</script>");
    monitor.send(RecordBatch(vec![record])).await.unwrap();
    monitor.send(EvaluateNow::default()).await.unwrap();
    let page = ask(&monitor, "/watch/").await;
    assert!(page.body.contains("&lt;script&gt;alert(1)"));
    assert!(!page.body.contains("<script>alert(1)"));
}

#[actix_web::test]
async fn the_scope_keeps_to_its_path() {
    let monitor = Monitor::builder().start().unwrap();
    assert_eq!(ask(&monitor, "/").await.body, "mine");
    assert_eq!(ask(&monitor, "/metrics").await.status, 404);
    assert_eq!(ask(&monitor, "/watch/nothing").await.status, 404);
    assert_eq!(ask(&monitor, "/watch").await.status, 308);
    let post = TestRequest::default().method(Method::POST).uri("/watch/metrics");
    assert_eq!(request(&monitor, post).await.status, 405);
    let head = TestRequest::default().method(Method::HEAD).uri("/watch/health/live");
    assert_eq!(request(&monitor, head).await.status, 200);
}

#[actix_web::test]
async fn a_stopped_engine_is_said_to_be_one() {
    let monitor = Monitor::builder().start().unwrap();
    monitor.shutdown().await;
    for path in [
        "/watch/metrics",
        "/watch/health",
        "/watch/health/ready",
        "/watch/api/alerts",
        "/watch/api/metrics",
    ] {
        let answer = ask(&monitor, path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.body.contains("has stopped"), "{path}: {}", answer.body);
    }
    // The process answers: that is all that liveness asks.
    assert_eq!(ask(&monitor, "/watch/health/live").await.status, 200);
    let page = ask(&monitor, "/watch/").await;
    assert!(page.status == 200 && page.body.contains("cannot be shown"), "{}", page.body);
}
