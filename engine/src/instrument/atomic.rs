//! A 64-bit float that threads share.

use std::sync::atomic::{AtomicU64, Ordering};

/// An atomic `f64`. All orders are relaxed: a cell's value publishes nothing
/// but itself.
#[derive(Debug, Default)]
pub(super) struct AtomicF64(AtomicU64);

impl AtomicF64 {
    pub(super) const fn new(value: f64) -> Self {
        Self(AtomicU64::new(value.to_bits()))
    }

    pub(super) fn load(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn store(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, amount: f64) {
        self.update(|value| value + amount);
    }

    pub(super) fn lower_to(&self, value: f64) {
        if value < self.load() {
            self.update(|current| current.min(value));
        }
    }

    pub(super) fn raise_to(&self, value: f64) {
        if value > self.load() {
            self.update(|current| current.max(value));
        }
    }

    fn update(&self, step: impl Fn(f64) -> f64) {
        let mut current = self.0.load(Ordering::Relaxed);
        loop {
            let next = step(f64::from_bits(current)).to_bits();
            match self.0.compare_exchange_weak(current, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(other) => current = other,
            }
        }
    }
}
