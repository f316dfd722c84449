//! A registered metric and its cells.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;

use super::catalogue::CatalogueLimits;
use super::counter::{Counter, CounterCell};
use super::error::LabelError;
use super::exemplar::Exemplar;
use super::gauge::{Gauge, GaugeCell};
use super::histogram::{Histogram, HistogramCell, NativeCounts};
use super::info::{Info, InfoCell};
use super::part::Part;
use super::state_set::{StateSet, StateSetCell};
use super::summary::{Summary, SummaryCell};
use crate::model::{Labels, MetricDefinition, MetricKind, Timestamp};

/// Children by the key of their label values, which copies of a shard share.
type Shard = ArcSwap<HashMap<Arc<[u8]>, Arc<Child>, RandomState>>;

/// Adding a child copies one shard, so that many children are not copied for
/// each new one.
const SHARDS: usize = 32;

/// A registered metric: its definition, and a child for each set of label
/// values.
#[derive(Debug)]
pub struct Metric {
    definition: Arc<MetricDefinition>,
    parts: Box<[Part]>,
    shards: Box<[Shard]>,
    hasher: RandomState,
    children: AtomicUsize,
    /// Grows with every change of the set of children.
    version: AtomicU64,
    series_max: usize,
    value_bytes_max: usize,
    refusals: Arc<RefusalCells>,
}

/// The cells of one set of label values.
#[derive(Debug)]
pub struct Child {
    key: Arc<[u8]>,
    labels: Labels,
    cell: Cell,
    created: OnceLock<Timestamp>,
}

#[derive(Debug)]
pub(super) enum Cell {
    Counter(Arc<CounterCell>),
    Gauge(Arc<GaugeCell>),
    Histogram(Arc<HistogramCell>),
    Summary(Arc<SummaryCell>),
    Info(Arc<InfoCell>),
    StateSet(Arc<StateSetCell>),
}

/// How many writes through a metric's handles were left out, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refusals {
    /// A NaN, or an infinite step of a running total.
    pub not_a_number: u64,
    /// A negative step of a counter.
    pub negative: u64,
    /// A set of label values beyond the metric's limit.
    pub series: u64,
    /// A wrong number of label values, or an over-long one.
    pub labels: u64,
    /// A state that the metric does not have.
    pub states: u64,
    /// An exemplar whose labels are too long.
    pub exemplars: u64,
}

#[derive(Debug, Default)]
pub(super) struct RefusalCells {
    pub(super) not_a_number: AtomicU64,
    pub(super) negative: AtomicU64,
    series: AtomicU64,
    labels: AtomicU64,
    pub(super) states: AtomicU64,
    pub(super) exemplars: AtomicU64,
}

impl Metric {
    pub(super) fn new(definition: Arc<MetricDefinition>, limits: CatalogueLimits) -> Self {
        let shards = if definition.label_names().is_empty() { 1 } else { SHARDS };
        Self {
            parts: Part::of(&definition).into(),
            shards: (0..shards).map(|_| Shard::default()).collect(),
            hasher: RandomState::default(),
            children: AtomicUsize::new(0),
            version: AtomicU64::new(0),
            series_max: definition.series_max().unwrap_or(limits.series_per_metric),
            value_bytes_max: limits.label_value_bytes,
            refusals: Arc::default(),
            definition,
        }
    }

    /// Returns the definition.
    #[must_use]
    pub const fn definition(&self) -> &Arc<MetricDefinition> {
        &self.definition
    }

    /// Returns the series that each set of label values is stored as.
    #[must_use]
    pub const fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns the most sets of label values that the metric may have.
    #[must_use]
    pub const fn series_max(&self) -> usize {
        self.series_max
    }

    /// Returns how many sets of label values there are.
    #[must_use]
    pub fn children(&self) -> usize {
        self.children.load(Ordering::Relaxed)
    }

