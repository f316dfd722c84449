//! The HTTP API of Prometheus under `/api/v1`, for Grafana and every other
//! client that speaks it.
//!
//! | path | answer |
//! |---|---|
//! | `query` | `query` at one `time` (now); `timeout`, `limit` |
//! | `query_range` | `query` from `start` to `end` at each `step`; `timeout`, `limit`; at most 11,000 steps |
//! | `series`, `labels`, `label/{name}/values` | what there is for `match[]` from `start` to `end`; `limit` |
//! | `metadata` | kind, help and unit of metrics; `metric`, `limit` |
//! | `rules`, `alerts` | the alert rules as one group, and what is active |
//! | `format_query` | `query` in its normal form |
//! | `query_exemplars` | nothing: exemplars are not kept |
//! | `status/buildinfo`, `status/runtimeinfo`, `status/flags`, `status/config`, `status/tsdb` | what clients want to know of a server |
//! | `targets`, `alertmanagers` | nothing: nothing is scraped, nobody is told |
//!
//! GET and POST; parameters come from the URL and from the body, whatever its
//! content type, and what is not known is passed over, as Prometheus does.
//! Answers are `{"status", "data", "warnings", "infos"}` or
//! `{"status", "errorType", "error"}` with 400 for a bad request, 422 for a
//! query that fails, 503 for one that takes too long.

mod alerts;
mod envelope;
mod form;
mod query;
mod result;
mod series;
mod status;

use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{Resource, Route, guard};

/// The largest body of a request in bytes: a query may have 1 MiB, encoded.
const BODY_MAX: usize = 4 << 20;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(resource("/api/v1/query", web::route().to(query::instant)))
        .service(resource("/api/v1/query_range", web::route().to(query::range)))
        .service(resource("/api/v1/query_exemplars", web::route().to(query::exemplars)))
        .service(resource("/api/v1/format_query", web::route().to(query::format)))
        .service(resource("/api/v1/series", web::route().to(series::series)))
        .service(resource("/api/v1/labels", web::route().to(series::labels)))
        .service(resource("/api/v1/label/{name}/values", web::route().to(series::values)))
        .service(resource("/api/v1/metadata", web::route().to(series::metadata)))
        .service(resource("/api/v1/rules", web::route().to(alerts::rules)))
        .service(resource("/api/v1/alerts", web::route().to(alerts::active)))
        .service(resource("/api/v1/targets", web::route().to(status::targets)))
        .service(resource("/api/v1/alertmanagers", web::route().to(status::alertmanagers)))
        .service(resource("/api/v1/status/buildinfo", web::route().to(status::build)))
        .service(resource("/api/v1/status/runtimeinfo", web::route().to(status::runtime)))
        .service(resource("/api/v1/status/flags", web::route().to(status::flags)))
        .service(resource("/api/v1/status/config", web::route().to(status::config)))
        .service(resource("/api/v1/status/tsdb", web::route().to(status::tsdb)))
        .service(resource("/-/healthy", web::route().to(status::healthy)))
        .service(resource("/-/ready", web::route().to(status::healthy)));
}

/// A resource for reads, which some clients send as POST.
fn resource(path: &str, route: Route) -> Resource {
    let reads = guard::Any(guard::Get()).or(guard::Head()).or(guard::Post());
    web::resource(path).app_data(PayloadConfig::new(BODY_MAX)).route(route.guard(reads))
}
