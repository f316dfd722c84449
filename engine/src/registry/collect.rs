//! Sampling the cells of the instruments.

use std::sync::Arc;
use std::time::Duration;

use super::drops::DropCounters;
use super::entry::{Entry, LabelSet};
use super::{Limits, Registry, RegistryError};
use crate::instrument::Metric;
use crate::model::{Sample, Timestamp};
use crate::storage::Store;

/// A collection that comes at most this late counts as punctual.
const PUNCTUAL: Duration = Duration::from_millis(50);

/// What a collection did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many samples were stored.
    pub samples: usize,
    /// How many were refused; the drops say why.
    pub refused: usize,
}

/// Where samples of cells go, and what is counted on the way.
struct Sampling<'a> {
    store: &'a mut Store,
    limits: &'a Limits,
    drops: &'a DropCounters,
    values: &'a mut Vec<f64>,
    collected: Collected,
    /// The timestamp of the samples.
    at: Timestamp,
    now: Timestamp,
    /// When a total that is new was still 0.
    zero_at: Timestamp,
    /// Whether cells are left out that have not changed since their newest
    /// sample.
    changed_only: bool,
}

impl Registry {
    /// Samples every cell of the catalogue, all with the timestamp `now`.
    ///
    /// A running total that is new gets a sample of 0 at the collection
    /// before, or a millisecond ago: it did not exist then, and an increase
    /// sees its first steps.
    pub fn collect(&mut self, now: Timestamp) -> Collected {
        self.collect_at(now, now)
    }

    /// Samples every cell as [`collect`](Self::collect) does, with the
    /// timestamp that was due if it is only just past: a multiple of
    /// `interval` since the epoch. Regular timestamps cost no bits.
    pub fn collect_on_grid(&mut self, interval: Duration, now: Timestamp) -> Collected {
        let due = now.align_down(interval);
        self.collect_at(if now.since(due) <= PUNCTUAL { due } else { now }, now)
    }

    fn collect_at(&mut self, at: Timestamp, now: Timestamp) -> Collected {
        let mut collected = Collected::default();
        for metric in self.catalogue.metrics() {
            let one = self.sample(&metric, at, now, false);
            collected.samples += one.samples;
            collected.refused += one.refused;
        }
        self.collected_at = Some(at);
        collected
    }

    /// Samples those cells of a metric that changed, before a read at `at`.
    pub(super) fn sample_for_read(&mut self, metric: &Arc<Metric>, at: Timestamp, now: Timestamp) {
        self.sample(metric, at, now, true);
    }

    fn sample(
        &mut self,
        metric: &Arc<Metric>,
        at: Timestamp,
        now: Timestamp,
        changed_only: bool,
    ) -> Collected {
        let name = metric.definition().name();
        if self.ensure(name).is_err() {
            return Collected::default();
        }
        let Some(entry) = self.entries.get_mut(name) else { return Collected::default() };
        let just_before = at - Duration::from_millis(1);
        let mut sampling = Sampling {
            store: &mut self.store,
            limits: &self.limits,
            drops: &self.drops,
            values: &mut self.scratch.values,
            collected: Collected::default(),
            at,
            now,
            zero_at: self.collected_at.map_or(just_before, |before| before.min(just_before)),
            changed_only,
        };
        sampling.attach(entry);
        for set in entry.sets.values_mut() {
            sampling.set(&entry.metric, set);
        }
        sampling.collected
    }
}

impl Sampling<'_> {
    /// Gives every child of the metric its series.
    fn attach(&mut self, entry: &mut Entry) {
        // Read first: a child that comes meanwhile changes it again.
        let version = entry.metric.version();
        if entry.version == Some(version) {
            return;
        }
        let metric = Arc::clone(&entry.metric);
        let mut complete = true;
        for child in metric.all_children() {
            let labels = || child.labels().clone();
            match entry.set(child.key(), labels, self.store, self.limits, self.now) {
                Ok(set) => {
                    if set.child.is_none() {
                        self.begin_totals(&metric, set);
                        child.note_created(self.zero_at);
                    }
                    set.child = Some(child);
                }
                Err(error) => {
                    complete = false;
                    self.refuse(&error);
                }
            }
        }
        // What found no room is tried again at the next collection.
        entry.version = complete.then_some(version);
    }

    /// Stores the 0 that a running total was before it began.
    fn begin_totals(&mut self, metric: &Metric, set: &LabelSet) {
        for (part, &series) in metric.parts().iter().zip(&set.series) {
            if part.is_total && self.store.newest(series).is_none() {
                let zero = Sample::new(self.zero_at, 0.0);
                // A series without a sample takes any that is not ahead.
                let _ = self.store.append(series, zero, self.now);
            }
        }
    }

    fn set(&mut self, metric: &Metric, set: &mut LabelSet) {
        let Some(child) = set.child.clone() else { return };
        child.read(metric.definition(), self.now, self.values);
        let changed = self.values.iter().zip(&set.series).any(|(value, &series)| {
            let newest = self.store.newest(series);
            newest.is_none_or(|newest| newest.value.to_bits() != value.to_bits())
        });
        if changed {
            set.changed_at = self.now;
            set.told = None;
        } else if self.changed_only {
            return;
        }
        // A cell is read now: stored before samples that were read earlier,
        // its total would seem to fall.
        let mut at = self.at;
        let newest = set.series.iter().filter_map(|&series| self.store.newest(series));
        if let Some(newest) = newest.map(|sample| sample.at).max().filter(|&newest| newest > at) {
            if self.changed_only {
                return;
            }
            if newest > self.now {
                let (metric, window) = (Arc::clone(metric.definition().name()), Duration::ZERO);
                return self.refuse(&RegistryError::TooOld { metric, at, newest, window });
            }
            at = self.now;
        }
        if !set.series.iter().all(|&series| self.store.exists(series)) {
            match super::entry::resolve(metric, &set.labels, self.store, self.limits) {
                Ok(series) => set.series = series,
                Err(error) => return self.refuse(&error),
            }
        }
        for (index, &series) in set.series.iter().enumerate() {
            let Some(&value) = self.values.get(index) else { continue };
            match self.store.amend(series, Sample::new(at, value), self.now) {
                Ok(()) => self.collected.samples += 1,
                Err(error) => {
                    self.refuse(&RegistryError::append(metric.definition().name(), error));
                }
            }
        }
    }

    fn refuse(&mut self, error: &RegistryError) {
        self.drops.count(error);
        self.collected.refused += 1;
    }
}