    /// Returns a number that changes whenever the set of children does.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Returns how many writes through handles were left out.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Refusals {
            not_a_number: load(&self.refusals.not_a_number),
            negative: load(&self.refusals.negative),
            series: load(&self.refusals.series),
            labels: load(&self.refusals.labels),
            states: load(&self.refusals.states),
            exemplars: load(&self.refusals.exemplars),
        }
    }

    /// Appends a label value to the key of a child, which is made of all
    /// values in the order of the definition's labels.
    pub fn push_key(value: &str, key: &mut Vec<u8>) {
        key.extend_from_slice(value.as_bytes());
        // Never part of UTF-8, so that no two sets share a key.
        key.push(0xff);
    }

    /// Returns the child of these label values, given in the order of the
    /// definition's labels; creates it if there is none.
    ///
    /// # Errors
    /// A wrong number of values, an over-long value, and a child beyond the
    /// metric's limit; each is counted.
    pub fn child(&self, values: &[&str]) -> Result<Arc<Child>, LabelError> {
        let names = self.definition.label_names();
        if values.len() != names.len() {
            self.refusals.labels.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::Count {
                metric: Arc::clone(self.definition.name()),
                labels: names.to_vec(),
                given: values.len(),
            });
        }
        let mut key = Vec::with_capacity(64);
        values.iter().for_each(|value| Self::push_key(value, &mut key));
        if let Some(child) = self.find(&key) {
            return Ok(child);
        }
        let too_long = names.iter().zip(values).find(|(_, v)| v.len() > self.value_bytes_max);
        if let Some((label, value)) = too_long {
            self.refusals.labels.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::ValueTooLong {
                metric: Arc::clone(self.definition.name()),
                label: Arc::clone(label),
                bytes: value.len(),
                max: self.value_bytes_max,
            });
        }
        self.insert(key, values)
    }

    /// Returns the child of a key, if there is one.
    #[must_use]
    pub fn find(&self, key: &[u8]) -> Option<Arc<Child>> {
        self.shard(key)?.load().get(key).cloned()
    }

    /// Returns all children.
    #[must_use]
    pub fn all_children(&self) -> Vec<Arc<Child>> {
        let mut all = Vec::with_capacity(self.children());
        for shard in &self.shards {
            all.extend(shard.load().values().cloned());
        }
        all
    }

    /// Removes a child to which no handle exists; `false` if one does, or may.
    /// `child` must be the caller's only share of it.
    ///
    /// A later request for the same values starts a new child at zero.
    pub fn expire(&self, child: &Arc<Child>) -> bool {
        if child.is_held() {
            return false;
        }
        let Some(shard) = self.shard(&child.key) else { return false };
        shard.rcu(|children| {
            let mut fewer = HashMap::clone(children);
            fewer.remove(child.key());
            fewer
        });
        // Someone may have taken a handle between the look and the removal,
        // or may still be about to, through the map as it was.
        if child.is_held() || Arc::strong_count(child) > 1 {
            shard.rcu(|children| {
                let mut again = HashMap::clone(children);
                // Unless there is a new one by now.
                again.entry(Arc::clone(&child.key)).or_insert_with(|| Arc::clone(child));
                again
            });
            return false;
        }
        self.children.fetch_sub(1, Ordering::Relaxed);
        self.version.fetch_add(1, Ordering::Release);
        true
    }

    fn insert(&self, key: Vec<u8>, values: &[&str]) -> Result<Arc<Child>, LabelError> {
        let reserved = self.children.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < self.series_max).then_some(count + 1)
        });
        if reserved.is_err() {
            self.refusals.series.fetch_add(1, Ordering::Relaxed);
            return Err(LabelError::TooManySeries {
                metric: Arc::clone(self.definition.name()),
                max: self.series_max,
            });
        }
        let pairs = self.definition.label_names().iter().cloned();
        let pairs = pairs.zip(values.iter().map(|value| Arc::<str>::from(*value)));
        let new = Arc::new(Child {
            key: key.into(),
            // The definition's names are valid and distinct.
            labels: Labels::new(pairs).unwrap_or_default(),
            cell: self.cell(),
            created: OnceLock::new(),
        });
        let mut kept = Arc::clone(&new);
        if let Some(shard) = self.shard(new.key()) {
            shard.rcu(|children| {
                let mut more = HashMap::clone(children);
                match children.get(new.key()) {
                    Some(other) => kept = Arc::clone(other),
                    None => {
                        kept = Arc::clone(&new);
                        more.insert(Arc::clone(&new.key), Arc::clone(&new));
                    }
                }
                more
            });
        }
        if Arc::ptr_eq(&kept, &new) {
            self.version.fetch_add(1, Ordering::Release);
        } else {
            self.children.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(kept)
    }

    fn cell(&self) -> Cell {
        let refusals = Arc::clone(&self.refusals);
        match self.definition.kind() {
            MetricKind::Counter => Cell::Counter(Arc::new(CounterCell::new(refusals))),
            MetricKind::Gauge => Cell::Gauge(Arc::new(GaugeCell::new(refusals))),
            MetricKind::Histogram => {
                Cell::Histogram(Arc::new(HistogramCell::new(&self.definition, refusals)))
            }
            MetricKind::Summary => Cell::Summary(Arc::new(SummaryCell::new(refusals))),
            MetricKind::Info => Cell::Info(Arc::default()),
            MetricKind::StateSet => {
                let states = self.definition.states();
                Cell::StateSet(Arc::new(StateSetCell::new(states, refusals)))
            }
        }
    }

    fn shard(&self, key: &[u8]) -> Option<&Shard> {
        let hash = usize::try_from(self.hasher.hash_one(key) & 0xffff).unwrap_or(0);
        self.shards.get(hash % self.shards.len().max(1))
    }
}

