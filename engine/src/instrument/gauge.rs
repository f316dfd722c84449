//! Gauges.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use super::atomic::AtomicF64;
use super::cells::Words;
use super::refusals::RefusalCells;

/// A value that goes up and down; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Gauge(pub(super) Arc<GaugeCell>);

/// What was set is one float of all threads, as the last one to write wins.
/// What is in flight goes up and down by one, which each thread can count for
/// itself; most gauges never have that.
#[derive(Debug)]
pub(super) struct GaugeCell {
    value: AtomicF64,
    in_flight: OnceLock<Words>,
    refusals: Arc<RefusalCells>,
}

impl Gauge {
    /// Sets the value; any float is one. What is [in flight](Self::in_flight)
    /// comes on top.
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

    /// Counts something as in flight until the guard is dropped, on whatever
    /// thread and even by a panic. Costs what a counter's increment does, each
    /// way.
    #[inline]
    #[must_use = "it is in flight for as long as the guard is kept"]
    pub fn in_flight(&self) -> InFlight {
        self.enter();
        InFlight(self.clone())
    }

    /// Counts something as in flight until [`leave`](Self::leave): for who has
    /// a guard of its own. A guard of [`in_flight`](Self::in_flight) holds a
    /// handle, whose count all threads share.
    #[inline]
    pub fn enter(&self) {
        self.0.step(1);
    }

    /// Ends what [`enter`](Self::enter) began, on whatever thread.
    #[inline]
    pub fn leave(&self) {
        self.0.step(u64::MAX);
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0.value()
    }
}

/// Something that a gauge counts as in flight; made by [`Gauge::in_flight`].
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl GaugeCell {
    pub(super) fn new(refusals: Arc<RefusalCells>) -> Self {
        Self { value: AtomicF64::default(), in_flight: OnceLock::new(), refusals }
    }

    /// Adds to what is in flight; the words wrap around, so that the greatest
    /// number takes one away.
    #[inline]
    fn step(&self, amount: u64) {
        self.in_flight.get_or_init(|| Words::new(1)).add(0, amount);
    }

    fn count_in_flight(&self) -> i64 {
        self.in_flight.get().map_or(0, |words| words.sum(0).cast_signed())
    }

    /// Says whether something is in flight.
    pub(super) fn has_in_flight(&self) -> bool {
        self.count_in_flight() != 0
    }

    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn value(&self) -> f64 {
        self.value.load() + self.count_in_flight() as f64
    }

    /// Makes the value `value`, what is in flight included.
    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn overwrite(&self, value: f64) {
        let in_flight = self.count_in_flight();
        self.value.store(if in_flight == 0 { value } else { value - in_flight as f64 });
    }
}
