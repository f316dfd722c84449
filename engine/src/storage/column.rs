//! The timestamps of open samples, shared by series that are collected
//! together.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::times::Times;

/// How many samples a lane takes, and so a chunk in the ordinary case.
pub(super) const LANE_SAMPLES: usize = 120;

/// Columns and slabs grow by this many samples: a series of few samples costs
/// little, and one that is steady leaves half of a step unused on average.
pub(super) const STEP: usize = 24;

/// The steps of a full column.
pub(super) const STEPS: usize = LANE_SAMPLES / STEP;

/// An append-only array of up to [`LANE_SAMPLES`] timestamps.
///
/// One writer extends it. Readers look at no cell beyond what a lane of a
/// slab has, and a slab publishes a sample after the column has its timestamp.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// The encoded form of a full column: the first series that seals pays,
    /// the others share.
    sealed: OnceLock<Arc<Times>>,
    /// For the writer only.
    filled: AtomicUsize,
    steps: [OnceLock<Box<[AtomicI64; STEP]>>; STEPS],
}

impl Column {
    /// Creates a column with these timestamps.
    pub(super) fn holding(times: impl Iterator<Item = i64>) -> Arc<Self> {
        let column = Self::default();
        for (index, at) in times.enumerate() {
            column.agree(index, at);
        }
        Arc::new(column)
    }

    /// Says whether the cell `index` holds `at`, writing it if it is the next
    /// to be written. For the one writer.
    #[inline]
    pub(super) fn agree(&self, index: usize, at: i64) -> bool {
        let filled = self.filled.load(Ordering::Relaxed);
        if index < filled { self.get(index) == Some(at) } else { self.extend(index, at) }
    }

    /// Writes the cell `index` if it is the next to be written.
    #[cold]
    fn extend(&self, index: usize, at: i64) -> bool {
        let Some(step) = self.steps.get(index / STEP) else { return false };
        if index != self.filled.load(Ordering::Relaxed) {
            return false;
        }
        let step = step.get_or_init(|| Box::new([const { AtomicI64::new(0) }; STEP]));
        let Some(cell) = step.get(index % STEP) else { return false };
        cell.store(at, Ordering::Relaxed);
        self.filled.store(index + 1, Ordering::Relaxed);
        true
    }

    /// Returns the timestamp `index`; meaningful below the length of a lane.
    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<i64> {
        let step = self.steps.get(index / STEP)?.get()?;
        step.get(index % STEP).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Returns the first `len` timestamps, which were written before.
    pub(super) fn iter(&self, len: usize) -> impl Iterator<Item = i64> {
        let cells = self.steps.iter().map_while(OnceLock::get).flat_map(|step| step.iter());
        cells.take(len).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Appends the first `len` timestamps, which were written before, to
    /// `out`.
    pub(super) fn read(&self, len: usize, out: &mut Vec<i64>) {
        out.reserve(len);
        let end = out.len() + len;
        for step in self.steps.iter().map_while(OnceLock::get) {
            let cells = step.iter().take(end - out.len());
            out.extend(cells.map(|cell| cell.load(Ordering::Relaxed)));
        }
    }

    /// Encodes the first `len` timestamps.
    pub(super) fn seal(&self, len: usize) -> Option<Arc<Times>> {
        let encode = || Times::seal(&self.iter(len).collect::<Vec<i64>>()).map(Arc::new);
        if len < LANE_SAMPLES {
            return encode();
        }
        if let Some(sealed) = self.sealed.get() {
            return Some(Arc::clone(sealed));
        }
        let sealed = encode()?;
        Some(Arc::clone(self.sealed.get_or_init(|| sealed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_goes_on_with_whoever_agrees() {
        let column = Column::default();
        assert!(column.agree(0, 10) && column.agree(1, 20));
        assert!(column.agree(1, 20), "another series at the same time");
        assert!(!column.agree(1, 21), "another time");
        assert!(!column.agree(3, 40), "a gap");
        assert_eq!(column.iter(2).collect::<Vec<_>>(), [10, 20]);
    }

    #[test]
    fn a_column_ends_where_a_lane_does() {
        let column = Column::holding(0..500);
        assert_eq!(column.iter(500).collect::<Vec<_>>(), (0..120).collect::<Vec<_>>());
        assert_eq!(Column::holding(0..30).iter(29).last(), Some(28));
        assert!(!column.agree(LANE_SAMPLES, 120));
    }
}
