//! What a reader holds.

use std::fmt;
use std::sync::Arc;

use super::series::{Body, Series};
use crate::model::{Labels, Sample, SeriesSamples, TimeRange, Timestamp};

/// Some series as they were at one moment; immutable, cheap to clone, read on
/// any thread.
///
/// Taking one copies no sample and decoding one makes no writer wait. Chunks
/// that are pruned later stay alive until the last snapshot of them is gone.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    series: Arc<[SeriesView]>,
}

impl Snapshot {
    pub(super) fn new(series: Vec<SeriesView>) -> Self {
        Self { series: series.into() }
    }

    /// Returns the series in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &SeriesView> {
        self.series.iter()
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

    /// Decodes the samples in `range`: series sorted by name and labels, each
    /// with its samples in time order; series without a sample in the range
    /// are left out.
    #[must_use]
    pub fn decode(&self, range: TimeRange) -> Vec<SeriesSamples> {
        let mut decoded: Vec<SeriesSamples> = self
            .iter()
            .map(|series| series.decode(range))
            .filter(|series| !series.samples.is_empty())
            .collect();
        decoded.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        decoded
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

    /// Returns the newest sample; `None` if there is none yet.
    #[must_use]
    pub fn newest(&self) -> Option<Sample> {
        self.body.newest(self.open)
    }

    /// Returns the timestamp of the oldest sample.
    #[must_use]
    pub fn oldest_at(&self) -> Option<Timestamp> {
        self.body.oldest_at(self.open)
    }

    /// Returns how many samples there are.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.body.chunks.samples() + self.body.late.len() + self.open
    }

    /// Returns the size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.bytes()
    }

    /// Decodes the samples in `range`, in time order.
    #[must_use]
    pub fn decode(&self, range: TimeRange) -> SeriesSamples {
        let mut samples = Vec::new();
        for chunk in self.body.chunks.iter().filter(|chunk| chunk.range().overlaps(&range)) {
            samples.reserve(chunk.count());
            // Chunks were encoded in this process, so what does not decode is
            // a hole rather than a reason to fail.
            let _ = chunk.decode(|sample| {
                if range.contains(sample.at) {
                    samples.push(sample);
                }
            });
        }
        let late = self.body.late.iter().copied();
        let open = self.body.open.iter(self.open);
        samples.extend(late.chain(open).filter(|sample| range.contains(sample.at)));
        if samples.windows(2).any(|pair| pair[0].at >= pair[1].at) {
            samples.sort_by_key(|sample| sample.at);
            samples.dedup_by_key(|sample| sample.at);
        }
        SeriesSamples {
            name: Arc::clone(self.series.name()),
            labels: self.series.labels().clone(),
            samples,
        }
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
