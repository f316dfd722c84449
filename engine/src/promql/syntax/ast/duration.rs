//! Durations in brackets and after `offset`, known or to be computed.

use super::{Number, UnaryOp};
use crate::promql::syntax::Span;

/// A length of time in brackets or after `offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Length {
    /// How it is written.
    pub kind: LengthKind,
    /// Where it stands.
    pub span: Span,
}

/// How a length is written.
#[derive(Debug, Clone, PartialEq)]
pub enum LengthKind {
    /// A number or duration: milliseconds, positive in brackets.
    Fixed(i64),
    /// An expression such as `5m + 2 * step()`.
    Computed(DurationExpr),
}

/// An expression over durations, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationExpr {
    /// What it is.
    pub kind: DurationKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of an expression over durations.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationKind {
    /// `90` or `1m30s`.
    Number(Number),
    /// `step()`: the time between two steps of the query.
    Step,
    /// `range()`: the time from the first to the last step of the query.
    Range,
    /// `-step()`.
    Unary(UnaryOp, Box<DurationExpr>),
    /// `step() * 2`.
    Binary {
        /// The operator.
        op: DurationOp,
        /// The left operand.
        left: Box<DurationExpr>,
        /// The right operand.
        right: Box<DurationExpr>,
    },
    /// `min_of(step(), 1m)`: the smaller of both.
    MinOf(Box<DurationExpr>, Box<DurationExpr>),
    /// `max_of(step(), 1m)`: the larger of both.
    MaxOf(Box<DurationExpr>, Box<DurationExpr>),
    /// `(step() + 1)`.
    Paren(Box<DurationExpr>),
}

/// The operators between durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DurationOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
}

impl DurationOp {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
        }
    }
}
