//! The open end of a series: one writer, many readers, no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::column::{Column, STEPS};
use crate::model::{Sample, Timestamp};

/// What a cell holds that no sample was written to: a NaN that nobody
/// computes. A sample with just these bits is sealed at once.
pub(super) const EMPTY: u64 = 0x7ff4_a5b1_93c7_e2d9;

/// An append-only array of values beside a column of timestamps.
///
/// The writer fills cell after cell, each with release; a reader finds the
/// first empty cell with acquire and looks at none beyond it, of the slab and
/// of its column. There is no length beside the cells, because a sample is to
/// touch one cache line. A cell that was written never changes.
#[derive(Debug)]
pub(super) struct Slab<C: ?Sized = [AtomicU64]> {
    column: Arc<Column>,
    cells: C,
}

impl<const N: usize> Slab<[AtomicU64; N]> {
    fn empty(column: Arc<Column>) -> Arc<Slab> {
        let cells = [const { AtomicU64::new(EMPTY) }; N];
        Arc::new(Self { column, cells })
    }
}

impl Slab {
    /// Creates the smallest slab with room for more than `samples`, or a full
    /// one if there is none, beside a column.
    pub(super) fn with_room(samples: usize, column: Arc<Column>) -> Arc<Self> {
        if samples < STEPS[0] {
            Slab::<[AtomicU64; STEPS[0]]>::empty(column)
        } else if samples < STEPS[1] {
            Slab::<[AtomicU64; STEPS[1]]>::empty(column)
        } else {
            Slab::<[AtomicU64; STEPS[2]]>::empty(column)
        }
    }

    /// Creates a slab that takes no sample, for a series that has none open.
    pub(super) fn none(column: Arc<Column>) -> Arc<Self> {
        Slab::<[AtomicU64; 0]>::empty(column)
    }

    /// Creates a slab with these values beside a column that has their
    /// timestamps, with room for more if they are fewer than a full slab.
    pub(super) fn holding(
        values: impl ExactSizeIterator<Item = u64>,
        column: Arc<Column>,
    ) -> Arc<Self> {
        let slab = Self::with_room(values.len(), column);
        slab.fill(values);
        slab
    }

    fn fill(&self, values: impl Iterator<Item = u64>) {
        for (cell, bits) in self.cells.iter().zip(values) {
            cell.store(bits, Ordering::Release);
        }
    }

    /// Creates a slab of the same size beside the same column with other
    /// values.
    pub(super) fn with_values(&self, values: impl Iterator<Item = u64>) -> Arc<Self> {
        // A slab with room for one more than the size below it has this size.
        let below = self.cells.len().saturating_sub(1);
        let slab = Self::with_room(below, Arc::clone(&self.column));
        slab.fill(values);
        slab
    }

    /// Writes the cell `index`; `false` if there is no such cell, the column
    /// goes on with another timestamp, or the value looks like an empty cell.
    /// For the one writer, with growing indexes and the slab's own column: the
    /// writer has it at hand, and the slab is best not waited for.
    #[inline]
    pub(super) fn write(&self, index: usize, sample: Sample, column: &Column) -> bool {
        let Some(cell) = self.cells.get(index) else { return false };
        let bits = sample.value.to_bits();
        if bits == EMPTY || !column.agree(index, sample.at.millis()) {
            return false;
        }
        // Pairs with the loads in `len`: who sees the value sees its
        // timestamp.
        cell.store(bits, Ordering::Release);
        true
    }

    /// Returns the column of the timestamps.
    pub(super) const fn column(&self) -> &Arc<Column> {
        &self.column
    }

    /// Returns how many samples were written.
    pub(super) fn len(&self) -> usize {
        self.cells.partition_point(|cell| cell.load(Ordering::Acquire) != EMPTY)
    }

    /// Returns the size in bytes; the column is shared.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self) + 2 * size_of::<usize>()
    }

    /// Returns the sample `index`; meaningful below a length read before.
    pub(super) fn get(&self, index: usize) -> Option<Sample> {
        let bits = self.cells.get(index)?.load(Ordering::Relaxed);
        let at = Timestamp::from_millis(self.column.get(index)?);
        Some(Sample::new(at, f64::from_bits(bits)))
    }

    /// Returns the first `len` samples.
    pub(super) fn iter(&self, len: usize) -> impl DoubleEndedIterator<Item = Sample> {
        (0..len.min(self.cells.len())).filter_map(|index| self.get(index))
    }

    /// Returns the bits of the first `len` values.
    pub(super) fn values(&self, len: usize) -> impl ExactSizeIterator<Item = u64> {
        self.cells.iter().take(len).map(|cell| cell.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::column::{Columns, SLAB_SAMPLES};
    use super::*;

    fn sample(at: i64) -> Sample {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Sample::new(Timestamp::from_millis(at), at as f64)
    }

    #[test]
    fn a_reader_on_another_thread_sees_whole_samples_only() {
        let full = SLAB_SAMPLES - 1;
        let slab = Slab::with_room(full, Column::with_room(full));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for index in 0..SLAB_SAMPLES {
                    assert!(slab.write(index, sample(index as i64 + 1), slab.column()));
                }
            });
            let mut seen = 0;
            while seen < SLAB_SAMPLES {
                seen = slab.len();
                let read: Vec<Sample> = slab.iter(seen).collect();
                let expected: Vec<Sample> = (1..=seen as i64).map(sample).collect();
                assert_eq!(read, expected);
            }
        });
        assert!(!slab.write(SLAB_SAMPLES, sample(999), slab.column()));
    }

    #[test]
    fn slabs_that_are_written_together_share_their_timestamps() {
        let mut columns = Columns::default();
        let slabs = [(); 2].map(|()| Slab::with_room(0, columns.begin(1)));
        for at in 1..=3 {
            assert!(slabs.iter().all(|slab| slab.write(
                at as usize - 1,
                sample(at),
                slab.column()
            )));
        }
        assert!(Arc::ptr_eq(slabs[0].column(), slabs[1].column()));
        assert!(slabs[0].write(3, sample(4), slabs[0].column()));
        assert!(!slabs[1].write(3, sample(5), slabs[1].column()), "it has to turn away first");
        assert_eq!(slabs[1].iter(9).next_back().map(|sample| sample.at.millis()), Some(0));
        assert_eq!(slabs[1].len(), 3);
    }
}
