//! The open end of series: one writer, many readers, no lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::column::{Column, LANE_SAMPLES, STEP, STEPS};
use crate::model::{Sample, Timestamp};

/// What a cell holds that no sample was written to: a NaN that nobody
/// computes. A sample with just these bits is sealed at once.
pub(super) const EMPTY: u64 = 0x7ff4_a5b1_93c7_e2d9;

/// The values of series that are written at the same times, beside the column
/// of these times: a lane for each series, a row for each time.
///
/// Rows lie one behind the other. What is written at one time is so one run of
/// memory, where a place of its own for each series would cost a cache line
/// for each value.
#[derive(Debug)]
pub(super) struct Slab {
    column: Arc<Column>,
    lanes: usize,
    /// The slab's number among those of its writer, which wraps.
    number: u16,
    /// The cells of [`STEP`] rows each, the first row first.
    steps: [OnceLock<Box<[AtomicU64]>>; STEPS],
}

impl Slab {
    pub(super) fn new(column: Arc<Column>, lanes: usize, number: u16) -> Self {
        Self { column, lanes, number, steps: Default::default() }
    }

    pub(super) const fn lanes(&self) -> usize {
        self.lanes
    }

    #[inline]
    fn cell(&self, lane: usize, row: usize) -> Option<&AtomicU64> {
        self.steps.get(row / STEP)?.get()?.get(row % STEP * self.lanes + lane)
    }

    #[cold]
    fn grow(&self, row: usize) {
        if let Some(step) = self.steps.get(row / STEP) {
            let empty = || AtomicU64::new(EMPTY);
            step.get_or_init(|| (0..STEP * self.lanes).map(|_| empty()).collect());
        }
    }
}

/// The open samples of one series: an append-only array in a [`Slab`].
///
/// The writer fills cell after cell, each with release; a reader finds the
/// first empty cell with acquire and looks at none beyond it, of the lane and
/// of its column. There is no length beside the cells, because a sample is to
/// touch one cache line. A cell that was written never changes, and a lane is
/// given to one series only.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    slab: Arc<Slab>,
    lane: u32,
}

impl Lane {
    #[expect(clippy::cast_possible_truncation, reason = "a slab has few lanes")]
    pub(super) fn of(slab: &Arc<Slab>, lane: usize) -> Self {
        debug_assert!(lane < slab.lanes);
        Self { slab: Arc::clone(slab), lane: lane as u32 }
    }

    /// Creates a lane that takes no sample, for a series that has none open.
    pub(super) fn none() -> Self {
        Self { slab: Arc::new(Slab::new(Arc::default(), 0, 0)), lane: 0 }
    }

    /// Writes the values to the first cells; their timestamps are the
    /// column's. For the one writer of a lane that is new.
    pub(super) fn fill(&self, values: impl Iterator<Item = u64>) {
        for (row, bits) in values.enumerate() {
            if let Some(cell) = self.cell_to_write(row) {
                cell.store(bits, Ordering::Release);
            }
        }
    }

    /// Writes the cell `index`; `false` if there is no such cell, the column
    /// goes on with another timestamp, or the value looks like an empty cell.
    /// For the one writer, with growing indexes.
    #[inline]
    pub(super) fn write(&self, index: usize, sample: Sample) -> bool {
        let Some(cell) = self.cell_to_write(index) else { return false };
        let bits = sample.value.to_bits();
        if bits == EMPTY || !self.slab.column.agree(index, sample.at.millis()) {
            return false;
        }
        // Pairs with the loads in `len`: who sees the value sees its
        // timestamp.
        cell.store(bits, Ordering::Release);
        true
    }

    #[inline]
    fn cell_to_write(&self, index: usize) -> Option<&AtomicU64> {
        let cell = self.slab.cell(self.lane as usize, index);
        if cell.is_some() || self.slab.lanes == 0 {
            return cell;
        }
        self.slab.grow(index);
        self.slab.cell(self.lane as usize, index)
    }

    fn load(&self, index: usize, ordering: Ordering) -> Option<u64> {
        let bits = self.slab.cell(self.lane as usize, index)?.load(ordering);
        (bits != EMPTY).then_some(bits)
    }

    /// Returns the column of the timestamps.
    pub(super) fn column(&self) -> &Arc<Column> {
        &self.slab.column
    }

    #[cfg(test)]
    pub(super) fn neighbours(&self) -> usize {
        self.slab.lanes
    }

