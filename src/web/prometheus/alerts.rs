//! `rules` and `alerts`.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, SecondsFormat};
use keepwatch_actors::alert_evaluator::messages::{ActiveAlerts, Rules};
use keepwatch_engine::alert::{Alert, AlertState, Condition, Question, Rule};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::promql::functions::number::exponential;
use serde::Serialize;

use super::envelope::{Failure, success};
use super::form::Form;
use super::selection::{RuleKind, RuleSelection};
use crate::Monitor;

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<Active>,
}

/// An alert as Prometheus tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Active {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    state: &'static str,
    active_at: String,
    value: String,
}

impl Active {
    fn new(alert: &Alert) -> Self {
        let labels = alert.labels.iter();
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let description = ("description", alert.description.to_string());
        Self {
            labels: labels.collect(),
            annotations: [description].into_iter().filter(|(_, text)| !text.is_empty()).collect(),
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: &'static str,
    file: &'static str,
    rules: Vec<AlertingRule>,
    interval: f64,
    limit: usize,
    evaluation_time: f64,
    last_evaluation: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertingRule {
    state: &'static str,
    name: String,
    query: String,
    duration: f64,
    keep_firing_for: f64,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    alerts: Vec<Active>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    evaluation_time: f64,
    last_evaluation: String,
    r#type: &'static str,
}

/// `rules`: the alert rules, as one group.
pub(super) async fn rules(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let selection = RuleSelection::read(&Form::read(&request, &body))?;
    let rules = monitor.send(Rules).await?;
    let alerts = monitor.send(ActiveAlerts::default()).await?;
    let mut interval = Duration::ZERO;
    let mut last = Timestamp::MIN;
    let mut told = Vec::with_capacity(rules.len());
    for status in rules {
        let rule = &status.rule;
        interval = interval.max(status.interval);
        last = last.max(status.last_evaluation.unwrap_or(Timestamp::MIN));
        let labels =
            rule.labels().iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let severity = ("severity".to_owned(), rule.severity().to_string());
        let labels = labels.chain([severity]).collect();
        if !selection.wants_rule(RuleKind::Alerting, rule.name(), &labels) {
            continue;
        }
        let active = alerts.iter().filter(|_| !selection.exclude_alerts);
        let own: Vec<Active> =
            active.filter(|alert| alert.rule == *rule.name()).map(Active::new).collect();
        told.push(AlertingRule {
            state: match (status.raised, status.pending) {
                (0, 0) => "inactive",
                (0, _) => "pending",
                _ => "firing",
            },
            name: rule.name().to_string(),
            query: watched(rule),
            duration: rule.pending_for().as_secs_f64(),
            keep_firing_for: rule.keep_firing_for().as_secs_f64(),
            labels,
            annotations: [("description", rule.description().to_string())].into(),
            alerts: own,
            health: match (&status.last_error, status.evaluations) {
                (Some(_), _) => "err",
                (None, 0) => "unknown",
                (None, _) => "ok",
            },
            last_error: status.last_error,
            evaluation_time: 0.0,
            last_evaluation: rfc3339(status.last_evaluation.unwrap_or(Timestamp::MIN)),
            r#type: "alerting",
        });
    }
    let group = Group {
        name: "keepwatch",
        file: "",
        rules: told,
        interval: interval.as_secs_f64(),
        limit: 0,
        evaluation_time: 0.0,
        last_evaluation: rfc3339(last),
    };
    let mut groups = vec![group];
    groups.retain(|group| !group.rules.is_empty() && selection.wants_group(group.name, group.file));
    let token = |group: &Group| format!("{};{}", group.file, group.name);
    let (groups, group_next_token) = selection.page(groups, token)?;
    Ok(success(Groups { groups, group_next_token }))
}

/// Writes what a rule asks and its condition; the question about a metric is
/// no PromQL.
fn watched(rule: &Rule) -> String {
    match (rule.question(), rule.condition()) {
        (Question::Expression { expression }, condition) if *condition == Condition::present() => {
            expression.to_string()
        }
        (question, condition) => format!("{question}: {condition}"),
    }
}

/// Writes a time; what never was is the first time that clients know.
fn rfc3339(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.millis()).map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}
