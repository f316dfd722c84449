use std::future::{Future, ready};
use std::task::Poll;
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::error::ErrorImATeapot;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::NormalizePath;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::web::{self, Bytes, Path};
use actix_web::{App, Error, HttpResponse, guard};
use futures_util::stream;
use keepwatch_engine::instrument::{Counter, Histogram};
use keepwatch_engine::model::Labels;

use super::*;

fn monitor() -> Monitor {
    Monitor::builder().start().unwrap()
}

/// An application with every kind of answer.
macro_rules! app {
    ($middleware:expr) => {
        init_service(
            App::new()
                .wrap($middleware.clone())
                .route("/users/{id}", web::get().to(async |id: Path<u32>| id.to_string()))
                .route("/echo", web::post().to(async |body: Bytes| body))
                .route("/teapot", web::get().to(async || Err::<String, _>(ErrorImATeapot("short"))))
                .route("/panics", web::get().to(panics))
                .route("/never", web::get().to(std::future::pending::<HttpResponse>))
                .route("/stream", web::get().to(async || streamed()))
                .route("/stream", web::head().to(async || streamed()))
                .service(web::scope("/shop").route("/carts/{id}", web::get().to(HttpResponse::Ok))),
        )
        .await
    };
}

async fn panics() -> HttpResponse {
    panic!("a handler that panics")
}

fn streamed() -> HttpResponse {
    let pieces = ["three", "pieces", "of it"].map(|piece| Ok::<_, Error>(Bytes::from(piece)));
    HttpResponse::Ok().body(BodyStream::new(stream::iter(pieces)))
}

fn endless() -> HttpResponse {
    let piece = || Ok::<_, Error>(Bytes::from_static(&[0; 4_096]));
    HttpResponse::Ok().body(BodyStream::new(stream::repeat_with(piece)))
}

/// Returns every series of the requests that has counted, as `method route
/// status count`.
fn counted(monitor: &Monitor) -> Vec<String> {
    let metric = monitor.catalogue().get("http_requests_total").unwrap();
    let mut lines: Vec<String> = metric
        .all_children()
        .iter()
        .filter(|child| child.counter().is_some_and(|counter| counter.value() > 0.0))
        .map(|child| {
            let label = |name| child.labels().get(name).unwrap_or_default().to_owned();
            let count = child.counter().map_or(0.0, Counter::value);
            format!("{} {} {} {count}", label("method"), label("route"), label("status"))
        })
        .collect();
    lines.sort();
    lines
}

fn histogram(monitor: &Monitor, name: &str, values: [&str; 3]) -> Histogram {
    let family = HistogramFamily::of(monitor.catalogue().get(name).unwrap()).unwrap();
    family.with(&values).unwrap()
}

fn in_flight(monitor: &Monitor, method: &str) -> f64 {
    let family = GaugeFamily::of(monitor.catalogue().get("http_requests_in_flight").unwrap());
    family.unwrap().with(&[method]).unwrap().value()
}

#[actix_web::test]
async fn requests_are_counted_by_method_pattern_and_class() {
    let monitor = monitor();
    let app = app!(RequestMetrics::new(&monitor).unwrap());
    let get = |path: &str| TestRequest::get().uri(path).to_request();
    for path in ["/users/1", "/users/2", "/users/no", "/shop/carts/7", "/teapot", "/wp-login.php"] {
        call_service(&app, get(path)).await;
    }
    call_service(&app, get("/.env")).await;
    let purge = Method::from_bytes(b"PURGE").unwrap();
    call_service(&app, TestRequest::default().method(purge).uri("/users/1").to_request()).await;
    assert_eq!(
        counted(&monitor),
        [
            "GET /shop/carts/{id} 2xx 1",
            "GET /teapot 4xx 1",
            "GET /users/{id} 2xx 2",
            "GET /users/{id} 4xx 1",
            "GET unmatched 4xx 2",
            "other /users/{id} 4xx 1",
        ]
    );
    let durations =
        histogram(&monitor, "http_request_duration_seconds", ["GET", "/users/{id}", "2xx"]);
    assert_eq!(durations.count(), 2);
    assert_eq!(in_flight(&monitor, "GET"), 0.0);
}

#[actix_web::test]
async fn the_route_is_the_one_that_was_taken() {
    let monitor = monitor();
    let service = App::new()
        .wrap(NormalizePath::trim())
        .wrap(RequestMetrics::new(&monitor).unwrap())
        .service(web::resource("/w/{id}").guard(guard::Get()).to(HttpResponse::Ok))
        .service(web::resource("/w/action").guard(guard::Post()).to(HttpResponse::Ok));
    let service = init_service(service).await;
    call_service(&service, TestRequest::post().uri("/w/action").to_request()).await;
    call_service(&service, TestRequest::get().uri("/w/action/").to_request()).await;
    assert_eq!(counted(&monitor), ["GET /w/{id} 2xx 1", "POST /w/action 2xx 1"]);
}

