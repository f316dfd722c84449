//! Counters.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::atomic::AtomicF64;
use super::cells::Words;
use super::metric::RefusalCells;

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
    refusals: Arc<RefusalCells>,
}

impl Counter {
    /// Adds 1.
    #[inline]
    pub fn increment(&self) {
        self.increment_by(1);
    }

    /// Adds a whole number.
    #[inline]
    pub fn increment_by(&self, amount: u64) {
        self.0.whole.add(0, amount);
    }

    /// Adds `amount`; NaN, the infinities and negative amounts are left out
    /// and counted as refused.
    pub fn add(&self, amount: f64) {
        if !amount.is_finite() {
            self.0.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
        } else if amount < 0.0 {
            self.0.refusals.negative.fetch_add(1, Ordering::Relaxed);
        } else {
            self.0.rest.get_or_init(|| Words::new(1)).add_float(0, amount);
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
        let (whole, rest) = (Words::new(1), OnceLock::new());
        Self { whole, rest, base: AtomicF64::default(), refusals }
    }

    pub(super) fn value(&self) -> f64 {
        self.base.load() + self.counted()
    }

    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    fn counted(&self) -> f64 {
        let rest = self.rest.get().map_or(0.0, |rest| rest.sum_floats(0));
        self.whole.sum(0) as f64 + rest
    }

    /// Makes the total `value`; a concurrent increment may be lost.
    pub(super) fn overwrite(&self, value: f64) {
        self.base.store(value - self.counted());
    }
}
