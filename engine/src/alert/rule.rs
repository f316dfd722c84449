//! Alert rules, valid by construction.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Labels;

use super::{
    AlertError, Condition, ErrorPolicy, NoDataPolicy, Question, RuleBuilder, Severity, template,
};

/// The label that names an alert's rule.
pub const ALERT_NAME: &str = "alertname";

/// The label that holds an alert's severity.
pub const SEVERITY: &str = "severity";

/// When to alert, and how. Made by [`Rule::on`] or [`Rule::expression`] and
/// [`RuleBuilder::build`]; serialises as a map that deserialises through the
/// same checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RuleBuilder")]
pub struct Rule {
    pub(super) name: Arc<str>,
    #[serde(flatten)]
    pub(super) question: Question,
    pub(super) condition: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clear: Option<Condition>,
    pub(super) pending_for: Duration,
    pub(super) keep_firing_for: Duration,
    pub(super) severity: Severity,
    pub(super) labels: Vec<(Arc<str>, Arc<str>)>,
    pub(super) description: Arc<str>,
    pub(super) no_data: NoDataPolicy,
    pub(super) on_error: ErrorPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<Duration>,
    pub(super) cap: usize,
}

impl Rule {
    /// Starts a rule named `name` on the metric `metric`.
    pub fn on(name: impl Into<Arc<str>>, metric: impl Into<Arc<str>>) -> RuleBuilder {
        RuleBuilder::on_metric(name.into(), metric.into())
    }

    /// Starts a rule named `name` on a PromQL expression, whose result is a
    /// vector or a scalar. Each of its series alerts, unless a condition on
    /// their values says otherwise; a series that is no longer found has no
    /// value.
    ///
    /// ```
    /// # use keepwatch_engine::alert::Rule;
    /// let rule = Rule::expression("Down", "up == 0").build()?;
    /// # Ok::<(), keepwatch_engine::alert::AlertError>(())
    /// ```
    pub fn expression(name: impl Into<Arc<str>>, expression: impl Into<Arc<str>>) -> RuleBuilder {
        RuleBuilder::on_expression(name.into(), expression.into())
    }

    /// Returns the rule's name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns what the rule asks.
    #[must_use]
    pub const fn question(&self) -> &Question {
        &self.question
    }

    /// Returns when a series alerts.
    #[must_use]
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// Returns when a firing alert clears, once the condition no longer holds;
    /// `None`: at once.
    #[must_use]
    pub const fn clear(&self) -> Option<&Condition> {
        self.clear.as_ref()
    }

    /// Returns how long the condition must hold before the alert fires.
    #[must_use]
    pub const fn pending_for(&self) -> Duration {
        self.pending_for
    }

    /// Returns how long a firing alert outlasts its condition.
    #[must_use]
    pub const fn keep_firing_for(&self) -> Duration {
        self.keep_firing_for
    }

    /// Returns how grave the rule's alerts are.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the labels that are laid over the series' own; an empty value
    /// removes a label.
    #[must_use]
    pub fn labels(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.labels
    }

    /// Returns the description with its placeholders.
    #[must_use]
    pub const fn description(&self) -> &Arc<str> {
        &self.description
    }

    /// Returns what becomes of a series without a value.
    #[must_use]
    pub const fn no_data(&self) -> NoDataPolicy {
        self.no_data
    }

    /// Returns what becomes of a failed evaluation.
    #[must_use]
    pub const fn on_error(&self) -> ErrorPolicy {
        self.on_error
    }

    /// Returns how often the rule is evaluated; `None`: as often as the
    /// evaluator's default says.
    #[must_use]
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Returns the most alerts that the rule may have at a time.
    #[must_use]
    pub const fn cap(&self) -> usize {
        self.cap
    }

    /// Returns the labels of the alert of a series: its own, the rule's laid
    /// over them, then `severity` and `alertname`.
    pub(super) fn alert_labels(&self, series: &Labels) -> Labels {
        let mut labels = series.clone();
        for (name, value) in &self.labels {
            labels = labels.with(name, value);
        }
        labels.with(SEVERITY, self.severity.as_str()).with(ALERT_NAME, &self.name)
    }

    /// Returns the labels of the alert of the rule itself, for want of a
    /// series.
    pub(super) fn own_labels(&self) -> Labels {
        self.alert_labels(&self.question.known_labels())
    }

    /// Says whether series must be remembered to notice that they fall
    /// silent.
    pub(super) fn watches_silence(&self) -> bool {
        self.no_data == NoDataPolicy::Alerting
            || self.condition.asks_absence()
            || self.clear.as_ref().is_some_and(Condition::asks_absence)
    }

    /// Returns the description with its placeholders filled.
    pub(super) fn describe(&self, labels: &Labels, value: Option<f64>) -> Arc<str> {
        template::expand(&self.description, labels, value).into()
    }
}

impl TryFrom<RuleBuilder> for Rule {
    type Error = AlertError;

    fn try_from(builder: RuleBuilder) -> Result<Self, AlertError> {
        builder.build()
    }
}
