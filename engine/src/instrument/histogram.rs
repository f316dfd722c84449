//! Histograms with classic buckets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::atomic::AtomicF64;
use super::metric::RefusalCells;

/// Measurements counted in buckets; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Histogram(pub(super) Arc<HistogramCell>);

/// One count a bucket, not cumulative; the last is of what is above every
/// bound.
#[derive(Debug)]
pub(super) struct HistogramCell {
    bounds: Arc<[f64]>,
    buckets: Box<[AtomicU64]>,
    sum: AtomicF64,
    refusals: Arc<RefusalCells>,
}

impl Histogram {
    /// Counts a measurement, in the metric's unit.
    ///
    /// A NaN is left out and counted as refused. An infinite measurement is
    /// counted in its bucket and left out of the sum, which nothing later
    /// would bring back. A negative one counts as any other.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Returns how many measurements were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// Returns the sum of the finite measurements.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.load()
    }
}

impl HistogramCell {
    pub(super) fn new(bounds: &[f64], refusals: Arc<RefusalCells>) -> Self {
        Self {
            bounds: bounds.into(),
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicF64::default(),
            refusals,
        }
    }

    fn observe(&self, value: f64) {
        if value.is_nan() {
            self.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
            return;
        }
        // Bounds are inclusive: `le`.
        let bucket = self.bounds.partition_point(|&bound| bound < value);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if value.is_finite() {
            self.sum.add(value);
        }
    }

    /// Appends the cumulative buckets, the sum and the count. The count is
    /// the last bucket's; the sum may be ahead or behind by what is being
    /// observed meanwhile.
    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn read(&self, into: &mut Vec<f64>) {
        let mut total = 0;
        for bucket in &self.buckets {
            total += bucket.load(Ordering::Relaxed);
            into.push(total as f64);
        }
        into.push(self.sum.load());
        into.push(total as f64);
    }
}
