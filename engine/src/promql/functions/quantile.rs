//! Quantiles of a set of values.

use std::cmp::Ordering;

/// Orders values with NaN before everything else.
pub(super) fn nan_first(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// Returns the φ-quantile of `values`, interpolated between the two nearest
/// ranks, and leaves them in another order. NaN counts as the least value. φ
/// below 0 gives −∞, above 1 +∞; a NaN or no values give NaN.
///
/// It takes time in proportion to the number of values.
#[must_use]
pub fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || phi.is_nan() {
        return f64::NAN;
    }
    if phi < 0.0 {
        return f64::NEG_INFINITY;
    }
    if phi > 1.0 {
        return f64::INFINITY;
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "φ is within 0 and 1 here, so the rank is an index"
    )]
    let (rank, lower) = {
        let rank = phi * (values.len() - 1) as f64;
        (rank, (rank.floor() as usize).min(values.len() - 1))
    };
    let weight = rank - rank.floor();
    let (_, &mut low, above) = values.select_nth_unstable_by(lower, nan_first);
    let high = above.iter().copied().min_by(nan_first).unwrap_or(low);
    low * (1.0 - weight) + high * weight
}

/// Returns the median absolute deviation; NaN if one of the values is. Leaves
/// other values in their place.
pub(super) fn median_deviation(values: &mut [f64]) -> f64 {
    if values.iter().any(|value| value.is_nan()) {
        return f64::NAN;
    }
    let median = quantile(0.5, values);
    for value in &mut *values {
        *value = (*value - median).abs();
    }
    quantile(0.5, values)
}
