//! What the samples of a span amount to.

use std::sync::Arc;

use serde::Serialize;

use super::Resolution;
use crate::model::{Labels, Sample, Timestamp, is_stale};

/// What the samples of one series in `(at − length, at]` amount to; the
/// folder's documentation says what counts as a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bucket {
    /// The end of the span, which belongs to it.
    pub at: Timestamp,
    /// How many values there are; at least 1.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The latest.
    pub last: f64,
    /// The sum of the steps up to each value from the one before it, the last
    /// before the span included; a fall counts as a reset to 0.
    pub increase: f64,
}

/// What the samples of one series amount to, span by span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesRollups {
    /// The series' own name.
    pub name: Arc<str>,
    /// The labels.
    pub labels: Labels,
    /// The spans that have a value, oldest first.
    pub buckets: Vec<Bucket>,
}

impl Bucket {
    const fn of(at: Timestamp, value: f64, increase: f64) -> Self {
        Self { at, count: 1, sum: value, min: value, max: value, last: value, increase }
    }

    /// Returns the arithmetic mean of the values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a bucket has fewer than 2^53 values")]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// Adds what came after; the span stays.
    fn absorb(&mut self, later: &Self) {
        self.count = self.count.saturating_add(later.count);
        self.sum += later.sum;
        // `min` and `max` of std prefer numbers to NaN.
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.increase += later.increase;
    }
}

/// Rolls samples up that come in time order; `before` is the last sample
/// ahead of them, from which the first step is counted.
///
/// Buckets come out in time order, one for each span that has a value. The
/// last may lack samples that have not come yet.
#[must_use]
pub fn roll_up(
    samples: impl IntoIterator<Item = Sample>,
    before: Option<Sample>,
    resolution: Resolution,
) -> Vec<Bucket> {
    let mut known = before.map(|sample| sample.value).filter(|value| !value.is_nan());
    let values = samples.into_iter().filter(|sample| !is_stale(sample.value));
    let single = values.map(|Sample { at, value }| {
        let increase = known.map_or(0.0, |before| step(before, value));
        if !value.is_nan() {
            known = Some(value);
        }
        Bucket::of(at, value, increase)
    });
    merge(single, resolution)
}

/// Merges buckets that come in time order into longer ones.
#[must_use]
pub fn merge(buckets: impl IntoIterator<Item = Bucket>, resolution: Resolution) -> Vec<Bucket> {
    let mut merged: Vec<Bucket> = Vec::new();
    for mut bucket in buckets {
        bucket.at = resolution.end_of_span(bucket.at);
        match merged.last_mut().filter(|last| last.at == bucket.at) {
            Some(last) => last.absorb(&bucket),
            None => merged.push(bucket),
        }
    }
    merged
}

/// Returns the step of a counter; a value that is no number makes none.
fn step(before: f64, value: f64) -> f64 {
    if value.is_nan() || value == before {
        0.0
    } else if value < before {
        value
    } else {
        value - before
    }
}