#[actix_web::test]
async fn an_error_of_a_middleware_inside_has_the_route_of_its_path() {
    let monitor = monitor();
    let service = App::new()
        .wrap_fn(|_, _| ready(Err::<ServiceResponse, Error>(ErrorImATeapot("short"))))
        .wrap(RequestMetrics::new(&monitor).unwrap())
        .route("/users/{id}", web::get().to(HttpResponse::Ok));
    let service = init_service(service).await;
    let refused = service.call(TestRequest::get().uri("/users/7").to_request()).await;
    assert!(refused.is_err());
    assert_eq!(counted(&monitor), ["GET /users/{id} 4xx 1"]);
}

#[actix_web::test]
async fn sizes_are_those_of_the_bodies() {
    let monitor = monitor();
    let app = app!(RequestMetrics::new(&monitor).unwrap());
    let post = |path| TestRequest::post().uri(path).set_payload("twelve bytes");
    // What is read counts, whatever is announced.
    for announced in ["12", "18446744073709551615"] {
        let announcing = post("/echo").insert_header(("content-length", announced));
        call_and_read_body(&app, announcing.to_request()).await;
    }
    call_and_read_body(&app, post("/echo").to_request()).await;
    call_and_read_body(&app, TestRequest::get().method(Method::HEAD).uri("/stream").to_request())
        .await;
    call_and_read_body(&app, TestRequest::get().uri("/stream").to_request()).await;
    let sizes = |name, method, route| {
        let sizes = histogram(&monitor, name, [method, route, "2xx"]);
        (sizes.count(), sizes.sum())
    };
    assert_eq!(sizes("http_request_size_bytes", "POST", "/echo"), (2, 24.0));
    assert_eq!(sizes("http_response_size_bytes", "POST", "/echo"), (2, 24.0));
    assert_eq!(sizes("http_response_size_bytes", "HEAD", "/stream"), (1, 0.0));
    assert_eq!(sizes("http_response_size_bytes", "GET", "/stream"), (1, 16.0));
}

#[actix_web::test]
async fn a_request_ends_with_the_body_of_its_answer() {
    let monitor = monitor();
    let app = app!(RequestMetrics::new(&monitor).unwrap());
    let response = call_service(&app, TestRequest::get().uri("/stream").to_request()).await;
    assert!(counted(&monitor).is_empty());
    assert_eq!(in_flight(&monitor, "GET"), 1.0);
    let mut body = std::pin::pin!(response.into_body());
    let first = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await;
    assert_eq!(first.unwrap().unwrap(), "three");
    assert_eq!(in_flight(&monitor, "GET"), 1.0);
    while std::future::poll_fn(|context| body.as_mut().poll_next(context)).await.is_some() {}
    assert_eq!(in_flight(&monitor, "GET"), 0.0);
    assert_eq!(counted(&monitor), ["GET /stream 2xx 1"]);
}

#[actix_web::test]
async fn a_body_that_nobody_reads_to_its_end_counts_what_was_sent() {
    let monitor = monitor();
    let app = app!(RequestMetrics::new(&monitor).unwrap());
    let response = call_service(&app, TestRequest::get().uri("/stream").to_request()).await;
    {
        let mut body = std::pin::pin!(response.into_body());
        std::future::poll_fn(|context| body.as_mut().poll_next(context)).await.unwrap().unwrap();
    }
    let sizes = histogram(&monitor, "http_response_size_bytes", ["GET", "/stream", "2xx"]);
    assert_eq!((sizes.count(), sizes.sum()), (1, 5.0));
    assert_eq!(in_flight(&monitor, "GET"), 0.0);
}

#[actix_web::test]
async fn what_has_no_answer_is_aborted_and_not_in_flight_for_ever() {
    let monitor = monitor();
    let app = app!(RequestMetrics::new(&monitor).unwrap());
    {
        let mut never =
            std::pin::pin!(call_service(&app, TestRequest::get().uri("/never").to_request()));
        let poll =
            std::future::poll_fn(|context| Poll::Ready(never.as_mut().poll(context).is_pending()));
        assert!(poll.await);
        assert_eq!(in_flight(&monitor, "GET"), 1.0);
    }
    assert_eq!(in_flight(&monitor, "GET"), 0.0);
    let panicking = call_service(&app, TestRequest::get().uri("/panics").to_request());
    let caught =
        futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(panicking)).await;
    assert!(caught.is_err());
    assert_eq!(in_flight(&monitor, "GET"), 0.0);
    assert_eq!(counted(&monitor), ["GET /never aborted 1", "GET /panics aborted 1"]);
}

