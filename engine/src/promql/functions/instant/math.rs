//! Functions of single values.

use std::f64::consts::PI;

use super::calendar;
use crate::promql::functions::Function;
use crate::promql::functions::absence::{ABSENT, is_absent, map};
use crate::promql::functions::range::Parameter;

/// Applies a function of single values to a column: mathematics, bounds,
/// rounding and the parts of dates. `parameters` are the scalar arguments in
/// the order of the signature; one that is missing is NaN, but for `round`,
/// where it is 1. Says whether the function is one of these; if not, the
/// column is as it was.
pub fn apply(function: Function, column: &mut [f64], parameters: &[Parameter<'_>]) -> bool {
    match function {
        Function::Abs => map(column, f64::abs),
        Function::Ceil => map(column, f64::ceil),
        Function::Floor => map(column, f64::floor),
        Function::Exp => map(column, f64::exp),
        Function::Ln => map(column, f64::ln),
        Function::Log2 => map(column, f64::log2),
        Function::Log10 => map(column, f64::log10),
        Function::Sqrt => map(column, f64::sqrt),
        Function::Sgn => map(column, sign),
        Function::Sin => map(column, f64::sin),
        Function::Cos => map(column, f64::cos),
        Function::Tan => map(column, f64::tan),
        Function::Asin => map(column, f64::asin),
        Function::Acos => map(column, f64::acos),
        Function::Atan => map(column, f64::atan),
        Function::Sinh => map(column, f64::sinh),
        Function::Cosh => map(column, f64::cosh),
        Function::Tanh => map(column, f64::tanh),
        Function::Asinh => map(column, f64::asinh),
        Function::Acosh => map(column, f64::acosh),
        Function::Atanh => map(column, f64::atanh),
        Function::Deg => map(column, |value| value * 180.0 / PI),
        Function::Rad => map(column, |value| value * PI / 180.0),
        Function::Minute => map(column, calendar::minute),
        Function::Hour => map(column, calendar::hour),
        Function::DayOfWeek => map(column, calendar::day_of_week),
        Function::DayOfMonth => map(column, calendar::day_of_month),
        Function::DayOfYear => map(column, calendar::day_of_year),
        Function::DaysInMonth => map(column, calendar::days_in_month),
        Function::Month => map(column, calendar::month),
        Function::Year => map(column, calendar::year),
        Function::Clamp => {
            with_two(column, parameters, |value, min, max| {
                if max < min { ABSENT } else { max_of(min, min_of(max, value)) }
            });
        }
        Function::ClampMin => with_two(column, parameters, |value, min, _| max_of(min, value)),
        Function::ClampMax => with_two(column, parameters, |value, max, _| min_of(max, value)),
        Function::Round => {
            let parameters =
                if parameters.is_empty() { &[Parameter::Constant(1.0)] } else { parameters };
            with_two(column, parameters, |value, nearest, _| round(value, nearest));
        }
        _ => return false,
    }
    true
}

fn with_two(column: &mut [f64], parameters: &[Parameter<'_>], f: impl Fn(f64, f64, f64) -> f64) {
    let parameter = |index: usize, step: usize| {
        parameters.get(index).map_or(f64::NAN, |parameter| parameter.at(step))
    };
    for (step, value) in column.iter_mut().enumerate() {
        if !is_absent(*value) {
            *value = f(*value, parameter(0, step), parameter(1, step));
        }
    }
}

fn sign(value: f64) -> f64 {
    if value > 0.0 {
        1.0
    } else if value < 0.0 {
        -1.0
    } else {
        value
    }
}

/// Rounds to a multiple of `nearest`, ties up. The inverse is multiplied with,
/// as 0.1 has no exact one but 10 has.
fn round(value: f64, nearest: f64) -> f64 {
    let inverse = 1.0 / nearest;
    (value * inverse + 0.5).floor() / inverse
}

/// Returns the lesser of two values; NaN if one of them is.
#[must_use]
pub fn min_of(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// Returns the greater of two values; NaN if one of them is.
#[must_use]
pub fn max_of(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}
