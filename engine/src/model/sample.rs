//! Samples and the staleness marker.

use std::sync::Arc;

use serde::Serialize;

use super::{Labels, Timestamp};

/// The bits of the staleness marker: the NaN that Prometheus writes when a
/// series ends. Compare bits, not values: every other NaN is a value.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// One value of a series at one point in time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sample {
    /// When the value held.
    pub at: Timestamp,
    /// The value, in the metric's unit.
    pub value: f64,
}

impl Sample {
    /// Creates a sample.
    #[must_use]
    pub const fn new(at: Timestamp, value: f64) -> Self {
        Self { at, value }
    }
}

/// The samples of one stored series, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesSamples {
    /// The series' own name; for a part of a histogram or summary with its
    /// suffix, such as `latency_seconds_bucket`.
    pub name: Arc<str>,
    /// The labels, `le` and `quantile` included.
    pub labels: Labels,
    /// The samples in time order.
    pub samples: Vec<Sample>,
}

/// Returns the staleness marker.
#[must_use]
pub const fn stale_marker() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Says whether `value` is the staleness marker.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marker_is_stale() {
        assert!(is_stale(stale_marker()));
        assert!(!is_stale(f64::NAN));
        assert!(!is_stale(0.0));
    }
}
