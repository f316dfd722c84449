//! What the registry knows of a metric.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::known::{Terms, next_token};
use super::{Limits, Registry, RegistryError};
use crate::instrument::{Child, Metric, Part};
use crate::model::{Labels, MetricDefinition, Timestamp};
use crate::storage::{SeriesRef, Store};

/// A metric that was recorded, collected or read.
#[derive(Debug)]
pub(super) struct Entry {
    /// The place of its terms.
    pub(super) number: u32,
    pub(super) metric: Arc<Metric>,
    /// The sets of label values by their key.
    pub(super) sets: HashMap<Box<[u8]>, LabelSet, RandomState>,
    /// The version of the metric's children that `sets` has.
    pub(super) version: Option<u64>,
}

/// The series of one set of label values.
#[derive(Debug)]
pub(super) struct LabelSet {
    pub(super) labels: Labels,
    /// One series for each of the metric's parts, in their order.
    pub(super) series: Box<[SeriesRef]>,
    /// The cells, if the set is written through them.
    pub(super) child: Option<Arc<Child>>,
    /// When a collection last found the cells changed.
    pub(super) changed_at: Timestamp,
    /// The generation of threads' caches when they were told to forget the
    /// idle cells.
    pub(super) told: Option<u64>,
}

impl Entry {
    fn new(number: u32, metric: Arc<Metric>) -> Self {
        Self { number, metric, sets: HashMap::default(), version: None }
    }

    pub(super) fn definition(&self) -> &Arc<MetricDefinition> {
        self.metric.definition()
    }

    /// Returns the label set of a key, if it and its series exist.
    pub(super) fn known(&self, key: &[u8], store: &Store) -> Option<&LabelSet> {
        self.sets.get(key).filter(|set| set.series.iter().all(|series| store.exists(*series)))
    }

    /// Returns the label set of a key, creating its series if they are new
    /// or were removed.
    ///
    /// `labels` is called only if the set is new to the registry.
    pub(super) fn set(
        &mut self,
        key: &[u8],
        labels: impl FnOnce() -> Labels,
        store: &mut Store,
        limits: &Limits,
        now: Timestamp,
    ) -> Result<&mut LabelSet, RegistryError> {
        if self.known(key, store).is_none() {
            let labels = self.sets.get(key).map_or_else(labels, |set| set.labels.clone());
            let series = resolve(&self.metric, &labels, store, limits)?;
            let before = self.sets.remove(key);
            let changed_at = before.as_ref().map_or(now, |set| set.changed_at);
            let child = before.and_then(|set| set.child);
            self.sets
                .insert(key.into(), LabelSet { labels, series, child, changed_at, told: None });
        }
        self.sets.get_mut(key).ok_or(RegistryError::UnknownSeries)
    }
}

/// Returns the series of all parts of a set of labels; creates all or none.
pub(super) fn resolve(
    metric: &Metric,
    labels: &Labels,
    store: &mut Store,
    limits: &Limits,
) -> Result<Box<[SeriesRef]>, RegistryError> {
    let name = metric.definition().name();
    let parts = metric.parts();
    let known =
        parts.iter().all(|part| store.find(name, &part.name, &part_labels(labels, part)).is_some());
    if !known {
        let max = metric.series_max();
        let has_room = store.series_of(name) / parts.len().max(1) < max;
        if !has_room && !metric.is_overflow(labels) {
            return Err(RegistryError::SeriesOfMetric { metric: Arc::clone(name), max });
        }
        if store.series() + parts.len() > limits.series_total {
            let max = limits.series_total;
            return Err(RegistryError::SeriesTotal { metric: Arc::clone(name), max });
        }
    }
    let series: Option<Box<[SeriesRef]>> = parts
        .iter()
        .map(|part| store.resolve(name, &part.name, &part_labels(labels, part)))
        .collect();
    series.ok_or_else(|| RegistryError::SeriesTotal {
        metric: Arc::clone(name),
        max: u32::MAX as usize,
    })
}

fn part_labels(labels: &Labels, part: &Part) -> Labels {
    match &part.label {
        Some((name, value)) => labels.with(name, value),
        None => labels.clone(),
    }
}

impl Registry {
    /// Drops what is known of metrics that were replaced.
    #[inline]
    pub(super) fn drop_replaced(&mut self) {
        let replacements = self.catalogue.replacements();
        if self.replacements == replacements {
            return;
        }
        self.replacements = replacements;
        // Subjects may know the terms of a metric that is gone.
        self.token = next_token();
        let catalogue = &self.catalogue;
        self.entries.retain(|name, entry| {
            catalogue.get(name).is_some_and(|metric| Arc::ptr_eq(&metric, &entry.metric))
        });
    }

    /// Makes an entry of a metric, if the catalogue has it and there is none.
    pub(super) fn ensure(&mut self, name: &str) -> Result<(), RegistryError> {
        self.drop_replaced();
        if self.entries.contains_key(name) {
            return Ok(());
        }
        let Some(metric) = self.catalogue.get(name) else {
            let similar = self.catalogue.similar(name);
            return Err(RegistryError::UnknownMetric { metric: name.into(), similar });
        };
        // Without terms at this place, values go the long way.
        let number = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        self.terms.push(Terms::new(Arc::clone(&metric), &self.limits));
        let name = Arc::clone(metric.definition().name());
        self.entries.insert(name, Entry::new(number, metric));
        Ok(())
    }
}
