//! Quantiles of values and of buckets.

/// Returns the `q`-quantile of values sorted upwards, with linear
/// interpolation between the nearest ranks (type 7). `None` without values.
pub(super) fn of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let rank = q.clamp(0.0, 1.0) * last as f64;
    let below = rank.floor() as usize;
    let low = *sorted.get(below)?;
    let high = *sorted.get(below + 1).unwrap_or(&low);
    let share = rank - below as f64;
    // An exact rank and equal neighbours are cases of their own: an infinity
    // times nothing, or less another, is no number.
    Some(if share == 0.0 || low == high { low } else { low + (high - low) * share })
}

/// Returns the `q`-quantile of a histogram from its buckets: upper bounds that
/// grow, the last one +Inf, with the cumulative count of each. `None` without
/// a measurement.
///
/// The rules are those of Prometheus' `histogram_quantile`: linear inside a
/// bucket; the second-highest bound for what lies above it; the first bucket
/// starts at zero, or is its bound if that is not positive; counts are made
/// to grow.
pub(super) fn of_buckets(buckets: &[(f64, f64)], q: f64) -> Option<f64> {
    let (top, total) = *buckets.last()?;
    if buckets.len() < 2 || top != f64::INFINITY || total <= 0.0 || total.is_nan() {
        return None;
    }
    let wanted = q.clamp(0.0, 1.0) * total;
    let mut below = (0.0_f64, 0.0_f64);
    for (index, &(bound, count)) in buckets.iter().enumerate() {
        let count = count.max(below.1);
        if count < wanted {
            below = (bound, count);
            continue;
        }
        if bound == f64::INFINITY {
            return Some(below.0);
        }
        if index == 0 && bound <= 0.0 {
            return Some(bound);
        }
        let inside = count - below.1;
        let share = if inside > 0.0 { (wanted - below.1) / inside } else { 1.0 };
        return Some(below.0 + (bound - below.0) * share);
    }
    Some(below.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn ranks_are_interpolated() {
        assert_eq!(of_sorted(&[], 0.5), None);
        assert_eq!(of_sorted(&[3.0], 0.99), Some(3.0));
        assert_eq!(of_sorted(&[1.0, 2.0, 3.0, 4.0], 0.5), Some(2.5));
        assert_eq!(of_sorted(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.9), Some(4.6));
        assert_eq!(of_sorted(&[1.0, INF, INF], 0.9), Some(INF));
    }

    #[test]
    fn buckets_as_histogram_quantile() {
        let buckets = [(0.1, 2.0), (0.5, 6.0), (1.0, 9.0), (INF, 10.0)];
        assert_eq!(of_buckets(&buckets, 0.1), Some(0.05));
        assert_eq!(of_buckets(&buckets, 0.6), Some(0.5));
        assert_eq!(of_buckets(&buckets, 0.99), Some(1.0), "above the highest bound");
        assert_eq!(of_buckets(&[(-1.0, 3.0), (INF, 4.0)], 0.5), Some(-1.0));
        assert_eq!(of_buckets(&[(1.0, 0.0), (INF, 0.0)], 0.5), None, "nothing measured");
        assert_eq!(of_buckets(&[(1.0, 1.0)], 0.5), None, "no +Inf bucket");
    }

    proptest! {
        #[test]
        fn a_quantile_lies_between_its_neighbours(
            mut values in prop::collection::vec(-1e6..1e6_f64, 1..50),
            q in 0.0..=1.0_f64,
        ) {
            values.sort_by(f64::total_cmp);
            let value = of_sorted(&values, q).unwrap();
            prop_assert!(values[0] <= value && value <= values[values.len() - 1]);
        }

        #[test]
        fn quantiles_of_buckets_grow_with_q(
            counts in prop::collection::vec(0.0..100.0_f64, 2..12),
            (a, b) in (0.0..=1.0_f64, 0.0..=1.0_f64),
        ) {
            let last = counts.len() - 1;
            let mut sum = 1.0;
            let buckets: Vec<_> = counts.iter().enumerate().map(|(i, count)| {
                sum += count;
                (if i == last { INF } else { (i + 1) as f64 }, sum)
            }).collect();
            let (low, high) = (of_buckets(&buckets, a.min(b)), of_buckets(&buckets, a.max(b)));
            prop_assert!(low.unwrap() <= high.unwrap() + 1e-9);
        }
    }
}
