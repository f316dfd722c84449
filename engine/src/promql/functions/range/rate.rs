//! `rate`, `increase` and `delta`, extrapolated to the edges of the window;
//! `irate` and `idelta`.

use super::resets::{Resets, is_reset};
use super::window::{Reach, Samples, Window, seconds};
use crate::promql::functions::absence::ABSENT;
use crate::promql::functions::signature::Function;

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
    /// Returns the difference that a function computes.
    pub(super) const fn of(function: Function) -> Option<Self> {
        match function {
            Function::Delta => Some(Self::Delta),
            Function::Increase => Some(Self::Increase),
            Function::Rate => Some(Self::Rate),
            _ => None,
        }
    }

    pub(super) const fn is_counter(self) -> bool {
        !matches!(self, Self::Delta)
    }
}

/// What extrapolation over a window takes from the times of its samples alone,
/// in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edges {
    /// From the first sample, or from the zero before it, to the last.
    sampled: f64,
    /// How far the first sample is extrapolated backwards.
    to_start: f64,
    /// How far the last one is extrapolated, and `sampled`.
    rest: f64,
    /// What the sum of both is divided by.
    per: f64,
    /// The quotient.
    factor: f64,
}

impl Edges {
    /// Looks at the times in a window, of which there is one at least. With a
    /// `start` the counter was zero then.
    ///
    /// A gap to an edge is filled if it is below 1.1 of the average interval,
    /// else by half an interval. Nothing is extrapolated beyond a start.
    pub(super) fn new(
        times: &[i64],
        window: &Window,
        start: Option<i64>,
        reach: &Reach,
        difference: Difference,
    ) -> Option<Self> {
        let (&[first_ms, ..], &[.., last_ms]) = (times, times) else { return None };
        // Milliseconds are whole numbers, and so exact.
        let gap = |from: i64, to: i64| millis(to.saturating_sub(from));
        let sampled = gap(start.unwrap_or(first_ms), last_ms);
        let gaps = times.len() - 1;
        let interval = if gaps > 0 { gap(first_ms, last_ms) / count(gaps) } else { 0.0 };
        let filled = |gap: f64| if is_far(gap, interval) { interval / 2.0 } else { gap };
        let to_start = if start.is_none() { filled(gap(window.start_ms, first_ms)) } else { 0.0 };
        let rest = sampled + filled(gap(last_ms, window.end_ms));
        let per = if difference == Difference::Rate { sampled * reach.seconds() } else { sampled };
        Some(Self { sampled, to_start, rest, per, factor: (rest + to_start) / per })
    }

    /// Extrapolates a difference.
    #[inline]
    fn extrapolate(&self, difference: f64) -> f64 {
        difference * self.factor
    }

    /// Extrapolates the increase of a counter that began with `first`, but not
    /// to below zero.
    #[inline]
    fn extrapolate_from(&self, first: f64, increase: f64) -> f64 {
        if increase > 0.0 && first >= 0.0 {
            // How long it took from zero to the first value.
            let to_zero = self.sampled * first;
            if to_zero < self.to_start * increase {
                return increase * ((self.rest + to_zero / increase) / self.per);
            }
        }
        self.extrapolate(increase)
    }
}

/// Returns the difference over a window without start times, extrapolated.
#[inline]
pub(super) fn extrapolated(
    samples: &Samples<'_>,
    window: &Window,
    edges: Option<&Edges>,
    difference: Difference,
    resets: &mut Resets,
) -> f64 {
    let (&[first, .., last], Some(edges)) = (window.values(samples), edges) else {
        return ABSENT;
    };
    let result = last - first;
    if difference.is_counter() {
        edges.extrapolate_from(first, resets.correct(samples, window.lo, window.hi, result))
    } else {
        edges.extrapolate(result)
    }
}

/// Returns the increase of a counter with start times. Where the first sample
/// says since when it counts, and that is within the window, the counter was
/// zero then.
pub(super) fn extrapolated_with_starts(
    samples: &Samples<'_>,
    window: &Window,
    reach: &Reach,
    difference: Difference,
    resets: &mut Resets,
) -> f64 {
    let (values, times) = (window.values(samples), samples.times.get(window.lo..window.hi));
    let (&[first, ..], &[.., last], Some(times)) = (values, values, times) else { return ABSENT };
    let start = samples.starts.and_then(|starts| starts.get(window.lo)).copied();
    let start = start.filter(|&start| start != 0 && start > window.start_ms && start < times[0]);
    if values.len() < 2 && start.is_none() {
        return ABSENT;
    }
    let Some(edges) = Edges::new(times, window, start, reach, difference) else { return ABSENT };
    let zero = if start.is_some() { 0.0 } else { first };
    let increase = resets.correct(samples, window.lo, window.hi, last - zero);
    if start.is_some() {
        edges.extrapolate(increase)
    } else {
        edges.extrapolate_from(first, increase)
    }
}

/// Says whether a gap is at least 1.1 intervals long.
#[inline]
fn is_far(gap_ms: f64, interval_ms: f64) -> bool {
    let threshold = interval_ms * 1.1;
    if (gap_ms - threshold).abs() > threshold * 1e-9 {
        return gap_ms > threshold;
    }
    // So near the bound it depends on the rounding of seconds, as Prometheus
    // counts them.
    gap_ms / 1000.0 >= interval_ms / 1000.0 * 1.1
}

#[expect(clippy::cast_precision_loss, reason = "times of the next 285,000 years are exact")]
fn millis(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_precision_loss, reason = "a window holds fewer than 2^53 samples")]
fn count(samples: usize) -> f64 {
    samples as f64
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
