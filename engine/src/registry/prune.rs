//! Removing what is too old or idle.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use super::entry::LabelSet;
use crate::instrument::{Child, Metric, forget_look_ups, look_up_generation};
use crate::model::{MetricKind, Timestamp};
use crate::storage::{Cutoffs, Pruned, Removed, Series, Slice, Store};

/// What a slice of pruning removed, or would remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneOutcome {
    /// Where the next slice begins; `None` after the last.
    pub next: Option<u32>,
    /// How many series are gone.
    pub series: usize,
    /// How many samples are gone.
    pub samples: usize,
    /// How many bytes are freed once no snapshot holds them.
    pub bytes: usize,
    /// The same by metric; one that lost nothing is not there.
    pub by_metric: BTreeMap<Arc<str>, Removed>,
}

/// How long samples and series are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleRetention {
    /// How long samples are kept; 7 days by default.
    pub samples: Duration,
    /// The same for single metrics; it goes before what a metric's definition
    /// says.
    pub by_metric: HashMap<Arc<str>, Duration>,
    /// After how long without a sample, or without a change of its cell, a
    /// series is removed; `None`, the default, leaves it to `samples`.
    pub idle_after: Option<Duration>,
}

impl Default for SampleRetention {
    fn default() -> Self {
        let samples = Duration::from_secs(7 * 24 * 60 * 60);
        Self { samples, by_metric: HashMap::new(), idle_after: None }
    }
}

impl SampleRetention {
    /// Returns up to when a metric's samples and series may go; `own` is the
    /// retention of its definition.
    #[must_use]
    pub fn cutoffs(&self, metric: &str, own: Option<Duration>, now: Timestamp) -> Cutoffs {
        let samples = self.by_metric.get(metric).copied().or(own).unwrap_or(self.samples);
        Cutoffs {
            samples_before: now - samples,
            idle_before: now - self.idle_after.unwrap_or(samples).min(samples),
        }
    }
}

impl Registry {
    /// Removes old samples and idle series among the next series of the
    /// slice.
    ///
    /// A set of label values that is written through a cell is idle when the
    /// cell did not change for `idle_after` and no handle to it exists; cells
    /// are looked at in the first slice. One that threads have in their caches
    /// goes a round later, when they have been told to forget it.
    pub fn prune(
        &mut self,
        slice: Slice,
        retention: &SampleRetention,
        now: Timestamp,
    ) -> PruneOutcome {
        if self.retention.as_ref() != Some(retention) {
            self.retention = Some(retention.clone());
        }
        let cutoffs = |metric: &Arc<str>, own| retention.cutoffs(metric, own, now);
        let mut expired = Pruned::default();
        if slice.cursor == 0 {
            self.expire_cells(slice.dry_run, now, &cutoffs, &mut expired);
        }
        let entries = &self.entries;
        let catalogue = &self.catalogue;
        let mut pruned = self.store.prune(slice, |series: &Series| {
            let name = series.metric();
            let retention = match entries.get(name) {
                Some(entry) => entry.definition().retention(),
                None => catalogue.get(name).and_then(|metric| metric.definition().retention()),
            };
            cutoffs(name, retention)
        });
        if !slice.dry_run {
            for series in &pruned.series {
                self.forget(series);
            }
        }
        pruned.absorb(expired);
        PruneOutcome {
            next: pruned.next,
            series: pruned.series.len(),
            samples: pruned.samples,
            bytes: pruned.bytes,
            by_metric: pruned.by_metric,
        }
    }

    fn expire_cells(
        &mut self,
        dry_run: bool,
        now: Timestamp,
        cutoffs: &impl Fn(&Arc<str>, Option<Duration>) -> Cutoffs,
        expired: &mut Pruned,
    ) {
        let mut forget = false;
        for (name, entry) in &mut self.entries {
            let idle_before = cutoffs(name, entry.metric.definition().retention()).idle_before;
            let metric = &entry.metric;
            let store = &mut self.store;
            let values = &mut self.scratch.values;
            entry.sets.retain(|_, set| {
                let Some(child) = set.child.take_if(|_| set.changed_at < idle_before) else {
                    return true;
                };
                let told = set.told;
                // A cache may have taken it again since all were told to forget.
                let is_forgotten = |child: &Child| {
                    child.cached() == 0 || told.is_some_and(|told| child.remembered() <= told)
                };
                let waits = !dry_run && !is_forgotten(&child);
                if waits && !child.is_held() {
                    set.told = Some(look_up_generation());
                    forget = true;
                }
                let goes = match dry_run {
                    true => !child.is_held(),
                    false => {
                        let is_idle = |child: &Child| {
                            is_forgotten(child) && is_stored(store, metric, set, child, now, values)
                        };
                        !waits && metric.expire(&child, is_idle)
                    }
                };
                if goes {
                    for &series in &set.series {
                        store.prune_series(series, dry_run, expired);
                    }
                }
                set.child = Some(child);
                dry_run || !goes
            });
        }
        if forget {
            forget_look_ups();
        }
    }

    /// Forgets the label set of a series that is gone, unless cells write it.
    fn forget(&mut self, series: &Series) {
        let Some(entry) = self.entries.get_mut(series.metric()) else { return };
        self.scratch.key.clear();
        for name in entry.metric.definition().label_names() {
            let value = series.labels().get(name).unwrap_or_default();
            Metric::push_key(value, &mut self.scratch.key);
        }
        let key = self.scratch.key.as_slice();
        if entry.sets.get(key).is_some_and(|set| set.child.is_none()) {
            entry.sets.remove(key);
        }
    }
}

