//! Why an aggregation was refused.

use thiserror::Error;

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
}
