//! Who shares columns and slabs with whom.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::column::{Column, LANE_SAMPLES};
use super::slab::{Lane, Slab};
use super::times::Times;

/// The most lanes of a slab: the row of a tick is four cache lines, and one
/// series that stays behind keeps no more than this many lanes in memory.
const LANES_MAX: usize = 32;

/// The most columns of each sort that are remembered.
const REMEMBERED_MAX: usize = 256;

/// What is known of columns by their address. The column is kept with it, so
/// that the address cannot become another's.
type Known<K, V> = HashMap<K, (Arc<Column>, V), RandomState>;

/// Hands out the columns and lanes of one writer, so that series which begin
/// or turn away from a column at the same timestamp share the next column and
/// lie side by side in slabs.
#[derive(Debug)]
pub(super) struct Columns {
    /// What series share that have no open sample.
    none: Lane,
    at: i64,
    /// What lanes that began at `at` are beside.
    fresh: Option<Arc<Column>>,
    /// What came of a column's first samples and `at`.
    forks: Known<(usize, usize), Arc<Column>>,
    /// The encoded forms of columns that were sealed before they were full.
    sealed: Known<(usize, usize), Arc<Times>>,
    /// What columns go on as once their first timestamps are sealed.
    tails: Known<(usize, usize, usize), Arc<Column>>,
    /// The slab beside a column that has lanes left, and how many it gave.
    slabs: Known<usize, (Arc<Slab>, usize)>,
    /// How many slabs there were.
    slabs_begun: u16,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            none: Lane::none(),
            at: 0,
            fresh: None,
            forks: HashMap::default(),
            sealed: HashMap::default(),
            tails: HashMap::default(),
            slabs: HashMap::default(),
            slabs_begun: 0,
        }
    }
}

impl Columns {
    /// Returns the lane of a series that has no open sample.
    pub(super) fn none(&self) -> Lane {
        self.none.clone()
    }

    /// Returns a lane whose first sample is to be at `at`.
    pub(super) fn begin(&mut self, at: i64) -> Lane {
        self.turn(at);
        let fresh = Arc::clone(self.fresh.get_or_insert_default());
        self.lane(&fresh)
    }

    /// Returns a lane beside a column.
    ///
    /// The first slab beside a column has one lane and each next one twice as
    /// many, because nobody knows how many series will come.
    pub(super) fn lane(&mut self, column: &Arc<Column>) -> Lane {
        if self.slabs.len() >= REMEMBERED_MAX {
            self.slabs.clear();
        }
        let begun = &mut self.slabs_begun;
        let mut slab_of = |lanes: usize| {
            let number = *begun;
            *begun = begun.wrapping_add(1);
            Arc::new(Slab::new(Arc::clone(column), lanes, number))
        };
        let known = self.slabs.entry(address(column));
        let (_, (slab, given)) = known.or_insert_with(|| (Arc::clone(column), (slab_of(1), 0)));
        if *given == slab.lanes() {
            *slab = slab_of((2 * slab.lanes()).min(LANES_MAX));
            *given = 0;
        }
        let lane = Lane::of(slab, *given);
        *given += 1;
        lane
    }

    /// Returns a lane with the first `len` samples of `lane`, to be followed
    /// by one at `at`.
    pub(super) fn fork(&mut self, lane: &Lane, len: usize, at: i64) -> Lane {
        self.turn(at);
        let column = lane.column();
        let key = (address(column), len);
        let (_, fork) = self.forks.entry(key).or_insert_with(|| {
            let times = column.iter(len).chain([at]);
            (Arc::clone(column), Column::holding(times))
        });
        let fork = Arc::clone(fork);
        let forked = self.lane(&fork);
        forked.fill(lane.values(len));
        forked
    }

    /// Returns a lane with the samples `from..len` of `lane`.
    pub(super) fn tail(&mut self, lane: &Lane, from: usize, len: usize) -> Lane {
        if self.tails.len() >= REMEMBERED_MAX {
            self.tails.clear();
        }
        let column = lane.column();
        let key = (address(column), from, len);
        let (_, tail) = self.tails.entry(key).or_insert_with(|| {
            let times = column.iter(len).skip(from);
            (Arc::clone(column), Column::holding(times))
        });
        let tail = Arc::clone(tail);
        let moved = self.lane(&tail);
        moved.fill(lane.values(len).skip(from));
        moved
    }

    /// Encodes the first `len` timestamps of a column, once for all series
    /// that seal it there.
    pub(super) fn seal(&mut self, column: &Arc<Column>, len: usize) -> Option<Arc<Times>> {
        if len >= LANE_SAMPLES {
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

    /// Forgets what belongs to another timestamp.
    fn turn(&mut self, at: i64) {
        if self.at != at {
            self.at = at;
            self.fresh = None;
            self.forks.clear();
            // They would keep cells of series that are sealed.
            self.slabs.clear();
        }
    }
}

fn address(column: &Arc<Column>) -> usize {
    Arc::as_ptr(column) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Sample, Timestamp};

    fn sample(at: i64) -> Sample {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Sample::new(Timestamp::from_millis(at), at as f64)
    }

    #[test]
    fn who_turns_away_at_the_same_time_stays_together() {
        let mut columns = Columns::default();
        let begun = [columns.begin(10), columns.begin(10)];
        assert!(Arc::ptr_eq(begun[0].column(), begun[1].column()));
        for lane in &begun {
            assert!(lane.write(0, sample(10)) && lane.write(1, sample(20)));
        }
        let forks = [0, 1].map(|series: usize| columns.fork(&begun[series], 1, 25));
        assert!(Arc::ptr_eq(forks[0].column(), forks[1].column()));
        assert!(!Arc::ptr_eq(forks[0].column(), begun[0].column()));
        for fork in &forks {
            assert_eq!((fork.len(), fork.column().get(1)), (1, Some(25)));
            assert!(fork.write(1, sample(25)));
        }
        assert_eq!(columns.fork(&begun[0], 1, 26).column().get(1), Some(26));
        let tail = columns.tail(&begun[0], 1, 2);
        assert_eq!(tail.iter(9).collect::<Vec<_>>(), [sample(20)]);
        assert!(!Arc::ptr_eq(columns.begin(30).column(), begun[0].column()));
    }

    #[test]
    fn one_series_has_a_slab_of_its_own_and_many_share() {
        let mut columns = Columns::default();
        let lanes: Vec<Lane> = (0..100).map(|_| columns.begin(10)).collect();
        let mut slabs: Vec<usize> = lanes.iter().map(Lane::neighbours).collect();
        slabs.dedup();
        assert_eq!(slabs, [1, 2, 4, 8, 16, 32]);
        assert_eq!(columns.begin(20).neighbours(), 1, "another time");
    }
}
