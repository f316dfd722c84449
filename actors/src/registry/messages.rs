//! What the registry is asked.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::instrument::Metric;
use keepwatch_engine::model::{
    self, Matcher, MetricDefinition, MetricKind, SeriesSamples, TimeRange, Timestamp,
};
use keepwatch_engine::promql::plan;
use keepwatch_engine::registry::{
    BatchOutcome, Collected, DerivedSample, Drops, PruneOutcome, SampleRetention, Selected,
};
use keepwatch_engine::storage::folder::Reopening;
use keepwatch_engine::storage::rollup::{Resolution, SeriesRollups};
use keepwatch_engine::storage::{
    Census, Cut, LogStatus, Recovery, SealedSeries, Selection, Selector, SeriesRef, Slice,
    Statistics,
};
use serde::Serialize;

use super::Registry;
use crate::request;

request! {
    RegisterMetric => Arc<Metric>, owner Registry;
    Record => (), owner Registry;
    RecordBatch => BatchOutcome, owner Registry;
    Resolve => SeriesRef, owner Registry;
    AppendBatch => BatchOutcome, owner Registry;
    AppendDerived => BatchOutcome, owner Registry;
    Collect => Collected, owner Registry;
    Select => Selected, owner Registry;
    FindSeries => Vec<Selection>, owner Registry;
    KindOf => MetricKind, owner Registry;
    Values => Vec<SeriesSamples>, owner Registry;
    Rollups => RolledUp, owner Registry;
    Metrics => Vec<Arc<MetricDefinition>>, owner Registry;
    CurrentValues => Vec<Selected>, owner Registry;
    StorageStatistics => StorageReport, owner Registry;
    Prune => PruneOutcome, owner Registry;
    CutSamples => Cut, owner Registry;
    EvictSamples => usize, owner Registry;
    TakeCensus => Census, owner Registry;
    ShedSamples => (Option<u32>, usize), owner Registry;
}

/// Registers a metric; answers with the metric, whose handles any thread may
/// use.
#[derive(Debug, Clone)]
pub struct RegisterMetric {
    /// What the metric is.
    pub definition: MetricDefinition,
    /// What to do if the name is taken.
    pub mode: RegisterMode,
}

/// What a registration does if the name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegisterMode {
    /// An error.
    #[default]
    Strict,
    /// The same definition gives the same metric; another is an error that
    /// names both.
    GetOrRegister,
}

/// Records one observation. Where many come, [`RecordBatch`] costs a fraction
/// of it each.
#[derive(Debug, Clone)]
pub struct Record(pub model::Record);

/// Records many observations; one that is refused does not touch the others.
/// Answers how many were accepted, and the errors of those that were not.
#[derive(Debug, Clone)]
pub struct RecordBatch(pub Vec<model::Record>);

/// Asks for the series of a counter or gauge, creating it if it is new: for
/// [`AppendBatch`].
#[derive(Debug, Clone)]
pub struct Resolve {
    /// The metric.
    pub metric: Arc<str>,
    /// The values of its labels, in any order.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// Adds a value to each of many resolved series: the fast path. Only the
/// timestamp is checked.
#[derive(Debug, Clone)]
pub struct AppendBatch {
    /// When the values held.
    pub at: Timestamp,
    /// The series and their values.
    pub values: Vec<(SeriesRef, f64)>,
}

/// Appends what rules put out: see
/// [`Registry::append_derived`](keepwatch_engine::registry::Registry::append_derived).
#[derive(Debug, Clone)]
pub struct AppendDerived(pub Vec<DerivedSample>);

/// Samples every cell now, besides the regular collections.
#[derive(Debug, Clone, Copy)]
pub struct Collect;

/// Asks for a snapshot of series, which the asker decodes.
#[derive(Debug, Clone)]
pub struct Select {
    /// Which series.
    pub selector: Selector,
    /// Which samples; both ends belong to it.
    pub range: TimeRange,
}

/// Asks for what the parts of a query read, in their order; the asker takes
/// the snapshots and decodes them.
#[derive(Debug, Clone)]
pub struct FindSeries(pub Vec<plan::Select>);

/// Asks of which kind the series of this name are: a part of a histogram or
/// summary, such as `latency_seconds_count`, is a counter, what a rule made a
/// gauge. Refused: an unknown metric.
#[derive(Debug, Clone)]
pub struct KindOf(pub Arc<str>);

/// Asks for the samples of a metric between two times, in time order; they
/// are decoded in the workshop.
#[derive(Debug, Clone)]
pub struct Values {
    /// The metric.
    pub metric: Arc<str>,
    /// Conditions on the labels, which all have to hold.
    pub matchers: Vec<Matcher>,
    /// The first point in time.
    pub start: Timestamp,
    /// The last point in time.
    pub end: Timestamp,
}

/// Asks what the samples of a metric amount to, span by span: count, sum,
/// minimum, maximum, last value and increase. They come from rollups where
/// there are any, long after the samples are gone, and are computed from the
/// samples behind them, in the workshop.
#[derive(Debug, Clone)]
pub struct Rollups {
    /// The metric.
    pub metric: Arc<str>,
    /// Conditions on the labels, which all have to hold.
    pub matchers: Vec<Matcher>,
    /// The first point in time.
    pub start: Timestamp,
    /// The last point in time.
    pub end: Timestamp,
    /// How far apart values are wanted: spans are of an hour from 1 h on, and
    /// of five minutes below.
    pub step: Duration,
}

/// What the samples of a metric amount to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RolledUp {
    /// How long each span is.
    pub resolution: Resolution,
    /// The series, sorted by name and labels.
    pub series: Vec<SeriesRollups>,
}

