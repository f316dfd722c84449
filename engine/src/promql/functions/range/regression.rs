//! `deriv`, `predict_linear` and `double_exponential_smoothing`.

use super::window::{Samples, Window, seconds};
use crate::promql::functions::absence::ABSENT;
use crate::promql::functions::sum::Compensated;

/// Fits a line to the samples of a window by least squares and returns its
/// slope by the second and its value at `intercept_ms`; `None` with fewer than
/// two samples. The sums are compensated.
///
/// A constant series has slope 0, unless it is infinite: then both are NaN.
fn line(samples: &Samples<'_>, window: &Window, intercept_ms: i64) -> Option<(f64, f64)> {
    let values = window.values(samples);
    let times = samples.times.get(window.lo..window.hi)?;
    let (&first, true) = (values.first()?, values.len() > 1) else { return None };
    if values.iter().all(|&value| value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }

    #[expect(clippy::cast_precision_loss, reason = "a window holds fewer than 2^53 samples")]
    let count = values.len() as f64;
    let mut sums = [Compensated::default(); 4];
    for (&time_ms, &y) in times.iter().zip(values) {
        let x = seconds(time_ms.saturating_sub(intercept_ms));
        for (sum, term) in sums.iter_mut().zip([x, y, x * y, x * x]) {
            sum.add(term);
        }
    }
    let [sum_x, sum_y, sum_xy, sum_xx] = sums.map(Compensated::total);
    let covariance = sum_xy - sum_x * sum_y / count;
    let variance = sum_xx - sum_x * sum_x / count;
    let slope = covariance / variance;
    Some((slope, sum_y / count - slope * sum_x / count))
}

/// Returns the slope by the second.
pub(super) fn slope(samples: &Samples<'_>, window: &Window) -> f64 {
    // Times are counted from the first sample: small numbers lose less.
    let origin_ms = samples.times.get(window.lo).copied().unwrap_or(window.start_ms);
    line(samples, window, origin_ms).map_or(ABSENT, |(slope, _)| slope)
}

/// Returns what the line gives `ahead` seconds after the evaluation time.
pub(super) fn predicted(samples: &Samples<'_>, window: &Window, ahead: f64) -> f64 {
    line(samples, window, window.at_ms)
        .map_or(ABSENT, |(slope, intercept)| slope * ahead + intercept)
}

/// Returns the last value, smoothed by `smoothing` together with its trend,
/// which is smoothed by `trend`; both between 0 and 1.
///
/// Source: the double exponential smoothing of NIST's Engineering Statistics
/// Handbook, 6.4.3.3, begun with the first two samples.
pub(super) fn smoothed(values: &[f64], smoothing: f64, trend: f64) -> f64 {
    let &[first, second, ..] = values else { return ABSENT };
    let (mut level, mut slope) = (first, second - first);
    for (index, &value) in values.iter().enumerate().skip(1) {
        let before = level;
        level = smoothing * value + (1.0 - smoothing) * (level + slope);
        // The trend of a step goes into the next one; the last is not needed.
        if index + 1 < values.len() {
            slope = trend * (level - before) + (1.0 - trend) * slope;
        }
    }
    level
}