#[actix_web::test]
async fn exclusions_codes_labels_and_names_are_as_described() {
    let monitor = monitor();
    let middleware = RequestMetrics::builder(&monitor)
        .exclude("/teapot")
        .exclude_prefix("/shop/")
        .exclude_if(|request| request.headers().contains_key("x-probe"))
        .status_codes()
        .namespace("api")
        .label("zone", "west")
        .duration_bounds([0.1])
        .native_durations(NativeBuckets::default())
        .build()
        .unwrap();
    let app = app!(middleware);
    for path in ["/teapot", "/shop/carts/1", "/users/1", "/nothing"] {
        call_service(&app, TestRequest::get().uri(path).to_request()).await;
    }
    let probe = TestRequest::get().uri("/users/1").insert_header(("x-probe", "1"));
    call_service(&app, probe.to_request()).await;
    let requests = monitor.catalogue().get("api_http_requests_total").unwrap();
    let mut all: Vec<_> =
        requests.all_children().iter().map(|child| child.labels().to_string()).collect();
    all.sort();
    assert_eq!(
        all,
        [
            r#"{method="GET",route="/users/{id}",status="200",zone="west"}"#,
            r#"{method="GET",route="unmatched",status="404",zone="west"}"#,
        ]
    );
    let durations = monitor.catalogue().get("api_http_request_duration_seconds").unwrap();
    assert_eq!(durations.definition().bounds(), [0.1]);
    assert_eq!(durations.all_children()[0].native().unwrap().count, 1);
    let in_flight = monitor.catalogue().get("api_http_requests_in_flight").unwrap();
    assert_eq!(in_flight.all_children()[0].labels().get("zone"), Some("west"));
    // The same again is the same; another definition is refused.
    assert!(RequestMetrics::builder(&monitor).namespace("api").build().is_err());
    assert!(RequestMetrics::builder(&monitor).label("route", "x").build().is_err());
    RequestMetrics::new(&monitor).unwrap();
    RequestMetrics::new(&monitor).unwrap();
}

#[actix_web::test]
async fn an_exemplar_is_asked_for_when_its_bucket_wants_one() {
    let monitor = monitor();
    let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let asked_of = Arc::clone(&asked);
    let source = move || {
        let number = asked_of.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let labels = Labels::new([("trace_id", number.to_string())]).ok()?;
        Some(Exemplar { labels, value: 0.0, at: None })
    };
    // One bucket, whatever the machine's speed.
    let builder = RequestMetrics::builder(&monitor).duration_bounds([]).exemplars(source);
    let app = app!(builder.build().unwrap());
    for _ in 0..3 {
        call_service(&app, TestRequest::get().uri("/users/1").to_request()).await;
    }
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    let durations = monitor.catalogue().get("http_request_duration_seconds").unwrap();
    let (_, exemplar) = durations.all_children()[0].exemplars().pop().unwrap();
    assert_eq!(exemplar.labels.get("trace_id"), Some("0"));
}

#[actix_web::test]
async fn a_client_that_goes_away_is_not_in_flight_for_ever() {
    let monitor = monitor();
    let middleware = RequestMetrics::new(&monitor).unwrap();
    let server = actix_web::HttpServer::new(move || {
        App::new().wrap(middleware.clone()).route("/endless", web::get().to(async || endless()))
    })
    .workers(1)
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    let serving = actix_rt::spawn(running);
    let wait_for = async |expected: f64| {
        while in_flight(&monitor, "GET") != expected {
            actix_rt::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let client = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut &client, b"GET /endless HTTP/1.1\r\nhost: here\r\n\r\n")
        .unwrap();
    wait_for(1.0).await;
    drop(client);
    wait_for(0.0).await;
    assert_eq!(counted(&monitor), ["GET /endless 2xx 1"]);
    handle.stop(false).await;
    serving.await.unwrap().unwrap();
}

#[test]
fn statuses_have_a_text() {
    let text = |code, codes| Status::of(StatusCode::from_u16(code).unwrap(), codes).text();
    use labels::Status;
    assert_eq!(
        (text(204, false), text(503, false), text(204, true)),
        ("2xx".into(), "5xx".into(), "204".into())
    );
    assert_eq!(Status::ABORTED.text(), "aborted");
}