impl Child {
    /// Returns the key of the label values.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Returns the labels.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Replaces `into` by the values of the metric's parts, in their order.
    pub fn read(&self, definition: &MetricDefinition, now: Timestamp, into: &mut Vec<f64>) {
        into.clear();
        match &self.cell {
            Cell::Counter(cell) => into.push(cell.value()),
            Cell::Gauge(cell) => into.push(cell.value()),
            Cell::Histogram(cell) => cell.read(into),
            Cell::Summary(cell) => cell.read(definition.quantiles(), now, into),
            Cell::Info(_) => into.push(1.0),
            Cell::StateSet(cell) => cell.read(into),
        }
    }

    /// Makes a counter's total or a gauge's value `value`; the other kinds
    /// have none. A concurrent write may be lost.
    pub fn overwrite(&self, value: f64) {
        match &self.cell {
            Cell::Counter(cell) => cell.overwrite(value),
            Cell::Gauge(cell) => cell.overwrite(value),
            Cell::Histogram(_) | Cell::Summary(_) | Cell::Info(_) | Cell::StateSet(_) => {}
        }
    }

    /// Returns a handle if the child is a counter.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        match &self.cell {
            Cell::Counter(cell) => Some(Counter(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns a handle if the child is a gauge.
    #[must_use]
    pub fn gauge(&self) -> Option<Gauge> {
        match &self.cell {
            Cell::Gauge(cell) => Some(Gauge(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns a handle if the child is a histogram.
    #[must_use]
    pub fn histogram(&self) -> Option<Histogram> {
        match &self.cell {
            Cell::Histogram(cell) => Some(Histogram(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns a handle if the child is a summary.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        match &self.cell {
            Cell::Summary(cell) => Some(Summary(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns a handle if the child is an info.
    #[must_use]
    pub fn info(&self) -> Option<Info> {
        match &self.cell {
            Cell::Info(cell) => Some(Info(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns a handle if the child is a set of states.
    #[must_use]
    pub fn state_set(&self) -> Option<StateSet> {
        match &self.cell {
            Cell::StateSet(cell) => Some(StateSet(Arc::clone(cell))),
            _ => None,
        }
    }

    /// Returns the exponential buckets of a histogram that has them.
    #[must_use]
    pub fn native(&self) -> Option<NativeCounts> {
        match &self.cell {
            Cell::Histogram(cell) => cell.native(),
            _ => None,
        }
    }

    /// Returns the exemplars of a counter or histogram, each with the place of
    /// its bucket among the metric's parts. New ones are asked for from now
    /// on, so one reader is to ask: the exposition.
    #[must_use]
    pub fn exemplars(&self) -> Vec<(usize, Exemplar)> {
        match &self.cell {
            Cell::Counter(cell) => cell.exemplars(),
            Cell::Histogram(cell) => cell.exemplars(),
            _ => Vec::new(),
        }
    }

    /// Returns when the running totals were 0 for the last time, as far as is
    /// known: at the collection before the one that found the child. `None`
    /// before it was collected.
    #[must_use]
    pub fn created(&self) -> Option<Timestamp> {
        self.created.get().copied()
    }

    /// Notes when the running totals were 0 for the last time; only the first
    /// note counts.
    pub(crate) fn note_created(&self, at: Timestamp) {
        let _ = self.created.set(at);
    }

    /// Says whether a handle exists.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let holders = match &self.cell {
            Cell::Counter(cell) => Arc::strong_count(cell),
            Cell::Gauge(cell) => Arc::strong_count(cell),
            Cell::Histogram(cell) => Arc::strong_count(cell),
            Cell::Summary(cell) => Arc::strong_count(cell),
            Cell::Info(cell) => Arc::strong_count(cell),
            Cell::StateSet(cell) => Arc::strong_count(cell),
        };
        holders > 1
    }
}
