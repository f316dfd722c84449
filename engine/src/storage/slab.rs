//! The open end of a series: one writer, many readers, no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use crate::model::{Sample, Timestamp};

/// How many samples a full slab has, and so a chunk in the ordinary case.
pub(super) const SLAB_SAMPLES: usize = 120;

/// Slabs start small and grow in these steps, so that a series of few samples
/// costs little.
const STEPS: [usize; 3] = [8, 32, SLAB_SAMPLES];

#[derive(Debug)]
pub(super) struct Cell {
    at: AtomicI64,
    bits: AtomicU64,
}

/// An append-only array of samples.
///
/// The writer fills a cell and then publishes the length with release; a
/// reader loads the length with acquire and looks at no cell beyond it. A
/// cell below the published length never changes.
#[derive(Debug)]
pub(super) struct Slab<C: ?Sized = [Cell]> {
    published: AtomicUsize,
    cells: C,
}

impl<const N: usize> Slab<[Cell; N]> {
    fn empty() -> Arc<Slab> {
        Arc::new(Self { published: AtomicUsize::new(0), cells: [const { Cell::empty() }; N] })
    }
}

impl Slab {
    /// Creates the smallest slab with room for more than `samples`, or a full
    /// one if there is none.
    pub(super) fn with_room(samples: usize) -> Arc<Self> {
        if samples < STEPS[0] {
            Slab::<[Cell; STEPS[0]]>::empty()
        } else if samples < STEPS[1] {
            Slab::<[Cell; STEPS[1]]>::empty()
        } else {
            Slab::<[Cell; STEPS[2]]>::empty()
        }
    }

    /// Creates a slab that holds these samples, with room for more if they
    /// are fewer than a full slab; what is beyond that is left out.
    pub(super) fn holding(samples: &[Sample]) -> Arc<Self> {
        let slab = Self::with_room(samples.len());
        for (index, sample) in samples.iter().enumerate() {
            slab.write(index, *sample);
        }
        slab
    }

    /// Writes the cell `index` and publishes it; `false` if there is no such
    /// cell. For the one writer, with growing indexes.
    #[inline]
    pub(super) fn write(&self, index: usize, sample: Sample) -> bool {
        let Some(cell) = self.cells.get(index) else { return false };
        cell.at.store(sample.at.millis(), Ordering::Relaxed);
        cell.bits.store(sample.value.to_bits(), Ordering::Relaxed);
        // Pairs with the load in `len`: who sees the length sees the cell.
        self.published.store(index + 1, Ordering::Release);
        true
    }

    /// Returns how many samples are published.
    pub(super) fn len(&self) -> usize {
        self.published.load(Ordering::Acquire).min(self.cells.len())
    }

    /// Says whether the slab is of the largest size.
    pub(super) fn is_largest(&self) -> bool {
        self.cells.len() >= SLAB_SAMPLES
    }

    /// Returns the size in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<usize>() * 3 + size_of_val(&self.cells)
    }

    /// Returns the sample `index`; meaningful below a length read before.
    pub(super) fn get(&self, index: usize) -> Option<Sample> {
        self.cells.get(index).map(Cell::load)
    }

    /// Returns the first `len` samples.
    pub(super) fn iter(&self, len: usize) -> impl DoubleEndedIterator<Item = Sample> {
        self.cells.iter().take(len).map(Cell::load)
    }
}

impl Cell {
    const fn empty() -> Self {
        Self { at: AtomicI64::new(0), bits: AtomicU64::new(0) }
    }

    fn load(&self) -> Sample {
        let at = Timestamp::from_millis(self.at.load(Ordering::Relaxed));
        Sample::new(at, f64::from_bits(self.bits.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: i64) -> Sample {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Sample::new(Timestamp::from_millis(at), at as f64)
    }

    #[test]
    fn slabs_grow_by_steps_and_end_at_the_largest() {
        assert_eq!(Slab::with_room(0).cells.len(), 8);
        assert_eq!(Slab::with_room(8).cells.len(), 32);
        assert_eq!(Slab::with_room(32).cells.len(), 120);
        assert_eq!(Slab::with_room(500).cells.len(), 120);
    }

    #[test]
    fn a_reader_on_another_thread_sees_whole_samples_only() {
        let slab = Slab::with_room(SLAB_SAMPLES - 1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for index in 0..SLAB_SAMPLES {
                    assert!(slab.write(index, sample(index as i64 + 1)));
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
        assert!(!slab.write(SLAB_SAMPLES, sample(999)));
    }
}
