//! How much there is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::chunk::Chunk;
use super::ledger::{Book, Ledger};
use super::segment::{Segment, SegmentKind};
use super::series::Series;
use super::store::Store;
use crate::model::Timestamp;

/// The size of a store, in memory and on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have in memory.
    pub samples: usize,
    /// How many sealed chunks they have in memory.
    pub chunks: usize,
    /// How many bytes of memory the samples take, without the index.
    pub bytes: usize,
    /// The same by metric.
    pub by_metric: BTreeMap<Arc<str>, MetricStatistics>,
    /// How many segments of samples there are.
    pub segments: usize,
    /// How many samples they have.
    pub segment_samples: u64,
    /// How many bytes of disk they take.
    pub segment_bytes: u64,
    /// How many files of rollups there are.
    pub rollups: usize,
    /// How many bytes of disk they take.
    pub rollup_bytes: u64,
    /// Samples in segments that readers found damaged, each time they did.
    pub damaged_samples: u64,
}

/// The size of one metric's series in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MetricStatistics {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have.
    pub samples: usize,
    /// How many bytes the samples take.
    pub bytes: usize,
}

/// Everything that is stored, to be counted on any thread.
#[derive(Clone)]
pub struct Census {
    book: Arc<Book>,
    ledger: Arc<Ledger>,
}

impl Store {
    /// Returns what there is, to be counted elsewhere.
    #[must_use]
    pub fn census(&self) -> Census {
        Census { book: Arc::clone(&self.book), ledger: Arc::clone(&self.ledger) }
    }

    /// Counts what is stored; looks at every series.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.census().count()
    }
}

impl Census {
    /// Counts what is stored; looks at every series.
    #[must_use]
    pub fn count(&self) -> Statistics {
        let mut all = Statistics::default();
        for series in self.book.series() {
            let body = series.body();
            let samples = body.samples(body.open.len());
            let bytes = body.bytes() + size_of::<Series>();
            all.series += 1;
            all.samples += samples;
            all.chunks += body.chunks.len();
            all.bytes += bytes;
            let metric = all.by_metric.entry(Arc::clone(series.metric())).or_default();
            metric.series += 1;
            metric.samples += samples;
            metric.bytes += bytes;
        }
        let files = self.ledger.files();
        let raw = files.of(SegmentKind::Raw);
        all.segments = raw.len();
        all.segment_samples = raw.iter().map(Segment::samples).sum();
        all.segment_bytes = raw.iter().map(Segment::bytes).sum();
        all.rollups = files.all().count() - raw.len();
        all.rollup_bytes = files.bytes() - all.segment_bytes;
        all.damaged_samples = files.all().map(|segment| segment.damage().samples).sum();
        all
    }
}

impl Census {
    /// Returns the time before which chunks have to go so that what is in
    /// memory fits `bytes_max`; `None` if it fits.
    #[must_use]
    pub fn shed_before(&self, bytes_max: usize) -> Option<Timestamp> {
        let mut bytes = 0;
        let mut chunks = Vec::new();
        for series in self.book.series() {
            let body = series.body();
            bytes += body.bytes() + size_of::<Series>();
            chunks.extend(body.chunks.iter().map(|chunk| (chunk.range().end, chunk.bytes())));
        }
        let mut excess = bytes.checked_sub(bytes_max).filter(|excess| *excess > 0)?;
        chunks.sort_unstable();
        let mut last = None;
        for (end, bytes) in chunks {
            last = Some(end);
            excess = excess.saturating_sub(bytes + CHUNK_BYTES);
            if excess == 0 {
                break;
            }
        }
        // What ends at this time goes as well.
        last.map(|end| end + Duration::from_millis(1))
    }
}

/// What a chunk takes beside its encoded values.
const CHUNK_BYTES: usize = size_of::<Chunk>() + 2 * size_of::<usize>();

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Census").finish_non_exhaustive()
    }
}
