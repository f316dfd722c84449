//! What a reader holds.

use std::fmt;
use std::sync::Arc;

use super::files::{FileReader, FileSet, put_in_order};
use super::rollup::{Bucket, Resolution, roll_up};
use super::series::{Body, Series};
use super::slab::Lane;
use super::times::Times;
use crate::model::{Labels, Sample, SeriesSamples, TimeRange, Timestamp};

/// Some series as they were at one moment, in memory and in files; immutable,
/// cheap to clone, read on any thread.
///
/// Taking one copies no sample and decoding one makes no writer wait. Chunks
/// that are pruned and files that are removed later stay readable until the
/// last snapshot of them is gone.
#[derive(Clone, Default)]
pub struct Snapshot {
    series: Arc<[SeriesView]>,
    files: Arc<FileSet>,
    kept_since: Timestamp,
}

impl Snapshot {
    pub(super) fn new(views: Vec<SeriesView>, files: Arc<FileSet>, kept_since: Timestamp) -> Self {
        Self { series: views.into(), files, kept_since }
    }

    /// Returns the series in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SeriesView> {
        self.series.iter()
    }

    /// Returns the series `index`, in the order of [`iter`](Self::iter).
    #[must_use]
    pub fn series(&self, index: usize) -> Option<&SeriesView> {
        self.series.get(index)
    }

    /// Returns how many series there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.series.len()
    }

    /// Says whether no series was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// Prepares to read the samples in `range`, series by series.
    #[must_use]
    pub fn reader(&self, range: TimeRange) -> SampleReader {
        let start = range.start.max(self.kept_since);
        let files = self.files.reader(TimeRange::new(start, range.end));
        SampleReader { files, range, times: KnownTimes::default(), values: Vec::new() }
    }

    /// Decodes the samples in `range`: series sorted by name and labels, each
    /// with its samples in time order; series without a sample in the range
    /// are left out.
    #[must_use]
    pub fn decode(&self, range: TimeRange) -> Vec<SeriesSamples> {
        let mut reader = self.reader(range);
        let mut decoded: Vec<SeriesSamples> = self
            .iter()
            .map(|series| {
                let mut samples = Vec::new();
                reader.read(series, &mut samples);
                let (name, labels) = (Arc::clone(series.name()), series.labels().clone());
                SeriesSamples { name, labels, samples }
            })
            .filter(|series| !series.samples.is_empty())
            .collect();
        decoded.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        decoded
    }

    /// Returns what the samples of a series in `range` amount to, span by
    /// span: from rollups where there are any, from samples behind them.
    #[must_use]
    pub fn rollups(
        &self,
        series: &SeriesView,
        range: TimeRange,
        resolution: Resolution,
    ) -> Vec<Bucket> {
        let mut buckets = Vec::new();
        let serial = series.series.serial();
        let rolled = self.files.read_rollups(serial, resolution, range, &mut buckets);
        // A span is known by its end and reaches back by its length.
        let since = rolled.max(range.start - resolution.length());
        let until = range.end;
        if since < until {
            let mut samples = Vec::new();
            self.reader(TimeRange::new(since, until)).read(series, &mut samples);
            let before = samples.first().filter(|first| first.at == since).copied();
            let rest = samples.into_iter().filter(|sample| sample.at > since);
            let more = roll_up(rest, before, resolution);
            buckets.extend(more.into_iter().filter(|bucket| range.contains(bucket.at)));
        }
        buckets
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Decodes the samples of one series after the other with the same buffers.
pub struct SampleReader {
    files: FileReader,
    range: TimeRange,
    times: KnownTimes,
    values: Vec<f64>,
}

/// How many decoded columns of timestamps are kept.
const TIMES_KEPT: usize = 8;

/// The timestamps of the chunks that were decoded last: the next series
/// mostly has the same.
#[derive(Default)]
struct KnownTimes {
    kept: Vec<(Arc<Times>, Vec<i64>)>,
    /// Which of them makes room for the next.
    oldest: usize,
    /// Those of the last open samples.
    open: Vec<i64>,
}

impl KnownTimes {
    /// Returns the timestamps of the first `len` open samples.
    fn open(&mut self, lane: &Lane, len: usize) -> &[i64] {
        self.open.clear();
        lane.column().read(len, &mut self.open);
        &self.open
    }

    /// Returns the timestamps, decoded.
    fn get(&mut self, times: &Arc<Times>) -> Option<&[i64]> {
        let found = match self.kept.iter().position(|(kept, _)| Arc::ptr_eq(kept, times)) {
            Some(found) => found,
            None => self.decode(times)?,
        };
        self.kept.get(found).map(|(_, decoded)| decoded.as_slice())
    }

    fn decode(&mut self, times: &Arc<Times>) -> Option<usize> {
        let mut decoded = Vec::new();
        times.decode(&mut decoded).ok()?;
        let known = (Arc::clone(times), decoded);
        if self.kept.len() < TIMES_KEPT {
            self.kept.push(known);
            return Some(self.kept.len() - 1);
        }
        let place = self.oldest;
        *self.kept.get_mut(place)? = known;
        self.oldest = (place + 1) % TIMES_KEPT;
        Some(place)
    }
}

impl SampleReader {
    /// Appends the samples of a series of the snapshot to `out`, in time
    /// order.
    pub fn read(&mut self, series: &SeriesView, out: &mut Vec<Sample>) {
        let begin = out.len();
        // A reader gets what there is.
        let _ = self.files.read(series.series.serial(), out);
        series.read_memory(self.range, &mut self.times, &mut self.values, out);
        // Late samples, and what is in a file and still in memory.
        put_in_order(out, begin);
    }
}

impl fmt::Debug for SampleReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SampleReader").field("range", &self.range).finish_non_exhaustive()
    }
}

