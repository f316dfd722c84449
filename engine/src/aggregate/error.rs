//! Why an aggregation was refused.

use std::time::Duration;

use thiserror::Error;

use crate::model::{DefinitionError, NameError};

/// Why an aggregation, or a part of one, was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// A method's name that means nothing.
    #[error(
        "unknown method {text:?}: expected sum, avg, min, max, count, first, last, delta, \
         increase, rate, stddev, variance, median or a percentile such as p95 or p99.9"
    )]
    Method {
        /// The text as given.
        text: String,
    },
    /// A metric's or label's name is not valid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The gauge of the results would not be valid.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A window or interval out of its range.
    #[error("aggregation {name:?}: {key} must be 100ms to 400 days, got {span:?}")]
    Span {
        /// The aggregation.
        name: String,
        /// `window` or `interval`.
        key: &'static str,
        /// The value as given.
        span: Duration,
    },
    /// A quantile outside 0 to 1.
    #[error("aggregation {name:?}: the quantile must lie between 0 and 1, got {quantile}")]
    Quantile {
        /// The aggregation.
        name: String,
        /// The value as given.
        quantile: f64,
    },
    /// An aggregation whose results would be its own input.
    #[error("aggregation {name:?} would be stored under the name of its source")]
    Itself {
        /// The aggregation.
        name: String,
    },
    /// A name that is taken.
    #[error("aggregation {name:?} exists already")]
    Duplicate {
        /// The aggregation.
        name: String,
    },
    /// A name that nobody has.
    #[error("unknown aggregation {name:?}")]
    Unknown {
        /// The name as given.
        name: String,
    },
}
