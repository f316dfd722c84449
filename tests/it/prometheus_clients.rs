//! The HTTP API as Prometheus' clients ask it: the shapes of their requests.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use keepwatch::Monitor;
use serde_json::{Value as Json, json};

use crate::promql::{counting, with_alert};
use crate::web::{Answer, request};

const FORM: &str = "application/x-www-form-urlencoded";

async fn send(monitor: &Monitor, method: Method, url: &str, body: &str) -> Answer {
    let asked = TestRequest::default().method(method).uri(&format!("/watch{url}"));
    request(monitor, asked.insert_header(("content-type", FORM)).set_payload(body.to_owned())).await
}

/// What Grafana 12 sends for a Prometheus data source, as it sends it. Its
/// queries are forms and are asked with GET again after a 405; what fills its
/// menus goes through its server as GET, or as POST where the data source says
/// so.
#[actix_web::test]
async fn grafana_is_understood() {
    let (monitor, end) = counting().await;
    with_alert(&monitor).await;
    let seconds = end.millis() / 1_000;
    let (start, at) = (seconds - 60, format!("{seconds}.000"));
    let (get, post) = (Method::GET, Method::POST);
    let points = json!([
        [start, "0.1"],
        [start + 15, "0.1"],
        [start + 30, "0.1"],
        [start + 45, "0.1"],
        [seconds, "0.1"]
    ]);
    let range = format!("start={start}&end={seconds}&step=15");
    let sum = "query=sum%28rate%28jobs_total%7Bqueue%3D~%22mail%7Cx%22%7D%5B1m0s%5D%29%29";
    let both = json!([
        {"__name__": "jobs_total", "queue": "mail"}, {"__name__": "jobs_total", "queue": "print"},
    ]);
    for (method, url, body, pointer, expected) in [
        // The check of a data source, and what it looks at to know the kind.
        (&post, "/api/v1/query", "query=1%2B1&time=4", "/result/1", json!("2")),
        (&get, "/api/v1/query?query=1%2B1&time=4", "", "/result", json!([4, "2"])),
        (&get, "/api/v1/status/buildinfo", "", "/version", json!("3.14.0")),
        (&get, "/api/v1/status/buildinfo", "", "/features", Json::Null),
        // A panel: a range, an instant, and both with a fraction of a second.
        (
            &post,
            "/api/v1/query_range",
            &format!("{range}&{sum}"),
            "/result/0/values",
            points.clone(),
        ),
        (
            &post,
            "/api/v1/query_range",
            &format!("end={at}&{sum}&start={start}.000&step=15.000"),
            "/result/0/values",
            points.clone(),
        ),
        (&get, &format!("/api/v1/query_range?{range}&{sum}"), "", "/result/0/values", points),
        (
            &post,
            "/api/v1/query",
            &format!("query=jobs_total%7Bqueue%3D%22mail%22%7D&time={at}"),
            "/result/0/value/1",
            json!("60"),
        ),
        // What it shows beside a range; there are none.
        (&post, "/api/v1/query_exemplars", &format!("{range}&{sum}"), "", json!([])),
        // Variables, the builder of queries and the explorer of metrics.
        (
            &get,
            &format!("/api/v1/labels?start={start}&end={seconds}&limit=40000"),
            "",
            "/0",
            json!("__name__"),
        ),
        (
            &get,
            &format!(
                "/api/v1/labels?match%5B%5D=%7B__name__%3D%22jobs_total%22%7D&start={start}&end={seconds}"
            ),
            "",
            "",
            json!(["__name__", "queue"]),
        ),
        (
            &post,
            "/api/v1/labels",
            &format!("match%5B%5D=jobs_total&start={start}&end={seconds}"),
            "",
            json!(["__name__", "queue"]),
        ),
        (
            &get,
            &format!(
                "/api/v1/label/__name__/values?start={start}&end={seconds}&match%5B%5D=%7B__name__%3D~%22.*job.*%22%7D&limit=1000"
            ),
            "",
            "",
            json!(["jobs_total"]),
        ),
        (
            &get,
            "/api/v1/label/queue/values?match%5B%5D=jobs_total%7Bqueue%21%3D%22mail%22%7D",
            "",
            "",
            json!(["print"]),
        ),
        (&get, "/api/v1/label/U__queue/values?match%5B%5D=jobs_total", "", "/0", json!("mail")),
        (&get, "/api/v1/series?match%5B%5D=jobs_total&limit=40000", "", "", both.clone()),
        (
            &post,
            "/api/v1/series",
            &format!("end={seconds}&match%5B%5D=jobs_total&start={start}"),
            "",
            both,
        ),
        (
            &get,
            "/api/v1/metadata?limit=1000&limit_per_metric=1",
            "",
            "/jobs_total/0/type",
            json!("counter"),
        ),
        (&get, "/api/v1/metadata?metric=jobs_total", "", "/jobs_total/0/help", json!("Done.")),
        (&post, "/api/v1/parse_query", "query=sum(x)", "/type", json!("aggregation")),
        // Its list of alerts.
        (&get, "/api/v1/rules", "", "/groups/0/rules/0/name", json!("Working")),
        (&get, "/api/v1/rules?type=alert", "", "/groups/0/rules/0/state", json!("firing")),
        (
            &get,
            "/api/v1/rules?group_limit=40&exclude_alerts=true",
            "",
            "/groups/0/rules/0/alerts",
            json!([]),
        ),
        (&get, "/api/v1/rules?rule_name%5B%5D=Other", "", "/groups", json!([])),
        (&get, "/api/v1/alerts", "", "/alerts/0/state", json!("firing")),
        (&get, "/api/v1/alerts", "", "/alerts/0/labels/alertname", json!("Working")),
    ] {
        let answer = send(&monitor, method.clone(), url, body).await;
        let answer = answer.json();
        assert_eq!(answer["status"], "success", "{method} {url} {body}: {answer}");
        let found = answer["data"].pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(found, expected, "{method} {url} {body}: {answer:#}");
        assert!(answer.get("warnings").is_none(), "{method} {url} {body}: {answer}");
    }
    monitor.shutdown().await;
}

