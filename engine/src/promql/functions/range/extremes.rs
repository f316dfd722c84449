//! `min_over_time` and `max_over_time`, and when their values were seen.

use super::window::{Samples, Window};
use crate::promql::functions::absence::ABSENT;

/// Above this many samples in an average window, the monotonic queue is faster
/// than looking through each window: a comparison costs a fraction of a
/// nanosecond in a straight scan, a sample in the queue several, each once.
const SCAN_MAX: usize = 48;

/// How many comparisons of a scan do not wait for each other.
const LANES: usize = 8;

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

    /// Returns the index of the last sample that holds the extreme of a window;
    /// with nothing but NaNs, of the last one.
    pub(super) fn position(
        &mut self,
        samples: &Samples<'_>,
        window: &Window,
        extreme: Extreme,
    ) -> Option<usize> {
        let values = samples.values.get(..window.hi)?;
        self.next = self.next.max(window.lo);
        for (index, &value) in values.iter().enumerate().skip(self.next) {
            if value.is_nan() {
                continue;
            }
            while self.candidates.len() > self.first
                && let Some(&last) = self.candidates.last()
                && extreme.replaces(value, values[last])
            {
                self.candidates.pop();
            }
            self.candidates.push(index);
        }
        self.next = self.next.max(window.hi);
        while self.candidates.get(self.first).is_some_and(|&index| index < window.lo) {
            self.first += 1;
        }
        if window.len() == 0 {
            return None;
        }
        self.candidates.get(self.first).copied().or(Some(window.hi - 1))
    }
}

/// Says whether windows with `samples` of them on average are better looked
/// through one by one.
pub(super) const fn is_short(samples: usize) -> bool {
    samples <= SCAN_MAX
}

/// Returns the extreme of the values, NaNs aside; NaN if there is nothing
/// else, absent without a value.
#[inline]
pub(super) fn scan(values: &[f64], extreme: Extreme) -> f64 {
    if values.is_empty() {
        return ABSENT;
    }
    // A NaN never compares as less or greater, so it is passed over.
    let (found, none) = match extreme {
        Extreme::Min => {
            (fold(values, f64::INFINITY, |a, b| if b < a { b } else { a }), f64::INFINITY)
        }
        Extreme::Max => {
            (fold(values, f64::NEG_INFINITY, |a, b| if b > a { b } else { a }), f64::NEG_INFINITY)
        }
    };
    if found == none && values.iter().all(|value| value.is_nan()) { f64::NAN } else { found }
}

#[inline]
fn fold(values: &[f64], start: f64, better: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [start; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = better(*lane, value);
        }
    }
    lanes.iter().chain(rest).fold(start, |a, &b| better(a, b))
}
