//! The types of expressions: which calls and operands make sense.
//!
//! Checking recurses as deep as the tree, which its parser bounds.

mod error;

pub use error::{Bound, TypeError, TypeErrorKind};

use super::functions::{Function, Signature};
use super::syntax::{
    AggregateOp, Aggregation, Binary, Call, Expr, ExprKind, Extension, Fill, Operation, ValueType,
};

/// Returns the type of an expression if it and all within it make sense.
///
/// # Errors
/// The first thing that does not, operands before what is made of them.
pub fn check(expr: &Expr) -> Result<ValueType, TypeError> {
    match &expr.kind {
        ExprKind::Number(_) => Ok(ValueType::Scalar),
        ExprKind::Text(_) => Ok(ValueType::String),
        ExprKind::Vector(_) => Ok(ValueType::Vector),
        ExprKind::Matrix(_) => Ok(ValueType::Matrix),
        ExprKind::Paren(inner) => check(inner),
        ExprKind::Call(call) => check_call(call, expr),
        ExprKind::Aggregation(aggregation) => check_aggregation(aggregation),
        ExprKind::Binary(binary) => check_binary(binary),
        ExprKind::Unary(unary) => match check(&unary.expr)? {
            found @ (ValueType::Scalar | ValueType::Vector) => Ok(found),
            found => Err(TypeError::new(TypeErrorKind::Sign { found }, expr.span)),
        },
        ExprKind::Subquery(subquery) => match check(&subquery.expr)? {
            ValueType::Vector => Ok(ValueType::Matrix),
            found => Err(TypeError::new(TypeErrorKind::Subquery { found }, expr.span)),
        },
    }
}

fn check_call(call: &Call, expr: &Expr) -> Result<ValueType, TypeError> {
    let Some(function) = Function::by_name(&call.function.name) else {
        let name = call.function.name.clone();
        let nearest = nearest(&name);
        let kind = TypeErrorKind::UnknownFunction { name, nearest };
        return Err(TypeError::new(kind, call.function.span));
    };
    let signature = function.signature();
    check_count(signature, call.args.len()).map_err(|kind| TypeError::new(kind, expr.span))?;
    for (index, arg) in call.args.iter().enumerate() {
        let found = check(arg)?;
        let refuse = |kind| Err(TypeError::new(kind, arg.span));
        match signature.argument(index) {
            Some(expected) if expected != found => {
                return refuse(TypeErrorKind::Argument {
                    function: signature.name,
                    expected,
                    found,
                });
            }
            _ => {}
        }
        if function == Function::Info && index == 1 {
            match &arg.kind {
                ExprKind::Vector(vector) if vector.name.is_none() => {}
                ExprKind::Vector(_) => return refuse(TypeErrorKind::InfoMetric),
                _ => return refuse(TypeErrorKind::InfoSelector),
            }
        }
        if let ExprKind::Matrix(matrix) = &arg.unwrapped().kind
            && let Some(extension) = matrix.vector.extension
            && !allowed(extension).split(", ").any(|name| name == signature.name)
        {
            let (allowed, function) = (allowed(extension), signature.name);
            return refuse(TypeErrorKind::Extension { extension, allowed, function });
        }
    }
    Ok(signature.returns)
}

fn check_count(signature: &Signature, found: usize) -> Result<(), TypeErrorKind> {
    let refuse = |bound, expected| {
        let function = signature.name;
        Err(TypeErrorKind::ArgumentCount { function, bound, expected, found })
    };
    let least = signature.arguments_min();
    if !signature.is_variadic() && found != least {
        return refuse(Bound::Exactly, least);
    }
    if found < least {
        return refuse(Bound::AtLeast, least);
    }
    match signature.arguments_max() {
        Some(most) if found > most => refuse(Bound::AtMost, most),
        _ => Ok(()),
    }
}

/// Returns the functions that may have a range with `extension`.
const fn allowed(extension: Extension) -> &'static str {
    match extension {
        Extension::Anchored => "changes, delta, increase, rate, resets",
        Extension::Smoothed => "delta, increase, rate",
    }
}

fn check_aggregation(aggregation: &Aggregation) -> Result<ValueType, TypeError> {
    let expect = |expr: &Expr, place, expected| {
        let found = check(expr)?;
        let kind = TypeErrorKind::Aggregation { place, expected, found };
        if found == expected { Ok(()) } else { Err(TypeError::new(kind, expr.span)) }
    };
    expect(&aggregation.expr, "expression", ValueType::Vector)?;
    if let Some(param) = &aggregation.param {
        let is_label = aggregation.op == AggregateOp::CountValues;
        let expected = if is_label { ValueType::String } else { ValueType::Scalar };
        expect(param, "parameter", expected)?;
    }
    Ok(ValueType::Vector)
}

fn check_binary(binary: &Binary) -> Result<ValueType, TypeError> {
    let mut left = operand(&binary.first)?;
    for (index, operation) in binary.rest.iter().enumerate() {
        let right = operand(&operation.right)?;
        left = check_operation(binary, index, operation, left, right)?;
    }
    Ok(left)
}

fn operand(expr: &Expr) -> Result<ValueType, TypeError> {
    match check(expr)? {
        found @ (ValueType::Scalar | ValueType::Vector) => Ok(found),
        found => Err(TypeError::new(TypeErrorKind::Operand { found }, expr.span)),
    }
}

/// Checks the operation number `index` of a chain.
fn check_operation(
    binary: &Binary,
    index: usize,
    operation: &Operation,
    left: ValueType,
    right: ValueType,
) -> Result<ValueType, TypeError> {
    let op = operation.op;
    if left == ValueType::Vector && right == ValueType::Vector {
        return Ok(ValueType::Vector);
    }
    let scalars = left == ValueType::Scalar && right == ValueType::Scalar;
    let whole = binary.span_through(index);
    let refusals = [
        (
            scalars && op.is_comparison() && !operation.return_bool,
            TypeErrorKind::ComparisonOfScalars,
            operation.op_span,
        ),
        (
            operation.matching.as_ref().is_some_and(|matching| !matching.labels.is_empty()),
            TypeErrorKind::MatchingOfScalar,
            whole,
        ),
        (operation.fill != Fill::default(), TypeErrorKind::FillOfScalar, whole),
        (op.is_set(), TypeErrorKind::SetOfScalar { op }, whole),
        (scalars && op.is_trim(), TypeErrorKind::TrimOfScalars { op }, whole),
    ];
    match refusals.into_iter().find(|(refused, ..)| *refused) {
        Some((_, kind, span)) => Err(TypeError::new(kind, span)),
        None if scalars => Ok(ValueType::Scalar),
        None => Ok(ValueType::Vector),
    }
}

/// Returns the function that `name` is a misspelling of: at most one letter
/// in three wrong, and two in all. Case does not matter.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let most = (name.len() / 3).min(2);
    let known = Function::all().iter().map(|function| function.name());
    let near = known.filter(|known| known.len().abs_diff(name.len()) <= most);
    let near = near.map(|known| (edits(known, &name), known)).min();
    near.filter(|(edits, _)| *edits <= most).map(|(_, known)| known)
}

/// Counts the letters to change, insert or remove between two names
/// (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, from) in a.bytes().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut above = row.iter_mut();
        if let Some(first) = above.next() {
            *first = left;
        }
        for (cell, to) in above.zip(b.bytes()) {
            let changed = diagonal + usize::from(from != to);
            diagonal = *cell;
            left = changed.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(a.len())
}

#[cfg(test)]
mod tests;
