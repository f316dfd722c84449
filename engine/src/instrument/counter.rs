//! Counters.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::atomic::AtomicF64;
use super::cells::{Word, Words};
use super::exemplar::{Exemplar, Exemplars};
use super::refusals::RefusalCells;

/// A running total that only grows; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Counter(pub(super) Arc<CounterCell>);

/// Whole steps go into an integer of each thread, the others into a float of
/// each thread, which most counters never have.
#[derive(Debug)]
pub(super) struct CounterCell {
    whole: Words,
    rest: OnceLock<Words>,
    /// What the total was when it was last overwritten, less the sums then.
    base: AtomicF64,
    exemplars: OnceLock<Exemplars>,
    refusals: Arc<RefusalCells>,
}

impl Counter {
    /// Adds 1.
    #[inline]
    pub fn increment(&self) {
        self.increment_by(1);
    }

    /// Adds a whole number. One above 2^63 is what a subtraction leaves that
    /// went below 0: it is left out and counted as refused.
    #[inline]
    pub fn increment_by(&self, amount: u64) {
        if amount <= i64::MAX.cast_unsigned() {
            self.0.whole.add(0, amount);
        } else {
            self.0.refusals.negative.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds `amount`; NaN, the infinities and negative amounts are left out
    /// and counted as refused.
    pub fn add(&self, amount: f64) {
        if !amount.is_finite() {
            self.0.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
        } else if amount < 0.0 {
            self.0.refusals.negative.fetch_add(1, Ordering::Relaxed);
        } else {
            match whole(amount) {
                Some(amount) => self.0.whole.add(0, amount.cast_unsigned()),
                None => self.0.rest().add_float(0, amount),
            }
        }
    }

    /// Adds 1, and asks for an exemplar if there has been none since exemplars
    /// were last shown. One with more than 128 characters of labels is left
    /// out and counted as refused.
    #[inline]
    pub fn increment_with(&self, exemplar: impl FnOnce() -> Option<Exemplar>) {
        self.increment();
        let exemplars = self.0.exemplars.get_or_init(|| Exemplars::new(1));
        exemplars.put(0, 1.0, &self.0.refusals, exemplar);
    }

    /// Makes the total `total` unless it is more already: for what counts
    /// elsewhere and is told here. What is not finite is left out and counted
    /// as refused.
    pub fn raise_to(&self, total: f64) {
        if total.is_finite() {
            self.0.refusals.note_fractions();
            self.0.base.raise_to(total - self.0.counted());
        } else {
            self.0.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the total.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

impl CounterCell {
    pub(super) fn new(refusals: Arc<RefusalCells>) -> Self {
        Self {
            whole: Words::new(1),
            rest: OnceLock::new(),
            base: AtomicF64::default(),
            exemplars: OnceLock::new(),
            refusals,
        }
    }

    pub(super) fn value(&self) -> f64 {
        self.base.load() + self.counted()
    }

    /// Returns the word that has the total, unless something counts elsewhere.
    pub(super) const fn word(&self) -> Option<Word> {
        self.whole.word()
    }

    fn rest(&self) -> &Words {
        self.rest.get_or_init(|| {
            self.refusals.note_fractions();
            Words::new(1)
        })
    }

    /// Returns the sums. That of whole steps has a sign, as a total may be
    /// overwritten twice at once.
    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    fn counted(&self) -> f64 {
        let rest = self.rest.get().map_or(0.0, |rest| rest.sum_floats(0));
        self.whole.sum(0).cast_signed() as f64 + rest
    }

    /// Returns the exemplar, if there is one.
    pub(super) fn exemplars(&self) -> Vec<(usize, Exemplar)> {
        self.exemplars.get().map(Exemplars::show).unwrap_or_default()
    }

    /// Makes the total `value`; a concurrent increment may be lost.
    pub(super) fn overwrite(&self, value: f64) {
        match whole(value - self.value()) {
            Some(step) => self.whole.add_shared(0, step.cast_unsigned()),
            None => {
                self.refusals.note_fractions();
                // A base below 0 may be as large as the count, and would round
                // the fraction away.
                let is_below = value < self.counted() && self.rest.get().is_none();
                if let Some(part) = whole(value.trunc()).filter(|_| is_below) {
                    let step = part.wrapping_sub(self.whole.sum(0).cast_signed());
                    self.whole.add_shared(0, step.cast_unsigned());
                }
                self.base.store(value - self.counted());
            }
        }
    }
}

/// Returns an amount that is a whole number and exact as such.
fn whole(amount: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
    (amount.fract() == 0.0 && amount.abs() < EXACT).then_some(amount as i64)
}
