//! Why an aggregation was refused.

use std::time::Duration;

use thiserror::Error;

use crate::model::{DefinitionError, LabelsError, NameError};
use crate::promql::QueryError;
use crate::promql::syntax::Position;

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
    /// An aggregation computes from a metric or in PromQL, and nothing else.
    #[error("aggregation {name:?} must have either a metric and a method, or an expression")]
    Source {
        /// The aggregation.
        name: String,
    },
    /// What an expression finds has no name.
    #[error("an aggregation in PromQL needs a name")]
    Nameless,
    /// Something that goes with the other source.
    #[error("{what} goes with {with}")]
    Misplaced {
        /// What was given.
        what: &'static str,
        /// `a metric` or `an expression`.
        with: &'static str,
    },
    /// An expression is not PromQL.
    #[error("aggregation {name:?}: {position}: {source}")]
    Expression {
        /// The aggregation.
        name: String,
        /// Where in the expression: line and column.
        position: Position,
        /// What is wrong with it.
        source: Box<QueryError>,
    },
    /// An expression whose result has no value a series.
    #[error(
        "aggregation {name:?}: the expression is a {found}; expected an instant vector or a scalar"
    )]
    ExpressionType {
        /// The aggregation.
        name: String,
        /// Its type.
        found: String,
    },
    /// The labels that are laid over are not valid.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// An answer without a value a series.
    #[error("the answer is a {found}; expected an instant vector or a scalar")]
    Answer {
        /// Its type.
        found: String,
    },
    /// An expression could not be evaluated.
    #[error("{reason}")]
    Failed {
        /// Why not.
        reason: String,
    },
    /// Two series of an answer would be stored as one.
    #[error("two series have the same labels {labels} once the aggregation's are laid over")]
    SameLabels {
        /// The labels.
        labels: String,
    },
    /// A name that is taken.
    #[error("aggregation {name:?} exists already")]
    Duplicate {
        /// The aggregation.
        name: String,
    },
    /// A run was asked for while one is under way.
    #[error("aggregation {name:?} is running already")]
    UnderWay {
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
