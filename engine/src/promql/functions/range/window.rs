//! One series' samples and the windows over them.

use crate::promql::syntax::Extension;

/// The samples of one series, oldest first, staleness markers left out.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    pub(super) times: &'a [i64],
    pub(super) values: &'a [f64],
    pub(super) starts: Option<&'a [i64]>,
}

impl<'a> Samples<'a> {
    /// Creates a view of a series from times in milliseconds, which grow
    /// strictly, and values. Where one slice is longer, its tail is ignored.
    #[must_use]
    pub fn new(times_ms: &'a [i64], values: &'a [f64]) -> Self {
        let count = times_ms.len().min(values.len());
        Self { times: &times_ms[..count], values: &values[..count], starts: None }
    }

    /// Adds since when each sample counts, in milliseconds; 0 where that is
    /// unknown. Ignored unless there is one a sample.
    #[must_use]
    pub fn with_starts(mut self, starts_ms: &'a [i64]) -> Self {
        self.starts = Some(starts_ms).filter(|starts| starts.len() == self.times.len());
        self
    }

    /// Returns how many samples there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Says whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

/// The evaluation times of a query: `start_ms`, then each `step_ms` further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Steps {
    /// The first evaluation time in milliseconds.
    pub start_ms: i64,
    /// Between two of them; nothing below 0.
    pub step_ms: i64,
    /// How many there are; 1 for an instant query.
    pub count: usize,
}

impl Steps {
    /// Returns the evaluation time at `index`, at the bounds of `i64` where it
    /// is beyond them.
    #[must_use]
    pub fn at(&self, index: usize) -> i64 {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        self.start_ms.saturating_add(self.step_ms.max(0).saturating_mul(index))
    }
}

/// How the window of a range selector lies about the evaluation time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The length of the window in milliseconds.
    pub range_ms: i64,
    /// How much earlier the window ends than the evaluation time, or than
    /// `at_ms`; negative for later.
    pub offset_ms: i64,
    /// `@`: the window ends here at every step.
    pub at_ms: Option<i64>,
    /// `anchored` or `smoothed`.
    pub extension: Option<Extension>,
    /// How far outside the window an extension looks for a sample.
    pub lookback_ms: i64,
}

impl Reach {
    /// Creates the reach of `[range]` without modifiers, with a lookback of
    /// five minutes.
    #[must_use]
    pub const fn new(range_ms: i64) -> Self {
        Self { range_ms, offset_ms: 0, at_ms: None, extension: None, lookback_ms: 300_000 }
    }

    /// Returns the range in seconds.
    pub(super) fn seconds(&self) -> f64 {
        seconds(self.range_ms)
    }

    /// Returns the times between which samples have to be given, the first
    /// excluded, the last included, for an evaluation at `steps`.
    #[must_use]
    pub fn bounds(&self, steps: &Steps) -> (i64, i64) {
        let end = |at: i64| self.at_ms.unwrap_or(at).saturating_sub(self.offset_ms);
        let first = end(steps.start_ms).saturating_sub(self.range_ms);
        let last = end(steps.at(steps.count.saturating_sub(1)));
        match self.extension {
            None => (first, last),
            Some(Extension::Anchored) => (first.saturating_sub(self.lookback_ms), last),
            Some(Extension::Smoothed) => {
                (first.saturating_sub(self.lookback_ms), last.saturating_add(self.lookback_ms))
            }
        }
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "times of the next 285,000 years are exact")]
pub(super) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// One window over a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The index of the first sample after the window's start.
    pub lo: usize,
    /// The index after the last sample not after the window's end.
    pub hi: usize,
    /// The start in milliseconds, which the window does not include.
    pub start_ms: i64,
    /// The end in milliseconds, which it does.
    pub end_ms: i64,
    /// The evaluation time in milliseconds.
    pub at_ms: i64,
}

impl Window {
    /// Returns how many samples lie in the window.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.hi - self.lo
    }

    /// Returns the values in the window.
    #[inline]
    pub(super) fn values<'a>(&self, samples: &Samples<'a>) -> &'a [f64] {
        samples.values.get(self.lo..self.hi).unwrap_or(&[])
    }

    /// Returns the index of the newest sample not after the window's start
    /// and within the lookback of it.
    pub(super) fn anchor(&self, samples: &Samples<'_>, lookback_ms: i64) -> Option<usize> {
        let index = self.lo.checked_sub(1)?;
        (*samples.times.get(index)? > self.start_ms.saturating_sub(lookback_ms)).then_some(index)
    }

    /// Returns the index of the oldest sample after the window's end and
    /// within the lookback of it.
    pub(super) fn successor(&self, samples: &Samples<'_>, lookback_ms: i64) -> Option<usize> {
        let time = *samples.times.get(self.hi)?;
        (time <= self.end_ms.saturating_add(lookback_ms)).then_some(self.hi)
    }
}

/// The windows of a query over one series, one a step. Both ends only move
/// forward, so that all of them together pass over the series once.
pub(super) struct Windows<'a> {
    times: &'a [i64],
    reach: Reach,
    steps: Steps,
    next: usize,
    at_ms: i64,
    lo: usize,
    hi: usize,
}

impl<'a> Windows<'a> {
    pub(super) fn new(samples: &Samples<'a>, reach: &Reach, steps: &Steps) -> Self {
        let steps = Steps { step_ms: steps.step_ms.max(0), ..*steps };
        let (reach, times) = (*reach, samples.times);
        let end = reach.at_ms.unwrap_or(steps.start_ms).saturating_sub(reach.offset_ms);
        let start = end.saturating_sub(reach.range_ms);
        let lo = times.partition_point(|time| *time <= start);
        let hi = lo.max(times.partition_point(|time| *time <= end));
        Self { times, reach, steps, next: 0, at_ms: steps.start_ms, lo, hi }
    }
}

impl Iterator for Windows<'_> {
    type Item = Window;

    #[inline]
    fn next(&mut self) -> Option<Window> {
        if self.next >= self.steps.count {
            return None;
        }
        let at_ms = self.at_ms;
        self.at_ms = at_ms.saturating_add(self.steps.step_ms);
        self.next += 1;
        let end_ms = self.reach.at_ms.unwrap_or(at_ms).saturating_sub(self.reach.offset_ms);
        let start_ms = end_ms.saturating_sub(self.reach.range_ms);
        while self.times.get(self.lo).is_some_and(|time| *time <= start_ms) {
            self.lo += 1;
        }
        self.hi = self.hi.max(self.lo);
        while self.times.get(self.hi).is_some_and(|time| *time <= end_ms) {
            self.hi += 1;
        }
        Some(Window { lo: self.lo, hi: self.hi, start_ms, end_ms, at_ms })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.count - self.next;
        (left, Some(left))
    }
}
