//! The rules of a group.

use std::sync::Arc;
use std::time::Duration;

use super::RecordingState;
use crate::alert::{
    CAP_MAX, Condition, ErrorPolicy, Evaluator, Membership, NoDataPolicy, Question, Rule, SEVERITY,
    Severity,
};
use crate::rules::file::{AlertingRule, RecordingRule};

/// A rule of a group.
#[derive(Debug, Clone)]
pub enum Member {
    /// One that stores the result of its expression.
    Recording {
        /// The rule.
        rule: Arc<RecordingRule>,
        /// What it has done so far.
        state: RecordingState,
    },
    /// One that alerts.
    Alerting {
        /// The name under which the evaluator has it.
        rule: Arc<str>,
    },
}

/// Returns a name for a rule that the evaluator has none of yet:
/// `group/alert`, or `group/alert#2` and so on.
pub(super) fn free_name(membership: &Membership, evaluator: &Evaluator) -> Arc<str> {
    let Membership { group, alert, .. } = membership;
    let first = format!("{group}/{alert}");
    let others = (2_u64..).map(|number| format!("{first}#{number}"));
    let mut names = std::iter::once(first.clone()).chain(others);
    let free = names.find(|name| evaluator.rule(name).is_none());
    free.unwrap_or(first).into()
}

/// Makes an alerting rule of a file one that the evaluator takes. Its limits
/// are those of the file, not those of rules that are built by hand.
pub(super) fn rule_of(
    name: Arc<str>,
    written: &AlertingRule,
    membership: Membership,
    limit: usize,
    interval: Duration,
) -> Rule {
    let severity = written.labels.iter().find(|(label, _)| &**label == SEVERITY);
    let severity = severity.and_then(|(_, template)| template.text().parse::<Severity>().ok());
    Rule {
        name,
        question: Question::Expression { expression: written.expression.clone() },
        condition: Condition::present(),
        clear: None,
        pending_for: written.pending_for,
        keep_firing_for: written.keep_firing_for,
        severity: severity.unwrap_or_default(),
        labels: written.labels.clone(),
        annotations: written.annotations.clone(),
        no_data: NoDataPolicy::Normal,
        on_error: ErrorPolicy::KeepLast,
        interval: Some(interval),
        cap: if limit == 0 { CAP_MAX } else { limit },
        membership: Some(membership),
    }
}