/// Says whether the newest samples have all that was counted in the cells: a
/// handle may have come and gone since the last collection.
fn is_stored(
    store: &Store,
    metric: &Metric,
    set: &LabelSet,
    child: &Child,
    now: Timestamp,
    values: &mut Vec<f64>,
) -> bool {
    child.read(metric.definition(), now, values);
    // A summary's quantiles move with its window.
    let is_summary = metric.definition().kind() == MetricKind::Summary;
    let parts = metric.parts().iter().zip(&set.series).zip(values);
    parts.filter(|((part, _), _)| part.is_total || !is_summary).all(|((_, series), value)| {
        let newest = store.newest(*series);
        newest.is_none_or(|newest| newest.value.to_bits() == value.to_bits())
    })
}

#[cfg(test)]
mod tests {
    use crate::instrument::{Catalogue, Counter, CounterFamily, GaugeFamily, OVERFLOW};
    use crate::model::MetricDefinition;
    use crate::registry::{Limits, Registry};

    use super::*;

    const IDLE: Duration = Duration::from_secs(60);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000)
    }

    fn counting(series_max: usize) -> (Registry, CounterFamily) {
        let catalogue = Catalogue::new();
        let counter = MetricDefinition::counter("c_total").labels(["l"]).series_max(series_max);
        let family = catalogue.family(counter.build().unwrap()).unwrap();
        (Registry::new(Limits::default(), catalogue, Arc::default()), family)
    }

    fn expired(registry: &mut Registry, now: Timestamp) -> usize {
        let slice = Slice { cursor: 0, budget: 100, dry_run: false };
        let retention = SampleRetention { idle_after: Some(IDLE), ..SampleRetention::default() };
        registry.prune(slice, &retention, now).series
    }

    #[test]
    fn what_a_thread_remembers_goes_a_round_later() {
        let (mut registry, family) = counting(10);
        family.on(&["a"], Counter::increment).unwrap();
        registry.collect(at(0));
        registry.collect(at(100));
        assert_eq!(expired(&mut registry, at(100)), 0, "the thread is told to forget");
        assert_eq!(expired(&mut registry, at(101)), 1);
        // The thread finds a new series, and nothing counts in the old one.
        family.on(&["a"], Counter::increment).unwrap();
        assert_eq!(family.with(&["a"]).unwrap().value(), 1.0);
    }

    #[test]
    fn what_a_thread_remembers_again_is_told_again() {
        let (mut registry, family) = counting(10);
        family.on(&["a"], Counter::increment).unwrap();
        registry.collect(at(0));
        registry.collect(at(100));
        assert_eq!(expired(&mut registry, at(100)), 0, "the thread is told to forget");
        // Looking is enough to be remembered.
        assert_eq!(family.on(&["a"], Counter::value).unwrap(), 1.0);
        assert_eq!(expired(&mut registry, at(101)), 0, "it is told again");
        assert_eq!(expired(&mut registry, at(102)), 1);
        family.on(&["a"], Counter::increment).unwrap();
        assert_eq!(family.with(&["a"]).unwrap().value(), 1.0);
    }

    #[test]
    fn what_is_in_flight_stays() {
        let (mut registry, _) = counting(10);
        let gauge = MetricDefinition::gauge("open").labels(["l"]).build().unwrap();
        let family: GaugeFamily = registry.catalogue.family(gauge).unwrap();
        family.with(&["a"]).unwrap().enter();
        registry.collect(at(0));
        registry.collect(at(100));
        assert_eq!(expired(&mut registry, at(100)), 0);
        family.with(&["a"]).unwrap().leave();
        registry.collect(at(101));
        registry.collect(at(200));
        assert_eq!(expired(&mut registry, at(200)), 1);
    }

    #[test]
    fn what_is_counted_between_the_rounds_keeps_the_series() {
        let (mut registry, family) = counting(10);
        family.on(&["a"], Counter::increment).unwrap();
        registry.collect(at(0));
        registry.collect(at(100));
        assert_eq!(expired(&mut registry, at(100)), 0);
        family.on(&["a"], Counter::increment).unwrap();
        assert_eq!(expired(&mut registry, at(101)), 0, "it is not collected yet");
        registry.collect(at(110));
        assert_eq!(expired(&mut registry, at(111)), 0);
        assert_eq!(family.with(&["a"]).unwrap().value(), 2.0);
    }

    #[test]
    fn a_handle_that_came_and_went_since_the_collection_loses_nothing() {
        let (mut registry, family) = counting(10);
        family.with(&["a"]).unwrap().increment();
        registry.collect(at(0));
        registry.collect(at(100));
        family.with(&["a"]).unwrap().increment();
        assert_eq!(expired(&mut registry, at(100)), 0);
        assert_eq!(family.with(&["a"]).unwrap().value(), 2.0);
        registry.collect(at(101));
        registry.collect(at(200));
        assert_eq!(expired(&mut registry, at(200)), 1);
    }

    #[test]
    fn the_overflow_is_a_series_beyond_the_limit() {
        let (mut registry, family) = counting(1);
        for label in ["a", "b", "c"] {
            family.with(&[label]).unwrap().increment();
        }
        let collected = registry.collect(at(0));
        assert_eq!(collected.refused, 0);
        let all = registry.store.census();
        assert_eq!(all.count().by_metric["c_total"].series, 2);
        let labels = crate::model::Labels::new([("l", OVERFLOW)]).unwrap();
        let overflow = registry.store.find("c_total", &"c_total".into(), &labels).unwrap();
        assert_eq!(registry.store.newest(overflow).unwrap().value, 2.0);
    }
}
