//! The evaluation of a recording rule.

use std::sync::Arc;

use super::{InstantVector, RuleError};
use crate::promql::{LabelSet, NAME};
use crate::rules::file::RecordingRule;

/// Makes the series of a rule out of those of its expression, sorted by their
/// labels.
pub(super) fn record(
    rule: &RecordingRule,
    limit: usize,
    samples: InstantVector,
) -> Result<InstantVector, RuleError> {
    let mut series: InstantVector =
        samples.into_iter().map(|(labels, value)| (named(rule, labels), value)).collect();
    series.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some([(series, _), _]) = series.array_windows().find(|[(a, _), (b, _)]| a == b) {
        return Err(RuleError::DuplicateSeries { series: series.clone() });
    }
    if limit > 0 && series.len() > limit {
        return Err(RuleError::Limit { limit, count: series.len(), what: "series" });
    }
    Ok(series)
}

fn named(rule: &RecordingRule, labels: LabelSet) -> LabelSet {
    let named = LabelSet { name: Arc::clone(&rule.record), labels: labels.labels };
    // A rule that was not read from a file may name anything.
    let own = rule.labels.iter().filter(|(label, _)| &**label != NAME);
    own.fold(named, |series, (label, value)| series.with(label, value))
}