/// Asks for the definitions of all metrics, sorted by name.
#[derive(Debug, Clone, Copy)]
pub struct Metrics;

/// Asks for the series of every metric with a recent sample: the figures of a
/// summary. An exposition needs no message: see
/// [`Exposition`](keepwatch_engine::exposition::Exposition).
#[derive(Debug, Clone, Copy)]
pub struct CurrentValues {
    /// How old the newest sample of a series may be; 5 min by default.
    pub lookback: Duration,
}

impl Default for CurrentValues {
    fn default() -> Self {
        Self { lookback: Duration::from_secs(5 * 60) }
    }
}

/// Asks how much is stored and what was left out.
#[derive(Debug, Clone, Copy)]
pub struct StorageStatistics;

/// How much is stored and what was left out.
#[derive(Debug, Clone, Serialize)]
pub struct StorageReport {
    /// How many metrics are registered.
    pub metrics: usize,
    /// What is stored.
    pub statistics: Statistics,
    /// What was left out since the engine began, by reason.
    pub drops: Drops,
    /// How the log fares, if there is a data folder.
    pub log: Option<LogStatus>,
    /// What the data folder held when the engine started.
    pub reopening: Option<Reopening>,
    /// What this incarnation found when it began.
    #[serde(skip)]
    pub recovery: Recovery,
}

/// Removes old samples and idle series, a slice at a time: send it with the
/// cursor 0, then with each answer's `next` until there is none.
#[derive(Debug, Clone)]
pub struct Prune {
    /// How long samples and series are kept.
    pub retention: Arc<SampleRetention>,
    /// Which part of the store to look at.
    pub slice: Slice,
    /// From which point in time ages count.
    pub now: Timestamp,
}

/// Asks for what the next series have before a time, to be sealed to
/// segments: see [`Store::cut`](keepwatch_engine::storage::Store::cut).
#[derive(Debug, Clone, Copy)]
pub struct CutSamples {
    /// Where the slice begins: 0, then what the answer before named as next.
    pub cursor: u32,
    /// The most series to look at.
    pub budget: usize,
    /// The first point in time that stays.
    pub before: Timestamp,
}

/// Lets go what was sealed; answers how many samples left the memory.
#[derive(Debug, Clone)]
pub struct EvictSamples {
    /// What was written.
    pub sealed: Arc<Vec<SealedSeries>>,
    /// The first of them that this message is about.
    pub from: usize,
    /// The first behind them.
    pub to: usize,
    /// The first point in time that was not sealed.
    pub before: Timestamp,
}

/// Asks for everything that is stored, to be counted elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct TakeCensus;

/// Drops old chunks that memory has no room for, a slice at a time; answers
/// where the next slice begins, and how many samples went.
#[derive(Debug, Clone, Copy)]
pub struct ShedSamples {
    /// Where the slice begins: 0, then what the answer before named.
    pub cursor: u32,
    /// The most series to look at.
    pub budget: usize,
    /// Chunks that end before this go.
    pub before: Timestamp,
}
