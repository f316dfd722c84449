//! Histograms with classic buckets.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cells::Words;
use super::metric::RefusalCells;

/// The word of the sum.
const SUM: usize = 0;
/// The word of the first bucket.
const BUCKETS: usize = 1;

/// The most bounds that a value is compared with all of.
const COMPARED_MAX: usize = 32;

/// Measurements counted in buckets; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Histogram(pub(super) Arc<HistogramCell>);

/// The bounds, and words of each thread: the sum, then one count a bucket, not
/// cumulative; the last is of what is above every bound.
#[derive(Debug)]
pub(super) struct HistogramCell {
    bounds: Arc<[f64]>,
    words: Words,
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
        self.0.buckets().sum()
    }

    /// Returns the sum of the finite measurements.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.words.sum_floats(SUM)
    }
}

impl HistogramCell {
    pub(super) fn new(bounds: &[f64], refusals: Arc<RefusalCells>) -> Self {
        Self { bounds: bounds.into(), words: Words::new(BUCKETS + bounds.len() + 1), refusals }
    }

    fn observe(&self, value: f64) {
        if value.is_nan() {
            self.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.words.add(BUCKETS + self.bucket(value), 1);
        if value.is_finite() {
            self.words.add_float(SUM, value);
        }
    }

    /// Returns the bucket of a value; bounds are inclusive: `le`.
    #[inline]
    fn bucket(&self, value: f64) -> usize {
        let is_below = |bound: &f64| *bound < value;
        if self.bounds.len() <= COMPARED_MAX {
            // Comparing with all bounds takes no branch. A search takes some,
            // and of values in no order half of them are mispredicted.
            return self.bounds.iter().map(|bound| usize::from(is_below(bound))).sum();
        }
        self.bounds.partition_point(is_below)
    }

    fn buckets(&self) -> impl Iterator<Item = u64> {
        (0..=self.bounds.len()).map(|bucket| self.words.sum(BUCKETS + bucket))
    }

    /// Appends the cumulative buckets, the sum and the count. The count is
    /// the last bucket's; the sum may be ahead or behind by what is being
    /// observed meanwhile.
    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn read(&self, into: &mut Vec<f64>) {
        let mut total = 0;
        for count in self.buckets() {
            total += count;
            into.push(total as f64);
        }
        into.push(self.words.sum_floats(SUM));
        into.push(total as f64);
    }
}
