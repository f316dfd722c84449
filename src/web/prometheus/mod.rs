//! The HTTP API of Prometheus under `/api/v1`, for Grafana and every other
//! client that speaks it.
//!
//! | path | answer |
//! |---|---|
//! | `query` | `query` at one `time` (now); `timeout`, `limit`, `lookback_delta`, `stats` |
//! | `query_range` | `query` from `start` to `end` at each `step`; as `query`; at most 11,000 steps |
//! | `series`, `labels`, `label/{name}/values` | what there is for `match[]` from `start` to `end`; `limit` |
//! | `metadata` | kind, help and unit of metrics; `metric`, `limit`, `limit_per_metric` |
//! | `rules` | the groups of rule files, after one of all other alert rules; `type`, `rule_name[]`, `rule_group[]`, `file[]`, `match[]`, `exclude_alerts`, `group_limit`, `group_next_token` |
//! | `alerts` | what is pending or firing |
//! | `format_query`, `parse_query` | `query` in its normal form, and as a tree |
//! | `query_exemplars` | nothing: exemplars are not kept |
//! | `status/buildinfo`, `status/runtimeinfo`, `status/flags`, `status/config`, `status/tsdb` | what clients want to know of a server; `limit` of the last |
//! | `targets` | what is scraped and how it fares; `state`, `scrapePool` |
//! | `targets/metadata` | what the targets say of their metrics; `match_target`, `metric`, `limit` |
//! | `scrape_pools` | the jobs |
//! | `alertmanagers` | nothing: nobody is told |
//!
//! GET and POST; parameters come from the URL and from the body, whatever its
//! content type, and what is not known is passed over, as Prometheus does.
//! Answers are `{"status", "data", "warnings", "infos"}` or
//! `{"status", "errorType", "error"}` with 400 for a bad request, 422 for a
//! query that fails, 503 for one that takes too long, 404 for another path.
//! Pages of other sites may read all of it (CORS), without credentials.

mod alerts;
mod envelope;
mod form;
mod query;
mod result;
mod rules;
mod selection;
mod series;
mod status;
mod targets;
mod tree;

pub use query::query_data;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route, guard};

use self::envelope::Failure;
pub(super) use self::status::Started;

/// The largest body of a request in bytes: a query may have 1 MiB, encoded.
const BODY_MAX: usize = 4 << 20;

pub(super) fn routes(config: &mut ServiceConfig) {
    let api = web::scope("/api/v1")
        .service(resource("/query", web::route().to(query::instant)))
        .service(resource("/query_range", web::route().to(query::range)))
        .service(resource("/query_exemplars", web::route().to(query::exemplars)))
        .service(resource("/format_query", web::route().to(query::format)))
        .service(resource("/parse_query", web::route().to(query::parse)))
        .service(resource("/series", web::route().to(series::series)))
        .service(resource("/labels", web::route().to(series::labels)))
        .service(resource("/label/{name}/values", web::route().to(series::values)))
        .service(resource("/metadata", web::route().to(series::metadata)))
        .service(resource("/rules", web::route().to(rules::rules)))
        .service(resource("/alerts", web::route().to(alerts::active)))
        .service(resource("/targets", web::route().to(targets::targets)))
        .service(resource("/targets/metadata", web::route().to(targets::metadata)))
        .service(resource("/scrape_pools", web::route().to(targets::pools)))
        .service(resource("/alertmanagers", web::route().to(status::alertmanagers)))
        .service(resource("/status/buildinfo", web::route().to(status::build)))
        .service(resource("/status/runtimeinfo", web::route().to(status::runtime)))
        .service(resource("/status/flags", web::route().to(status::flags)))
        .service(resource("/status/config", web::route().to(status::config)))
        .service(resource("/status/tsdb", web::route().to(status::tsdb)))
        .route("/{path:.*}", web::method(Method::OPTIONS).to(HttpResponse::NoContent))
        .default_service(web::route().to(nothing))
        .wrap(from_fn(shared));
    config
        .service(resource("/-/healthy", web::route().to(status::healthy)))
        .service(resource("/-/ready", web::route().to(status::ready)))
        .service(api);
}

/// A resource for reads, which some clients send as POST; what is allowed is
/// told to OPTIONS.
fn resource(path: &str, route: Route) -> Resource {
    let reads = guard::Any(guard::Get()).or(guard::Head()).or(guard::Post());
    let options = web::method(Method::OPTIONS).to(HttpResponse::NoContent);
    web::resource(path)
        .app_data(PayloadConfig::new(BODY_MAX))
        .route(route.guard(reads))
        .route(options)
}

async fn nothing(request: HttpRequest) -> Result<HttpResponse, Failure> {
    Err(Failure::nothing_at(request.path()))
}

/// Lets the pages of other sites read answers, as Prometheus does. Browsers
/// send no credentials with that, so what is behind a login stays there.
async fn shared(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let from_page = request.headers().contains_key(header::ORIGIN);
    let mut response = next.call(request).await?;
    if from_page {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Accept, Authorization, Content-Type, Origin"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date"),
        ] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}
