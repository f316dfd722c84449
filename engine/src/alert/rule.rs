//! Alert rules, valid by construction.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Labels;
use crate::template::{Template, TemplateTexts};

use super::{
    AlertError, Condition, ErrorPolicy, Membership, NoDataPolicy, Question, RuleBuilder, Severity,
    Wanted,
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
    pub(crate) name: Arc<str>,
    #[serde(flatten)]
    pub(crate) question: Question,
    pub(crate) condition: Condition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clear: Option<Condition>,
    pub(crate) pending_for: Duration,
    pub(crate) keep_firing_for: Duration,
    pub(crate) severity: Severity,
    pub(crate) labels: TemplateTexts,
    pub(crate) annotations: TemplateTexts,
    pub(crate) no_data: NoDataPolicy,
    pub(crate) on_error: ErrorPolicy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<Duration>,
    pub(crate) cap: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership: Option<Membership>,
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

    /// Returns how grave the rule's alerts are, unless their label `severity`
    /// says otherwise.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the labels that are laid over the series' own; an empty value
    /// removes a label.
    #[must_use]
    pub fn labels(&self) -> &[(Arc<str>, Template)] {
        &self.labels
    }

    /// Returns the annotations of the rule's alerts.
    #[must_use]
    pub fn annotations(&self) -> &[(Arc<str>, Template)] {
        &self.annotations
    }

    /// Returns the group that the rule belongs to, if it was read from a rule
    /// file.
    #[must_use]
    pub const fn membership(&self) -> Option<&Membership> {
        self.membership.as_ref()
    }

    /// Returns the name of the rule's alerts: `alertname`.
    #[must_use]
    pub fn alert(&self) -> &Arc<str> {
        self.membership.as_ref().map_or(&self.name, |membership| &membership.alert)
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

    /// Returns the labels of the alert of a series: its own, the rule's as
    /// `expand` writes them laid over, then `severity` and `alertname`.
    pub(super) fn alert_labels(
        &self,
        series: &Labels,
        mut expand: impl FnMut(&Template) -> Arc<str>,
    ) -> Labels {
        let mut labels = series.clone();
        for (name, template) in &self.labels {
            labels = labels.with(name, &expand(template));
        }
        if self.membership.is_none() {
            labels = labels.with(SEVERITY, self.severity.as_str());
        }
        labels.with(ALERT_NAME, self.alert())
    }

    /// Says whether an alert of these labels may be the rule's: not if a label
    /// that does not depend on the series is another.
    pub(super) fn may_have_given(&self, labels: &Labels) -> bool {
        let is_given = |(name, template): &(Arc<str>, Template)| {
            let text = labels.get(name).unwrap_or_default();
            // The rule's name wins over a label that is called so.
            !template.is_plain() || text == &**template.text() || &**name == ALERT_NAME
        };
        let severity = labels.get(SEVERITY) == Some(self.severity.as_str());
        self.labels.iter().all(is_given)
            && labels.get(ALERT_NAME) == Some(self.alert())
            && (severity || self.membership.is_some())
    }

    /// Returns what an evaluation of a question about a metric is to find
    /// beside the value.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        let asks_change = |condition: &Condition| condition.asks_change();
        Wanted {
            change: asks_change(&self.condition) || self.clear.as_ref().is_some_and(asks_change),
            silent: self.watches_silence(),
        }
    }

    /// Says whether series must be remembered to notice that they fall
    /// silent.
    pub(super) fn watches_silence(&self) -> bool {
        self.no_data == NoDataPolicy::Alerting
            || self.condition.asks_absence()
            || self.clear.as_ref().is_some_and(Condition::asks_absence)
    }
}

impl TryFrom<RuleBuilder> for Rule {
    type Error = AlertError;

    fn try_from(builder: RuleBuilder) -> Result<Self, AlertError> {
        builder.build()
    }
}
