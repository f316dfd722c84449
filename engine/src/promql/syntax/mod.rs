//! The syntax of PromQL: from text to a tree and back.
//!
//! [`parse`] reads an expression, with every position kept as a [`Span`].
//! The tree is [`Expr`]; its `Display` is the normal form on one line, which
//! parses to the same tree.
//!
//! Queries come from outside, so they are read within [`Limits`]. No level of
//! a tree is deeper than the limit, and chains of operators of one precedence
//! are one node ([`Binary`]), so that a sum of ten thousand terms is as flat
//! as a sum of two. Walks over a tree may therefore recurse.
//!
//! ```
//! use keepwatch_engine::promql::syntax::parse;
//!
//! let query = "sum(rate(x[300])) by (job)";
//! let expr = parse(query).unwrap();
//! assert_eq!(expr.to_string(), "sum by (job) (rate(x[5m]))");
//!
//! let error = parse("sum(x").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "expected a comma or a closing parenthesis, found the end of the query"
//! );
//! assert_eq!(error.position("sum(x").to_string(), "1:6");
//! ```

mod ast;
mod duration;
mod error;
mod lexer;
mod limits;
mod number;
mod parser;
mod print;
mod span;
mod text;
mod value_type;

pub use ast::{
    AggregateOp, Aggregation, At, AtTime, Binary, BinaryOp, Call, DurationExpr, DurationKind,
    DurationOp, Expr, ExprKind, Extension, Fill, Group, GroupSide, Grouping, GroupingKind, Label,
    LabelMatcher, Length, LengthKind, Matching, MatchingKind, MatrixSelector, MetricName,
    Modifiers, Number, Operation, Subquery, Text, Unary, UnaryOp, VectorSelector,
};
pub(crate) use duration::{Fault as DurationFault, Millis, parse_duration};
pub use error::{ParseError, ParseErrorKind};
pub use limits::Limits;
pub use span::{Position, Span};
pub use value_type::ValueType;

use parser::Parser;

/// Reads a duration such as `1h30m` in milliseconds. `None` if it is none.
pub(crate) fn duration_millis(text: &str) -> Option<i64> {
    duration::parse_duration(text).ok()
}

/// Parses an expression within the default [`Limits`].
///
/// Names of functions and types of operands are not looked at.
///
/// # Errors
/// What is wrong and where; see [`ParseErrorKind`].
pub fn parse(query: &str) -> Result<Expr, ParseError> {
    parse_within(query, &Limits::default())
}

/// Parses an expression within `limits`.
///
/// # Errors
/// As [`parse`].
pub fn parse_within(query: &str, limits: &Limits) -> Result<Expr, ParseError> {
    Parser::new(query, limits)?.expression()
}

/// Parses a selector of series without modifiers, such as `up{job="node"}`,
/// within the default [`Limits`].
///
/// # Errors
/// As [`parse`], and [`ParseErrorKind::NotSelector`] for other expressions.
pub fn parse_selector(query: &str) -> Result<VectorSelector, ParseError> {
    Parser::new(query, &Limits::default())?.selector()
}

#[cfg(test)]
mod tests;
