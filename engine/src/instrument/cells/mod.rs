//! Words that every thread counts in for itself.
//!
//! An increment of a shared atomic costs a locked instruction, and between
//! threads the transfer of a cache line. Here each thread has a [`slab`] of
//! words of its own; a [`Block`] is the same few words in all of them. A
//! thread adds to its own word by a plain load and store, and the sum over all
//! slabs is the block's value.
//!
//! - Nothing is lost when a thread ends: its slab goes, with what it counted,
//!   to the next thread that begins.
//! - Nothing is folded or reset while anybody may write, so sums are exact:
//!   whoever has seen a thread end has its counts.
//! - A block is held by its cell. The last handle's drop sets its words to zero
//!   and frees them; as writing needs a handle, nobody can write meanwhile, and
//!   no stale handle can ever write into what the words become next.
//! - What runs in the destructors of other thread-locals, after the thread's
//!   slab has gone, adds to one slab that all share, by locked instructions.
//!
//! The order of memory that this rests on is tried out in every interleaving
//! by `loom/`, which compiles [`row`] and [`tenancy`] as they are.
//!
//! The slabs belong to the process, as threads do: this is the one global of
//! the engine. Nothing in it can be seen but through the handles of a
//! catalogue.

mod allocate;
mod row;
mod slab;
mod tenancy;
#[cfg(test)]
mod tests;
mod thread;
mod version;
mod words;

// `loom/` compiles `row`, `tenancy` and `version` with atomics of its own.
use std::sync::atomic;

pub(super) use self::row::Row;
use self::slab::Slab;
pub(super) use self::version::Version;
pub(super) use self::words::Words;

/// Words of the same place in every thread's slab, all zero at first. Not
/// cheap to read: a read goes over all slabs.
#[derive(Debug)]
pub(in crate::instrument) struct Block {
    start: u32,
    class: u8,
}

impl Block {
    /// Allocates a block of `len` words; `None` if it is larger than a chunk,
    /// or if all words are taken.
    pub(super) fn new(len: usize) -> Option<Self> {
        let class = allocate::class(len)?;
        Some(Self { start: allocate::take(class)?, class })
    }

    /// Adds to the first word of the calling thread, wrapping around.
    #[inline]
    pub(super) fn add_first(&self, amount: u64) {
        thread::add(self.start, amount);
    }

    /// Lets `change` add to the words of the calling thread.
    #[inline]
    pub(super) fn change(&self, change: impl FnOnce(Row<'_>)) {
        thread::change(self.start, 1 << self.class, change);
    }

    /// Lets `change` add to the words that all threads share.
    pub(super) fn change_shared(&self, change: impl FnOnce(Row<'_>)) {
        change(Row::shared(Slab::shared().words(self.start, 1 << self.class)));
    }

    /// Returns the first word.
    pub(super) const fn first(&self) -> Word {
        Word(self.start)
    }

    /// Returns the sum of the words `index` of all threads.
    pub(super) fn sum(&self, index: usize) -> u64 {
        let word = self.word(index);
        Slab::all().filter_map(|slab| slab.peek(word)).fold(0, u64::wrapping_add)
    }

    /// Returns the sum of the words `index` of all threads as floats.
    pub(super) fn sum_floats(&self, index: usize) -> f64 {
        let word = self.word(index);
        Slab::all().filter_map(|slab| slab.peek(word)).map(f64::from_bits).sum()
    }

    fn word(&self, index: usize) -> u32 {
        let last = (1_usize << self.class) - 1;
        // The last word of a chunk has the greatest index, so it fits.
        self.start + u32::try_from(index.min(last)).unwrap_or(0)
    }
}

/// A word of all threads, wherever its block is. Whoever reads it must know
/// that the block is still the one that was meant.
#[derive(Debug, Clone, Copy)]
pub(in crate::instrument) struct Word(u32);

impl Word {
    /// Appends the sums of many words over all threads: slab by slab, with
    /// nothing between two words that a processor would have to wait for.
    pub(in crate::instrument) fn sums(
        words: impl ExactSizeIterator<Item = Self> + Clone,
        into: &mut Vec<u64>,
    ) {
        let first = into.len();
        into.resize(first + words.len(), 0);
        for slab in Slab::all() {
            let sums = into.iter_mut().skip(first);
            for (sum, word) in sums.zip(words.clone()) {
                *sum = sum.wrapping_add(slab.peek(word.0).unwrap_or(0));
            }
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        for index in 0..1_usize << self.class {
            let word = self.word(index);
            Slab::all().for_each(|slab| slab.clear(word));
        }
        allocate::give_back(self.class, self.start);
    }
}
