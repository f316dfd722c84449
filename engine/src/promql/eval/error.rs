//! Why an evaluation failed.

use thiserror::Error;

use crate::promql::functions::FunctionError;

/// Why an evaluation failed. Where Prometheus has the same error, the message
/// is the same.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A function refused its parameters.
    #[error(transparent)]
    Function(#[from] FunctionError),
    /// Two series of a result would be the same.
    #[error("vector cannot contain metrics with the same labelset")]
    SameLabels,
    /// Two series of the "one" side match the same series of the other.
    #[error(
        "found duplicate series for the match group {group} on the {side} hand-side of the \
         operation: [{first}, {second}];many-to-many matching not allowed: matching labels must \
         be unique on one side"
    )]
    ManyToMany {
        /// The labels that match.
        group: String,
        /// `left` or `right`.
        side: &'static str,
        /// One of the two.
        first: String,
        /// The other.
        second: String,
    },
    /// Two series of one side match one of the other without `group_left` or
    /// `group_right`.
    #[error(
        "multiple matches for labels: many-to-one matching must be explicit \
         (group_left/group_right)"
    )]
    ManyToOne,
    /// The labels of a grouped match are not enough to tell its results apart.
    #[error("multiple matches for labels: grouping labels must ensure unique matches")]
    GroupedMatches,
    /// Two info metrics tell a label differently.
    #[error("conflicting label: {label}")]
    ConflictingInfo {
        /// The label.
        label: String,
    },
    /// More samples than a query may have.
    #[error("query processing would load too many samples into memory in query execution: {max}")]
    TooManySamples {
        /// The limit.
        max: usize,
    },
    /// The query was given up: its client went away, or its time was over.
    #[error("query was canceled in query execution")]
    Cancelled,
    /// The plan asks for series that were not handed in.
    #[error("the plan reads {expected} sets of series, {found} were given")]
    Inputs {
        /// How many the plan reads.
        expected: usize,
        /// How many were given.
        found: usize,
    },
}
