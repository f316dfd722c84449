//! Where a counter begins anew.

use super::window::{Samples, Window};
use crate::promql::functions::sum::PrefixSums;

/// The resets of one counter and what they hide.
#[derive(Debug, Default)]
pub(super) struct Resets {
    /// The indices of the samples before which the counter began anew.
    at: Vec<usize>,
    /// The sums of the values that it had before.
    lost: PrefixSums,
    /// The samples whose start lies before the sample in front of them.
    overlaps: Vec<usize>,
    /// The first of `at` that is behind the window's first sample.
    from: usize,
    /// The first of `at` that is behind the window's last sample.
    to: usize,
}

impl Resets {
    /// Finds the resets of a series.
    pub(super) fn prepare(&mut self, samples: &Samples<'_>) {
        (self.from, self.to) = (0, 0);
        self.at.clear();
        self.overlaps.clear();
        let values = samples.values;
        if let Some(starts) = samples.starts {
            self.at.extend((1..values.len()).filter(|&index| is_reset(samples, index)));
            self.overlaps.extend((1..values.len()).filter(|&index| {
                let start = starts[index];
                start != 0 && start < samples.times[index - 1] && start != starts[index - 1]
            }));
        } else if drops(values) > 0 {
            let pairs = values.iter().zip(values.iter().skip(1)).enumerate();
            self.at.extend(pairs.filter(|(_, (a, b))| b < a).map(|(index, _)| index + 1));
        }
        if !self.at.is_empty() {
            self.lost.prepare(self.at.iter().map(|&index| values[index - 1]));
        }
    }

    /// Adds to `result` the values that the counter had before its resets
    /// within a window that is not before the one of the last call.
    #[inline]
    pub(super) fn correct(
        &mut self,
        samples: &Samples<'_>,
        lo: usize,
        hi: usize,
        result: f64,
    ) -> f64 {
        if self.at.is_empty() {
            return result;
        }
        while self.at.get(self.from).is_some_and(|&index| index <= lo) {
            self.from += 1;
        }
        self.to = self.to.max(self.from);
        while self.at.get(self.to).is_some_and(|&index| index < hi) {
            self.to += 1;
        }
        let within = &self.at[self.from..self.to];
        // A few resets are added one by one, as Prometheus does it; so are
        // many if their sum and the result would cancel each other.
        if within.len() > 4
            && let Some(lost) = self.lost.between(self.from, self.to)
            && (result + lost).abs() >= lost.abs() / 16.0
        {
            return result + lost;
        }
        within.iter().fold(result, |result, &index| result + samples.values[index - 1])
    }

    /// Says whether a sample of the window starts before the one in front of
    /// it, and so counts twice.
    #[inline]
    pub(super) fn overlap(&self, window: &Window) -> bool {
        if self.overlaps.is_empty() {
            return false;
        }
        let next = self.overlaps.partition_point(|&index| index <= window.lo);
        self.overlaps.get(next).is_some_and(|&index| index < window.hi)
    }
}

/// Counts where a value is less than the one in front of it.
fn drops(values: &[f64]) -> usize {
    // Two slices, not a slice and an iterator: this is compared in parallel.
    let Some(later) = values.get(1..) else { return 0 };
    values.iter().zip(later).filter(|(a, b)| b < a).count()
}

/// Says whether the counter began anew between the samples at `index` − 1 and
/// at `index`: the value fell, or the sample says that it counts from later
/// than the one before it.
///
/// A start at the sample itself or behind it says nothing. One at the time of
/// the sample in front marks a delta if that sample had a valid start of its
/// own; if it had none, the start is only where the unknown one was put.
pub(super) fn is_reset(samples: &Samples<'_>, index: usize) -> bool {
    let (Some(&value), Some(&before)) =
        (samples.values.get(index), index.checked_sub(1).and_then(|i| samples.values.get(i)))
    else {
        return false;
    };
    if value < before {
        return true;
    }
    let Some(starts) = samples.starts else { return false };
    let (start, start_before) = (starts[index], starts[index - 1]);
    let (time, time_before) = (samples.times[index], samples.times[index - 1]);
    if start == 0 || start >= time {
        return false;
    }
    start > time_before || (start == time_before && start_before != 0 && start_before < time_before)
}
