//! A query whose selectors are pinned to one time, so that it says the same
//! whenever it is evaluated.

use keepwatch_engine::promql::syntax::{At, AtTime, Expr, ExprKind, Modifiers, Span};

/// Functions whose results depend on the time of evaluation or of the samples
/// even if their arguments do not.
const OF_TIME: [&str; 15] = [
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];

/// Returns the text of the expression with `@` on each selector and subquery
/// that has none and is not within one that has; `None` if its result depends
/// on the time of evaluation in another way.
pub(super) fn pinned(expr: &Expr, at_ms: i64) -> Option<String> {
    let mut expr = expr.clone();
    pin(&mut expr, at_ms).then(|| expr.to_string())
}

/// Says whether all that depends on time is pinned now.
fn pin(expr: &mut Expr, at_ms: i64) -> bool {
    match &mut expr.kind {
        ExprKind::Number(_) | ExprKind::Text(_) => true,
        ExprKind::Vector(selector) => set(&mut selector.modifiers, at_ms),
        ExprKind::Matrix(selector) => set(&mut selector.vector.modifiers, at_ms),
        // What is within is evaluated at the times of the subquery.
        ExprKind::Subquery(subquery) => set(&mut subquery.modifiers, at_ms),
        ExprKind::Call(call) => {
            let of_time = OF_TIME.contains(&call.function.name.as_str());
            !of_time && call.args.iter_mut().all(|arg| pin(arg, at_ms))
        }
        ExprKind::Aggregation(aggregation) => {
            let param = aggregation.param.as_deref_mut();
            param.is_none_or(|param| pin(param, at_ms)) && pin(&mut aggregation.expr, at_ms)
        }
        ExprKind::Binary(binary) => {
            pin(&mut binary.first, at_ms)
                && binary.rest.iter_mut().all(|operation| pin(&mut operation.right, at_ms))
        }
        ExprKind::Unary(unary) => pin(&mut unary.expr, at_ms),
        ExprKind::Paren(inner) => pin(inner, at_ms),
    }
}

fn set(modifiers: &mut Modifiers, at_ms: i64) -> bool {
    // The start and the end of an instant query are its time.
    if !modifiers.at.is_some_and(|at| matches!(at.time, AtTime::Millis(_))) {
        modifiers.at = Some(At { time: AtTime::Millis(at_ms), span: Span::new(0, 0) });
    }
    true
}

/// Says whether an expression asks when the query starts, when it ends or how
/// long its steps are, so that a range query has another result.
pub(super) fn asks_for_range(expr: &Expr) -> bool {
    let text = expr.to_string();
    ["start()", "end()", "range()", "step()"].iter().any(|call| text.contains(call))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keepwatch_engine::promql::syntax::parse;

    fn check(expression: &str, expected: Option<&str>) {
        assert_eq!(pinned(&parse(expression).unwrap(), 60_000).as_deref(), expected);
    }

    #[test]
    fn selectors_without_a_time_get_one() {
        check("a + rate(b[1m])", Some("a @ 60.000 + rate(b[1m] @ 60.000)"));
        check("sum(a @ 5 offset 1m)", Some("sum(a @ 5.000 offset 1m)"));
        check("max_over_time(a[5m:1m])", Some("max_over_time(a[5m:1m] @ 60.000)"));
        check("a * time()", None);
        check("-(hour())", None);
        check("1 + 2", Some("1 + 2"));
        check("a @ end() + b @ 5", Some("a @ 60.000 + b @ 5.000"));
    }

    #[test]
    fn what_a_range_query_sees_in_another_way() {
        let check = |text, expected| assert_eq!(asks_for_range(&parse(text).unwrap()), expected);
        check("a[step() * 2]", true);
        check("a offset (1m + range())", true);
        check("sum(a @ start())", true);
        check("1 + end( )", true);
        check("timestamp(a) + rate(a[5m] @ 5)", false);
    }
}
