use std::cell::RefCell;
use std::sync::{Arc, Barrier};
use std::thread;

use super::*;

/// Miri runs a thousand times as long.
const ROUNDS: u64 = if cfg!(miri) { 20 } else { 10_000 };
const THREADS: u64 = if cfg!(miri) { 20 } else { 1_000 };

impl Block {
    fn add(&self, index: usize, amount: u64) {
        self.change(|words| words.add(index, amount));
    }

    fn add_float(&self, index: usize, amount: f64) {
        self.change(|words| words.add_float(index, amount));
    }
}

#[test]
fn what_threads_count_is_added_up_exactly() {
    let block = Arc::new(Block::new(3).unwrap());
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (block, barrier) = (Arc::clone(&block), Arc::clone(&barrier));
            thread::spawn(move || {
                barrier.wait();
                for step in 0..ROUNDS {
                    block.add(0, 1);
                    block.add(1, step);
                    block.add_float(2, 0.5);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((block.sum(0), block.sum(1)), (8 * ROUNDS, 8 * ROUNDS * (ROUNDS - 1) / 2));
    assert_eq!(block.sum_floats(2), ROUNDS as f64 * 4.0);
}

#[test]
fn many_short_threads_leave_their_counts_and_share_few_slabs() {
    let block = Arc::new(Block::new(1).unwrap());
    let before = Slab::all().count();
    for _ in 0..THREADS {
        let block = Arc::clone(&block);
        thread::spawn(move || (0..100).for_each(|_| block.add(0, 1))).join().unwrap();
    }
    assert_eq!(block.sum(0), THREADS * 100);
    // Other tests have threads too.
    assert!(Slab::all().count() - before < 100);
}

#[test]
fn a_block_that_is_used_again_begins_at_zero() {
    let mut seen = std::collections::BTreeSet::new();
    let mut again = 0;
    for _ in 0..THREADS {
        let block = Arc::new(Block::new(5).unwrap());
        assert_eq!((0..8).map(|index| block.sum(index)).sum::<u64>(), 0);
        let other = Arc::clone(&block);
        thread::spawn(move || (0..8).for_each(|index| other.add(index, 7))).join().unwrap();
        (0..8).for_each(|index| block.add(index, 1));
        assert_eq!((0..8).map(|index| block.sum(index)).collect::<Vec<_>>(), [8; 8]);
        again += u64::from(!seen.insert(block.start));
    }
    assert!(again + 100 > THREADS, "{again}");
}

#[test]
fn blocks_share_no_word() {
    let lens = [1, 2, 3, 14, 16, 100, 128, 1, 1];
    let blocks: Vec<Block> = lens.iter().map(|len| Block::new(*len).unwrap()).collect();
    for (number, block) in (1..).zip(&blocks) {
        for index in 0..1 << block.class {
            block.add(index, number);
        }
    }
    for (number, block) in (1..).zip(&blocks) {
        for index in 0..1 << block.class {
            assert_eq!(block.sum(index), number);
        }
        // Beyond the end is nothing, not another's first word.
        block.add(1 << block.class, 1);
    }
    assert!(Block::new(CHUNK_AND_ONE).is_none());
}

const CHUNK_AND_ONE: usize = super::slab::CHUNK + 1;

/// Counts when the thread ends.
struct Late(Arc<Block>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0.add(0, 1);
        self.0.add_float(1, 0.25);
    }
}

thread_local! {
    static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
}

#[test]
fn what_destructors_of_other_thread_locals_count_is_not_lost() {
    let block = Arc::new(Block::new(2).unwrap());
    for write_first in [false, true] {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let block = Arc::clone(&block);
                thread::spawn(move || {
                    // Thread-locals go in the order in which they came, or
                    // against it: both are tried.
                    if write_first {
                        block.add(0, 0);
                    }
                    LATE.set(Some(Late(Arc::clone(&block))));
                    block.add(0, 1);
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
    assert_eq!((block.sum(0), block.sum_floats(1)), (32, 4.0));
}
