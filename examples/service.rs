//! A service with every kind of instrument, whose figures others scrape.
//!
//! `cargo run --example service`, then look at
//! <http://127.0.0.1:8080/watch/metrics>, work with `/work`, and compare with
//! `/truth`, where the program tells what it counted without keepwatch. A
//! second argument says after how many seconds it ends by itself.

use std::collections::HashMap;
use std::time::Duration;

use actix_rt::Arbiter;
use actix_web::web::{Data, Json, get};
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use keepwatch::collect::{AllocatorCollector, AllocatorFigures, ProcessCollector};
use keepwatch::instrument::{
    Counter, Exemplar, Family, Gauge, Histogram, Info, StateSet, Summary, TypedFamily,
};
use keepwatch::model::{Labels, NativeBuckets};
use keepwatch::web::RequestMetrics;
use keepwatch::{LabelSet, LabelValue, Monitor};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts what is allocated; a program chooses its allocator itself.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Label values that a format has to escape.
const WORDS: [&str; 4] = ["plain", "with \"quotes\"", "back\\slash", "zwei\nZeilen, größer"];

#[derive(Clone, Copy, LabelValue)]
#[label(rename_all = "UPPERCASE")]
enum Method {
    Get,
}

#[derive(Clone, Copy, LabelValue)]
enum Route {
    #[label(rename = "/")]
    Root,
    #[label(rename = "/item/{id}")]
    Item,
}

#[derive(Clone, Copy, LabelValue)]
enum Status {
    #[label(rename = "200")]
    Ok,
    #[label(rename = "404")]
    NotFound,
}

/// Labels that the compiler knows, which are looked up without hashing.
#[derive(Clone, Copy, LabelSet)]
struct Request {
    method: Method,
    route: Route,
    status: Status,
}

const REQUESTS: [Request; 3] = [
    Request { method: Method::Get, route: Route::Root, status: Status::Ok },
    Request { method: Method::Get, route: Route::Item, status: Status::Ok },
    Request { method: Method::Get, route: Route::Item, status: Status::NotFound },
];

/// What the handlers share.
#[derive(Clone)]
struct Service {
    requests: TypedFamily<Counter, Request>,
    words: Family<Counter>,
    work: Counter,
    temperature: Gauge,
    limits: Family<Gauge>,
    in_flight: Gauge,
    duration: Histogram,
    payload: Histogram,
    wait: Summary,
    round: Histogram,
    mode: StateSet,
    /// An info holds for as long as its handle exists.
    _build: Info,
}

impl Service {
    fn new(monitor: &Monitor) -> anyhow::Result<Self> {
        let build = monitor.info("service_build_info").help("What was built.");
        let build = build.labels(["version", "edition"]).register()?;
        let mode = monitor.state_set("service_mode").help("What the service does.");
        let limits = monitor.gauge("service_limits").help("Limits; infinite is none.");
        let limits = limits.labels(["limit"]).register()?;
        monitor
            .gauge("service_words")
            .help("Words that are known; read at each collection.")
            .callback(|| WORDS.len() as f64)?;
        limits.with(&["upper"])?.set(f64::INFINITY);
        limits.with(&["lower"])?.set(f64::NEG_INFINITY);
        limits.with(&["exact"])?.set(0.1 + 0.2);
        Ok(Self {
            requests: monitor
                .counter("service_requests_total")
                .help("Requests by method, route and status.\nUnmatched ones have no route.")
                .register_typed()?,
            words: monitor
                .counter("service_words_total")
                .help("Words that are hard to write: \"\\\".")
                .labels(["word"])
                .register()?,
            work: monitor.counter("service_work_total").help("Work done.").register_one()?,
            temperature: monitor
                .gauge("service_temperature_celsius")
                .unit("celsius")
                .help("How warm it is.")
                .register_one()?,
            limits,
            in_flight: monitor
                .gauge("service_requests_in_flight")
                .help("Requests that are not answered yet.")
                .register_one()?,
            duration: monitor
                .histogram("service_request_duration_seconds")
                .unit("seconds")
                .bounds([0.005, 0.025, 0.1, 0.5, 2.5])
                .help("How long requests take.")
                .register_one()?,
            payload: monitor
                .histogram("service_payload_bytes")
                .unit("bytes")
                .bounds([100.0, 1_000.0, 10_000.0])
                .native(NativeBuckets::default())
                .help("How large payloads are.")
                .register_one()?,
            wait: monitor
                .summary_metric("service_queue_wait_seconds")
                .unit("seconds")
                .help("How long requests waited.")
                .register_one()?,
            round: monitor
                .histogram("service_round_duration_seconds")
                .unit("seconds")
                .help("How long a round of work takes.")
                .register_one()?,
            mode: mode.states(["idle", "working", "draining"]).register_one()?,
            _build: build.with(&[env!("CARGO_PKG_VERSION"), "2024"])?,
        })
    }

