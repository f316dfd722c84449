//! The variance of a set of values.

/// How many sums do not wait for each other.
const LANES: usize = 4;

/// Returns the variance of a population; NaN without a value, and where one is
/// not finite.
///
/// Two passes over the distances from the first value, which are exact for
/// values close to each other: one for their mean, one for the squares of what
/// is left, less what the rounding of the mean adds to them. Equal values have
/// the variance 0.
///
/// Source: T. F. Chan, G. H. Golub, R. J. LeVeque, "Algorithms for computing
/// the sample variance", 1983.
pub(super) fn variance(values: &[f64]) -> f64 {
    let Some(&first) = values.first() else { return f64::NAN };
    #[expect(clippy::cast_precision_loss, reason = "a window holds fewer than 2^53 samples")]
    let count = values.len() as f64;
    let mean = sum(values, |value| value - first) / count;
    let squares = sum(values, |value| {
        let distance = (value - first) - mean;
        distance * distance
    });
    let left = sum(values, |value| (value - first) - mean);
    let variance = (squares - left * left / count) / count;
    if variance < 0.0 { 0.0 } else { variance }
}

#[inline]
fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane += term(value);
        }
    }
    lanes.into_iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_not_depend_on_where_the_values_lie(
            values in prop::collection::vec(-100_i32..100, 1..40),
            offset in prop::sample::select(vec![0_i64, 1_000_000, 1 << 50]),
        ) {
            // Exact in integers: n Σx² − (Σx)² over n².
            let count = values.len() as i64;
            let total: i64 = values.iter().map(|&value| i64::from(value)).sum();
            let squares: i64 = values.iter().map(|&value| i64::from(value).pow(2)).sum();
            let exact = (count * squares - total * total) as f64 / (count * count) as f64;
            let moved: Vec<f64> =
                values.iter().map(|&value| (offset + i64::from(value)) as f64).collect();
            let variance = variance(&moved);
            prop_assert!((variance - exact).abs() <= 1e-12 * exact, "{} instead of {}", variance, exact);
        }
    }
}
