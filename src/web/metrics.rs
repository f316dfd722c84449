//! `/api/metrics` and the values of one metric.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{self, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::registry::{Metrics, RolledUp, Rollups, Values};
use keepwatch_engine::model::{MetricDefinition, SeriesSamples, TimeRange};
use keepwatch_engine::storage::rollup::Resolution;
use serde::Serialize;

use super::{ApiError, Parameters, fresh, json};
use crate::Monitor;

/// How far before its end a range begins if nothing is said.
const SPAN: Duration = Duration::from_secs(3_600);

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
    Ok(written(MetricValues { metric, range: TimeRange::new(start, end), series }).await)
}

#[derive(Serialize)]
struct MetricRollups {
    metric: Arc<str>,
    #[serde(flatten)]
    range: TimeRange,
    #[serde(flatten)]
    rolled: RolledUp,
}

/// `/api/metrics/{name}/rollups`: what the samples amount to, span by span.
pub(super) async fn rollups(
    monitor: Data<Monitor>,
    name: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let known = ["start", "end", "step", "match[]"];
    let parameters = Parameters::read(request.query_string(), &known)?;
    let end = parameters.time("end")?.unwrap_or_else(|| monitor.clock().now());
    let start = parameters.time("start")?.unwrap_or(end - SPAN);
    parameters.check_order("start", start, end)?;
    let step = parameters.duration("step")?.unwrap_or(Resolution::FiveMinutes.length());
    let matchers = parameters.matchers("match[]")?;
    let metric: Arc<str> = name.into_inner().into();
    let message = Rollups { metric: Arc::clone(&metric), matchers, start, end, step };
    let rolled = monitor.send(message).await?;
    Ok(written(MetricRollups { metric, range: TimeRange::new(start, end), rolled }).await)
}

/// Writes a large answer: not on the thread that serves.
async fn written(body: impl Serialize + Send + 'static) -> HttpResponse {
    match web::block(move || serde_json::to_string(&body)).await {
        Ok(Ok(text)) => fresh(HttpResponse::Ok()).content_type("application/json").body(text),
        _ => HttpResponse::InternalServerError().finish(),
    }
}
