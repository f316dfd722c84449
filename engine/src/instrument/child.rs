//! One set of label values.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::cells::Word;
use super::counter::CounterCell;
use super::gauge::GaugeCell;
use super::histogram::{Guide, HistogramCell};
use super::refusals::RefusalCells;
use super::state_set::StateSetCell;
use super::summary::SummaryCell;
use super::{Counter, Exemplar, Gauge, Histogram, Info, NativeCounts, StateSet, Summary};
use crate::model::{Labels, MetricDefinition, MetricKind, Timestamp};

/// The cells of one set of label values.
#[derive(Debug)]
pub struct Child {
    key: Arc<[u8]>,
    labels: Labels,
    cell: Cell,
    created: OnceLock<Timestamp>,
    /// How many caches of threads hold it.
    cached: AtomicU32,
    /// The generation in which a cache took it last.
    remembered: AtomicU64,
}

/// The cells, as a handle on them.
#[derive(Debug)]
enum Cell {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
    Summary(Summary),
    Info(Info),
    StateSet(StateSet),
}

/// Where the total of a counter is, unless it has fractions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Total(Word);

impl Total {
    /// Appends many totals.
    pub(super) fn sums(totals: &[Self], into: &mut Vec<u64>) {
        Word::sums(totals.iter().map(|total| total.0), into);
    }
}

impl Cell {
    fn new(definition: &MetricDefinition, guide: &Guide, refusals: &Arc<RefusalCells>) -> Self {
        let refusals = Arc::clone(refusals);
        match definition.kind() {
            MetricKind::Counter => Self::Counter(Counter(CounterCell::new(refusals).into())),
            MetricKind::Gauge => Self::Gauge(Gauge(GaugeCell::new(refusals).into())),
            MetricKind::Histogram => {
                let cell = HistogramCell::new(definition, guide.clone(), refusals);
                Self::Histogram(Histogram(cell.into()))
            }
            MetricKind::Summary => Self::Summary(Summary(SummaryCell::new(refusals).into())),
            MetricKind::Info => Self::Info(Info(Arc::default())),
            MetricKind::StateSet => {
                Self::StateSet(StateSet(StateSetCell::new(definition.states(), refusals).into()))
            }
        }
    }
}

impl Child {
    pub(super) fn new(
        key: Arc<[u8]>,
        labels: Labels,
        definition: &MetricDefinition,
        guide: &Guide,
        refusals: &Arc<RefusalCells>,
    ) -> Self {
        let cell = Cell::new(definition, guide, refusals);
        Self {
            key,
            labels,
            cell,
            created: OnceLock::new(),
            cached: AtomicU32::new(0),
            remembered: AtomicU64::new(0),
        }
    }

    /// Returns the key of the label values.
    #[must_use]
    pub const fn key(&self) -> &Arc<[u8]> {
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
            Cell::Counter(counter) => into.push(counter.value()),
            Cell::Gauge(gauge) => into.push(gauge.value()),
            Cell::Histogram(histogram) => histogram.0.read(into),
            Cell::Summary(summary) => summary.0.read(definition.quantiles(), now, into),
            Cell::Info(_) => into.push(1.0),
            Cell::StateSet(states) => states.0.read(into),
        }
    }

    /// Returns where a counter's total is, for
    /// [`Metric::read_totals`](super::Metric::read_totals).
    pub(crate) fn total(&self) -> Option<Total> {
        self.counter().and_then(|counter| counter.0.word()).map(Total)
    }

    /// Makes a counter's total or a gauge's value `value`; the other kinds
    /// have none. A concurrent write may be lost.
    pub fn overwrite(&self, value: f64) {
        match &self.cell {
            Cell::Counter(counter) => counter.0.overwrite(value),
            Cell::Gauge(gauge) => gauge.0.overwrite(value),
            Cell::Histogram(_) | Cell::Summary(_) | Cell::Info(_) | Cell::StateSet(_) => {}
        }
    }

    /// Returns the handle if the child is a counter.
    #[must_use]
    pub const fn counter(&self) -> Option<&Counter> {
        match &self.cell {
            Cell::Counter(counter) => Some(counter),
            _ => None,
        }
    }

    /// Returns the handle if the child is a gauge.
    #[must_use]
    pub const fn gauge(&self) -> Option<&Gauge> {
        match &self.cell {
            Cell::Gauge(gauge) => Some(gauge),
            _ => None,
        }
    }

    /// Returns the handle if the child is a histogram.
    #[must_use]
    pub const fn histogram(&self) -> Option<&Histogram> {
        match &self.cell {
            Cell::Histogram(histogram) => Some(histogram),
            _ => None,
        }
    }

    /// Returns the handle if the child is a summary.
    #[must_use]
    pub const fn summary(&self) -> Option<&Summary> {
        match &self.cell {
            Cell::Summary(summary) => Some(summary),
            _ => None,
        }
    }

    /// Returns the handle if the child is an info.
    #[must_use]
    pub const fn info(&self) -> Option<&Info> {
        match &self.cell {
            Cell::Info(info) => Some(info),
            _ => None,
        }
    }

    /// Returns the handle if the child is a set of states.
    #[must_use]
    pub const fn state_set(&self) -> Option<&StateSet> {
        match &self.cell {
            Cell::StateSet(states) => Some(states),
            _ => None,
        }
    }

    /// Returns the exponential buckets of a histogram that has them.
    #[must_use]
    pub fn native(&self) -> Option<NativeCounts> {
        self.histogram()?.0.native()
    }

    /// Returns the exemplars of a counter or histogram, each with the place of
    /// its bucket among the metric's parts. New ones are asked for from now
    /// on, so one reader is to ask: the exposition.
    #[must_use]
    pub fn exemplars(&self) -> Vec<(usize, Exemplar)> {
        match &self.cell {
            Cell::Counter(counter) => counter.0.exemplars(),
            Cell::Histogram(histogram) => histogram.0.exemplars(),
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

    /// Says whether somebody has a handle, or is in flight without one. What
    /// the caches of threads have is none.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let holders = match &self.cell {
            Cell::Counter(counter) => Arc::strong_count(&counter.0),
            Cell::Gauge(gauge) if gauge.0.has_in_flight() => return true,
            Cell::Gauge(gauge) => Arc::strong_count(&gauge.0),
            Cell::Histogram(histogram) => Arc::strong_count(&histogram.0),
            Cell::Summary(summary) => Arc::strong_count(&summary.0),
            Cell::Info(info) => Arc::strong_count(&info.0),
            Cell::StateSet(states) => Arc::strong_count(&states.0),
        };
        holders > 1
    }

    /// Returns how many caches of threads have it.
    pub(crate) fn cached(&self) -> u32 {
        self.cached.load(Ordering::Relaxed)
    }

    /// Returns the generation of caches in which one took it last.
    pub(crate) fn remembered(&self) -> u64 {
        self.remembered.load(Ordering::Acquire)
    }

    /// Notes that a cache of this generation takes it.
    pub(super) fn note_remembered(&self, generation: u64) {
        self.remembered.fetch_max(generation, Ordering::Release);
    }

    /// Counts a cache whose share of it is there already, or one whose share
    /// will go: who looks in between takes it for held.
    pub(super) fn count_cache(&self, has: bool) {
        if has {
            self.cached.fetch_add(1, Ordering::Relaxed);
        } else {
            self.cached.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