    /// Does a round of work, each a little different.
    fn work(&self) -> anyhow::Result<()> {
        let _in_flight = self.in_flight.in_flight();
        let _timer = self.round.time();
        self.mode.enter("working");
        let round = self.work.value();
        for request in REQUESTS {
            self.requests.get(request).increment();
        }
        for (word, times) in WORDS.into_iter().zip(1..) {
            self.words.with(&[word])?.increment_by(times);
        }
        self.temperature.set(-3.5 + round);
        for (step, duration) in [0.001, 0.02, 0.09, 0.3, 1.5, 7.0].into_iter().enumerate() {
            let trace = format!("{:016x}{step:016x}", 0x6b65_6570u32);
            self.duration.observe_with(duration + round * 1e-4, || {
                let labels = Labels::new([("trace_id", trace)]).ok()?;
                Some(Exemplar { labels, value: duration, at: None })
            });
            self.wait.observe(duration / 8.0);
        }
        for bytes in [0.0, 64.0, 640.0, 6_400.0, 64_000.0] {
            self.payload.observe(bytes + round);
        }
        self.work.add(1.0);
        self.mode.enter("idle");
        Ok(())
    }

    /// What was counted, by the handles' own word and as series of PromQL.
    fn truth(&self) -> anyhow::Result<Value> {
        let mut series = Vec::new();
        let mut tell = |name: &str, labels: Value, value: f64| {
            series.push(json!({"name": name, "labels": labels, "value": value.to_string()}));
        };
        for request in REQUESTS {
            let mut texts = Vec::new();
            request.push_texts(&mut texts);
            let labels = Request::NAMES.iter().zip(texts).collect::<HashMap<_, _>>();
            tell("service_requests_total", json!(labels), self.requests.get(request).value());
        }
        for word in WORDS {
            tell("service_words_total", json!({"word": word}), self.words.with(&[word])?.value());
        }
        for limit in ["upper", "lower", "exact"] {
            tell("service_limits", json!({"limit": limit}), self.limits.with(&[limit])?.value());
        }
        for state in ["idle", "working", "draining"] {
            let on = f64::from(u8::from(self.mode.is_on(state)));
            tell("service_mode", json!({"service_mode": state}), on);
        }
        let rounds = self.work.value();
        // Of the six durations of a round one more is within each bound.
        for (bound, within) in [
            ("0.005", 1.0),
            ("0.025", 2.0),
            ("0.1", 3.0),
            ("0.5", 4.0),
            ("2.5", 5.0),
            ("+Inf", 6.0),
        ] {
            let name = "service_request_duration_seconds_bucket";
            tell(name, json!({"le": bound}), within * rounds);
        }
        for (name, value) in [
            ("service_work_total", rounds),
            ("service_round_duration_seconds_count", rounds),
            ("service_temperature_celsius", self.temperature.value()),
            ("service_requests_in_flight", self.in_flight.value()),
            ("service_request_duration_seconds_count", self.duration.count() as f64),
            ("service_request_duration_seconds_sum", self.duration.sum()),
            ("service_payload_bytes_count", self.payload.count() as f64),
            ("service_payload_bytes_sum", self.payload.sum()),
            ("service_queue_wait_seconds_count", self.wait.count() as f64),
            ("service_queue_wait_seconds_sum", self.wait.sum()),
        ] {
            tell(name, json!({}), value);
        }
        let labels = json!({"version": env!("CARGO_PKG_VERSION"), "edition": "2024"});
        tell("service_build_info", labels, 1.0);
        Ok(Value::from(series))
    }
}

async fn work(service: Data<Service>) -> actix_web::Result<&'static str> {
    service.work().map_err(actix_web::error::ErrorInternalServerError)?;
    Ok("done\n")
}

async fn truth(service: Data<Service>) -> actix_web::Result<Json<Value>> {
    service.truth().map(Json).map_err(actix_web::error::ErrorInternalServerError)
}

fn allocator() -> AllocatorFigures {
    let stats = ALLOCATOR.stats();
    let held = stats.bytes_allocated.checked_sub(stats.bytes_deallocated);
    AllocatorFigures {
        allocated_bytes: held.map(|bytes| bytes as u64),
        allocations: Some(stats.allocations as u64),
        deallocations: Some(stats.deallocations as u64),
        reallocations: Some(stats.reallocations as u64),
        ..AllocatorFigures::default()
    }
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let seconds = arguments.next().map(|seconds| seconds.parse()).transpose();
    let seconds = seconds.context("the second argument is a number of seconds")?;

    let monitor = Monitor::builder()
        .collection_interval(Duration::from_secs(1))
        .collector(ProcessCollector::new)
        .collector(|| AllocatorCollector::new(allocator))
        .start()?;
    monitor.watch_arbiter("main", &Arbiter::current());
    let service = Service::new(&monitor)?;
    service.work()?;

    let (watched, measured) = (monitor.clone(), RequestMetrics::builder(&monitor).build()?);
    let server = HttpServer::new(move || {
        // Each worker of the server has an arbiter of its own.
        watched.watch_arbiter("http", &Arbiter::current());
        App::new()
            .wrap(measured.clone())
            .service(keepwatch::web::scope("/watch", &watched))
            .app_data(Data::new(service.clone()))
            .route("/work", get().to(work))
            .route("/truth", get().to(truth))
    })
    .workers(2)
    .bind(address)?;
    println!("look at http://{}/watch/metrics", server.addrs()[0]);
    let server = server.run();
    if let Some(seconds) = seconds {
        let handle = server.handle();
        actix_web::rt::spawn(async move {
            actix_web::rt::time::sleep(Duration::from_secs(seconds)).await;
            handle.stop(true).await;
        });
    }
    // Returns when the time is up, or Ctrl-C or SIGTERM came.
    server.await?;
    println!("clean: {}", monitor.shutdown().await.is_clean());
    Ok(())
}
