//! The timestamps of open samples, shared by series that are collected
//! together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use super::slab::Slab;
use super::times::Times;

/// How many samples a full slab has, and so a chunk in the ordinary case.
pub(super) const SLAB_SAMPLES: usize = 120;

/// Slabs and columns start small and grow in these steps: a series of few
/// samples costs little, and one that is steady has a third of its room
/// unused on average.
pub(super) const STEPS: [usize; 3] = [24, 72, SLAB_SAMPLES];

/// An append-only array of timestamps.
///
/// One writer extends it. Readers look at no cell beyond the published length
/// of a slab that points here, and a slab publishes a sample after the column
/// has its timestamp.
#[derive(Debug)]
pub(super) struct Column {
    /// The encoded form of a full column: the first series that seals pays,
    /// the others share.
    sealed: OnceLock<Arc<Times>>,
    /// For the writer only.
    filled: AtomicUsize,
    cells: Box<[AtomicI64]>,
}

impl Column {
    fn with_cells(cells: usize) -> Arc<Self> {
        Arc::new(Self {
            sealed: OnceLock::new(),
            filled: AtomicUsize::new(0),
            cells: (0..cells).map(|_| AtomicI64::new(0)).collect(),
        })
    }

    /// Creates the smallest column with room for more than `samples`, or a
    /// full one if there is none.
    pub(super) fn with_room(samples: usize) -> Arc<Self> {
        let step = STEPS.into_iter().find(|step| samples < *step);
        Self::with_cells(step.unwrap_or(SLAB_SAMPLES))
    }

    /// Creates a column with these timestamps and room for a slab of `len`.
    pub(super) fn holding(times: impl Iterator<Item = i64>, len: usize) -> Arc<Self> {
        let column = Self::with_room(len);
        for (index, at) in times.enumerate() {
            column.agree(index, at);
        }
        column
    }

    /// Says whether the cell `index` holds `at`, writing it if it is the next
    /// to be written. For the one writer.
    #[inline]
    pub(super) fn agree(&self, index: usize, at: i64) -> bool {
        let Some(cell) = self.cells.get(index) else { return false };
        let filled = self.filled.load(Ordering::Relaxed);
        if index < filled {
            return cell.load(Ordering::Relaxed) == at;
        }
        if index == filled {
            cell.store(at, Ordering::Relaxed);
            self.filled.store(index + 1, Ordering::Relaxed);
        }
        index == filled
    }

    /// Returns the timestamp `index`; meaningful below the length of a slab.
    pub(super) fn get(&self, index: usize) -> Option<i64> {
        self.cells.get(index).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Returns the first `len` timestamps.
    pub(super) fn iter(&self, len: usize) -> impl DoubleEndedIterator<Item = i64> {
        self.cells.iter().take(len).map(|cell| cell.load(Ordering::Relaxed))
    }

    /// Encodes the first `len` timestamps.
    pub(super) fn seal(&self, len: usize) -> Option<Arc<Times>> {
        let encode = || Times::seal(&self.iter(len).collect::<Vec<i64>>()).map(Arc::new);
        if len < SLAB_SAMPLES {
            return encode();
        }
        if let Some(sealed) = self.sealed.get() {
            return Some(Arc::clone(sealed));
        }
        let sealed = encode()?;
        Some(Arc::clone(self.sealed.get_or_init(|| sealed)))
    }

    fn capacity(&self) -> usize {
        self.cells.len()
    }
}

/// What is known of columns by their address. The column is kept with it, so
/// that the address cannot become another's.
type Known<K, V> = HashMap<K, (Arc<Column>, V), RandomState>;

/// Hands out the columns of one writer so that series which begin, grow or
/// turn away from a column at the same timestamp share the next one too.
#[derive(Debug)]
pub(super) struct Columns {
    /// What series share that have no open sample.
    none: Arc<Slab>,
    at: i64,
    /// What slabs that began at `at` write into.
    fresh: Option<Arc<Column>>,
    /// What came of a column's first samples and `at`.
    forks: Known<(usize, usize), Arc<Column>>,
    /// The encoded forms of columns that were sealed before they were full.
    sealed: Known<(usize, usize), Arc<Times>>,
    /// What columns go on as once their first timestamps are sealed.
    tails: Known<(usize, usize, usize), Arc<Column>>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            none: Slab::none(Column::with_cells(0)),
            at: 0,
            fresh: None,
            forks: HashMap::default(),
            sealed: HashMap::default(),
            tails: HashMap::default(),
        }
    }
}

