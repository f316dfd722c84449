//! Lengths of time that a query computes.

use crate::promql::query::{EvaluationTimes, PlanError};
use crate::promql::syntax::{
    DurationExpr, DurationKind, DurationOp, Length, LengthKind, Span, UnaryOp,
};

/// The longest time in milliseconds that a length may have: the years that
/// fit when a time is subtracted from another.
const LENGTH_MAX_MS: f64 = (i64::MAX / 4) as f64;

/// Returns a length in milliseconds; of either sign.
pub(super) fn offset(length: &Length, times: EvaluationTimes) -> Result<i64, PlanError> {
    match &length.kind {
        LengthKind::Fixed(ms) => Ok(*ms),
        LengthKind::Computed(expr) => milliseconds(seconds(expr, times)?, expr.span),
    }
}

/// Returns a length in milliseconds that has to be positive.
pub(super) fn positive(length: &Length, times: EvaluationTimes) -> Result<i64, PlanError> {
    let ms = offset(length, times)?;
    if ms > 0 {
        return Ok(ms);
    }
    let message = "duration must be greater than 0".to_owned();
    Err(PlanError::Length { message, span: length.span })
}

fn milliseconds(seconds: f64, span: Span) -> Result<i64, PlanError> {
    let ms = seconds * 1e3;
    if ms.is_nan() || ms.abs() > LENGTH_MAX_MS {
        return Err(PlanError::Length { message: "duration out of range".to_owned(), span });
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let ms = ms as i64;
    Ok(ms)
}

#[expect(clippy::cast_precision_loss, reason = "times are exact for 285,000 years")]
fn seconds(expr: &DurationExpr, times: EvaluationTimes) -> Result<f64, PlanError> {
    let of = |expr: &DurationExpr| seconds(expr, times);
    Ok(match &expr.kind {
        DurationKind::Number(number) => number.value,
        DurationKind::Step => times.step_ms as f64 / 1e3,
        DurationKind::Range => times.end_ms.saturating_sub(times.start_ms) as f64 / 1e3,
        DurationKind::Unary(UnaryOp::Plus, inner) | DurationKind::Paren(inner) => of(inner)?,
        DurationKind::Unary(UnaryOp::Minus, inner) => -of(inner)?,
        DurationKind::MinOf(left, right) => of(left)?.min(of(right)?),
        DurationKind::MaxOf(left, right) => of(left)?.max(of(right)?),
        DurationKind::Binary { op, left, right } => {
            let (left, right) = (of(left)?, of(right)?);
            match op {
                DurationOp::Add => left + right,
                DurationOp::Sub => left - right,
                DurationOp::Mul => left * right,
                DurationOp::Div | DurationOp::Mod if right == 0.0 => {
                    let message = match op {
                        DurationOp::Div => "division by zero",
                        _ => "modulo by zero",
                    };
                    return Err(PlanError::Length { message: message.to_owned(), span: expr.span });
                }
                DurationOp::Div => left / right,
                DurationOp::Mod => left % right,
                DurationOp::Pow => left.powf(right),
            }
        }
    })
}
