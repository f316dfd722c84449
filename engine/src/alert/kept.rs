//! What is kept of the evaluator, and how it goes on from there.
//!
//! Kept are the rules that were added at run time, every alert that is pending
//! or raised, which rules are switched off, the silences and the history.
//! Counts of evaluations are not.
//!
//! Time that passed while nobody evaluated:
//! - a raised alert is still raised, with its times and its acknowledgement,
//!   and nobody is told of it a second time; the first evaluation decides on;
//! - a pending alert goes on with the time for which its condition is known to
//!   have held, to which the gap adds one interval at most; after more than an
//!   hour it begins anew (Prometheus' outage tolerance);
//! - `keep_firing_for` runs on through the gap: it counts from the first
//!   evaluation at which the condition did not hold;
//! - an alert whose labels the rule would no longer give it, because the rule
//!   was changed, is dropped without a word.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Labels, Timestamp};
use crate::storage::state::{Batch, Contents, Stored, Table};

use super::history::History;
use super::instance::Instance;
use super::silence::Silences;
use super::track::{Origin, Track};
use super::{Evaluator, HISTORY_MAX, RULES_MAX, Rule, Silence, Transition};

/// How exactly it is kept when a series last spoke: that it did matters for a
/// day, and a finer time would be a write with each evaluation.
const SPOKEN_STEP: Duration = Duration::from_secs(3_600);

/// What is kept of one rule beside its definition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeptRule {
    memory: Memory,
    alerts: BTreeMap<Labels, Instance>,
}

/// What is kept of a rule beside its alerts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Memory {
    #[serde(default)]
    disabled: bool,
    /// The alerts' labels of the series that have spoken, and when last.
    #[serde(default)]
    spoken: Vec<(Labels, Timestamp)>,
}

impl Memory {
    fn of(track: &Track) -> Self {
        let spoken = track.spoken.iter();
        let spoken = spoken.map(|(labels, at)| (labels.clone(), at.align_down(SPOKEN_STEP)));
        Self { disabled: !track.enabled, spoken: spoken.collect() }
    }

    fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl KeptRule {
    /// Returns what is kept of a rule that goes.
    pub(super) fn of(track: &Track) -> Self {
        Self { memory: Memory::of(track), alerts: track.instances.clone() }
    }

    /// Returns when an evaluation last had to do with it.
    pub(super) fn last_seen(&self) -> Timestamp {
        let alerts = self.alerts.values().map(|alert| alert.matched_at);
        let spoken = self.memory.spoken.iter().map(|(_, at)| *at);
        // A rule that is switched off has nothing to go by, and is small.
        let none = if self.memory.disabled { Timestamp::MAX } else { Timestamp::MIN };
        alerts.chain(spoken).max().unwrap_or(none)
    }
}

impl Track {
    /// Goes on from what was kept of a rule of this name.
    pub(super) fn adopt(&mut self, kept: KeptRule, now: Timestamp) {
        let KeptRule { memory, alerts } = kept;
        self.enabled = !memory.disabled;
        if self.rule.watches_silence() {
            self.spoken = memory.spoken.into_iter().collect();
        }
        self.instances = alerts;
        self.was_shown();
        self.instances
            .retain(|labels, alert| self.rule.may_have_given(labels) && alert.outlasts_outage(now));
    }
}

impl Evaluator {
    /// Creates an evaluator of what was kept. It is what the file holds until
    /// [`resume`](Self::resume) is called.
    #[must_use]
    pub fn restore(interval: Duration, contents: &mut Contents, now: Timestamp) -> Self {
        let mut evaluator = Self::new(interval);
        for (name, rule) in contents.take::<Rule>(Table::AlertRules) {
            if *name != *rule.name || evaluator.tracks.len() >= RULES_MAX {
                contents.leave_out(Table::AlertRules, name, "it is not the rule's name");
                continue;
            }
            let interval = rule.interval.unwrap_or(evaluator.interval);
            let track = Track::new(Arc::new(rule), Origin::Restored, interval, now);
            evaluator.tracks.insert(name.into(), Arc::new(track));
        }
        let mut kept: BTreeMap<Arc<str>, KeptRule> = BTreeMap::new();
        for (name, memory) in contents.take::<Memory>(Table::AlertStates) {
            kept.entry(name.into()).or_default().memory = memory;
        }
        for (key, alert) in contents.take::<Instance>(Table::Alerts) {
            // The fingerprint has no line feed; a rule file's names may.
            match key.rsplit_once('\n') {
                Some((name, _)) => {
                    let alerts = &mut kept.entry(name.into()).or_default().alerts;
                    alerts.insert(alert.labels.clone(), alert);
                }
                None => contents.leave_out(Table::Alerts, key, "it names no rule"),
            }
        }
        evaluator.unclaimed = kept.into_iter().map(|(name, kept)| (name, Arc::new(kept))).collect();
        let silences = contents.take_sequence::<Silence>(Table::Silences);
        let silences = silences.into_iter().map(|(_, silence)| silence).collect();
        evaluator.silences = Arc::new(Silences::restore(silences));
        let history = contents.take_sequence::<Transition>(Table::AlertHistory);
        evaluator.history = History::restore(HISTORY_MAX, history);
        evaluator
    }

