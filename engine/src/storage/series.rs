//! One series and what it shares with its readers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;

use super::chunk::ChunkList;
use super::identity::{Identity, Serial};
use super::slab::Lane;
use crate::model::{Labels, Sample, Timestamp};

/// Names a series of a [`Store`](super::Store) for fast appends.
///
/// The serial makes a reference to a removed series an error instead of a way
/// into the series that took its place. References outlive a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeriesRef {
    pub(super) id: u32,
    pub(super) serial: Serial,
}

impl SeriesRef {
    /// Returns the reference as two numbers.
    pub(crate) const fn to_parts(self) -> [u32; 2] {
        [self.id, self.serial.0]
    }

    /// Makes a reference of [`to_parts`](Self::to_parts).
    pub(crate) const fn from_parts([id, serial]: [u32; 2]) -> Self {
        Self { id, serial: Serial(serial) }
    }
}

impl fmt::Display for SeriesRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.id, self.serial)
    }
}

/// A series: its identity, and its samples as the writer last published them.
#[derive(Debug)]
pub struct Series {
    reference: SeriesRef,
    identity: Identity,
    body: ArcSwap<Body>,
    /// The time of the newest sample when one last left the memory.
    left_at: AtomicI64,
}

/// All samples of a series in memory at one time: sealed, late and open.
///
/// Replaced as a whole, so that a reader never sees a sample twice or not at
/// all while the open lane is being sealed.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) chunks: ChunkList,
    /// Samples that came out of order, sorted, not yet sealed.
    pub(super) late: Arc<[Sample]>,
    pub(super) open: Lane,
}

impl Series {
    pub(super) fn new(reference: SeriesRef, identity: Identity, body: Body) -> Self {
        let left_at = AtomicI64::new(Timestamp::MIN.millis());
        Self { reference, identity, body: ArcSwap::from_pointee(body), left_at }
    }

    /// Returns the reference for appends.
    #[must_use]
    pub const fn reference(&self) -> SeriesRef {
        self.reference
    }

    /// Returns the number that the series is known by on disk.
    #[must_use]
    pub const fn serial(&self) -> Serial {
        self.reference.serial
    }

    /// Returns what tells the series from all others.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the name of the metric that the series belongs to.
    #[must_use]
    pub const fn metric(&self) -> &Arc<str> {
        &self.identity.metric
    }

    /// Returns the series' own name; for a part of a histogram or summary
    /// with its suffix.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.identity.name
    }

    /// Returns the labels.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.identity.labels
    }

    /// Returns the newest sample in memory; `None` if there is none.
    #[must_use]
    pub fn newest(&self) -> Option<Sample> {
        let body = self.body.load();
        body.newest(body.open.len())
    }

    /// Says whether this is the series of that identity.
    pub(super) fn is(&self, metric: &str, name: &str, labels: &Labels) -> bool {
        let own = &self.identity;
        own.labels == *labels && *own.name == *name && *own.metric == *metric
    }

    pub(super) fn body(&self) -> Arc<Body> {
        self.body.load_full()
    }

    /// Returns the time of the newest sample when one last left the memory:
    /// the series is at least as new, whatever is in memory.
    pub(super) fn left_at(&self) -> Timestamp {
        Timestamp::from_millis(self.left_at.load(Ordering::Relaxed))
    }

    /// Notes that samples up to `newest` are in files, or gone.
    pub(super) fn leave(&self, newest: Timestamp) {
        // The writer writes and its successor reads, with the ledger between.
        self.left_at.fetch_max(newest.millis(), Ordering::Relaxed);
    }

    /// Publishes a new body; for the one writer.
    pub(super) fn publish(&self, body: Body) {
        self.body.store(Arc::new(body));
    }
}

impl Body {
    pub(super) fn empty(none: Lane) -> Self {
        Self { chunks: ChunkList::default(), late: Arc::default(), open: none }
    }

    /// Returns the newest of the first `len` open samples, or of the chunks
    /// if there are none; late samples are never the newest.
    pub(super) fn newest(&self, len: usize) -> Option<Sample> {
        if let Some(sample) = len.checked_sub(1).and_then(|index| self.open.get(index)) {
            return Some(sample);
        }
        let mut newest = None;
        // A chunk that does not decode has no newest sample to offer.
        let _ = self.chunks.newest()?.decode(|sample| newest = Some(sample));
        newest
    }

    /// Returns the earliest timestamp.
    pub(super) fn oldest_at(&self, len: usize) -> Option<Timestamp> {
        let sealed = self.chunks.range().map(|range| range.start);
        let late = self.late.first().map(|sample| sample.at);
        let open = self.open.iter(len.min(1)).next().map(|sample| sample.at);
        [sealed, late, open].into_iter().flatten().min()
    }

    /// Returns the sample at exactly `at`, if there is one.
    pub(super) fn find(&self, at: Timestamp, len: usize) -> Option<Sample> {
        if let Ok(index) = self.late.binary_search_by_key(&at, |sample| sample.at) {
            return self.late.get(index).copied();
        }
        let open = self.open.iter(len).rev().find(|sample| sample.at <= at);
        if open.is_some_and(|sample| sample.at == at) {
            return open;
        }
        let mut found = None;
        for chunk in self.chunks.iter().filter(|chunk| chunk.range().contains(at)) {
            let _ = chunk.decode(|sample| {
                if sample.at == at {
                    found = Some(sample);
                }
            });
        }
        found
    }

    /// Returns how many samples there are, `len` of them open.
    pub(super) fn samples(&self, len: usize) -> usize {
        self.chunks.samples() + self.late.len() + len
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.chunks.bytes()
            + self.open.bytes()
            + size_of_val(self.late.as_ref())
    }
}
