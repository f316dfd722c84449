//! Sums that lose little: Neumaier's compensated sum, and sums over many
//! windows of one series.

/// A running sum with the part that rounding took away.
///
/// Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation
/// endlicher Summen", 1974. As in Prometheus, an infinite sum has no
/// compensation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    /// Creates a sum of one value.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self { sum: value, lost: 0.0 }
    }

    /// Adds a value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let (sum, lost) = two_sum(self.sum, value);
        self.lost += lost;
        self.sum = sum;
    }

    /// Returns the sum.
    #[must_use]
    pub fn total(self) -> f64 {
        if self.sum.is_infinite() { self.sum } else { self.sum + self.lost }
    }
}

/// Returns a sum and exactly what rounding took from it; the latter is NaN
/// where the sum is infinite.
///
/// Source: the TwoSum of O. Møller, 1965, and D. E. Knuth, which needs no
/// comparison of the two.
#[inline]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

impl Extend<f64> for Compensated {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.add(value));
    }
}

impl FromIterator<f64> for Compensated {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut sum = Self::default();
        sum.extend(values);
        sum
    }
}

/// A running mean. As in Prometheus it is the compensated sum by the count;
/// when the sum overflows, the mean goes on incrementally from there.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Mean {
    /// The sum, or the mean itself once `incremental`.
    sum: Compensated,
    count: f64,
    incremental: bool,
}

impl Mean {
    /// Adds a value.
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        if !self.incremental {
            let mut sum = self.sum;
            sum.add(value);
            if !sum.sum.is_infinite() || self.count == 1.0 {
                self.sum = sum;
                return;
            }
            let before = self.count - 1.0;
            self.incremental = true;
            self.sum = Compensated { sum: self.sum.sum / before, lost: self.sum.lost / before };
        }
        let share = (self.count - 1.0) / self.count;
        self.sum = Compensated { sum: self.sum.sum * share, lost: self.sum.lost * share };
        self.sum.add(value / self.count);
    }

    /// Returns the mean; NaN without a value.
    #[must_use]
    pub fn mean(self) -> f64 {
        let Compensated { sum, lost } = self.sum;
        if self.incremental {
            return self.sum.total();
        }
        if sum.is_infinite() { sum } else { sum / self.count + lost / self.count }
    }
}

/// The sums of all prefixes of a series, from which the sum of any window
/// takes one subtraction.
///
/// Each prefix is kept in two parts, of which the second holds what rounding
/// takes from the first. The difference of two prefixes is taken only where
/// its error is below that of a compensated sum of the window itself; the
/// caller sums the window where it is not, such as next to values that are
/// larger by many orders of magnitude, or not finite.
#[derive(Debug, Clone, Default)]
pub(super) struct PrefixSums {
    /// The sum of the first `i` values at index `i`.
    prefixes: Vec<(f64, f64)>,
    /// What the magnitude of a difference has to exceed.
    least: f64,
}

impl PrefixSums {
    pub(super) fn prepare(&mut self, values: impl Iterator<Item = f64>) {
        self.prefixes.clear();
        let (mut sum, mut lost, mut magnitude) = (0.0_f64, 0.0, 0.0);
        self.prefixes.push((sum, lost));
        for value in values {
            let (next, rounding) = two_sum(sum, value);
            lost += rounding;
            sum = next;
            magnitude += value.abs();
            self.prefixes.push((sum, lost));
        }
        // The second parts err by less than n² ε² Σ|x|, with ε = 2⁻⁵³.
        #[expect(clippy::cast_precision_loss, reason = "a bound, not a count")]
        let count = self.prefixes.len() as f64;
        self.least = magnitude * count * count * 2.0_f64.powi(-50);
    }

    /// Returns the sum of the values `lo..hi`; `None` if it would not be
    /// exact enough, or the indices are not of the series.
    pub(super) fn between(&self, lo: usize, hi: usize) -> Option<f64> {
        let (sum_lo, lost_lo) = *self.prefixes.get(lo)?;
        let (sum_hi, lost_hi) = *self.prefixes.get(hi)?;
        let sum = (sum_hi - sum_lo) + (lost_hi - lost_lo);
        // False where the bound is NaN; a bound of zero means zeros only.
        (sum.abs() > self.least || self.least == 0.0).then_some(sum)
    }
}
