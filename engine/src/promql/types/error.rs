//! Why an expression has no type.

use thiserror::Error;

use crate::promql::syntax::{BinaryOp, Extension, Position, Span, ValueType};

/// What is wrong with an expression's types, and where.
///
/// Writes itself as the message alone; [`TypeError::position`] gives the line
/// and column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct TypeError {
    /// What is wrong.
    pub kind: TypeErrorKind,
    /// The piece of the query that it is about.
    pub span: Span,
}

impl TypeError {
    pub(super) const fn new(kind: TypeErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// Returns where in `query` the error is.
    #[must_use]
    pub fn position(&self, query: &str) -> Position {
        self.span.position(query)
    }
}

/// The kinds of error in an expression's types. Where Prometheus has the same
/// error, the message is the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TypeErrorKind {
    /// There is no such function.
    #[error("unknown function with name {name:?}")]
    UnknownFunction {
        /// The name as written.
        name: String,
        /// The function whose name is nearest, if one is near.
        nearest: Option<&'static str>,
    },
    /// A call has too few or too many arguments.
    #[error("expected {}{expected} argument(s) in call to {function:?}, got {found}", bound.words())]
    ArgumentCount {
        /// The function.
        function: &'static str,
        /// Whether `expected` is a bound.
        bound: Bound,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// An argument of a function has another type.
    #[error("expected type {expected} in call to function {function:?}, got {found}")]
    Argument {
        /// The function.
        function: &'static str,
        /// The type it takes.
        expected: ValueType,
        /// The type of the argument.
        found: ValueType,
    },
    /// What is aggregated, or the parameter, has another type.
    #[error("expected type {expected} in aggregation {place}, got {found}")]
    Aggregation {
        /// `expression` or `parameter`.
        place: &'static str,
        /// The type it takes.
        expected: ValueType,
        /// The type it has.
        found: ValueType,
    },
    /// An operand is neither a scalar nor an instant vector.
    #[error("binary expression must contain only scalar and instant vector types")]
    Operand {
        /// Its type.
        found: ValueType,
    },
    /// A comparison of two scalars filters nothing.
    #[error("comparisons between scalars must use BOOL modifier")]
    ComparisonOfScalars,
    /// `and`, `or` or `unless` with a scalar.
    #[error("set operator {:?} not allowed in binary scalar expression", op.symbol())]
    SetOfScalar {
        /// The operator.
        op: BinaryOp,
    },
    /// A trim operator between scalars.
    #[error("operator {:?} not allowed for Scalar operations", op.symbol())]
    TrimOfScalars {
        /// The operator.
        op: BinaryOp,
    },
    /// `on` or `ignoring` with a scalar.
    #[error("vector matching only allowed between instant vectors")]
    MatchingOfScalar,
    /// `fill` with a scalar.
    #[error("filling in missing series only allowed between instant vectors")]
    FillOfScalar,
    /// A sign before something that is neither a scalar nor an instant vector.
    #[error(
        "unary expression only allowed on expressions of type scalar or instant vector, got \"{found}\""
    )]
    Sign {
        /// Its type.
        found: ValueType,
    },
    /// A subquery of something that is not an instant vector.
    #[error("subquery is only allowed on instant vector, got {} instead", found.result_name())]
    Subquery {
        /// Its type.
        found: ValueType,
    },
    /// The second argument of `info` names a metric.
    #[error("expected label selectors only, got vector selector instead")]
    InfoMetric,
    /// The second argument of `info` is not a selector.
    #[error("expected label selectors only")]
    InfoSelector,
    /// A function does not know what to do with extended ranges.
    #[error(
        "{} modifier can only be used with: {allowed} - not with {function}", extension.keyword()
    )]
    Extension {
        /// The modifier.
        extension: Extension,
        /// The functions that know.
        allowed: &'static str,
        /// The function called.
        function: &'static str,
    },
}

/// Whether a number is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Neither more nor fewer.
    Exactly,
    /// Not fewer.
    AtLeast,
    /// Not more.
    AtMost,
}

impl Bound {
    const fn words(self) -> &'static str {
        match self {
            Self::Exactly => "",
            Self::AtLeast => "at least ",
            Self::AtMost => "at most ",
        }
    }
}
