//! The samples of one series inside a window.

use crate::model::{Sample, TimeRange, is_stale};

/// Returns the samples inside `window`, staleness markers left out. The
/// window's start is outside, so that of two windows in a row one has a sample
/// on the edge.
pub(super) fn inside(samples: &[Sample], window: TimeRange) -> impl Iterator<Item = Sample> {
    let start = samples.partition_point(|sample| sample.at <= window.start);
    let end = samples.partition_point(|sample| sample.at <= window.end);
    let found = samples.get(start..end.max(start)).unwrap_or(&[]);
    found.iter().copied().filter(|sample| !is_stale(sample.value))
}

/// Returns the newest sample inside `window`, unless the series has ended.
pub(super) fn latest(samples: &[Sample], window: TimeRange) -> Option<Sample> {
    let end = samples.partition_point(|sample| sample.at <= window.end);
    let newest = samples.get(..end)?.last()?;
    (newest.at > window.start && !is_stale(newest.value)).then_some(*newest)
}

/// Returns the newest sample inside `window`, whether the series has ended
/// since or not.
pub(super) fn last_inside(samples: &[Sample], window: TimeRange) -> Option<Sample> {
    inside(samples, window).filter(|sample| !sample.value.is_nan()).last()
}

/// Returns the newest sample at or before the start of `window`, which is what
/// a running total grew from.
pub(super) fn baseline(samples: &[Sample], window: TimeRange) -> Option<Sample> {
    let start = samples.partition_point(|sample| sample.at <= window.start);
    let earlier = samples.get(..start)?.iter().rev();
    earlier.copied().find(|sample| !sample.value.is_nan())
}

/// Returns by how much a counter grew inside `window`. `None` if it has no
/// sample there.
///
/// The newest sample at or before the window's start is what it grew from;
/// without one, the first sample inside. A value that falls is a reset: the
/// counter started again at zero.
pub(super) fn increase(samples: &[Sample], window: TimeRange) -> Option<f64> {
    let mut last = baseline(samples, window).map(|sample| sample.value);
    let mut grown = None;
    for sample in inside(samples, window).filter(|sample| !sample.value.is_nan()) {
        let step = match last {
            None => 0.0,
            Some(last) if sample.value < last => sample.value,
            Some(last) => sample.value - last,
        };
        last = Some(sample.value);
        grown = Some(grown.unwrap_or(0.0) + step);
    }
    grown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Timestamp, stale_marker};

    fn series(values: &[f64]) -> Vec<Sample> {
        let at = |index: usize| Timestamp::from_millis(index as i64 * 10);
        values.iter().enumerate().map(|(i, &value)| Sample::new(at(i), value)).collect()
    }

    fn grown(values: &[f64], start: i64, end: i64) -> Option<f64> {
        let window = TimeRange::new(Timestamp::from_millis(start), Timestamp::from_millis(end));
        increase(&series(values), window)
    }

    #[test]
    fn a_counter_grows_from_the_sample_before_the_window() {
        assert_eq!(grown(&[5.0, 7.0, 12.0], 0, 20), Some(7.0));
        assert_eq!(grown(&[5.0, 7.0, 12.0], 5, 20), Some(7.0));
        assert_eq!(grown(&[5.0, 7.0, 12.0], 10, 20), Some(5.0));
        assert_eq!(grown(&[5.0, 7.0, 12.0], -100, 20), Some(7.0));
        assert_eq!(grown(&[5.0], -100, 20), Some(0.0));
        assert_eq!(grown(&[5.0, 7.0], 15, 20), None);
        assert_eq!(grown(&[], 0, 20), None);
    }

    #[test]
    fn a_reset_starts_again_at_zero() {
        assert_eq!(grown(&[5.0, 9.0, 2.0, 3.0], 0, 30), Some(7.0));
    }

    #[test]
    fn markers_and_nans_are_no_counts() {
        assert_eq!(grown(&[5.0, stale_marker(), 9.0], 0, 20), Some(4.0));
        assert_eq!(grown(&[5.0, f64::NAN, 9.0], 0, 20), Some(4.0));
        assert_eq!(grown(&[f64::NAN, 4.0, 9.0], 0, 20), Some(5.0));
    }

    #[test]
    fn a_series_that_ended_has_no_latest_value() {
        let window = TimeRange::new(Timestamp::from_millis(0), Timestamp::from_millis(20));
        assert_eq!(latest(&series(&[1.0, 2.0]), window).map(|s| s.value), Some(2.0));
        assert_eq!(latest(&series(&[1.0, stale_marker()]), window), None);
    }
}
