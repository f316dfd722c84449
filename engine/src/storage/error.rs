//! Why a sample was not stored.

use std::time::Duration;

use thiserror::Error;

use super::SeriesRef;
use crate::model::Timestamp;

/// Why an append was refused; the store is as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The series was removed, or never was.
    #[error("series {series} does not exist, or no longer; resolve it again")]
    UnknownSeries {
        /// The reference as given.
        series: SeriesRef,
    },
    /// The series has another value at this timestamp.
    #[error("the series already has {stored} at {at}; got {given}")]
    Duplicate {
        /// The timestamp.
        at: Timestamp,
        /// The value that is kept.
        stored: f64,
        /// The value that was refused.
        given: f64,
    },
    /// The timestamp lies further back than the out-of-order window.
    #[error("timestamp {at} is more than {window:?} older than the newest sample at {newest}")]
    TooOld {
        /// The timestamp.
        at: Timestamp,
        /// The series' newest sample.
        newest: Timestamp,
        /// The out-of-order window.
        window: Duration,
    },
    /// The timestamp lies beyond the tolerance for clocks that run ahead.
    #[error("timestamp {at} is more than {tolerance:?} ahead of {now}")]
    TooFarInFuture {
        /// The timestamp.
        at: Timestamp,
        /// The time at which it was refused.
        now: Timestamp,
        /// The tolerance.
        tolerance: Duration,
    },
}
