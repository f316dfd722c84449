//! `/metrics`, `/api/metrics` and the values of one metric.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::registry::{Metrics, Values};
use keepwatch_engine::model::{MetricDefinition, SeriesSamples, TimeRange};
use serde::Serialize;

use super::{ApiError, Parameters, fresh, json};
use crate::Monitor;

/// Prometheus text exposition format.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How far before its end a range begins if nothing is said.
const SPAN: Duration = Duration::from_secs(3_600);

/// `/metrics`: encoded on a pool thread.
pub(super) async fn exposition(monitor: Data<Monitor>) -> HttpResponse {
    match monitor.exposition().await {
        Ok(text) => fresh(HttpResponse::Ok()).content_type(CONTENT_TYPE).body(text),
        Err(error) => fresh(HttpResponse::ServiceUnavailable())
            .content_type("text/plain; charset=utf-8")
            .body(format!("{error}\n")),
    }
}

#[derive(Serialize)]
struct Definitions {
    metrics: Vec<Arc<MetricDefinition>>,
}

/// `/api/metrics`: the definitions of all metrics, by name.
pub(super) async fn definitions(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string(), &[])?;
    Ok(json(&Definitions { metrics: monitor.send(Metrics).await? }))
}

#[derive(Serialize)]
struct MetricValues {
    metric: Arc<str>,
    #[serde(flatten)]
    range: TimeRange,
    series: Vec<SeriesSamples>,
}

/// `/api/metrics/{name}/values`: samples in time order.
pub(super) async fn values(
    monitor: Data<Monitor>,
    name: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::read(request.query_string(), &["start", "end", "match[]"])?;
    let end = parameters.time("end")?.unwrap_or_else(|| monitor.clock().now());
    let start = parameters.time("start")?.unwrap_or(end - SPAN);
    parameters.check_order("start", start, end)?;
    let matchers = parameters.matchers("match[]")?;
    let metric: Arc<str> = name.into_inner().into();
    let message = Values { metric: Arc::clone(&metric), matchers, start, end };
    let series = monitor.send(message).await?;
    let body = MetricValues { metric, range: TimeRange::new(start, end), series };
    // Many samples take a while to write: not on the thread that serves.
    let text = web::block(move || serde_json::to_string(&body)).await;
    match text {
        Ok(Ok(text)) => Ok(fresh(HttpResponse::Ok()).content_type("application/json").body(text)),
        _ => Ok(HttpResponse::InternalServerError().finish()),
    }
}
