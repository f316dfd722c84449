//! keepwatch's store without an actor around it.

use std::sync::Arc;

use keepwatch_engine::model::{Labels, Matcher, Sample, TimeRange, Timestamp};
use keepwatch_engine::storage::{Selector, SeriesRef, Snapshot, Store, StoreConfig};

use super::Engine;
use crate::storage::dataset::{Digest, Fleet};

pub(super) struct Bare {
    store: Store,
    series: Vec<SeriesRef>,
}

impl Bare {
    pub(super) fn open() -> Self {
        Self { store: Store::new(StoreConfig::default()), series: Vec::new() }
    }
}

impl Engine for Bare {
    fn prepare(&mut self, fleet: &Fleet) {
        self.series.reserve_exact(fleet.series());
    }

    fn register(&mut self, fleet: &Fleet) {
        for series in 0..fleet.series() {
            let name = &fleet.metrics()[fleet.metric_of(series)].name;
            let labels = Labels::new(fleet.labels(series)).expect("the labels are valid");
            self.series.push(self.store.resolve(name, name, &labels).expect("there is room"));
        }
    }

    fn append(&mut self, at_ms: i64, values: &[f64]) {
        let at = Timestamp::from_millis(at_ms);
        for (series, value) in self.series.iter().zip(values) {
            self.store.append(*series, Sample::new(at, *value), at).expect("the time goes on");
        }
    }

    fn read_one(&self, fleet: &Fleet, series: usize) -> Digest {
        read(&self.store.select(&selector_of(fleet, series), TimeRange::ALL))
    }

    fn read_all(&self, fleet: &Fleet) -> Digest {
        let mut all = Digest::default();
        for metric in fleet.metrics() {
            let selected =
                self.store.select(&Selector::metric(Arc::clone(&metric.name)), TimeRange::ALL);
            all.merge(read(&selected));
        }
        all
    }

    fn memory_bytes(&self) -> Option<u64> {
        Some(self.store.statistics().bytes as u64)
    }
}

/// Returns the selector that one series alone matches.
pub(super) fn selector_of(fleet: &Fleet, series: usize) -> Selector {
    let metric = &fleet.metrics()[fleet.metric_of(series)];
    fleet
        .labels(series)
        .into_iter()
        .fold(Selector::metric(Arc::clone(&metric.name)), |selector, (name, value)| {
            selector.matching(Matcher::equal(name, value))
        })
}

/// Decodes what a snapshot has, as a query would: one series after another.
pub(super) fn read(snapshot: &Snapshot) -> Digest {
    let mut digest = Digest::default();
    for series in snapshot.iter() {
        series.decode(TimeRange::ALL).samples.iter().for_each(|sample| digest.add(sample.value));
    }
    digest
}
