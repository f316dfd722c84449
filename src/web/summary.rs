//! `/`, `/api/summary` and `/api/actors`.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::alert_evaluator::messages::ActiveAlerts;
use keepwatch_actors::health_checker::Health;
use keepwatch_actors::supervisor::ComponentStatus;
use keepwatch_engine::alert::Alert;
use serde::Serialize;

use super::page::Page;
use super::{ApiError, Parameters, fresh, json};
use crate::Monitor;

/// The window of the figures if none is asked for.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// The longest window: what is read for it grows with it.
const WINDOW_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

/// What the page may load and do.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// `/`: the first page. A part that cannot be had is left out and named.
pub(super) async fn page(monitor: Data<Monitor>) -> HttpResponse {
    let summary = monitor.summary(WINDOW).await;
    let health = monitor.send(Health).await.ok();
    let mut alerts = monitor.send(ActiveAlerts::default()).await.ok();
    if let Some(alerts) = &mut alerts {
        sort(alerts);
    }
    let page = Page { summary: &summary, health: health.as_ref(), alerts: alerts.as_deref() };
    fresh(HttpResponse::Ok())
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .content_type("text/html; charset=utf-8")
        .body(page.render().into_string())
}

/// Sorts the raised and the most severe first, then the oldest.
pub(super) fn sort(alerts: &mut [Alert]) {
    alerts.sort_by(|a, b| {
        let rank = |alert: &Alert| (alert.state.is_raised(), alert.severity);
        rank(b).cmp(&rank(a)).then_with(|| a.active_at.cmp(&b.active_at))
    });
}

/// `/api/summary`.
pub(super) async fn summary(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::read(request.query_string(), &["window", "format"])?;
    let window = parameters.duration("window")?.unwrap_or(WINDOW);
    if window > WINDOW_MAX {
        let text = parameters.text("window").unwrap_or_default();
        return Err(ApiError::parameter("window", text, "a duration of at most 31d"));
    }
    let as_text = match parameters.text("format") {
        Some("json") => false,
        Some("text") => true,
        Some(other) => return Err(ApiError::parameter("format", other, "json or text")),
        None => prefers_text(&request),
    };
    let summary = monitor.summary(window).await;
    if !as_text {
        return Ok(json(&summary));
    }
    let response = fresh(HttpResponse::Ok())
        .content_type("text/plain; charset=utf-8")
        .body(summary.to_string());
    Ok(response)
}

/// Says whether the client names text before JSON.
fn prefers_text(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok()).unwrap_or("");
    let first = |kind: &str| accept.split(',').position(|part| part.trim().starts_with(kind));
    match (first("text/plain"), first("application/json")) {
        (Some(text), Some(json)) => text < json,
        (text, _) => text.is_some(),
    }
}

/// `/api/actors`.
#[derive(Serialize)]
struct Actors {
    actors: Vec<ComponentStatus>,
}

pub(super) async fn actors(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string(), &[])?;
    Ok(json(&Actors { actors: monitor.status().await }))
}