    /// Lets the rules that were restored go on with their alerts; the others
    /// go on when they are added.
    pub fn resume(&mut self, now: Timestamp) {
        for (name, track) in &mut self.tracks {
            if let Some(kept) = self.unclaimed.remove(name) {
                Arc::make_mut(track).adopt(Arc::unwrap_or_clone(kept), now);
            }
        }
    }

    /// Returns every rule's name, known or only kept.
    fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        let only_kept = self.unclaimed.keys().filter(|name| !self.tracks.contains_key(*name));
        self.tracks.keys().chain(only_kept)
    }

    /// Returns a rule that was added at run time.
    fn added(&self, name: &str) -> Option<&Arc<Rule>> {
        let track = self.tracks.get(name)?;
        (track.origin != Origin::Configured).then_some(&track.rule)
    }

    fn memory(&self, name: &str) -> Memory {
        match (self.unclaimed.get(name), self.tracks.get(name)) {
            (Some(kept), _) => kept.memory.clone(),
            (None, Some(track)) => Memory::of(track),
            (None, None) => Memory::default(),
        }
    }

    fn alerts(&self, name: &str) -> Option<&BTreeMap<Labels, Instance>> {
        let kept = self.unclaimed.get(name).map(|kept| &kept.alerts);
        kept.or_else(|| self.tracks.get(name).map(|track| &track.instances))
    }

    /// Says whether a rule is as it was in `saved`, for sure.
    fn is_same(&self, saved: &Self, name: &str) -> bool {
        let same_track = match (self.tracks.get(name), saved.tracks.get(name)) {
            (Some(track), Some(before)) => Arc::ptr_eq(track, before),
            (track, before) => track.is_none() && before.is_none(),
        };
        let same_kept = match (self.unclaimed.get(name), saved.unclaimed.get(name)) {
            (Some(kept), Some(before)) => Arc::ptr_eq(kept, before),
            (kept, before) => kept.is_none() && before.is_none(),
        };
        same_track && same_kept
    }

    fn rule_changes(&self, saved: &Self, name: &str, batch: &mut Batch) {
        let (rule, before) = (self.added(name), saved.added(name));
        match rule {
            Some(rule) if before != Some(rule) => batch.put(Table::AlertRules, name, rule),
            None if before.is_some() => batch.remove(Table::AlertRules, name),
            _ => {}
        }
        let (memory, before) = (self.memory(name), saved.memory(name));
        if memory != before {
            if memory.says_nothing() {
                batch.remove(Table::AlertStates, name);
            } else {
                batch.put(Table::AlertStates, name, &memory);
            }
        }
        let none = BTreeMap::new();
        let alerts = self.alerts(name).unwrap_or(&none);
        let before = saved.alerts(name).unwrap_or(&none);
        let key = |alert: &Instance| format!("{name}\n{}", alert.fingerprint);
        for alert in alerts.values().filter(|alert| before.get(&alert.labels) != Some(alert)) {
            batch.put(Table::Alerts, key(alert), alert);
        }
        for alert in before.values().filter(|alert| !alerts.contains_key(&alert.labels)) {
            batch.remove(Table::Alerts, key(alert));
        }
    }
}

impl Stored for Evaluator {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        for name in self.names().filter(|name| !self.is_same(saved, name)) {
            self.rule_changes(saved, name, batch);
        }
        let known =
            |name: &str| self.tracks.contains_key(name) || self.unclaimed.contains_key(name);
        for name in saved.names().filter(|name| !known(name)) {
            self.rule_changes(saved, name, batch);
        }
        if !Arc::ptr_eq(&self.silences, &saved.silences) {
            self.silences.changes_since(&saved.silences, batch);
        }
        self.history.changes_since(&saved.history, batch);
    }
}
