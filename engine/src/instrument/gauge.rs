//! Gauges.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::atomic::AtomicF64;
use super::metric::RefusalCells;

/// A value that goes up and down; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Gauge(pub(super) Arc<GaugeCell>);

#[derive(Debug)]
pub(super) struct GaugeCell {
    value: AtomicF64,
    refusals: Arc<RefusalCells>,
}

impl Gauge {
    /// Sets the value; any float is one.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.value.store(value);
    }

    /// Adds `amount`, which may be negative. NaN and the infinities are left
    /// out and counted as refused, as no later step would bring the value
    /// back.
    pub fn add(&self, amount: f64) {
        if amount.is_finite() {
            self.0.value.add(amount);
        } else {
            self.0.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds 1.
    pub fn increment(&self) {
        self.0.value.add(1.0);
    }

    /// Subtracts 1.
    pub fn decrement(&self) {
        self.0.value.add(-1.0);
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

impl GaugeCell {
    pub(super) fn new(refusals: Arc<RefusalCells>) -> Self {
        Self { value: AtomicF64::default(), refusals }
    }

    pub(super) fn value(&self) -> f64 {
        self.value.load()
    }
}
