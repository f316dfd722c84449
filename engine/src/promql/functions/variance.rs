//! Variances in one pass.

use super::sum::Compensated;

/// The running variance of a population, by Welford's method with compensated
/// sums.
///
/// Source: B. P. Welford, "Note on a method for calculating corrected sums of
/// squares and products", 1962.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CompensatedVariance {
    count: f64,
    mean: Compensated,
    squares: Compensated,
}

impl CompensatedVariance {
    pub(super) fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean.total();
        self.mean.add(delta / self.count);
        self.squares.add(delta * (value - self.mean.total()));
    }

    /// Returns the variance; NaN without a value.
    pub(super) fn variance(self) -> f64 {
        self.squares.total() / self.count
    }
}
