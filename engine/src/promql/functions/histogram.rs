//! Quantiles and shares of classic histograms: of cumulative counts by upper
//! bounds.

use std::cmp::Ordering;

use super::absence::{ABSENT, is_absent};

/// Counts that differ by less than this share are taken for equal.
const TOLERANCE: f64 = 1e-12;

/// Reads the upper bound in a label `le`, as in `0.1`, `1e3` and `+Inf`.
#[must_use]
pub fn parse_bound(le: &str) -> Option<f64> {
    le.parse().ok()
}

/// What was done to counts that fell from one bucket to the next, which
/// cumulative ones cannot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forced {
    /// The upper bound of the first bucket that was raised.
    pub from: f64,
    /// The upper bound of the last one.
    pub to: f64,
    /// The most by which a count was raised.
    pub difference_max: f64,
}

/// The buckets of one histogram, with their bounds in order.
#[derive(Debug, Clone, Default)]
pub struct Buckets {
    /// Each bound and the index of its series, by bound.
    order: Vec<(f64, usize)>,
    /// The buckets of the step that was loaded last: upper bounds and counts.
    loaded: Vec<(f64, f64)>,
}

/// The buckets of one histogram at one step.
#[derive(Debug, Clone, Copy)]
pub struct Loaded<'a> {
    buckets: &'a [(f64, f64)],
    /// Set if counts had to be raised.
    pub forced: Option<Forced>,
}

impl Buckets {
    /// Creates the buckets of a histogram from the upper bounds of its series,
    /// in any order; several may have the same.
    #[must_use]
    pub fn new(bounds: impl IntoIterator<Item = f64>) -> Self {
        let mut order: Vec<_> =
            bounds.into_iter().enumerate().map(|(index, bound)| (bound, index)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { loaded: Vec::with_capacity(order.len()), order }
    }

    /// Loads the counts of one step: `count` gives that of the series at an
    /// index, in the order of the bounds given to [`Buckets::new`]. Series
    /// without a sample are left out; series of one bound are added up. Counts
    /// that fall are raised to the one before, silently where the difference
    /// is what rounding makes. Returns `None` if no series has a sample.
    pub fn load(&mut self, count: impl Fn(usize) -> f64) -> Option<Loaded<'_>> {
        self.loaded.clear();
        for &(bound, index) in &self.order {
            let count = count(index);
            if is_absent(count) {
                continue;
            }
            match self.loaded.last_mut() {
                Some(last) if last.0 == bound => last.1 += count,
                _ => self.loaded.push((bound, count)),
            }
        }
        if self.loaded.is_empty() {
            return None;
        }
        let forced = force_monotonic(&mut self.loaded);
        Some(Loaded { buckets: &self.loaded, forced })
    }
}

fn force_monotonic(buckets: &mut [(f64, f64)]) -> Option<Forced> {
    let mut forced: Option<Forced> = None;
    let mut highest = buckets.first()?.1;
    for (bound, count) in buckets.iter_mut().skip(1) {
        if *count == highest {
            continue;
        }
        if nearly_equal(*count, highest) {
            *count = highest;
            continue;
        }
        if *count < highest {
            let difference = highest - *count;
            let before =
                forced.get_or_insert(Forced { from: *bound, to: *bound, difference_max: 0.0 });
            before.to = *bound;
            before.difference_max = before.difference_max.max(difference);
            *count = highest;
            continue;
        }
        highest = *count;
    }
    forced
}

/// Says whether two numbers differ by less than the tolerance, as a share of
/// their sum.
fn nearly_equal(a: f64, b: f64) -> bool {
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < TOLERANCE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < TOLERANCE
}

