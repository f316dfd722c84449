//! Why the evaluation of a recording rule fails.

use thiserror::Error;

use crate::promql::LabelSet;
use crate::promql::syntax::ValueType;

/// Why the evaluation of a recording rule fails. Where Prometheus has the same error,
/// the message begins the same.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The query fails.
    #[error("{0}")]
    Query(String),
    /// The expression gives neither series nor a number.
    #[error("rule result is not a vector or scalar, but a {found}")]
    NotVector {
        /// What it gives.
        found: ValueType,
    },
    /// Two series of a recording rule become the same.
    #[error("vector contains metrics with the same labelset after applying rule labels: {series}")]
    DuplicateSeries {
        /// The series.
        series: LabelSet,
    },
    /// The series were not stored.
    #[error("not stored: {0}")]
    NotStored(String),
    /// A rule comes to more than its group allows.
    #[error("exceeded limit of {limit} with {count} series")]
    Limit {
        /// What the group allows.
        limit: usize,
        /// What there is.
        count: usize,
    },
}
