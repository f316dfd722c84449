//! `/api/alerts` and `/api/alerts/history`.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::alert_evaluator::messages::{ActiveAlerts, AlertHistory, AlertTransition};
use keepwatch_engine::alert::{Alert, Severity};
use keepwatch_engine::model::{TimeRange, Timestamp};
use serde::Serialize;

use super::{ApiError, Parameters, json, summary};
use crate::Monitor;

/// The most transitions that one request answers.
const LIMIT_MAX: usize = 100_000;

const SEVERITIES: &str = "info, warning, error or critical";

#[derive(Serialize)]
struct Active {
    alerts: Vec<Alert>,
}

/// `/api/alerts`: what is pending or raised, the raised and most severe first.
pub(super) async fn active(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let parameters = Parameters::read(request.query_string(), &["severity", "label"])?;
    let message = ActiveAlerts {
        severity: parameters.parsed::<Severity>("severity", SEVERITIES)?,
        matchers: parameters.matchers("label")?,
    };
    let mut alerts = monitor.send(message).await?;
    summary::sort(&mut alerts);
    Ok(json(&Active { alerts }))
}

#[derive(Serialize)]
struct History {
    transitions: Vec<AlertTransition>,
}

/// `/api/alerts/history`: changes of state, newest first.
pub(super) async fn history(
    monitor: Data<Monitor>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let known = ["start", "end", "severity", "rule", "limit"];
    let parameters = Parameters::read(request.query_string(), &known)?;
    let start = parameters.time("start")?.unwrap_or(Timestamp::MIN);
    let end = parameters.time("end")?.unwrap_or(Timestamp::MAX);
    parameters.check_order("start", start, end)?;
    let mut message = AlertHistory {
        range: TimeRange::new(start, end),
        severity: parameters.parsed::<Severity>("severity", SEVERITIES)?,
        rule: parameters.text("rule").map(Into::into),
        ..AlertHistory::default()
    };
    if let Some(limit) = parameters.count("limit", LIMIT_MAX)? {
        message.limit = limit;
    }
    let mut transitions = monitor.send(message).await?;
    transitions.reverse();
    Ok(json(&History { transitions }))
}
