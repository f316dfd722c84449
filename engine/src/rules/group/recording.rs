//! The evaluation of a recording rule.

use std::sync::Arc;

use super::{InstantVector, RuleError};
use crate::model::{Sample, Timestamp, is_stale, stale_marker};
use crate::promql::{LabelSet, NAME};
use crate::registry::DerivedSample;
use crate::rules::file::RecordingRule;

/// What a recording rule has done so far; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct RecordingState {
    /// The series that it put out last, sorted.
    series: Arc<[LabelSet]>,
    last_error: Option<RuleError>,
    last_evaluation: Option<Timestamp>,
    evaluations: u64,
    failures: u64,
}

impl RecordingState {
    /// Returns why the last evaluation failed, if it did.
    #[must_use]
    pub const fn last_error(&self) -> Option<&RuleError> {
        self.last_error.as_ref()
    }

    /// Returns the time of the last evaluation.
    #[must_use]
    pub const fn last_evaluation(&self) -> Option<Timestamp> {
        self.last_evaluation
    }

    /// Returns how many evaluations there were.
    #[must_use]
    pub const fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Returns how many of them failed.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// Takes what the expression came to in the evaluation at `at`, and
    /// returns the samples of `sampled_at` to append: none if it failed.
    pub(super) fn step(
        &mut self,
        rule: &RecordingRule,
        limit: usize,
        answer: Result<InstantVector, RuleError>,
        at: Timestamp,
        sampled_at: Timestamp,
    ) -> Vec<DerivedSample> {
        self.last_evaluation = Some(at);
        self.evaluations += 1;
        match answer.and_then(|samples| record(rule, limit, samples)) {
            Ok(series) => {
                self.last_error = None;
                self.put_out(series, sampled_at)
            }
            Err(error) => {
                self.failures += 1;
                self.last_error = Some(error);
                Vec::new()
            }
        }
    }

    /// Takes that the samples of the last evaluation were not stored: it has
    /// failed, and what was to end ends with the next one.
    pub(super) fn not_stored(&mut self, samples: &[DerivedSample], reason: String) {
        let ended = samples.iter().filter(|sample| is_stale(sample.sample.value));
        let ended = ended.map(|DerivedSample { name, labels, .. }| LabelSet {
            name: Arc::clone(name),
            labels: labels.clone(),
        });
        let mut series: Vec<LabelSet> = self.series.iter().cloned().chain(ended).collect();
        series.sort();
        self.series = series.into();
        self.failures += 1;
        self.last_error = Some(RuleError::NotStored(reason));
    }

    /// Returns the samples of series that are sorted, with a staleness marker
    /// for each series that is no more.
    fn put_out(&mut self, series: InstantVector, at: Timestamp) -> Vec<DerivedSample> {
        let before = std::mem::take(&mut self.series);
        self.series = series.iter().map(|(labels, _)| labels.clone()).collect();
        let gone = before.iter().filter(|labels| self.series.binary_search(labels).is_err());
        let gone = gone.map(|labels| (labels.clone(), stale_marker()));
        let sample = |(LabelSet { name, labels }, value)| DerivedSample {
            name,
            labels,
            sample: Sample::new(at, value),
        };
        series.into_iter().chain(gone).map(sample).collect()
    }
}

/// Makes the series of a rule out of those of its expression, sorted by their
/// labels.
fn record(
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
        return Err(RuleError::Limit { limit, count: series.len() });
    }
    Ok(series)
}

fn named(rule: &RecordingRule, labels: LabelSet) -> LabelSet {
    let named = LabelSet { name: Arc::clone(&rule.record), labels: labels.labels };
    // A rule that was not read from a file may name anything.
    let own = rule.labels.iter().filter(|(label, _)| &**label != NAME);
    own.fold(named, |series, (label, value)| series.with(label, value))
}
