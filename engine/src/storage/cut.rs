//! Handing what is old from memory to segments, in slices.
//!
//! [`Store::cut`] makes chunks of everything before a time and hands them out;
//! whoever writes them to segments brings back what it wrote, and
//! [`Store::evict`] lets it go. In between both hold it, so that a reader
//! finds it in one place at least.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::chunk::{Chunk, ChunkList};
use super::series::{Series, SeriesRef};
use super::store::Store;
use crate::model::{Sample, Timestamp};

/// What a slice of the store has before a time.
#[derive(Debug, Default)]
pub struct Cut {
    /// Where the next slice begins; `None` after the last.
    pub next: Option<u32>,
    /// Series that have samples before it.
    pub series: Vec<CutSeries>,
}

/// What one series has before a time.
#[derive(Debug, Clone)]
pub struct CutSeries {
    pub(super) series: Arc<Series>,
    /// Chunks with a sample before it; some may reach beyond.
    pub(super) chunks: Vec<Chunk>,
}

/// What was written of a series.
#[derive(Debug, Clone)]
pub struct SealedSeries {
    pub(super) reference: SeriesRef,
    /// The chunks that were cut.
    pub(super) chunks: Vec<Chunk>,
    /// The samples in them that are not before the cut.
    pub(super) rest: Vec<Chunk>,
}

impl Store {
    /// Seals to chunks what the next `budget` series from `cursor` on have
    /// before `before`, and hands it out.
    pub fn cut(&mut self, cursor: u32, budget: usize, before: Timestamp) -> Cut {
        let mut cut = Cut::default();
        let end = cursor.saturating_add(u32::try_from(budget.max(1)).unwrap_or(u32::MAX));
        let columns = &mut self.columns;
        for id in cursor..end {
            let Some(slot) = self.slots.get_mut(id as usize) else { return cut };
            let Some(slot) = slot else { continue };
            slot.seal_before(before, columns);
            let body = slot.series.body();
            if body.chunks.range().is_some_and(|range| range.start < before) {
                let old = body.chunks.iter().filter(|chunk| chunk.range().start < before);
                let (series, chunks) = (Arc::clone(&slot.series), old.cloned().collect());
                cut.series.push(CutSeries { series, chunks });
            }
        }
        cut.next = ((end as usize) < self.slots.len()).then_some(end);
        cut
    }

    /// Lets go what is in segments now: everything before `before` that was
    /// cut. Returns how many samples left the memory.
    pub fn evict(&mut self, sealed: &[SealedSeries], before: Timestamp) -> usize {
        self.sealed_before = self.sealed_before.max(before);
        let mut evicted = 0;
        for one in sealed {
            let Some(slot) = self.slot_of(one.reference) else { continue };
            let body = slot.series.body();
            let written: HashSet<usize, RandomState> =
                one.chunks.iter().map(Chunk::address).collect();
            let stays = |chunk: &&Chunk| !written.contains(&chunk.address());
            let chunks: ChunkList =
                one.rest.iter().chain(body.chunks.iter().filter(stays)).cloned().collect();
            slot.series.leave(slot.newest_at);
            evicted += body.chunks.samples().saturating_sub(chunks.samples());
            let mut left = body.as_ref().clone();
            left.chunks = chunks;
            slot.series.publish(left);
        }
        evicted
    }
}

impl CutSeries {
    /// Returns the series.
    pub(super) const fn series(&self) -> &Arc<Series> {
        &self.series
    }

    /// Returns the chunks.
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter()
    }

    /// Splits what was cut at `before`: the samples before it, in time order,
    /// and chunks of the others. Chunks that do not decode are left out and
    /// counted.
    pub(super) fn split(
        &self,
        before: Timestamp,
        early: &mut Vec<Sample>,
    ) -> (SealedSeries, usize) {
        let mut rest = Vec::new();
        let mut damaged = 0;
        for chunk in &self.chunks {
            let mut later = Vec::new();
            let decoded = chunk.decode(|sample| {
                if sample.at < before { early.push(sample) } else { later.push(sample) }
            });
            damaged += usize::from(decoded.is_err());
            rest.extend(Chunk::seal(&later));
        }
        if early.windows(2).any(|pair| pair[0].at >= pair[1].at) {
            early.sort_by_key(|sample| sample.at);
            early.dedup_by_key(|sample| sample.at);
        }
        let (reference, chunks) = (self.series.reference(), self.chunks.clone());
        (SealedSeries { reference, chunks, rest }, damaged)
    }
}