impl Columns {
    /// Returns the slab of a series that has no open sample.
    pub(super) fn none(&self) -> Arc<Slab> {
        Arc::clone(&self.none)
    }

    /// Returns the column of a slab whose first sample is at `at`.
    pub(super) fn begin(&mut self, at: i64) -> Arc<Column> {
        self.turn(at);
        let fresh = self.fresh.get_or_insert_with(|| Column::with_room(0));
        Arc::clone(fresh)
    }

    /// Returns a column with the first `len` timestamps of `column`, `at`
    /// behind them, and room for a slab of that size.
    pub(super) fn fork(&mut self, column: &Arc<Column>, len: usize, at: i64) -> Arc<Column> {
        self.turn(at);
        let room = Column::with_room(len);
        // It may just be the column itself that goes on.
        if column.capacity() >= room.capacity() && column.agree(len, at) {
            return Arc::clone(column);
        }
        let key = (address(column), len);
        let (_, fork) = self.forks.entry(key).or_insert_with(|| {
            let times = column.iter(len).chain([at]);
            for (index, at) in times.enumerate() {
                room.agree(index, at);
            }
            (Arc::clone(column), room)
        });
        Arc::clone(fork)
    }

    /// Encodes the first `len` timestamps of a column, once for all series
    /// that seal it there.
    pub(super) fn seal(&mut self, column: &Arc<Column>, len: usize) -> Option<Arc<Times>> {
        if len >= SLAB_SAMPLES {
            return column.seal(len);
        }
        let key = (address(column), len);
        if let Some((_, times)) = self.sealed.get(&key) {
            return Some(Arc::clone(times));
        }
        let times = column.seal(len)?;
        if self.sealed.len() >= REMEMBERED_MAX {
            self.sealed.clear();
        }
        self.sealed.insert(key, (Arc::clone(column), Arc::clone(&times)));
        Some(times)
    }

    /// Returns a column with the timestamps `from..len` of `column`, once for
    /// all series that need it.
    pub(super) fn tail(&mut self, column: &Arc<Column>, from: usize, len: usize) -> Arc<Column> {
        if self.tails.len() >= REMEMBERED_MAX {
            self.tails.clear();
        }
        let key = (address(column), from, len);
        let (_, tail) = self.tails.entry(key).or_insert_with(|| {
            let times = column.iter(len).skip(from);
            (Arc::clone(column), Column::holding(times, len.saturating_sub(from)))
        });
        Arc::clone(tail)
    }

    /// Forgets what belongs to another timestamp.
    fn turn(&mut self, at: i64) {
        if self.at != at {
            self.at = at;
            self.fresh = None;
            self.forks.clear();
        }
    }
}

/// The most columns of each sort that are remembered.
const REMEMBERED_MAX: usize = 256;

fn address(column: &Arc<Column>) -> usize {
    Arc::as_ptr(column) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_grow_by_steps_and_end_at_the_largest() {
        for (samples, capacity) in [(0, 24), (24, 72), (72, 120), (500, 120)] {
            assert_eq!(Column::with_room(samples).capacity(), capacity, "{samples}");
        }
    }

    #[test]
    fn a_column_goes_on_with_whoever_agrees() {
        let column = Column::with_room(0);
        assert!(column.agree(0, 10) && column.agree(1, 20));
        assert!(column.agree(1, 20), "another series at the same time");
        assert!(!column.agree(1, 21), "another time");
        assert!(!column.agree(3, 40), "a gap");
        assert_eq!(column.iter(2).collect::<Vec<_>>(), [10, 20]);
    }

    #[test]
    fn who_turns_away_at_the_same_time_stays_together() {
        let mut columns = Columns::default();
        let begun = columns.begin(10);
        assert!(Arc::ptr_eq(&begun, &columns.begin(10)));
        assert!(begun.agree(0, 10) && begun.agree(1, 20));
        let forks = [(); 2].map(|()| columns.fork(&begun, 1, 25));
        assert!(Arc::ptr_eq(&forks[0], &forks[1]) && !Arc::ptr_eq(&forks[0], &begun));
        assert_eq!(forks[0].iter(2).collect::<Vec<_>>(), [10, 25]);
        let later = columns.fork(&begun, 1, 26);
        assert_eq!(later.iter(2).collect::<Vec<_>>(), [10, 26]);
        assert!(!Arc::ptr_eq(&columns.begin(30), &begun));
    }
}
