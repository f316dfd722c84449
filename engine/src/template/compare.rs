//! `eq`, `ne`, `lt`, `le`, `gt` and `ge`.

use std::cmp::Ordering;

use super::functions::Outcome;
use super::value::Value;

const INCOMPATIBLE: &str = "incompatible types for comparison";

/// Says whether the first argument is equal to any other.
pub(super) fn eq(given: &[Value]) -> Outcome {
    let [first, others @ ..] = given else { return Err("missing argument for comparison".into()) };
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    for other in others {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn ne(given: &[Value]) -> Outcome {
    let [a, b] = given else { return Err("missing argument for comparison".to_owned()) };
    Ok(Value::Bool(!equal(a, b)?))
}

#[expect(clippy::float_cmp, reason = "templates compare floats exactly, as Go does")]
fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a) | Value::Named(_, a), Value::Int(b) | Value::Named(_, b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Time(a), Value::Time(b)) => Ok(a == b),
        (Value::Duration(a), Value::Duration(b)) => Ok(a == b),
        (Value::Sample(a), Value::Sample(b)) => Ok(std::sync::Arc::ptr_eq(a, b)),
        _ if a.type_name() == b.type_name() => {
            Err(format!("non-comparable type {}", a.type_name()))
        }
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}

pub(super) fn lt(given: &[Value]) -> Outcome {
    ordered(given, |ordering| ordering == Some(Ordering::Less))
}

pub(super) fn le(given: &[Value]) -> Outcome {
    ordered(given, |ordering| matches!(ordering, Some(Ordering::Less | Ordering::Equal)))
}

/// Not `le`, as in Go: true where one side is NaN.
pub(super) fn gt(given: &[Value]) -> Outcome {
    ordered(given, |ordering| !matches!(ordering, Some(Ordering::Less | Ordering::Equal)))
}

/// Not `lt`, as in Go: true where one side is NaN.
pub(super) fn ge(given: &[Value]) -> Outcome {
    ordered(given, |ordering| ordering != Some(Ordering::Less))
}

fn ordered(given: &[Value], test: fn(Option<Ordering>) -> bool) -> Outcome {
    let ordering = match given {
        [Value::Int(a) | Value::Named(_, a), Value::Int(b) | Value::Named(_, b)] => Some(a.cmp(b)),
        [Value::Float(a), Value::Float(b)] => a.partial_cmp(b),
        [Value::Text(a), Value::Text(b)] => Some(a.cmp(b)),
        [a, b] if a.type_name() == b.type_name() => {
            return Err("invalid type for comparison".to_owned());
        }
        _ => return Err(INCOMPATIBLE.to_owned()),
    };
    Ok(Value::Bool(test(ordering)))
}
