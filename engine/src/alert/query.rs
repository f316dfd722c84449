//! What is asked of the evaluator, and how a rule fares.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::model::{Labels, Matcher, Timestamp};

use super::instance::Instance;
use super::track::severity;
use super::{AlertError, Fingerprint, Rule, Severity};

/// A rule and how it fares.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleStatus {
    /// The rule.
    pub rule: Arc<Rule>,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// How often, the evaluator's default filled in.
    pub interval: Duration,
    /// Its alerts that are pending.
    pub pending: usize,
    /// Its alerts that have fired and are not over.
    pub raised: usize,
    /// The time of the last evaluation.
    pub last_evaluation: Option<Timestamp>,
    /// How often it was evaluated.
    pub evaluations: u64,
    /// How many evaluations were skipped because their time had passed.
    pub missed: u64,
    /// How many evaluations failed.
    pub failures: u64,
    /// Why the last one failed; `None` if it did not.
    pub last_error: Option<String>,
}

/// Which active alerts are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlertFilter {
    /// The severity, exactly; any by default.
    pub severity: Option<Severity>,
    /// Their labels pass all of these; `alertname` and `severity` are labels.
    pub matchers: Vec<Matcher>,
}

impl AlertFilter {
    pub(super) fn passes(&self, rule: &Rule, labels: &Labels) -> bool {
        self.severity.is_none_or(|wanted| wanted == severity(rule, labels))
            && self.matchers.iter().all(|matcher| matcher.matches(labels))
    }
}

/// Which alert is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertKey {
    /// The one with this fingerprint.
    Fingerprint(Fingerprint),
    /// The one of this rule with all of these labels among its own.
    Labels {
        /// The rule's name.
        rule: Arc<str>,
        /// Labels that tell it from the rule's other alerts.
        labels: Labels,
    },
}

impl AlertKey {
    pub(super) fn means(&self, rule: &str, instance: &Instance) -> bool {
        match self {
            Self::Fingerprint(fingerprint) => *fingerprint == instance.fingerprint,
            Self::Labels { rule: name, labels } => {
                **name == *rule
                    && labels.iter().all(|(key, value)| instance.labels.get(key) == Some(value))
            }
        }
    }
}

pub(super) fn unknown_alert(key: &AlertKey) -> AlertError {
    let alert = match key {
        AlertKey::Fingerprint(fingerprint) => fingerprint.to_string(),
        AlertKey::Labels { rule, labels } => format!("of rule {rule:?} with labels {labels}"),
    };
    AlertError::UnknownAlert { alert }
}
