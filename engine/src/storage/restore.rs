//! Filling a store with the samples that are on disk, on two threads.

use std::thread;

use super::columns::Columns;
use super::slot::Slot;
use super::store::Store;
use crate::model::Sample;

/// How many consecutive ids belong to the same share.
const BLOCK: usize = 1_024;

/// So many samples wait in a share before they are added: enough that the
/// start of a thread does not matter.
const FULL: usize = 1 << 16;

/// Samples on their way into a store.
///
/// A series belongs to one share for ever, because series that share a column
/// of timestamps are to have one writer. Each share keeps the order.
#[derive(Debug, Default)]
pub(super) struct Restore {
    even: Share,
    odd: Share,
}

#[derive(Debug, Default)]
struct Share {
    waiting: Vec<Waiting>,
    columns: Columns,
}

#[derive(Debug)]
struct Waiting {
    id: u32,
    amend: bool,
    sample: Sample,
}

impl Restore {
    /// Lets a sample wait for the next flush; `amend` lets it replace the
    /// series' newest if that has the same time.
    #[inline]
    pub(super) fn push(&mut self, id: u32, sample: Sample, amend: bool) {
        let is_even = (id as usize / BLOCK).is_multiple_of(2);
        let share = if is_even { &mut self.even } else { &mut self.odd };
        share.waiting.push(Waiting { id, amend, sample });
    }

    /// Adds what waits, if it is much.
    pub(super) fn flush_if_full(&mut self, store: &mut Store) {
        if self.even.waiting.len().max(self.odd.waiting.len()) >= FULL {
            self.flush(store);
        }
    }

    /// Adds what waits; series that are gone lose theirs.
    pub(super) fn flush(&mut self, store: &mut Store) {
        let (mut even, mut odd) = (Vec::new(), Vec::new());
        let mut blocks = store.slots.chunks_mut(BLOCK);
        while let Some(block) = blocks.next() {
            even.push(block);
            odd.extend(blocks.next());
        }
        let (here, there) = (&mut self.even, &mut self.odd);
        if here.waiting.is_empty() || there.waiting.is_empty() {
            here.add_to(&mut even);
            there.add_to(&mut odd);
            return;
        }
        thread::scope(|scope| {
            let add = || there.add_to(&mut odd);
            let builder = thread::Builder::new().name("restore".into());
            // The scope waits for it.
            let _ = builder.spawn_scoped(scope, add);
            here.add_to(&mut even);
        });
        // Where the system has no more threads to give, they still wait.
        self.odd.add_to(&mut odd);
    }

    /// Adds what waits and leaves the store as one that was never shared.
    pub(super) fn finish(&mut self, store: &mut Store) {
        self.flush(store);
        store.columns = std::mem::take(&mut self.even.columns);
    }
}

impl Share {
    /// Adds what waits to the blocks of this share.
    fn add_to(&mut self, blocks: &mut [&mut [Option<Slot>]]) {
        for Waiting { id, amend, sample } in self.waiting.drain(..) {
            let place = id as usize;
            let block = blocks.get_mut(place / BLOCK / 2);
            if let Some(Some(slot)) = block.and_then(|block| block.get_mut(place % BLOCK)) {
                slot.restore(sample, amend, &mut self.columns);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Labels, TimeRange, Timestamp};
    use crate::storage::{Identity, Ledger, Selector, Serial, StoreConfig};

    fn sample(at: i64, value: u32) -> Sample {
        Sample::new(Timestamp::from_millis(at), f64::from(value))
    }

    #[test]
    fn both_shares_end_in_the_store_and_its_successors_have_them() {
        let ledger = Arc::new(Ledger::new());
        let mut store = Store::recover(Arc::clone(&ledger), StoreConfig::default()).0;
        let metric: Arc<str> = "m".into();
        let series = 3 * BLOCK as u32;
        for serial in 1..=series {
            let labels = Labels::new([("n", serial.to_string())]).unwrap();
            let name = Arc::clone(&metric);
            let identity = Identity { metric: Arc::clone(&metric), name, labels };
            assert_eq!(store.restore(Serial(serial), identity), Some(serial - 1));
        }
        let mut restore = Restore::default();
        for at in 1..=150 {
            (0..series).for_each(|id| restore.push(id, sample(at, id), false));
            restore.flush_if_full(&mut store);
        }
        for id in 0..series {
            // What is there stays, the newest can be amended, and what is late
            // finds its place.
            restore.push(id, sample(150, 7), false);
            restore.push(id, sample(150, 8), true);
            restore.push(id, sample(0, 9), false);
        }
        restore.finish(&mut store);
        store.hand_over();

        for successor in ["the first goes on", "the second copies"] {
            let (store, recovery) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
            let expected = (series as usize, series as usize * 151);
            assert_eq!((recovery.series, recovery.samples), expected, "{successor}");
            let found = store.snapshot(&Selector::metric(Arc::clone(&metric)), TimeRange::ALL);
            let mut reader = found.reader(TimeRange::ALL);
            assert_eq!(found.len(), series as usize, "{successor}");
            for view in found.iter() {
                let id = view.labels().get("n").unwrap().parse::<u32>().unwrap() - 1;
                let mut samples = Vec::new();
                reader.read(view, &mut samples);
                let mut expected = vec![sample(0, 9)];
                expected.extend((1..150).map(|at| sample(at, id)));
                expected.push(sample(150, 8));
                assert_eq!(samples, expected, "{successor}, series {id}");
            }
        }
    }
}
