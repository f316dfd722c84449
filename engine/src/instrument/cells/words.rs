//! Words to count in, wherever they are.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Block, Row, Word};

/// Words that any thread adds to and anybody sums up, all zero at first: a
/// [`Block`], or atomics that all threads share where there is none.
#[derive(Debug)]
pub(in crate::instrument) enum Words {
    /// Words of each thread.
    Each(Block),
    /// So many that no chunk has them, or too late: all blocks are taken.
    Shared(Box<[AtomicU64]>),
}

impl Words {
    /// Makes `len` words.
    pub(in crate::instrument) fn new(len: usize) -> Self {
        Block::new(len).map_or_else(|| Self::shared(len), Self::Each)
    }

    fn shared(len: usize) -> Self {
        Self::Shared((0..len).map(|_| AtomicU64::new(0)).collect())
    }

    /// Lets `change` add to the words, all at the price of one.
    #[inline]
    pub(in crate::instrument) fn change(&self, change: impl FnOnce(Row<'_>)) {
        match self {
            Self::Each(block) => block.change(change),
            Self::Shared(words) => change_shared(words, change),
        }
    }

    /// Adds to the word `index`, wrapping around.
    #[inline]
    pub(in crate::instrument) fn add(&self, index: usize, amount: u64) {
        match self {
            // Most words are alone in their block, and need not be looked for.
            Self::Each(block) if index == 0 => block.add_first(amount),
            _ => self.change(move |words| words.add(index, amount)),
        }
    }

    /// Adds to the word `index` as a float.
    #[inline]
    pub(in crate::instrument) fn add_float(&self, index: usize, amount: f64) {
        self.change(move |words| words.add_float(index, amount));
    }

    /// Adds to the word `index` where all threads may, for who is not a thread
    /// that counts.
    pub(in crate::instrument) fn add_shared(&self, index: usize, amount: u64) {
        match self {
            Self::Each(block) => block.change_shared(|words| words.add(index, amount)),
            Self::Shared(words) => change_shared(words, |words| words.add(index, amount)),
        }
    }

    /// Returns the first word, if it is one of each thread.
    pub(in crate::instrument) const fn word(&self) -> Option<Word> {
        match self {
            Self::Each(block) => Some(block.first()),
            Self::Shared(_) => None,
        }
    }

    /// Returns the word `index`, summed over all threads.
    pub(in crate::instrument) fn sum(&self, index: usize) -> u64 {
        match self {
            Self::Each(block) => block.sum(index),
            Self::Shared(words) => words.get(index).map_or(0, |word| word.load(Ordering::Relaxed)),
        }
    }

    /// Returns the word `index` as a float, summed over all threads.
    pub(in crate::instrument) fn sum_floats(&self, index: usize) -> f64 {
        match self {
            Self::Each(block) => block.sum_floats(index),
            Self::Shared(_) => f64::from_bits(self.sum(index)),
        }
    }
}

#[cold]
fn change_shared(words: &[AtomicU64], change: impl FnOnce(Row<'_>)) {
    change(Row::shared(words));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    /// Miri runs a thousand times as long.
    const ROUNDS: u64 = if cfg!(miri) { 20 } else { 1_000 };

    #[test]
    fn words_that_are_shared_count_as_those_of_each_thread() {
        for words in [Words::new(3), Words::shared(3), Words::new(1_000)] {
            let words = Arc::new(words);
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let words = Arc::clone(&words);
                    thread::spawn(move || {
                        for _ in 0..ROUNDS {
                            words.add(1, 2);
                            words.add_float(2, 0.5);
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(
                (words.sum(0), words.sum(1), words.sum_floats(2)),
                (0, 8 * ROUNDS, ROUNDS as f64 * 2.0)
            );
        }
    }
}
