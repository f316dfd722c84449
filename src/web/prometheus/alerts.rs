//! `alerts`.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::{DateTime, SecondsFormat};
use keepwatch_actors::alert_evaluator::messages::ActiveAlerts;
use keepwatch_engine::alert::{Alert, AlertState, Annotations};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::promql::functions::number::exponential;
use serde::Serialize;

use super::envelope::{Failure, success};
use crate::Monitor;

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<Active>,
}

/// An alert as Prometheus tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Active {
    labels: BTreeMap<String, String>,
    annotations: Annotations,
    state: &'static str,
    active_at: String,
    value: String,
}

impl Active {
    pub(super) fn new(alert: &Alert) -> Self {
        let labels = alert.labels.iter();
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            labels: labels.collect(),
            annotations: alert.annotations.clone(),
            state: if alert.state == AlertState::Pending { "pending" } else { "firing" },
            active_at: rfc3339(alert.active_at),
            value: exponential(alert.value.unwrap_or(f64::NAN)),
        }
    }
}

/// `alerts`: what is pending or firing.
pub(super) async fn active(monitor: Data<Monitor>) -> Result<HttpResponse, Failure> {
    let alerts = monitor.send(ActiveAlerts::default()).await?;
    Ok(success(Alerts { alerts: alerts.iter().map(Active::new).collect() }))
}

/// Writes a time; what never was is the first time that clients know.
pub(super) fn rfc3339(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.millis()).map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}
