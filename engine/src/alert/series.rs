//! Alerts as series, for PromQL and dashboards.
//!
//! While an alert is pending or raised, `ALERTS` is 1 under its labels and
//! `alertstate`, and `ALERTS_FOR_STATE` tells since when its condition has
//! held, in whole seconds since the epoch. Both are told after each evaluation
//! and end with a staleness marker. Source: Prometheus' alerting rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::track::Track;
use super::{AlertState, EvaluationError, Evaluator};
use crate::model::{Labels, Sample, Timestamp, is_stale, stale_marker};
use crate::registry::DerivedSample;

/// 1 for each alert that is pending or raised.
pub const ALERTS: &str = "ALERTS";

/// Since when the condition of each alert has held.
pub const ALERTS_FOR_STATE: &str = "ALERTS_FOR_STATE";

/// The label of [`ALERTS`] that tells `pending` from `firing`.
const STATE: &str = "alertstate";

/// The names and labels of the series that were told last.
pub(super) type Shown = BTreeSet<(&'static str, Labels)>;

impl Evaluator {
    /// Returns what the series of a rule's alerts are at `at`, markers for
    /// those that are over included: to be stored after each
    /// [`step`](Self::step).
    pub fn show(&mut self, rule: &str, at: Timestamp) -> Vec<DerivedSample> {
        self.tracks.get_mut(rule).map_or_else(Vec::new, |track| {
            if track.instances.is_empty() && track.shown.is_empty() {
                return Vec::new();
            }
            Arc::make_mut(track).show(at)
        })
    }

    /// Takes that what [`show`](Self::show) returned was not stored: the rule
    /// has failed, and what was to end ends with the next evaluation.
    pub fn not_stored(&mut self, rule: &str, samples: &[DerivedSample], reason: String) {
        let Some(track) = self.tracks.get_mut(rule).map(Arc::make_mut) else { return };
        let ended = samples.iter().filter(|sample| is_stale(sample.sample.value));
        track.shown.extend(names(ended));
        track.failures += 1;
        track.last_error = Some(EvaluationError::NotStored { reason });
    }

    /// Ends the series of a rule's alerts: to be stored before the rule is
    /// switched off or removed.
    pub fn hide(&mut self, rule: &str, at: Timestamp) -> Vec<DerivedSample> {
        let Some(track) = self.tracks.get_mut(rule) else { return Vec::new() };
        let shown = std::mem::take(&mut Arc::make_mut(track).shown);
        shown.into_iter().map(|(name, labels)| sample(name, labels, at, stale_marker())).collect()
    }
}

impl Track {
    fn show(&mut self, at: Timestamp) -> Vec<DerivedSample> {
        let mut samples = self.series(at);
        let shown: Shown = names(&samples);
        let over = self.shown.difference(&shown);
        let ended = over.map(|(name, labels)| sample(name, labels.clone(), at, stale_marker()));
        samples.extend(ended);
        self.shown = shown;
        samples
    }

    /// Takes what is known of the alerts as told: they were, before a restart.
    pub(super) fn was_shown(&mut self) {
        self.shown = names(&self.series(Timestamp::MIN));
    }

    fn series(&self, at: Timestamp) -> Vec<DerivedSample> {
        let of = |alert: &super::instance::Instance| {
            let state = if alert.state == AlertState::Pending { "pending" } else { "firing" };
            // Whole seconds, as Prometheus writes them.
            let since = alert.active_at.seconds().floor();
            [
                sample(ALERTS, alert.labels.with(STATE, state), at, 1.0),
                sample(ALERTS_FOR_STATE, alert.labels.clone(), at, since),
            ]
        };
        self.instances.values().flat_map(of).collect()
    }
}

fn names<'a>(samples: impl IntoIterator<Item = &'a DerivedSample>) -> Shown {
    let name = |sample: &DerivedSample| match &*sample.name {
        ALERTS => ALERTS,
        _ => ALERTS_FOR_STATE,
    };
    samples.into_iter().map(|sample| (name(sample), sample.labels.clone())).collect()
}

fn sample(name: &'static str, labels: Labels, at: Timestamp, value: f64) -> DerivedSample {
    DerivedSample { name: name.into(), labels, sample: Sample::new(at, value) }
}
