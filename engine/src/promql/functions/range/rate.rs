//! `rate`, `increase` and `delta`, extrapolated to the edges of the window;
//! `irate` and `idelta`.

use super::resets::{Resets, is_reset};
use super::window::{Reach, Samples, Window, seconds};
use crate::promql::functions::absence::ABSENT;

/// Which difference over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    /// Of a gauge.
    Delta,
    /// Of a counter.
    Increase,
    /// Of a counter, by the second.
    Rate,
}

impl Difference {
    pub(super) const fn is_counter(self) -> bool {
        !matches!(self, Self::Delta)
    }
}

/// Returns the difference over a window, extrapolated.
///
/// A gap to an edge is filled if it is below 1.1 of the average interval, else
/// by half an interval. A counter is not extrapolated to below zero. Where the
/// first sample says since when it counts, and that is within the window, the
/// counter was zero then, and nothing is extrapolated on that side.
#[inline]
pub(super) fn extrapolated(
    samples: &Samples<'_>,
    window: &Window,
    reach: &Reach,
    difference: Difference,
    resets: &mut Resets,
) -> f64 {
    let Window { lo, hi, .. } = *window;
    let (Some(times), Some(values)) = (samples.times.get(lo..hi), samples.values.get(lo..hi))
    else {
        return ABSENT;
    };
    let (&[first_ms, ..], &[.., last_ms], &[first, ..], &[.., last]) =
        (times, times, values, values)
    else {
        return ABSENT;
    };
    let start = match samples.starts {
        Some(starts) if difference.is_counter() => {
            Some(starts[lo]).filter(|&ms| ms != 0 && ms > window.start_ms && ms < first_ms)
        }
        _ => None,
    };
    if times.len() < 2 && start.is_none() {
        return ABSENT;
    }

    let mut result = if start.is_some() { last } else { last - first };
    if difference.is_counter() {
        result = resets.correct(samples, lo, hi, result);
    }

    let sampled = seconds(last_ms - start.unwrap_or(first_ms));
    #[expect(clippy::cast_precision_loss, reason = "a window holds fewer than 2^53 samples")]
    let gaps = (times.len() - 1) as f64;
    let interval = if times.len() > 1 { seconds(last_ms - first_ms) / gaps } else { 0.0 };
    let threshold = interval * 1.1;
    let mut to_start = 0.0;
    if start.is_none() {
        to_start = seconds(first_ms - window.start_ms);
        if to_start >= threshold {
            to_start = interval / 2.0;
        }
        if difference.is_counter() && result > 0.0 && first >= 0.0 {
            let to_zero = sampled * (first / result);
            if to_zero < to_start {
                to_start = to_zero;
            }
        }
    }
    let mut to_end = seconds(window.end_ms - last_ms);
    if to_end >= threshold {
        to_end = interval / 2.0;
    }

    let mut factor = (sampled + to_start + to_end) / sampled;
    if difference == Difference::Rate {
        factor /= reach.seconds();
    }
    result * factor
}

/// Returns the difference of the window's last two samples: of a counter by
/// the second, or of a gauge.
pub(super) fn instantaneous(samples: &Samples<'_>, window: &Window, counter: bool) -> f64 {
    if window.len() < 2 {
        return ABSENT;
    }
    let index = window.hi - 1;
    let (Some(&[before, last]), Some(&[before_ms, last_ms])) =
        (samples.values.get(index - 1..=index), samples.times.get(index - 1..=index))
    else {
        return ABSENT;
    };
    if !counter {
        return last - before;
    }
    let interval = seconds(last_ms - before_ms);
    if interval <= 0.0 {
        return ABSENT;
    }
    let increase = if is_reset(samples, index) { last } else { last - before };
    increase / interval
}
