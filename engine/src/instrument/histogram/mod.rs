//! Histograms: classic buckets, exponential ones, or both.

mod guide;
mod native;
mod scale;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

pub(super) use self::guide::Guide;
use self::native::NativeCell;
pub use self::native::NativeCounts;
use super::cells::Words;
use super::exemplar::{Exemplar, Exemplars};
use super::refusals::RefusalCells;
use crate::model::MetricDefinition;

/// The word of the sum.
const SUM: usize = 0;
/// The word of the first bucket.
const BUCKETS: usize = 1;

/// Measurements counted in buckets; cheap to clone, usable on any thread.
#[derive(Debug, Clone)]
pub struct Histogram(pub(super) Arc<HistogramCell>);

/// The bounds, and words of each thread: the sum, then one count a bucket, not
/// cumulative; the last is of what is above every bound.
#[derive(Debug)]
pub(super) struct HistogramCell {
    guide: Guide,
    words: Words,
    native: Option<NativeCell>,
    exemplars: OnceLock<Exemplars>,
    refusals: Arc<RefusalCells>,
}

impl Histogram {
    /// Counts a measurement, in the metric's unit.
    ///
    /// A NaN is left out and counted as refused. An infinite measurement is
    /// counted in its bucket and left out of the sum, which nothing later
    /// would bring back. A negative one counts as any other. Finite ones whose
    /// sum no float can say make it infinite.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Counts `count` measurements of the same value, as
    /// [`observe`](Self::observe) does each; if no float can say what they come
    /// to, they are left out of the sum.
    #[expect(clippy::cast_precision_loss, reason = "a sum is a float; exact up to 2^53")]
    pub fn observe_many(&self, value: f64, count: u64) {
        let sum = value * count as f64;
        if sum.is_finite() {
            self.0.count(value, count, sum);
        } else {
            self.0.observe_odd(value, count);
        }
    }

    /// Counts a measurement, and asks for an exemplar of it if its bucket has
    /// had none since exemplars were last shown: asking costs time, as ids of
    /// traces are text. One with more than 128 characters of labels is left
    /// out and counted as refused.
    #[inline]
    pub fn observe_with(&self, value: f64, exemplar: impl FnOnce() -> Option<Exemplar>) {
        self.0.observe(value);
        self.0.exemplify(value, exemplar);
    }

    /// Says whether [`observe_with`](Self::observe_with) would ask for an
    /// exemplar of this value.
    #[must_use]
    pub fn wants_exemplar(&self, value: f64) -> bool {
        let exemplars = self.0.exemplars.get();
        exemplars.is_none_or(|exemplars| exemplars.wants(self.0.guide.bucket(value)))
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
    pub(super) fn new(
        definition: &MetricDefinition,
        guide: Guide,
        refusals: Arc<RefusalCells>,
    ) -> Self {
        Self {
            words: Words::new(BUCKETS + guide.bounds().len() + 1),
            guide,
            native: definition.native().map(NativeCell::new),
            exemplars: OnceLock::new(),
            refusals,
        }
    }

    #[inline]
    fn observe(&self, value: f64) {
        if value.is_finite() {
            self.count(value, 1, value);
        } else {
            self.observe_odd(value, 1);
        }
    }

    #[inline]
    fn count(&self, value: f64, count: u64, sum: f64) {
        let bucket = BUCKETS + self.guide.bucket(value);
        self.words.change(move |words| {
            words.add(bucket, count);
            words.add_float(SUM, sum);
        });
        if let Some(native) = &self.native {
            native.observe(value, count);
        }
    }

    #[cold]
    fn observe_odd(&self, value: f64, count: u64) {
        if value.is_nan() {
            self.refusals.not_a_number.fetch_add(count, Ordering::Relaxed);
            return;
        }
        self.words.add(BUCKETS + self.guide.bucket(value), count);
        if let Some(native) = &self.native {
            native.observe(value, count);
        }
    }

    fn exemplify(&self, value: f64, exemplar: impl FnOnce() -> Option<Exemplar>) {
        if value.is_nan() {
            return;
        }
        let places = self.guide.bounds().len() + 1;
        let exemplars = self.exemplars.get_or_init(|| Exemplars::new(places));
        exemplars.put(self.guide.bucket(value), value, &self.refusals, exemplar);
    }

    fn buckets(&self) -> impl Iterator<Item = u64> {
        (0..=self.guide.bounds().len()).map(|bucket| self.words.sum(BUCKETS + bucket))
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

    /// Returns the exponential buckets, if the metric has them.
    pub(super) fn native(&self) -> Option<NativeCounts> {
        self.native.as_ref().map(|native| native.read(self.words.sum_floats(SUM)))
    }

    /// Returns the exemplars by the bucket that they are of.
    pub(super) fn exemplars(&self) -> Vec<(usize, Exemplar)> {
        self.exemplars.get().map(Exemplars::show).unwrap_or_default()
    }
}
