//! `anchored` and `smoothed`: windows with a value at each of their edges.
//!
//! An anchored window begins with the newest sample not after its start and
//! ends with its own last one; nothing is extrapolated. A smoothed one has at
//! both edges what a straight line between the samples around them gives.
//! Where no sample lies beyond an edge within the lookback, the nearest one
//! inside stands for it.

use super::rate::Difference;
use super::window::{Reach, Samples, Steps, Window, Windows, seconds};
use crate::promql::functions::absence::ABSENT;
use crate::promql::functions::error::FunctionError;
use crate::promql::functions::signature::Function;
use crate::promql::syntax::Extension;

/// Says whether a function may be called with an extended range.
///
/// # Errors
/// [`FunctionError::Extension`] if it may not.
pub fn check_extension(function: Function, extension: Extension) -> Result<(), FunctionError> {
    use Function::{Changes, Delta, Increase, Rate, Resets};
    let allowed = match extension {
        Extension::Anchored => "changes, delta, increase, rate, resets",
        Extension::Smoothed => "delta, increase, rate",
    };
    match (function, extension) {
        (Delta | Increase | Rate, _) | (Changes | Resets, Extension::Anchored) => Ok(()),
        _ => Err(FunctionError::Extension { extension: extension.keyword(), allowed, function }),
    }
}

/// Returns the difference between the edges of an extended window.
pub(super) fn extended(
    samples: &Samples<'_>,
    window: &Window,
    reach: &Reach,
    difference: Difference,
    extension: Extension,
) -> f64 {
    let edges = match extension {
        Extension::Anchored => anchored_edges(samples, window, reach),
        Extension::Smoothed => smoothed_edges(samples, window, reach, difference.is_counter()),
    };
    let Some((left, right)) = edges else { return ABSENT };
    let mut result = right - left;
    if difference.is_counter() {
        let mut before = left;
        for &value in window.values(samples).iter().chain([&right]) {
            if value < before {
                result += before;
            }
            before = value;
        }
    }
    if difference == Difference::Rate { result / reach.seconds() } else { result }
}

/// Returns the anchor, or else the first sample, and the last sample. A window
/// without a sample of its own has no edges.
fn anchored_edges(samples: &Samples<'_>, window: &Window, reach: &Reach) -> Option<(f64, f64)> {
    let values = window.values(samples);
    let last = *values.last()?;
    let anchor = window.anchor(samples, reach.lookback_ms);
    Some((samples.values[anchor.unwrap_or(window.lo)], last))
}

/// Returns the values at both edges. There are none if all samples lie on one
/// side of the window.
fn smoothed_edges(
    samples: &Samples<'_>,
    window: &Window,
    reach: &Reach,
    counter: bool,
) -> Option<(f64, f64)> {
    let before = window.anchor(samples, reach.lookback_ms);
    let after = window.successor(samples, reach.lookback_ms);
    let inside = window.lo..window.hi;
    let first = inside.clone().next().or(after)?;
    let last = inside.clone().next_back().or(before)?;
    if inside.is_empty() && (before.is_none() || after.is_none()) {
        return None;
    }
    let left = match before {
        Some(before) => between(samples, before, first, window.start_ms, counter),
        None => samples.values[first],
    };
    let right = match after {
        Some(after) => between(samples, last, after, window.end_ms, counter),
        None => samples.values[last],
    };
    Some((left, right))
}

/// Returns the value at `at_ms` on the line between two samples. A counter
/// that fell is taken to have begun at zero at the earlier one.
fn between(samples: &Samples<'_>, from: usize, to: usize, at_ms: i64, counter: bool) -> f64 {
    let (from_ms, to_ms) = (samples.times[from], samples.times[to]);
    let (start, end) = (samples.values[from], samples.values[to]);
    if at_ms <= from_ms {
        return start;
    }
    if at_ms >= to_ms {
        return end;
    }
    let share = seconds(at_ms - from_ms) / seconds(to_ms - from_ms);
    if counter && end < start { end * share } else { start + (end - start) * share }
}

/// Fills a column with the values of a `smoothed` instant selector: at each
/// step the line between the samples around it, or the newest sample where
/// none follows within the lookback.
pub fn smoothed_instants(samples: &Samples<'_>, reach: &Reach, steps: &Steps, out: &mut [f64]) {
    let reach = Reach { range_ms: reach.lookback_ms, ..*reach };
    for (window, out) in Windows::new(samples, &reach, steps).zip(out) {
        *out = match (window.hi.checked_sub(1), window.successor(samples, reach.lookback_ms)) {
            (Some(last), _) if last < window.lo => ABSENT,
            (None, _) => ABSENT,
            (Some(last), None) => samples.values[last],
            (Some(last), Some(next)) => between(samples, last, next, window.end_ms, false),
        };
    }
}
