//! Removing what is too old, in slices.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use serde::Serialize;

use super::chunk::ChunkList;
use super::series::{Series, SeriesRef};
use super::store::Store;
use crate::model::Timestamp;

/// Up to when a series' samples may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutoffs {
    /// Chunks that end before this are dropped.
    pub samples_before: Timestamp,
    /// A series whose newest sample is before this is removed.
    pub idle_before: Timestamp,
}

/// How much of the store one call of [`Store::prune`] looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Where to begin: 0, then what the slice before returned as `next`.
    pub cursor: u32,
    /// The most series to look at.
    pub budget: usize,
    /// Whether to count only and remove nothing.
    pub dry_run: bool,
}

/// How much was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Series that are gone as a whole.
    pub series: usize,
    /// Samples that are gone, those of whole series included.
    pub samples: usize,
    /// Bytes that are freed once no snapshot holds them.
    pub bytes: usize,
}

impl AddAssign for Removed {
    fn add_assign(&mut self, more: Self) {
        self.series += more.series;
        self.samples += more.samples;
        self.bytes += more.bytes;
    }
}

/// What a slice removed, or would remove.
#[derive(Debug, Clone, Default)]
pub struct Pruned {
    /// Where the next slice begins; `None` after the last.
    pub next: Option<u32>,
    /// Series that are gone as a whole.
    pub series: Vec<Arc<Series>>,
    /// Samples that are gone.
    pub samples: usize,
    /// Bytes that are freed once no snapshot holds them.
    pub bytes: usize,
    /// The same by metric; one that lost nothing is not there.
    pub by_metric: BTreeMap<Arc<str>, Removed>,
}

impl Pruned {
    /// Adds what another removed; `next` stays.
    pub fn absorb(&mut self, other: Self) {
        self.series.extend(other.series);
        self.samples += other.samples;
        self.bytes += other.bytes;
        for (metric, removed) in other.by_metric {
            *self.by_metric.entry(metric).or_default() += removed;
        }
    }

    fn count(&mut self, metric: &Arc<str>, removed: Removed) {
        self.samples += removed.samples;
        self.bytes += removed.bytes;
        *self.by_metric.entry(Arc::clone(metric)).or_default() += removed;
    }
}

impl Store {
    /// Drops whole chunks that are too old, and series that are idle or
    /// empty, among the next `slice.budget` series.
    ///
    /// The samples of an open slab go with their chunk later, so up to 120
    /// samples of a series may outstay `samples_before`.
    pub fn prune(&mut self, slice: Slice, cutoffs: impl Fn(&Series) -> Cutoffs) -> Pruned {
        let mut pruned = Pruned::default();
        let end = u32::try_from(slice.budget.max(1)).unwrap_or(u32::MAX);
        let end = slice.cursor.saturating_add(end);
        for id in slice.cursor..end {
            let Some(slot) = self.slots.get(id as usize) else { return pruned };
            let Some(slot) = slot else { continue };
            let cutoffs = cutoffs(&slot.series);
            // Also of a series whose samples are all in files.
            let newest = slot.newest_at;
            let gone = newest == Timestamp::MIN
                || newest < cutoffs.idle_before
                || newest < cutoffs.samples_before;
            if gone {
                let reference = slot.series.reference();
                self.prune_series(reference, slice.dry_run, &mut pruned);
            } else {
                if !slice.dry_run {
                    slot.series.leave(slot.newest_at);
                }
                drop_chunks(&slot.series, cutoffs.samples_before, slice.dry_run, &mut pruned);
            }
        }
        pruned.next = ((end as usize) < self.slots.len()).then_some(end);
        pruned
    }

    /// Drops whole chunks that end before `before` among the next `budget`
    /// series from `cursor` on, as memory has no room for them; every series
    /// stays.
    pub fn shed(&mut self, cursor: u32, budget: usize, before: Timestamp) -> Pruned {
        let mut pruned = Pruned::default();
        let end = cursor.saturating_add(u32::try_from(budget.max(1)).unwrap_or(u32::MAX));
        for id in cursor..end {
            let Some(slot) = self.slots.get(id as usize) else { return pruned };
            if let Some(slot) = slot {
                slot.series.leave(slot.newest_at);
                drop_chunks(&slot.series, before, false, &mut pruned);
            }
        }
        pruned.next = ((end as usize) < self.slots.len()).then_some(end);
        pruned
    }

    /// Removes a series, or only counts it, and adds it to `pruned`.
    pub fn prune_series(&mut self, series: SeriesRef, dry_run: bool, pruned: &mut Pruned) {
        let Some(slot) = self.slot_of(series) else { return };
        let body = slot.series.body();
        let removed = Removed {
            series: 1,
            samples: body.samples(slot.filled()),
            bytes: body.bytes() + size_of::<Series>(),
        };
        pruned.count(slot.series.metric(), removed);
        pruned.series.push(Arc::clone(&slot.series));
        if !dry_run {
            self.remove(series.id);
        }
    }
}

fn drop_chunks(series: &Series, before: Timestamp, dry_run: bool, pruned: &mut Pruned) {
    let body = series.body();
    let sealed_goes = body.chunks.iter().any(|chunk| chunk.range().end < before);
    let late_goes = body.late.first().is_some_and(|sample| sample.at < before);
    if !sealed_goes && !late_goes {
        return;
    }
    let kept = body.chunks.iter().filter(|chunk| chunk.range().end >= before);
    let kept: ChunkList = kept.cloned().collect();
    let mut left = body.as_ref().clone();
    left.chunks = kept;
    left.late = body.late.iter().filter(|sample| sample.at >= before).copied().collect();
    let sealed = body.chunks.samples() - left.chunks.samples();
    let late = body.late.len() - left.late.len();
    let bytes = body.bytes() - left.bytes();
    pruned.count(series.metric(), Removed { series: 0, samples: sealed + late, bytes });
    if !dry_run {
        series.publish(left);
    }
}