/// One series of a [`Snapshot`].
#[derive(Clone)]
pub struct SeriesView {
    series: Arc<Series>,
    body: Arc<Body>,
    /// How many open samples were published when the view was taken.
    open: usize,
}

impl SeriesView {
    pub(super) fn new(series: &Arc<Series>) -> Self {
        let body = series.body();
        let open = body.open.len();
        Self { series: Arc::clone(series), body, open }
    }

    /// Returns the name of the metric that the series belongs to.
    #[must_use]
    pub fn metric(&self) -> &Arc<str> {
        self.series.metric()
    }

    /// Returns the series' own name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        self.series.name()
    }

    /// Returns the labels.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        self.series.labels()
    }

    /// Returns the newest sample in memory; `None` if there is none.
    #[must_use]
    pub fn newest(&self) -> Option<Sample> {
        self.body.newest(self.open)
    }

    /// Returns the timestamp of the oldest sample in memory.
    #[must_use]
    pub fn oldest_at(&self) -> Option<Timestamp> {
        self.body.oldest_at(self.open)
    }

    /// Returns how many samples there are in memory.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.body.samples(self.open)
    }

    /// Returns the size in memory in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.bytes()
    }

    /// Appends the samples in memory that lie in `range`, each source in time
    /// order.
    fn read_memory(
        &self,
        range: TimeRange,
        known: &mut KnownTimes,
        values: &mut Vec<f64>,
        out: &mut Vec<Sample>,
    ) {
        let sample = |(at, value)| Sample::new(Timestamp::from_millis(at), value);
        for chunk in self.body.chunks.iter().filter(|chunk| chunk.range().overlaps(&range)) {
            values.clear();
            // Chunks were encoded in this process, so what does not decode is
            // a hole rather than a reason to fail.
            let Some(times) = known.get(chunk.times()) else { continue };
            if chunk.decode_floats(values).is_err() {
                continue;
            }
            let whole = range.start <= chunk.range().start && chunk.range().end <= range.end;
            let samples = times.iter().copied().zip(values.iter().copied()).map(sample);
            if whole {
                out.extend(samples);
            } else {
                out.extend(samples.filter(|sample| range.contains(sample.at)));
            }
        }
        out.extend(self.body.late.iter().filter(|sample| range.contains(sample.at)));
        values.clear();
        self.body.open.read(self.open, values);
        let times = known.open(&self.body.open, self.open);
        let open = times.iter().copied().zip(values.iter().copied()).map(sample);
        out.extend(open.filter(|sample| range.contains(sample.at)));
    }

    /// Says whether a sample can lie in `range`.
    pub(super) fn may_overlap(&self, range: TimeRange) -> bool {
        let newest = match self.open.checked_sub(1).and_then(|index| self.body.open.get(index)) {
            Some(sample) => Some(sample.at),
            None => self.body.chunks.range().map(|range| range.end),
        };
        let Some(newest) = newest else { return false };
        newest >= range.start && self.oldest_at().is_some_and(|oldest| oldest <= range.end)
    }
}

impl fmt::Debug for SeriesView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} ({} samples)", self.name(), self.labels(), self.samples())
    }
}
