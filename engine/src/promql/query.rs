//! A query, from its text to its result.

use std::time::Duration;

use thiserror::Error;

use super::plan::Plan;
use super::syntax::{Expr, Limits, ParseError, Span, ValueType, parse_within};
use super::types::{self, TypeError};

/// An expression that was parsed and type-checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    expr: Expr,
    value_type: ValueType,
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The text is not an expression.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// Its parts do not fit together.
    #[error(transparent)]
    Type(#[from] TypeError),
}

impl QueryError {
    /// Returns the piece of the query that it is about.
    #[must_use]
    pub const fn span(&self) -> Span {
        match self {
            Self::Parse(error) => error.span,
            Self::Type(error) => error.span,
        }
    }
}

/// When a query is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationTimes {
    /// The first time, in milliseconds since the Unix epoch.
    pub start_ms: i64,
    /// The last time; included if a step ends there.
    pub end_ms: i64,
    /// The time between two steps; 0 for an instant query.
    pub step_ms: i64,
}

impl EvaluationTimes {
    /// Returns the time of an instant query.
    #[must_use]
    pub const fn instant(at_ms: i64) -> Self {
        Self { start_ms: at_ms, end_ms: at_ms, step_ms: 0 }
    }

    /// Returns the times of a range query; a step below 1 ms counts as that.
    #[must_use]
    pub fn range(start_ms: i64, end_ms: i64, step_ms: i64) -> Self {
        Self { start_ms, end_ms, step_ms: step_ms.max(1) }
    }

    /// Says whether it is one time.
    #[must_use]
    pub const fn is_instant(&self) -> bool {
        self.step_ms == 0
    }
}

/// What a query may be told beside its times.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryOptions {
    /// How old the newest sample of a series may be; 5 min by default.
    pub lookback: Duration,
    /// The step of subqueries that name none; 1 min by default.
    pub subquery_step: Duration,
    /// The most samples that one query reads or computes; 50 million by
    /// default.
    pub samples_max: usize,
    /// Whether names are removed at the end of a query only, so that
    /// `label_replace` can still see them; off by default, as in Prometheus.
    pub delayed_name_removal: bool,
    /// Whether the labels `__type__` and `__unit__` go with the name; off by
    /// default.
    pub type_and_unit_labels: bool,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            lookback: Duration::from_secs(5 * 60),
            subquery_step: Duration::from_secs(60),
            samples_max: 50_000_000,
            delayed_name_removal: false,
            type_and_unit_labels: false,
        }
    }
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// A text that is no expression, or one whose types do not fit.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let expr = parse_within(text, &Limits::default())?;
        let value_type = types::check(&expr)?;
        Ok(Self { expr, value_type })
    }

    /// Returns the tree.
    #[must_use]
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Returns the type of the result.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// Plans the evaluation at these times.
    ///
    /// # Errors
    /// A range query over range vectors or texts, and lengths that come to
    /// nothing.
    pub fn plan(&self, times: EvaluationTimes, options: &QueryOptions) -> Result<Plan, PlanError> {
        Plan::new(&self.expr, self.value_type, times, options)
    }
}

/// Why a query cannot be evaluated at the times that were asked for.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A range query of a type that has no value a step.
    #[error(
        "invalid expression type {:?} for range query, must be Scalar or instant Vector",
        found.to_string()
    )]
    RangeOf {
        /// The type.
        found: ValueType,
    },
    /// The end is before the start.
    #[error("end timestamp must not be before start time")]
    EndBeforeStart,
    /// More steps than the samples that a query may have.
    #[error("a query of {steps} steps is larger than the {max} samples that are allowed")]
    TooManySteps {
        /// How many it has.
        steps: usize,
        /// The limit.
        max: usize,
    },
    /// A duration expression has no usable value.
    #[error(transparent)]
    Length(#[from] ParseError),
    /// An argument that has to be a literal text.
    #[error("{message}")]
    Argument {
        /// What is wrong.
        message: String,
        /// Where.
        span: Span,
    },
}
