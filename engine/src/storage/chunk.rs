//! Sealed samples.

use std::sync::Arc;

use super::codec::{self, CodecError};
use crate::model::{Sample, TimeRange};

/// How the samples of a chunk are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// Timestamps and 64-bit floats: differences of differences, then
    /// decimal integers or XOR.
    Floats,
}

/// Some samples of one series, encoded and immutable; never empty.
#[derive(Debug)]
pub struct Chunk {
    encoding: Encoding,
    count: u32,
    range: TimeRange,
    bytes: Box<[u8]>,
}

impl Chunk {
    /// Encodes samples whose timestamps grow strictly; `None` if there are
    /// none.
    #[must_use]
    pub fn seal(samples: &[Sample]) -> Option<Self> {
        let range = TimeRange::new(samples.first()?.at, samples.last()?.at);
        let count = u32::try_from(samples.len()).ok()?;
        Some(Self { encoding: Encoding::Floats, count, range, bytes: codec::encode(samples) })
    }

    /// Puts a chunk together that [`seal`](Self::seal) made before; `None` if
    /// its parts cannot be true.
    pub(super) fn restore(
        encoding: Encoding,
        count: u32,
        range: TimeRange,
        bytes: &[u8],
    ) -> Option<Self> {
        let chunk = Self { encoding, count, range, bytes: bytes.into() };
        chunk.is_plausible().then_some(chunk)
    }

    /// Returns the encoded samples.
    pub(super) const fn data(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns how the samples are encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns how many samples there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count as usize
    }

    /// Returns the span from the first sample to the last.
    #[must_use]
    pub const fn range(&self) -> TimeRange {
        self.range
    }

    /// Returns the encoded size in bytes, without the header.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Decodes the samples in time order.
    ///
    /// # Errors
    /// Bytes that are not what [`seal`](Self::seal) wrote.
    pub fn decode(&self, visit: impl FnMut(Sample)) -> Result<(), CodecError> {
        match self.encoding {
            Encoding::Floats => codec::decode(&self.bytes, self.count(), self.range.start, visit),
        }
    }

    /// Says whether the header can be true.
    pub(super) fn is_plausible(&self) -> bool {
        self.count > 0 && self.range.start <= self.range.end && !self.bytes.is_empty()
    }
}

/// How many chunks share one list before the next is begun.
const RUN: usize = 32;

/// The chunks of a series, oldest first; cheap to clone and to extend.
///
/// Chunks lie in short runs, so that adding one copies a run of pointers and
/// not the whole history.
#[derive(Debug, Clone, Default)]
pub(super) struct ChunkList {
    runs: Vec<Arc<[Arc<Chunk>]>>,
    len: usize,
    samples: usize,
    bytes: usize,
    /// From the earliest sample to the latest.
    range: Option<TimeRange>,
}

impl ChunkList {
    pub(super) fn from_chunks(chunks: &[Arc<Chunk>]) -> Self {
        let runs = chunks.chunks(RUN).map(Arc::from).collect();
        let mut list = Self { runs, ..Self::default() };
        chunks.iter().for_each(|chunk| list.count(chunk));
        list
    }

    fn count(&mut self, chunk: &Chunk) {
        self.len += 1;
        self.samples += chunk.count();
        self.bytes += chunk.bytes();
        let range = self.range.unwrap_or(chunk.range);
        self.range = Some(TimeRange::new(
            range.start.min(chunk.range.start),
            range.end.max(chunk.range.end),
        ));
    }

    /// Returns the list with one more chunk at its end.
    pub(super) fn with(&self, chunk: Chunk) -> Self {
        let mut list = self.clone();
        list.count(&chunk);
        let chunk = Arc::new(chunk);
        match list.runs.last_mut() {
            Some(run) if run.len() < RUN => {
                *run = run.iter().cloned().chain([chunk]).collect();
            }
            _ => list.runs.push(Arc::new([chunk])),
        }
        list
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Chunk>> {
        self.runs.iter().flat_map(|run| run.iter())
    }

    /// Returns the chunk that ends last; a chunk of late samples may stand
    /// behind it.
    pub(super) fn newest(&self) -> Option<&Arc<Chunk>> {
        self.iter().max_by_key(|chunk| chunk.range().end)
    }

    /// Returns the span from the earliest sample to the latest.
    pub(super) const fn range(&self) -> Option<TimeRange> {
        self.range
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// How many samples the chunks hold.
    pub(super) fn samples(&self) -> usize {
        self.samples
    }

    /// How many bytes the chunks take, headers and pointers included.
    pub(super) fn bytes(&self) -> usize {
        let each = size_of::<Chunk>() + size_of::<Arc<Chunk>>() + 2 * size_of::<usize>();
        self.bytes + self.len() * each
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

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
        assert_eq!((list.samples(), list.len(), list.runs.len()), (100, 100, 4));
        let kept: Vec<_> = list.iter().skip(50).cloned().collect();
        assert_eq!(ChunkList::from_chunks(&kept).samples(), 50);
    }

    #[test]
    fn no_samples_make_no_chunk() {
        assert!(Chunk::seal(&[]).is_none());
    }
}
