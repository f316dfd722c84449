//! Counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::atomic::AtomicF64;
use super::metric::RefusalCells;

/// A running total that only grows; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Counter(pub(super) Arc<CounterCell>);

/// Whole steps go into an integer, which one instruction adds to; the rest
/// into a float.
#[derive(Debug)]
pub(super) struct CounterCell {
    whole: AtomicU64,
    rest: AtomicF64,
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
        self.0.whole.fetch_add(amount, Ordering::Relaxed);
    }

    /// Adds `amount`; NaN, the infinities and negative amounts are left out
    /// and counted as refused.
    pub fn add(&self, amount: f64) {
        if !amount.is_finite() {
            self.0.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
        } else if amount < 0.0 {
            self.0.refusals.negative.fetch_add(1, Ordering::Relaxed);
        } else {
            self.0.rest.add(amount);
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
        Self { whole: AtomicU64::new(0), rest: AtomicF64::default(), refusals }
    }

    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn value(&self) -> f64 {
        self.whole.load(Ordering::Relaxed) as f64 + self.rest.load()
    }

    /// Makes the total `value`; a concurrent increment may be lost.
    pub(super) fn overwrite(&self, value: f64) {
        self.whole.store(0, Ordering::Relaxed);
        self.rest.store(value);
    }
}
