//! The words of a block as the calling thread changes them.

use super::atomic::{AtomicU64, Ordering};

/// Words that the calling thread may add to: its own, or shared ones.
#[derive(Clone, Copy)]
pub(in crate::instrument) struct Row<'a> {
    words: &'a [AtomicU64],
    alone: bool,
}

impl<'a> Row<'a> {
    /// Takes words that no other thread writes.
    #[inline]
    pub(super) const fn alone(words: &'a [AtomicU64]) -> Self {
        Self { words, alone: true }
    }

    /// Takes words that other threads write too.
    pub(super) const fn shared(words: &'a [AtomicU64]) -> Self {
        Self { words, alone: false }
    }

    /// Adds to a word, wrapping around; one that is not there is left alone.
    #[inline]
    pub(in crate::instrument) fn add(self, index: usize, amount: u64) {
        self.update(index, |word| word.wrapping_add(amount));
    }

    /// Adds to a word as a float.
    #[inline]
    pub(in crate::instrument) fn add_float(self, index: usize, amount: f64) {
        self.update(index, |word| (f64::from_bits(word) + amount).to_bits());
    }

    #[inline]
    fn update(self, index: usize, step: impl Fn(u64) -> u64) {
        let Some(word) = self.words.get(index) else { return };
        if self.alone {
            // Nobody else writes here: a load and a store are enough.
            word.store(step(word.load(Ordering::Relaxed)), Ordering::Relaxed);
        } else {
            // The closure always has a value.
            let _ =
                word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| Some(step(word)));
        }
    }
}
