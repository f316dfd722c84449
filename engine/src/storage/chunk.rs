//! Sealed samples.

use std::sync::Arc;

use super::codec::{self, CodecError};
use super::times::Times;
use crate::model::{Sample, TimeRange, Timestamp};

/// How the values of a chunk are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// 64-bit floats: constants, decimal integers or XOR.
    Floats,
}

/// Some samples of one series, encoded and immutable; never empty, cheap to
/// clone.
#[derive(Debug, Clone)]
pub struct Chunk {
    times: Arc<Times>,
    values: Arc<[u8]>,
    encoding: Encoding,
}

impl Chunk {
    /// Encodes samples whose timestamps grow strictly; `None` if there are
    /// none.
    #[must_use]
    pub fn seal(samples: &[Sample]) -> Option<Self> {
        let times: Vec<i64> = samples.iter().map(|sample| sample.at.millis()).collect();
        let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
        Some(Self::floats(Arc::new(Times::seal(&times)?), &values))
    }

    /// Encodes values, one for each of the timestamps.
    pub(super) fn floats(times: Arc<Times>, values: &[f64]) -> Self {
        debug_assert_eq!(times.count(), values.len());
        Self { times, values: codec::encode_floats(values).into(), encoding: Encoding::Floats }
    }

    /// Returns how the values are encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns the timestamps, which other chunks may share.
    #[must_use]
    pub const fn times(&self) -> &Arc<Times> {
        &self.times
    }

    /// Returns how many samples there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.times.count()
    }

    /// Returns the span from the first sample to the last.
    #[must_use]
    pub fn range(&self) -> TimeRange {
        self.times.range()
    }

    /// Returns the encoded size of the values in bytes; the timestamps are
    /// shared.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.values.len()
    }

    /// Decodes the values to the end of `out`.
    ///
    /// # Errors
    /// Bytes that are not what was sealed; `out` is as it was then.
    pub fn decode_floats(&self, out: &mut Vec<f64>) -> Result<(), CodecError> {
        match self.encoding {
            Encoding::Floats => codec::decode_floats(&self.values, self.count(), out),
        }
    }

    /// Decodes the samples in time order.
    ///
    /// # Errors
    /// Bytes that are not what was sealed.
    pub fn decode(&self, mut visit: impl FnMut(Sample)) -> Result<(), CodecError> {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        self.times.decode(&mut times)?;
        self.decode_floats(&mut values)?;
        for (at, value) in times.into_iter().zip(values) {
            visit(Sample::new(Timestamp::from_millis(at), value));
        }
        Ok(())
    }

    /// Returns what tells this chunk in memory from all others, equal ones
    /// included, as long as it lives.
    pub(super) fn address(&self) -> usize {
        self.values.as_ptr() as usize
    }

    /// Says whether the header can be true.
    pub(super) fn is_plausible(&self) -> bool {
        let range = self.range();
        self.count() > 0 && range.start <= range.end && !self.values.is_empty()
    }
}

/// How many chunks share one list before the next is begun.
const RUN: usize = 16;

/// The chunks of a series in the order in which they were sealed; cheap to
/// clone.
///
/// Chunks lie in short runs, so that adding one copies a run and not the
/// whole history.
#[derive(Debug, Clone, Default)]
pub(super) struct ChunkList {
    /// Full runs. Most series have none: what is older is in segments.
    full: Arc<[Arc<[Chunk]>]>,
    newest: Arc<[Chunk]>,
    samples: usize,
    bytes: usize,
    /// From the earliest sample to the latest.
    range: Option<TimeRange>,
}

impl FromIterator<Chunk> for ChunkList {
    fn from_iter<I: IntoIterator<Item = Chunk>>(chunks: I) -> Self {
        let all: Vec<Chunk> = chunks.into_iter().collect();
        let mut list = Self::default();
        all.iter().for_each(|chunk| list.count(chunk));
        let full = all.chunks_exact(RUN);
        list.newest = full.remainder().into();
        list.full = full.map(Arc::from).collect();
        list
    }
}

impl ChunkList {
    fn count(&mut self, chunk: &Chunk) {
        self.samples += chunk.count();
        self.bytes += chunk.bytes();
        let (new, range) = (chunk.range(), self.range.unwrap_or(chunk.range()));
        self.range = Some(TimeRange::new(range.start.min(new.start), range.end.max(new.end)));
    }

    /// Returns the list with one more chunk at its end.
    pub(super) fn with(&self, chunk: Chunk) -> Self {
        let mut list = self.clone();
        list.count(&chunk);
        let newest: Arc<[Chunk]> = self.newest.iter().cloned().chain([chunk]).collect();
        if newest.len() < RUN {
            list.newest = newest;
        } else {
            list.full = self.full.iter().cloned().chain([newest]).collect();
            list.newest = Arc::default();
        }
        list
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.full.iter().flat_map(|run| run.iter()).chain(self.newest.iter())
    }

    /// Returns the chunk that ends last; a chunk of late samples may stand
    /// behind it.
    pub(super) fn newest(&self) -> Option<&Chunk> {
        self.iter().max_by_key(|chunk| chunk.range().end)
    }

    /// Returns the span from the earliest sample to the latest.
    pub(super) const fn range(&self) -> Option<TimeRange> {
        self.range
    }

    pub(super) fn len(&self) -> usize {
        self.full.len() * RUN + self.newest.len()
    }

    /// How many samples the chunks hold.
    pub(super) const fn samples(&self) -> usize {
        self.samples
    }

    /// How many bytes the chunks take, headers and pointers included, the
    /// shared timestamps left out.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.len() * (size_of::<Chunk>() + 2 * size_of::<usize>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(at: i64) -> Chunk {
        Chunk::seal(&[Sample::new(Timestamp::from_millis(at), 1.0)]).unwrap()
    }

    #[test]
    fn a_list_keeps_order_over_many_runs() {
        let mut list = ChunkList::default();
        for at in 0..100 {
            list = list.with(chunk(at));
        }
        let starts: Vec<i64> = list.iter().map(|chunk| chunk.range().start.millis()).collect();
        assert_eq!(starts, (0..100).collect::<Vec<_>>());
        assert_eq!((list.samples(), list.len(), list.full.len()), (100, 100, 6));
        let kept: ChunkList = list.iter().skip(50).cloned().collect();
        assert_eq!((kept.samples(), kept.newest().unwrap().range().end.millis()), (50, 99));
    }

    #[test]
    fn no_samples_make_no_chunk() {
        assert!(Chunk::seal(&[]).is_none());
    }
}
