//! Random lengths, as the parser makes them.

use proptest::prelude::*;

use super::super::ast::to_millis;
use super::super::*;

fn duration_node(kind: DurationKind) -> DurationExpr {
    DurationExpr { kind, span: Span::NOWHERE }
}

fn duration_binding(expr: &DurationExpr) -> u8 {
    match &expr.kind {
        DurationKind::Binary { op: DurationOp::Add | DurationOp::Sub, .. } => 1,
        DurationKind::Binary { op: DurationOp::Pow, .. } => 3,
        DurationKind::Binary { .. } | DurationKind::Negate(_) => 2,
        DurationKind::Number(number) if number.value.is_sign_negative() => 2,
        _ => 4,
    }
}

/// Puts parentheses around what binds less than `least`.
fn duration_within(expr: DurationExpr, least: u8) -> Box<DurationExpr> {
    Box::new(match duration_binding(&expr) < least {
        true => duration_node(DurationKind::Paren(Box::new(expr))),
        false => expr,
    })
}

fn duration_leaf() -> impl Strategy<Value = DurationExpr> {
    prop_oneof![
        (1..1_000_000_i64).prop_map(|millis| DurationKind::Number(Number::from_millis(millis))),
        (-100_000..-1_i64).prop_map(|millis| DurationKind::Number(Number::from_millis(millis))),
        (1..5000_u16).prop_map(|number| DurationKind::Number(Number::new(f64::from(number) / 8.0))),
        Just(DurationKind::Step),
        Just(DurationKind::Range),
    ]
    .prop_map(duration_node)
}

fn duration() -> impl Strategy<Value = DurationExpr> {
    use DurationOp::{Add, Div, Mod, Mul, Pow, Sub};
    duration_leaf().prop_recursive(3, 12, 2, |inner| {
        let op = prop::sample::select(vec![Add, Sub, Mul, Div, Mod, Pow]);
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            (op, pair.clone()).prop_map(|(op, (left, right))| {
                let own = duration_binding(&duration_node(DurationKind::Binary {
                    op,
                    left: Box::new(duration_node(DurationKind::Step)),
                    right: Box::new(duration_node(DurationKind::Step)),
                }));
                let pow = op == Pow;
                let left = duration_within(left, if pow { own + 1 } else { own });
                // A sign needs no parentheses on the right.
                let right = match right.kind {
                    DurationKind::Negate(_) | DurationKind::Number(_) => Box::new(right),
                    _ => duration_within(right, if pow { own } else { own + 1 }),
                };
                DurationKind::Binary { op, left, right }
            }),
            inner.clone().prop_map(|inner| match inner.kind {
                kind @ (DurationKind::Number(_) | DurationKind::Paren(_)) => kind,
                DurationKind::Binary { op: Pow, .. } => DurationKind::Negate(Box::new(inner)),
                _ => DurationKind::Negate(duration_within(inner, 3)),
            }),
            pair.clone().prop_map(|(l, r)| DurationKind::MinOf(Box::new(l), Box::new(r))),
            pair.prop_map(|(l, r)| DurationKind::MaxOf(Box::new(l), Box::new(r))),
        ]
        .prop_map(duration_node)
    })
}

fn length(kind: LengthKind) -> Length {
    Length { kind, span: Span::NOWHERE }
}

/// What may stand in brackets.
pub(super) fn positive() -> impl Strategy<Value = Length> {
    prop_oneof![
        (1..100_000_000_000_i64).prop_map(LengthKind::Fixed),
        duration().prop_map(|expr| match &expr.kind {
            DurationKind::Number(number) => {
                LengthKind::Fixed(to_millis(number.value).unwrap().abs().max(1))
            }
            _ => LengthKind::Computed(expr),
        }),
    ]
    .prop_map(length)
}

/// What may stand after `offset`.
pub(super) fn offset() -> impl Strategy<Value = Length> {
    let computed = (duration(), any::<bool>()).prop_map(|(expr, minus)| {
        let expr = match &expr.kind {
            DurationKind::Number(_) => duration_node(DurationKind::Step),
            DurationKind::Binary { .. } | DurationKind::Negate(_) => {
                duration_node(DurationKind::Paren(Box::new(expr)))
            }
            _ => expr,
        };
        let kind = if minus { DurationKind::Negate(Box::new(expr)) } else { expr.kind };
        LengthKind::Computed(duration_node(kind))
    });
    let fixed = prop_oneof![1..100_000_000_000_i64, -100_000_000..-1_i64];
    prop_oneof![fixed.prop_map(LengthKind::Fixed), computed].prop_map(length)
}