    /// Returns the number of the slab, the same for all its lanes.
    pub(super) fn slab_number(&self) -> u16 {
        self.slab.number
    }

    /// Returns how many samples were written.
    pub(super) fn len(&self) -> usize {
        let (mut written, mut unknown) = (0, LANE_SAMPLES);
        while unknown > 0 {
            let half = unknown / 2;
            if self.load(written + half, Ordering::Acquire).is_some() {
                written += half + 1;
                unknown -= half + 1;
            } else {
                unknown = half;
            }
        }
        written
    }

    /// Returns the lane's share of the slab in bytes.
    pub(super) fn bytes(&self) -> usize {
        let steps = self.slab.steps.iter().filter(|step| step.get().is_some()).count();
        steps * STEP * size_of::<AtomicU64>() + size_of::<Slab>() / self.slab.lanes.max(1)
    }

    /// Returns the sample `index`; meaningful below a length read before.
    pub(super) fn get(&self, index: usize) -> Option<Sample> {
        let bits = self.load(index, Ordering::Relaxed)?;
        let at = Timestamp::from_millis(self.column().get(index)?);
        Some(Sample::new(at, f64::from_bits(bits)))
    }

    /// Returns the first `len` samples.
    pub(super) fn iter(&self, len: usize) -> impl DoubleEndedIterator<Item = Sample> {
        (0..len.min(LANE_SAMPLES)).filter_map(|index| self.get(index))
    }

    /// Returns the bits of the first `len` values, which were read to be
    /// there.
    pub(super) fn values(&self, len: usize) -> impl Iterator<Item = u64> {
        let (lane, lanes) = (self.lane as usize, self.slab.lanes.max(1));
        let steps = self.slab.steps.iter().map_while(OnceLock::get);
        let cells = steps.flat_map(move |step| step.iter().skip(lane).step_by(lanes));
        cells.take(len).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Appends the first `len` values, which were read to be there, to `out`.
    pub(super) fn read(&self, len: usize, out: &mut Vec<f64>) {
        out.reserve(len);
        let end = out.len() + len;
        for step in self.slab.steps.iter().map_while(OnceLock::get) {
            let rows = step.chunks_exact(self.slab.lanes.max(1)).take(end - out.len());
            let cells = rows.filter_map(|row| row.get(self.lane as usize));
            out.extend(cells.map(|cell| f64::from_bits(cell.load(Ordering::Relaxed))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::Columns;
    use super::*;

    fn sample(at: i64) -> Sample {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Sample::new(Timestamp::from_millis(at), at as f64)
    }

    #[test]
    fn a_reader_on_another_thread_sees_whole_samples_only() {
        let mut columns = Columns::default();
        let lanes: Vec<Lane> = (0..4).map(|_| columns.begin(1)).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for index in 0..LANE_SAMPLES {
                    for lane in &lanes {
                        assert!(lane.write(index, sample(index as i64 + 1)));
                    }
                }
            });
            let mut seen = 0;
            while seen < LANE_SAMPLES {
                for lane in &lanes {
                    seen = lane.len();
                    let read: Vec<Sample> = lane.iter(seen).collect();
                    let expected: Vec<Sample> = (1..=seen as i64).map(sample).collect();
                    assert_eq!(read, expected);
                }
            }
        });
        assert!(lanes.iter().all(|lane| !lane.write(LANE_SAMPLES, sample(999))));
    }

    #[test]
    fn lanes_that_are_written_together_share_their_timestamps() {
        let mut columns = Columns::default();
        let lanes = [(); 2].map(|()| columns.begin(1));
        for at in 1..=3 {
            assert!(lanes.iter().all(|lane| lane.write(at as usize - 1, sample(at))));
        }
        assert!(Arc::ptr_eq(lanes[0].column(), lanes[1].column()));
        assert!(lanes[0].write(3, sample(4)));
        assert!(!lanes[1].write(3, sample(5)), "it has to turn away first");
        assert_eq!((lanes[0].len(), lanes[1].len()), (4, 3));
        assert_eq!(lanes[1].iter(9).next_back(), Some(sample(3)));
    }

    #[test]
    fn no_lane_takes_no_sample() {
        let none = Lane::none();
        assert!(!none.write(0, sample(1)));
        assert_eq!((none.len(), none.column().get(0)), (0, None));
    }
}
