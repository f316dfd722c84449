//! Handles of the facade that write cells.

use std::sync::Arc;

use keepwatch_engine::instrument::{Counter, Gauge, Handle, Histogram};
use metrics::{CounterFn, GaugeFn, HistogramFn};

/// A handle that the facade holds.
pub(super) struct Bridged<H>(pub(super) H);

impl CounterFn for Bridged<Counter> {
    fn increment(&self, amount: u64) {
        self.0.increment_by(amount);
    }

    #[expect(clippy::cast_precision_loss, reason = "a total is a float; exact up to 2^53")]
    fn absolute(&self, total: u64) {
        self.0.raise_to(total as f64);
    }
}

impl GaugeFn for Bridged<Gauge> {
    fn increment(&self, amount: f64) {
        self.0.add(amount);
    }

    fn decrement(&self, amount: f64) {
        self.0.add(-amount);
    }

    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

impl HistogramFn for Bridged<Histogram> {
    fn record(&self, value: f64) {
        self.0.observe(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.0.observe_many(value, u64::try_from(count).unwrap_or(u64::MAX));
    }
}

impl From<Bridged<Counter>> for metrics::Counter {
    fn from(counter: Bridged<Counter>) -> Self {
        Self::from_arc(Arc::new(counter))
    }
}

impl From<Bridged<Gauge>> for metrics::Gauge {
    fn from(gauge: Bridged<Gauge>) -> Self {
        Self::from_arc(Arc::new(gauge))
    }
}

impl From<Bridged<Histogram>> for metrics::Histogram {
    fn from(histogram: Bridged<Histogram>) -> Self {
        Self::from_arc(Arc::new(histogram))
    }
}

impl<H: Handle> From<H> for Bridged<H> {
    fn from(handle: H) -> Self {
        Self(handle)
    }
}
