//! The HTTP surface: an actix-web [`Scope`] that any application mounts.
//!
//! ```no_run
//! use actix_web::{App, HttpServer};
//! use keepwatch::{Monitor, web};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let monitor = Monitor::builder().start()?;
//! let served = monitor.clone();
//! HttpServer::new(move || App::new().service(web::scope("/monitor", &served)))
//!     .bind("127.0.0.1:8080")?
//!     .run()
//!     .await?;
//! monitor.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! | path | answer |
//! |---|---|
//! | `/` | a page; HTML |
//! | `/metrics` | the current values of all registered metrics, or of those of `name[]`; by `Accept` as Prometheus text 0.0.4 (without a wish) or 1.0.0, OpenMetrics or protobuf, by `Accept-Encoding` as gzip or zstd |
//! | `/health` | every check; `application/health+json`; 200 or 503 |
//! | `/health/live`, `/health/ready`, `/health/startup` | one group of checks, likewise; Degraded is 200 |
//! | `/api/summary` | everything at a glance; `window` (5m), `format` (json, text), or `Accept: text/plain` |
//! | `/api/alerts` | active alerts; `severity`, `label` (matchers such as `host="a"`) |
//! | `/api/alerts/history` | changes of alerts, newest first; `start`, `end`, `severity`, `rule`, `limit` (1000) |
//! | `/api/health` | every check, and its changes of status |
//! | `/api/checks/{name}/beat` | POST: keeps a heartbeat check alive; 204, 404, or 409 for one that runs by itself |
//! | `/api/actors` | every component: state, restarts, mailbox, messages |
//! | `/api/metrics` | the definitions of all metrics |
//! | `/api/metrics/{name}/values` | samples in time order; `start` (an hour before `end`), `end` (now), `match[]` |
//! | `/api/metrics/{name}/rollups` | count, sum, min, max, last and increase by spans of 5 min, or of 1 h from a `step` of 1 h on; else as `values` |
//! | `/api/v1/…` | the HTTP API of Prometheus: `query`, `query_range`, `series`, `labels` and others, for Grafana and whoever speaks it |
//! | `/-/healthy`, `/-/ready` | 200, as Prometheus answers |
//!
//! Times are RFC 3339 or Unix seconds; durations such as `90s` or `1h30m`.
//! Under `/api`, `/api/v1` aside, a parameter that is unknown or will not do is answered with
//! 400 and `{"error": {"message", "parameter", "value", "expected"}}`, an
//! unknown metric with 404, a component that is down or overloaded with 503.
//! `/metrics`, `/health` and the page ignore parameters they do not know: probes
//! and scrapers may add their own. Numbers that JSON cannot write (NaN, infinities) are
//! `null`.
//!
//! The one request that changes anything, a beat, is refused with 403 when a
//! browser says that another site sent it.
//!
//! Nothing is computed on the components' arbiters, and no request runs a
//! check. There is no authentication: mount the scope behind your own.

mod alerts;
mod assets;
mod error;
mod exposition;
mod figure;
mod health;
mod metrics;
pub mod middleware;
mod page;
mod parameters;
mod prometheus;
mod summary;

pub use middleware::{RequestMetrics, RequestMetricsBuilder};
pub use prometheus::query_data;

use actix_web::http::header;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Resource, Scope, guard};
use serde::Serialize;

use self::error::ApiError;
use self::parameters::Parameters;
use crate::Monitor;

/// Returns the surface below `path`, which is empty or starts with a slash.
///
/// A scope at the empty path answers for the whole application: mount it last.
#[must_use]
pub fn scope(path: &str, monitor: &Monitor) -> Scope {
    let started = prometheus::Started(monitor.clock().now());
    web::scope(path)
        .app_data(Data::new(monitor.clone()))
        .app_data(Data::new(started))
        .configure(routes)
}

fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("", web::route().to(to_slash)))
        .service(resource("/", web::route().to(summary::page)))
        .service(resource("/assets/style.css", web::route().to(style)))
        .service(resource("/assets/page.js", web::route().to(script)))
        .service(resource("/assets/favicon.svg", web::route().to(icon)))
        .service(resource("/metrics", web::route().to(exposition::exposition)))
        .service(resource("/health", web::route().to(health::document)))
        .service(resource("/health/{group:live|ready|startup}", web::route().to(health::group)))
        .service(resource("/api/summary", web::route().to(summary::summary)))
        .service(resource("/api/alerts", web::route().to(alerts::active)))
        .service(resource("/api/alerts/history", web::route().to(alerts::history)))
        .service(resource("/api/health", web::route().to(health::report)))
        .service(web::resource("/api/checks/{name}/beat").route(web::post().to(health::beat)))
        .service(resource("/api/actors", web::route().to(summary::actors)))
        .service(resource("/api/metrics", web::route().to(metrics::definitions)))
        .service(resource("/api/metrics/{name}/values", web::route().to(metrics::values)))
        .service(resource("/api/metrics/{name}/rollups", web::route().to(metrics::rollups)))
        .configure(prometheus::routes);
}

/// A resource for GET and HEAD; other methods are answered with 405.
fn resource(path: &str, route: actix_web::Route) -> Resource {
    web::resource(path).route(route.guard(guard::Any(guard::Get()).or(guard::Head())))
}

/// The page's addresses are relative to its folder, which needs the slash.
async fn to_slash(request: HttpRequest) -> HttpResponse {
    let last = request.path().rsplit('/').next().unwrap_or("");
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, format!("{last}/"))).finish()
}

async fn style(request: HttpRequest) -> HttpResponse {
    assets::STYLE.answer(&request)
}

async fn script(request: HttpRequest) -> HttpResponse {
    assets::SCRIPT.answer(&request)
}

async fn icon(request: HttpRequest) -> HttpResponse {
    assets::ICON.answer(&request)
}

/// Begins an answer that no cache may keep.
fn fresh(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}

fn json(value: &impl Serialize) -> HttpResponse {
    fresh(HttpResponse::Ok()).json(value)
}
