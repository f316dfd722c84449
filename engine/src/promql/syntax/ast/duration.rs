//! Durations in brackets and after `offset`, known or to be computed.

use super::Number;
use crate::promql::syntax::duration::DURATION_MS_MAX;
use crate::promql::syntax::{ParseError, ParseErrorKind, Span};

/// A length of time in brackets or after `offset`.
#[derive(Debug, Clone, PartialEq)]
pub struct Length {
    /// How it is written.
    pub kind: LengthKind,
    /// Where it stands.
    pub span: Span,
}

impl Length {
    /// Returns the length in milliseconds in a query of which two steps are
    /// `step_ms` apart, and the first and the last `range_ms`.
    ///
    /// # Errors
    /// A division by zero, or a result beyond 292 years.
    pub fn millis(&self, step_ms: i64, range_ms: i64) -> Result<i64, ParseError> {
        match &self.kind {
            LengthKind::Fixed(millis) => Ok(*millis),
            LengthKind::Computed(expr) => expr.millis(step_ms, range_ms),
        }
    }

    /// As [`Length::millis`], for a range or a step.
    ///
    /// # Errors
    /// As [`Length::millis`], or a result that is not positive.
    pub fn positive_millis(&self, step_ms: i64, range_ms: i64) -> Result<i64, ParseError> {
        let millis = self.millis(step_ms, range_ms)?;
        let refused = ParseError::new(ParseErrorKind::DurationNotPositive, self.span);
        if millis > 0 { Ok(millis) } else { Err(refused) }
    }
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

impl DurationExpr {
    fn millis(&self, step_ms: i64, range_ms: i64) -> Result<i64, ParseError> {
        let seconds = self.seconds(from_millis(step_ms), from_millis(range_ms))?;
        let millis = to_millis(seconds);
        millis.ok_or_else(|| ParseError::new(ParseErrorKind::DurationRange, self.span))
    }

    fn seconds(&self, step: f64, range: f64) -> Result<f64, ParseError> {
        let of = |expr: &Self| expr.seconds(step, range);
        Ok(match &self.kind {
            DurationKind::Number(number) => number.value,
            DurationKind::Step => step,
            DurationKind::Range => range,
            DurationKind::Negate(expr) => -of(expr)?,
            DurationKind::Paren(expr) => of(expr)?,
            DurationKind::MinOf(left, right) => of(left)?.min(of(right)?),
            DurationKind::MaxOf(left, right) => of(left)?.max(of(right)?),
            DurationKind::Binary { op, left, right } => {
                let (left, right) = (of(left)?, of(right)?);
                op.apply(left, right).map_err(|kind| ParseError::new(kind, self.span))?
            }
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations are within 53 bits")]
const fn from_millis(millis: i64) -> f64 {
    millis as f64 / 1_000.0
}

/// Returns seconds as milliseconds; `None` beyond 292 years.
#[expect(clippy::cast_possible_truncation, reason = "within the bounds that are checked")]
#[expect(clippy::cast_precision_loss, reason = "a bound, not a value")]
pub(in crate::promql::syntax) fn to_millis(seconds: f64) -> Option<i64> {
    let millis = (seconds * 1_000.0).round();
    (millis.abs() <= DURATION_MS_MAX as f64).then_some(millis as i64)
}

/// Returns seconds as milliseconds; `None` for what is not finite or does not
/// fit.
#[expect(clippy::cast_possible_truncation, reason = "within the bounds that are checked")]
pub(in crate::promql::syntax) fn to_timestamp_millis(seconds: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    let millis = (seconds * 1_000.0).round();
    (millis.abs() < BOUND).then_some(millis as i64)
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
    /// `-step()`. A plus sign leaves no trace, nor does a sign before a number.
    Negate(Box<DurationExpr>),
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
    /// `(step() + 1)`. Parentheses around a positive number, and a second pair
    /// of them, leave no trace.
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
    fn apply(self, left: f64, right: f64) -> Result<f64, ParseErrorKind> {
        match self {
            Self::Add => Ok(left + right),
            Self::Sub => Ok(left - right),
            Self::Mul => Ok(left * right),
            Self::Div if right == 0.0 => Err(ParseErrorKind::DivisionByZero),
            Self::Div => Ok(left / right),
            Self::Mod if right == 0.0 => Err(ParseErrorKind::ModuloByZero),
            Self::Mod => Ok(left % right),
            Self::Pow => Ok(left.powf(right)),
        }
    }

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
