//! What is the same at every step.

use crate::promql::functions::Function;
use crate::promql::syntax::{Expr, ExprKind};

/// Says whether an expression has the same value at every step: every
/// selector in it stands at a fixed time, and nothing asks for the time.
pub(super) fn is_invariant(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) => true,
        ExprKind::Vector(selector) => selector.modifiers.at.is_some(),
        ExprKind::Matrix(matrix) => matrix.vector.modifiers.at.is_some(),
        ExprKind::Subquery(subquery) => subquery.modifiers.at.is_some(),
        ExprKind::Call(call) => {
            let function = Function::by_name(&call.function.name);
            !function.is_some_and(|function| asks_for_time(function, call.args.len()))
                && call.args.iter().all(is_invariant)
        }
        ExprKind::Aggregation(aggregation) => {
            aggregation.param.as_deref().is_none_or(is_invariant) && is_invariant(&aggregation.expr)
        }
        ExprKind::Binary(binary) => {
            is_invariant(&binary.first)
                && binary.rest.iter().all(|operation| is_invariant(&operation.right))
        }
        ExprKind::Unary(unary) => is_invariant(&unary.expr),
        ExprKind::Paren(inner) => is_invariant(inner),
    }
}

/// Says whether a function looks at the time of the step.
fn asks_for_time(function: Function, arguments: usize) -> bool {
    use Function as F;
    match function {
        F::Time | F::PredictLinear | F::Timestamp | F::Info => true,
        F::DayOfMonth
        | F::DayOfWeek
        | F::DayOfYear
        | F::DaysInMonth
        | F::Hour
        | F::Minute
        | F::Month
        | F::Year => arguments == 0,
        _ => false,
    }
}
