//! Why a request about retention was refused.

use std::time::Duration;

use thiserror::Error;

use crate::model::{NameError, Timestamp};

/// Why a request about retention was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RetentionError {
    /// A time outside its range.
    #[error("{key} = {value:?}; expected {min:?} to {max:?}")]
    OutOfRange {
        /// What it is for, as in `retention.samples`.
        key: String,
        /// The time as given.
        value: Duration,
        /// The shortest time that is taken.
        min: Duration,
        /// The longest time that is taken.
        max: Duration,
    },
    /// A retention for a metric whose name is not valid.
    #[error("retention by metric: {0}")]
    Metric(#[from] NameError),
    /// Another pass is not over.
    #[error("a cleaning pass that began at {started} is under way")]
    PassUnderWay {
        /// When the other began.
        started: Timestamp,
    },
}