impl Loaded<'_> {
    /// Returns the φ-quantile, interpolated within its bucket, of which the
    /// first one begins at 0 unless it ends below. NaN without a bucket to
    /// +∞, with fewer than two buckets, and without observations. In the last
    /// bucket it is that one's lower bound. φ below 0 gives −∞, above 1 +∞.
    #[must_use]
    pub fn quantile(&self, phi: f64) -> f64 {
        let Some((total, bounded)) = self.total() else { return f64::NAN };
        if phi.is_nan() {
            return f64::NAN;
        }
        if phi < 0.0 {
            return f64::NEG_INFINITY;
        }
        if phi > 1.0 {
            return f64::INFINITY;
        }
        let (Some(&(last_bound, _)), true) = (bounded.last(), total != 0.0) else {
            return f64::NAN;
        };
        let rank = phi * total;
        let index = bounded
            .partition_point(|(_, count)| count.partial_cmp(&rank).is_none_or(Ordering::is_lt));
        let Some(&(end, count)) = bounded.get(index) else { return last_bound };
        match index.checked_sub(1).and_then(|before| bounded.get(before)) {
            Some(&(start, before)) => start + (end - start) * ((rank - before) / (count - before)),
            None if end <= 0.0 => end,
            None => end * (rank / count),
        }
    }

    /// Returns the share of observations between two bounds, interpolated
    /// within their buckets. NaN where there is no bucket to +∞, no
    /// observation, or a bound is NaN; 0 where the bounds are not in order.
    #[must_use]
    pub fn fraction(&self, lower: f64, upper: f64) -> f64 {
        let Some((total, _)) = self.total() else { return f64::NAN };
        if total == 0.0 || total.is_nan() || lower.is_nan() || upper.is_nan() {
            return f64::NAN;
        }
        if lower >= upper {
            return 0.0;
        }
        (self.rank(upper, total) - self.rank(lower, total)) / total
    }

    /// Returns how many observations are estimated to lie below `bound`.
    fn rank(&self, bound: f64, total: f64) -> f64 {
        let first = self.buckets.first().map_or(0.0, |&(end, _)| end);
        let mut start = if first > 0.0 { 0.0 } else { f64::NEG_INFINITY };
        let mut below = 0.0;
        for &(end, count) in self.buckets {
            if bound <= start {
                return below;
            }
            if bound < end {
                if start == f64::NEG_INFINITY {
                    // There is no telling where in it the observations are.
                    return count;
                }
                return (below + (count - below) * ((bound - start) / (end - start))).min(total);
            }
            (start, below) = (end, count);
        }
        total
    }

    /// Returns the number of observations and the buckets with a finite upper
    /// bound; `None` without a bucket to +∞.
    fn total(&self) -> Option<(f64, &[(f64, f64)])> {
        let (&(bound, total), bounded) = self.buckets.split_last()?;
        (bound == f64::INFINITY).then_some((total, bounded))
    }
}

