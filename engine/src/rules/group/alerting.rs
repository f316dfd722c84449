//! The evaluation of an alerting rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{ActiveAlert, AlertChange, InstantVector, RuleError};
use crate::alert::AlertState;
use crate::model::{Labels, Timestamp};
use crate::promql::{LabelSet, NAME};
use crate::rules::file::AlertingRule;
use crate::template::{Template, TemplateData, TemplateError, TemplateSample};

/// The series that tells which alerts there are: 1 for each that is pending
/// or firing.
pub const ALERTS: &str = "ALERTS";
/// The series that tells since when an alert is active, in seconds since the
/// Unix epoch.
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";
/// The label with the name of an alert.
pub const ALERT_NAME: &str = "alertname";
/// The label of [`ALERTS`] with the state of an alert.
pub const ALERT_STATE: &str = "alertstate";

/// What a template of an alerting rule is about.
#[derive(Debug, Clone, Copy)]
pub struct TemplateSubject<'a> {
    /// The series that the expression found, with its name if it has one.
    pub series: &'a LabelSet,
    /// Its value.
    pub value: f64,
    /// The time of the evaluation.
    pub at: Timestamp,
}

/// Expands a template, or says why it cannot be.
pub type Expand<'a> =
    dyn FnMut(&Template, &TemplateSubject<'_>) -> Result<String, TemplateError> + 'a;

/// Answers the queries of templates.
pub type TemplateQuery<'a> = dyn FnMut(&str) -> Result<Vec<TemplateSample>, String> + 'a;

impl TemplateSubject<'_> {
    /// Expands a template with what the server adds: its external labels, its
    /// URL, and answers to queries at [`at`](Self::at).
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn expand(
        &self,
        template: &Template,
        external_labels: &Labels,
        external_url: &str,
        query: &mut TemplateQuery<'_>,
    ) -> Result<String, TemplateError> {
        let LabelSet { name, labels } = self.series;
        let labels = &labels.with(NAME, name);
        let (value, now) = (self.value, self.at);
        let data = TemplateData { labels, external_labels, external_url, value, now };
        template.expand(&data, query)
    }
}

/// The alerts of a rule by their labels.
pub(super) type Alerts = BTreeMap<Labels, ActiveAlert>;

/// What an evaluation comes to.
pub(super) struct Evaluated {
    pub(super) alerts: Alerts,
    pub(super) changes: Vec<AlertChange>,
}

/// Moves the alerts of a rule on by what its expression found at `at`.
pub(super) fn evaluate(
    rule: &AlertingRule,
    limit: usize,
    alerts: &Alerts,
    samples: &[(LabelSet, f64)],
    at: Timestamp,
    expand: &mut Expand<'_>,
) -> Result<Evaluated, RuleError> {
    let mut found = Alerts::new();
    for (series, value) in samples {
        let subject = TemplateSubject { series, value: *value, at };
        let labels = alert_labels(rule, &subject, expand);
        let annotations = rule
            .annotations
            .iter()
            .map(|(name, template)| (Arc::clone(name), expanded(template, &subject, expand)));
        let alert = ActiveAlert::begin(labels.clone(), annotations.collect(), *value, at);
        if found.insert(labels.clone(), alert).is_some() {
            return Err(RuleError::DuplicateAlert { labels });
        }
    }
    let mut evaluated = Evaluated { alerts: Alerts::new(), changes: Vec::new() };
    for (labels, before) in alerts {
        let mut alert = before.clone();
        match found.remove(labels) {
            // What is over begins anew.
            Some(new) if !alert.is_active() => {
                found.insert(labels.clone(), new);
                continue;
            }
            Some(new) => {
                alert.value = new.value;
                alert.annotations = new.annotations;
                alert.kept_since = None;
                alert.fire_when_due(rule.pending_for, at);
            }
            None => alert.miss(rule.keep_firing_for, at),
        }
        evaluated.put(alert, before.state, at);
    }
    for (_, mut alert) in found {
        alert.fire_when_due(rule.pending_for, at);
        evaluated.put(alert, AlertState::Inactive, at);
    }
    evaluated.changes.sort_by(|a, b| a.alert.labels.cmp(&b.alert.labels));
    let count = evaluated.alerts.values().filter(|alert| alert.is_active()).count();
    if limit > 0 && count > limit {
        return Err(RuleError::Limit { limit, count, what: "alerts" });
    }
    Ok(evaluated)
}

impl Evaluated {
    /// Puts an alert where it belongs, and notes what became of it.
    fn put(&mut self, alert: ActiveAlert, from: AlertState, at: Timestamp) {
        let is_over = from == AlertState::Resolved;
        if alert.state != from && !is_over {
            self.changes.push(AlertChange { alert: alert.clone(), from, at });
        }
        if alert.state != AlertState::Inactive {
            self.alerts.insert(alert.labels.clone(), alert);
        }
    }
}

/// Returns the series that tell of the alerts that are pending or firing.
pub(super) fn series_of(alerts: &Alerts) -> InstantVector {
    let mut series = Vec::with_capacity(alerts.len() * 2);
    for alert in alerts.values().filter(|alert| alert.is_active()) {
        let labels = alert.labels.with(ALERT_STATE, alert.state.as_str());
        series.push((LabelSet { name: ALERTS.into(), labels }, 1.0));
        let labels = alert.labels.clone();
        // Whole seconds, as Prometheus writes and restores them.
        let since = alert.active_at.seconds().floor();
        series.push((LabelSet { name: ALERTS_FOR_STATE.into(), labels }, since));
    }
    series
}

fn alert_labels(
    rule: &AlertingRule,
    subject: &TemplateSubject<'_>,
    expand: &mut Expand<'_>,
) -> Labels {
    let mut labels = subject.series.labels.clone();
    for (name, template) in rule.labels.iter().filter(|(name, _)| &**name != NAME) {
        labels = labels.with(name, &expanded(template, subject, expand));
    }
    labels.with(ALERT_NAME, &rule.alert)
}

/// Expands a template. One that fails says so in its place, so that the alert
/// is not lost with it.
fn expanded(
    template: &Template,
    subject: &TemplateSubject<'_>,
    expand: &mut Expand<'_>,
) -> Arc<str> {
    if template.is_plain() {
        return Arc::clone(template.text());
    }
    let text = expand(template, subject);
    text.unwrap_or_else(|error| format!("<error expanding template: {error}>")).into()
}
