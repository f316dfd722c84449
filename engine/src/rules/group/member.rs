//! The rules of a group.

use std::sync::Arc;
use std::time::Duration;

use super::RecordingState;
use crate::alert::{
    Condition, ErrorPolicy, Evaluator, Membership, NoDataPolicy, Question, Rule, SEVERITY, Severity,
};
use crate::rules::file::{AlertingRule, RecordingRule, RuleDefinition, RuleGroup};

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

/// Returns a name for a rule that the evaluator has none of yet: `group/alert`,
/// or, if the group has several of that name or another file has one,
/// `group/alert#` and a hash of the file and the labels: what is kept of a rule
/// is found by its name, so this must not change when rules change places.
pub(super) fn free_name(
    membership: &Membership,
    written: &AlertingRule,
    group: &RuleGroup,
    evaluator: &Evaluator,
) -> Arc<str> {
    let is_free = |name: &String| evaluator.rule(name).is_none();
    let namesakes = group.rules.iter().filter(|rule| match rule {
        RuleDefinition::Alerting(other) => other.alert == written.alert,
        RuleDefinition::Recording(_) => false,
    });
    let plain = format!("{}/{}", membership.group, membership.alert);
    if namesakes.count() == 1 && is_free(&plain) {
        return plain.into();
    }
    let mut hash = crc32fast::Hasher::new();
    let labels = written.labels.iter().flat_map(|(name, value)| [name, value.text()]);
    for text in [&membership.file].into_iter().chain(labels) {
        hash.update(text.as_bytes());
        // No UTF-8 has this byte.
        hash.update(&[255]);
    }
    let hashed = format!("{plain}#{:08x}", hash.finalize());
    let others = (2_u64..).map(|number| format!("{hashed}.{number}"));
    let mut names = std::iter::once(hashed.clone()).chain(others);
    names.find(is_free).unwrap_or(hashed).into()
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
        cap: if limit == 0 { usize::MAX } else { limit },
        membership: Some(membership),
    }
}