#[actix_web::test]
async fn what_is_cut_is_told() {
    let (monitor, end) = counting().await;
    let seconds = end.millis() / 1_000;
    for url in [
        format!("query?query=jobs_total&time={seconds}&limit=1"),
        format!("query_range?query=jobs_total&start={seconds}&end={seconds}&step=1&limit=1"),
        "series?match[]=jobs_total&limit=1".to_owned(),
        "labels?match[]=jobs_total&limit=1".to_owned(),
        "label/queue/values?limit=1".to_owned(),
    ] {
        let answer = send(&monitor, Method::GET, &format!("/api/v1/{url}"), "").await.json();
        let data = answer["data"].as_array().or(answer["data"]["result"].as_array()).cloned();
        assert_eq!(data.map(|data| data.len()), Some(1), "{url}: {answer}");
        assert_eq!(answer["warnings"], json!(["results truncated due to limit"]), "{url}");
    }
    monitor.shutdown().await;
}

#[actix_web::test]
async fn a_query_may_have_terms_of_its_own() {
    let (monitor, end) = counting().await;
    let later = end.millis() / 1_000 + 120;
    let ask = async |more: &str| {
        let url = format!("/api/v1/query?query=jobs_total&time={later}{more}");
        send(&monitor, Method::GET, &url, "").await.json()
    };
    let found = |answer: &Json| answer["data"]["result"].as_array().map(Vec::len);
    assert_eq!(found(&ask("").await), Some(2));
    assert_eq!(found(&ask("&lookback_delta=0").await), Some(2));
    assert_eq!(found(&ask("&lookback_delta=1m").await), Some(0));
    assert_eq!(found(&ask("&lookback_delta=121").await), Some(2));
    assert!(ask("").await["data"].get("stats").is_none());
    let statistics = ask("&stats=all").await["data"]["stats"].clone();
    assert!(statistics["samples"]["totalQueryableSamples"].as_u64() > Some(0), "{statistics}");
    assert!(statistics["timings"]["execTotalTime"].as_f64() > Some(0.0), "{statistics}");
    monitor.shutdown().await;
}

#[actix_web::test]
async fn pages_of_other_sites_may_read() {
    let (monitor, _) = counting().await;
    for (method, url, status) in [
        (Method::OPTIONS, "/watch/api/v1/query", 204),
        (Method::OPTIONS, "/watch/api/v1/whatever", 204),
        (Method::GET, "/watch/api/v1/query?query=1", 200),
        (Method::GET, "/watch/api/v1/query?query=", 400),
        (Method::DELETE, "/watch/api/v1/query", 405),
        (Method::GET, "/watch/api/v1/whatever", 404),
        (Method::HEAD, "/watch/-/ready", 200),
        (Method::GET, "/watch/", 200),
    ] {
        let asked = TestRequest::default().method(method.clone()).uri(url);
        let answer = request(&monitor, asked.insert_header(("origin", "http://a.test"))).await;
        assert_eq!(answer.status, status, "{method} {url}");
        let allowed = if url.contains("/api/v1/") { "*" } else { "" };
        assert_eq!(answer.allow_origin, allowed, "{method} {url}");
        let asked = TestRequest::default().method(method).uri(url);
        assert_eq!(request(&monitor, asked).await.allow_origin, "", "{url}");
    }
    monitor.shutdown().await;
}