/// Calls `f` with each of `steps` steps at which the histogram has a sample,
/// and its buckets there. `columns` are the series in the order of the bounds
/// given to [`Buckets::new`], a value a step each.
pub fn each_step(
    buckets: &mut Buckets,
    columns: &[&[f64]],
    steps: usize,
    mut f: impl FnMut(usize, Loaded<'_>),
) {
    for step in 0..steps {
        let count = |index: usize| {
            columns.get(index).and_then(|column| column.get(step)).copied().unwrap_or(ABSENT)
        };
        if let Some(loaded) = buckets.load(count) {
            f(step, loaded);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INF: f64 = f64::INFINITY;

    fn near(value: f64, expected: f64, told: &str) {
        let equal = value == expected
            || (value.is_nan() && expected.is_nan())
            || (value - expected).abs() <= 1e-12 * expected.abs();
        assert!(equal, "{told}: {value}, expected {expected}");
    }

    fn check_quantiles(buckets: &[(f64, f64)], expected: &[(f64, f64)]) {
        let mut known = Buckets::new(buckets.iter().map(|bucket| bucket.0));
        let loaded = known.load(|index| buckets[index].1).unwrap();
        for &(phi, value) in expected {
            near(loaded.quantile(phi), value, &format!("{phi} of {buckets:?}"));
        }
    }

    fn check_fraction(buckets: &[(f64, f64)], lower: f64, upper: f64, expected: f64) {
        let mut known = Buckets::new(buckets.iter().map(|bucket| bucket.0));
        let loaded = known.load(|index| buckets[index].1).unwrap();
        let told = format!("{lower} to {upper} of {buckets:?}");
        near(loaded.fraction(lower, upper), expected, &told);
    }

    #[test]
    fn quantiles_are_interpolated() {
        check_quantiles(
            &[(0.0, 0.0), (0.1, 50.0), (0.2, 70.0), (1.0, 110.0), (INF, 110.0)],
            &[(0.0, 0.0), (0.25, 0.055), (0.5, 0.125), (0.75, 0.45), (1.0, 1.0)],
        );
        check_quantiles(
            &[(-0.2, 10.0), (-0.1, 20.0), (0.3, 20.0), (INF, 30.0)],
            &[(0.0, -0.2), (0.2, -0.2), (0.5, -0.15), (0.8, 0.3), (1.0, 0.3)],
        );
        check_quantiles(
            &[(0.1, 50.0), (0.2, 70.0), (1.0, 110.0), (INF, 120.0)],
            &[
                (0.0, 0.0),
                (0.2, 0.048),
                (0.8, 0.72),
                (1.0, 1.0),
                (-0.1, -INF),
                (1.01, INF),
                (f64::NAN, f64::NAN),
            ],
        );
        let equal = [(0.1, 1.0), (0.2, 1.0), (0.2, 1.0), (0.2, 1.0), (INF, 4.0)];
        check_quantiles(&equal, &[(0.5, 0.15), (0.75, 0.2), (1.0, 0.2)]);
    }

    #[test]
    fn what_is_no_histogram_has_no_quantile() {
        check_quantiles(&[(INF, 5.0)], &[(0.5, f64::NAN), (2.0, INF)]);
        check_quantiles(&[(1.0, 5.0), (2.0, 6.0)], &[(0.5, f64::NAN), (2.0, f64::NAN)]);
        check_quantiles(&[(1.0, 0.0), (INF, 0.0)], &[(0.5, f64::NAN)]);
        check_quantiles(&[(1.0, 5.0), (INF, f64::NAN)], &[(0.5, 1.0)]);
        assert!(Buckets::new([1.0, INF]).load(|_| ABSENT).is_none());
        assert!(Buckets::new([]).load(|_| 1.0).is_none());
    }

    #[test]
    fn counts_that_fall_are_raised() {
        let bounds = [0.1, 1.0, 10.0, 100.0, 1000.0, INF];
        let mut buckets = Buckets::new(bounds);
        let loaded = buckets.load(|index| [20.0, 10.0, 50.0, 40.0, 90.0, 80.0][index]).unwrap();
        assert_eq!(loaded.forced, Some(Forced { from: 1.0, to: INF, difference_max: 10.0 }));
        near(loaded.quantile(0.01), 0.0045, "0.01");
        near(loaded.quantile(0.5), 8.5, "0.5");
        near(loaded.quantile(0.99), 979.75, "0.99");
        let rounded = buckets.load(|index| [1.0, 1.0 - 1e-13, 2.0, 2.0, 2.0, 2.0][index]).unwrap();
        assert_eq!(rounded.forced, None);
    }

    #[test]
    fn series_without_a_sample_are_left_out() {
        let mut buckets = Buckets::new([INF, 1.0, 2.0]);
        let loaded = buckets.load(|index| [4.0, ABSENT, 2.0][index]).unwrap();
        near(loaded.quantile(0.25), 1.0, "0.25");
    }

    #[test]
    fn each_step_has_the_buckets_that_are_there() {
        let mut buckets = Buckets::new([INF, 1.0]);
        let columns: [&[f64]; 2] = [&[4.0, 8.0, ABSENT, 2.0], &[2.0, ABSENT, ABSENT]];
        let mut medians = [ABSENT; 5];
        each_step(&mut buckets, &columns, 5, |step, loaded| medians[step] = loaded.quantile(0.5));
        near(medians[0], 1.0, "both");
        for step in [1, 3] {
            assert!(medians[step].is_nan() && !is_absent(medians[step]), "one bucket");
        }
        assert!(is_absent(medians[2]) && is_absent(medians[4]));
    }

    #[test]
    fn fractions_are_interpolated() {
        let positive = [(1.0, 1.0), (2.0, 3.0), (3.0, 6.0), (INF, 100.0)];
        check_fraction(&positive, 0.0, 1.5, 0.02);
        check_fraction(&positive, 4.0, 5.0, 0.0);
        check_fraction(&positive, 2.0, 5.0, 0.03);
        check_fraction(&positive, 400.0, INF, 0.94);
        check_fraction(&positive, -INF, INF, 1.0);
        check_fraction(&positive, 2.0, 2.0, 0.0);
        check_fraction(&positive, 3.0, 2.0, 0.0);
        check_fraction(&positive, 0.5, 2.0, 0.025);
        check_fraction(&positive, -10.0, -5.0, 0.0);
        check_fraction(&positive, f64::NAN, 1.0, f64::NAN);
        check_fraction(&positive[..3], 0.0, 1.0, f64::NAN);
        let negative = [(-3.0, 10.0), (-2.0, 12.0), (-1.0, 15.0), (INF, 100.0)];
        check_fraction(&negative, -4.0, -2.0, 0.02);
        check_fraction(&negative, -INF, -1.5, 0.135);
        check_fraction(&negative, 0.0, 1.0, 0.0);
        let crossing = [(-2.0, 5.0), (-1.0, 10.0), (0.0, 15.0), (1.0, 20.0), (INF, 100.0)];
        check_fraction(&crossing, -1.0, 1.0, 0.1);
        check_fraction(&[(INF, 100.0)], 0.0, 1.0, 0.0);
        check_fraction(&[(0.5, 2.5), (1.0, 7.5), (INF, 100.0)], 0.1, 0.75, 0.045);
        check_fraction(&[(1.0, 0.0), (INF, 0.0)], 0.0, 5.0, f64::NAN);
    }

    #[test]
    fn bounds_are_read_as_they_are_written() {
        for (text, bound) in [("+Inf", INF), ("inf", INF), (".2", 0.2), ("1e0", 1.0)] {
            assert_eq!(parse_bound(text), Some(bound), "{text}");
        }
        for text in ["", "Hello World", "0.1s"] {
            assert_eq!(parse_bound(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_fraction_below_a_quantile_is_its_share(
            counts in prop::collection::vec(1.0_f64..100.0, 1..8),
            phi in 0.0_f64..1.0,
        ) {
            let bounds: Vec<f64> = (0..counts.len()).map(|index| f64::from(index as u32 + 1)).collect();
            let mut buckets = Buckets::new(bounds.iter().copied().chain([INF]));
            let mut seen = 0.0;
            let cumulative: Vec<f64> = counts.iter().map(|count| { seen += count; seen }).collect();
            let loaded = buckets.load(|index| *cumulative.get(index).unwrap_or(&seen)).unwrap();
            let value = loaded.quantile(phi);
            prop_assert!((loaded.fraction(-INF, value) - phi).abs() < 1e-9, "{} at {}", phi, value);
        }
    }
}
