//! `min_over_time` and `max_over_time`, and when their values were seen.

use super::window::{Samples, Window};
use crate::promql::functions::absence::ABSENT;

/// Above this many samples in an average window, the monotonic queue is faster
/// than looking through each window: a comparison costs under half a
/// nanosecond in a straight scan, a sample in the queue several, each once.
const SCAN_MAX: usize = 32;

/// Which extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extreme {
    Min,
    Max,
}

impl Extreme {
    /// Says whether `value` takes the place of `other`, ties included.
    #[inline]
    fn replaces(self, value: f64, other: f64) -> bool {
        match self {
            Self::Min => value <= other,
            Self::Max => value >= other,
        }
    }
}

/// The candidates for the extremes of windows that only move forward: each is
/// the extreme of what follows it. NaNs are none.
#[derive(Debug, Default)]
pub(super) struct Queue {
    candidates: Vec<usize>,
    /// The first candidate that is still in the window.
    first: usize,
    /// The first sample that has not been looked at.
    next: usize,
}

impl Queue {
    pub(super) fn prepare(&mut self) {
        self.candidates.clear();
        (self.first, self.next) = (0, 0);
    }

    /// Returns the extreme of a window; NaN if it holds NaNs only.
    pub(super) fn extreme(
        &mut self,
        samples: &Samples<'_>,
        window: &Window,
        extreme: Extreme,
    ) -> f64 {
        if window.len() == 0 {
            return ABSENT;
        }
        self.next = self.next.max(window.lo);
        while self.next < window.hi {
            let value = samples.values[self.next];
            if !value.is_nan() {
                while self.candidates.len() > self.first
                    && let Some(&last) = self.candidates.last()
                    && extreme.replaces(value, samples.values[last])
                {
                    self.candidates.pop();
                }
                self.candidates.push(self.next);
            }
            self.next += 1;
        }
        while self.candidates.get(self.first).is_some_and(|&index| index < window.lo) {
            self.first += 1;
        }
        let best = self.candidates.get(self.first);
        best.map_or(f64::NAN, |&index| samples.values[index])
    }
}

/// Says whether windows with `samples` of them on average are better looked
/// through one by one.
pub(super) const fn is_short(samples: usize) -> bool {
    samples <= SCAN_MAX
}

/// Returns the extreme of the values, NaNs aside; NaN if there is nothing
/// else, absent without a value.
pub(super) fn scan(values: &[f64], extreme: Extreme) -> f64 {
    if values.is_empty() {
        return ABSENT;
    }
    // The minimum and maximum of std take the number where one side is NaN.
    match extreme {
        Extreme::Min => values.iter().copied().fold(f64::NAN, f64::min),
        Extreme::Max => values.iter().copied().fold(f64::NAN, f64::max),
    }
}

/// Returns the index of the last sample that holds the extreme; with nothing
/// but NaNs, of the last one.
pub(super) fn last_position(
    samples: &Samples<'_>,
    window: &Window,
    extreme: Extreme,
) -> Option<usize> {
    let values = window.values(samples);
    let mut best = 0;
    for (index, &value) in values.iter().enumerate() {
        let other = values[best];
        if other.is_nan() || extreme.replaces(value, other) {
            best = index;
        }
    }
    (!values.is_empty()).then_some(window.lo + best)
}
