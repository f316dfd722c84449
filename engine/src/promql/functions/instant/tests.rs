//! Functions and operators on columns.

use chrono::{DateTime, Datelike, Timelike};
use proptest::prelude::*;

use super::*;
use crate::promql::functions::range::Parameter;
use crate::promql::functions::{ABSENT, Function, is_absent};
use crate::promql::syntax::BinaryOp;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn near(value: f64, expected: f64) -> bool {
    is_absent(value) == is_absent(expected)
        && (value == expected
            || (value.is_nan() && expected.is_nan())
            || (value - expected).abs() <= 1e-12 * expected.abs())
}

fn check(name: &str, parameters: &[f64], values: &[f64], expected: &[f64]) {
    let function = Function::by_name(name).unwrap();
    let parameters: Vec<_> = parameters.iter().map(|&value| Parameter::Constant(value)).collect();
    let mut column = values.to_vec();
    column.push(ABSENT);
    assert!(apply(function, &mut column, &parameters), "{name}");
    assert!(is_absent(column.pop().unwrap()), "{name} of nothing");
    for (index, (&value, &expected)) in column.iter().zip(expected).enumerate() {
        assert!(near(value, expected), "{name}({}): {value}, expected {expected}", values[index]);
    }
}

#[test]
fn mathematics() {
    check("abs", &[], &[2.5, -2.5, -INF, NAN], &[2.5, 2.5, INF, NAN]);
    check("ceil", &[], &[2.5, -2.5, INF], &[3.0, -2.0, INF]);
    check("floor", &[], &[2.5, -2.5, NAN], &[2.0, -3.0, NAN]);
    check("sgn", &[], &[-INF, INF, NAN, -50.0, 0.0, 100.0], &[-1.0, 1.0, NAN, -1.0, 0.0, 1.0]);
    check("exp", &[], &[10.0], &[22_026.465_794_806_718]);
    check("ln", &[], &[10.0, 0.0, -10.0], &[std::f64::consts::LN_10, -INF, NAN]);
    check("log2", &[], &[10.0, 0.0, -10.0], &[3.321_928_094_887_362_6, -INF, NAN]);
    check("log10", &[], &[10.0, 0.0, -10.0], &[1.0, -INF, NAN]);
    check("sqrt", &[], &[10.0, -1.0], &[3.162_277_660_168_379_5, NAN]);
    check("deg", &[], &[std::f64::consts::PI], &[180.0]);
    check("rad", &[], &[180.0], &[std::f64::consts::PI]);
    check("asin", &[], &[1.0, 2.0], &[std::f64::consts::FRAC_PI_2, NAN]);
    check("acosh", &[], &[1.0, 10.0], &[0.0, 2.993_222_846_126_381]);
    check("asinh", &[], &[-INF, 10.0], &[-INF, 2.998_222_950_297_97]);
    check("atanh", &[], &[1.0, 2.0], &[INF, NAN]);
    check("sin", &[], &[INF], &[NAN]);
}

#[test]
fn rounding_takes_ties_up() {
    check("round", &[], &[2.5, -2.5, 0.4, -INF, NAN], &[3.0, -2.0, 0.0, -INF, NAN]);
    check("round", &[0.1], &[0.05, 2.15, 5.25, -5.25], &[0.1, 2.2, 5.3, -5.2]);
    check("round", &[5.0], &[2.5, 4.5, 9.0], &[5.0, 5.0, 10.0]);
    check("round", &[0.0], &[1.0], &[NAN]);
}

#[test]
fn bounds() {
    check("clamp", &[-25.0, 75.0], &[-50.0, 0.0, 100.0, NAN], &[-25.0, 0.0, 75.0, NAN]);
    check("clamp", &[5.0, -5.0], &[0.0], &[ABSENT]);
    check("clamp", &[NAN, 0.0], &[1.0], &[NAN]);
    check("clamp", &[0.0, NAN], &[1.0], &[NAN]);
    check("clamp_min", &[-25.0], &[-50.0, 0.0], &[-25.0, 0.0]);
    check("clamp_max", &[75.0], &[50.0, 100.0], &[50.0, 75.0]);
    check("clamp_max", &[], &[50.0], &[NAN]);
    assert!(near(min_of(NAN, 3.0), NAN) && near(max_of(3.0, NAN), NAN));
    assert_eq!((min_of(-2.0, -5.0), max_of(-2.0, -5.0)), (-5.0, -2.0));
}

#[test]
fn dates() {
    check(
        "year",
        &[],
        &[0.0, 1_136_239_445.0, 1_230_767_999.0, NAN],
        &[1970.0, 2006.0, 2008.0, NAN],
    );
    check("month", &[], &[1_456_790_399.0, 1_456_790_400.0], &[2.0, 3.0]);
    check("day_of_month", &[], &[1_456_790_399.0, 1_456_790_400.0], &[29.0, 1.0]);
    check("day_of_year", &[], &[1_483_191_420.0, 1_672_493_820.0], &[366.0, 365.0]);
    check("days_in_month", &[], &[1_454_284_800.0, 1_485_907_200.0], &[29.0, 28.0]);
    check("day_of_week", &[], &[0.0, 1_136_239_445.0, -86_400.0], &[4.0, 1.0, 3.0]);
    check("hour", &[], &[1_136_239_445.0, -1.0, -0.5], &[22.0, 23.0, 0.0]);
    check("minute", &[], &[1_136_239_445.0, INF], &[4.0, NAN]);
}

#[test]
fn what_is_no_function_of_values_leaves_the_column() {
    let mut column = [-1.0];
    assert!(!apply(Function::Rate, &mut column, &[]));
    assert_eq!(column, [-1.0]);
}

fn check_op(op: BinaryOp, comparison: Comparison, left: f64, right: f64, expected: f64) {
    let told = format!("{left} {} {right}", op.symbol());
    let mut on_left = [left];
    column_with(op, comparison, &mut on_left, Operand::Column(&[right]));
    assert!(near(on_left[0], expected), "{told}: {}", on_left[0]);
    let mut on_right = [right];
    with_column(op, comparison, Operand::Column(&[left]), &mut on_right);
    assert!(near(on_right[0], expected), "{told}, on the right: {}", on_right[0]);
    if !is_absent(right) {
        let mut scalar = [left];
        column_with(op, comparison, &mut scalar, Operand::Scalar(Parameter::Constant(right)));
        assert!(near(scalar[0], expected), "{told}, with a scalar: {}", scalar[0]);
    }
}

#[test]
fn operators() {
    use Comparison::{Bool, Filter};
    for (op, left, right, expected) in [
        (BinaryOp::Add, 1.0, 2.0, 3.0),
        (BinaryOp::Sub, 1.0, 2.0, -1.0),
        (BinaryOp::Mul, 3.0, 2.0, 6.0),
        (BinaryOp::Div, 1.0, 0.0, INF),
        (BinaryOp::Mod, -5.5, 2.0, -1.5),
        (BinaryOp::Mod, 5.0, 0.0, NAN),
        (BinaryOp::Pow, 2.0, 0.5, std::f64::consts::SQRT_2),
        (BinaryOp::Pow, 1.0, NAN, 1.0),
        (BinaryOp::Atan2, 1.0, -1.0, 0.75 * std::f64::consts::PI),
        (BinaryOp::Add, ABSENT, 2.0, ABSENT),
        (BinaryOp::Add, 2.0, ABSENT, ABSENT),
        (BinaryOp::TrimUpper, 1.0, 2.0, ABSENT),
    ] {
        check_op(op, Filter, left, right, expected);
    }
    for (op, left, right, holds) in [
        (BinaryOp::Equal, 2.0, 2.0, true),
        (BinaryOp::Equal, NAN, NAN, false),
        (BinaryOp::NotEqual, NAN, NAN, true),
        (BinaryOp::Less, 1.0, 2.0, true),
        (BinaryOp::Less, 2.0, 2.0, false),
        (BinaryOp::LessEqual, 2.0, 2.0, true),
        (BinaryOp::Greater, 2.0, 2.0, false),
        (BinaryOp::Greater, 1.0, 2.0, false),
        (BinaryOp::GreaterEqual, 3.0, 2.0, true),
    ] {
        check_op(op, Bool, left, right, f64::from(u8::from(holds)));
        check_op(op, Filter, left, right, if holds { left } else { ABSENT });
        assert_eq!(scalars(op, left, right), f64::from(u8::from(holds)));
    }
    check_op(BinaryOp::Equal, Bool, ABSENT, 2.0, ABSENT);
    assert_eq!(scalars(BinaryOp::Pow, 2.0, 3.0), 8.0);
}

#[test]
fn a_filter_keeps_the_value_of_the_vector() {
    let mut column = [1.0, 5.0, ABSENT];
    let scalar = Operand::Scalar(Parameter::Steps(&[2.0, 3.0, 4.0]));
    with_column(BinaryOp::Less, Comparison::Filter, scalar, &mut column);
    assert!(is_absent(column[0]) && is_absent(column[2]));
    assert_eq!(column[1], 5.0);
}

#[test]
fn steps_that_only_one_side_has_are_absent() {
    let mut column = [1.0, 2.0];
    column_with(BinaryOp::Add, Comparison::Filter, &mut column, Operand::Column(&[1.0]));
    assert_eq!(column[0], 2.0);
    assert!(is_absent(column[1]));
}

proptest! {
    #[test]
    fn dates_are_those_of_chrono(seconds in -8_000_000_000_000_i64..8_000_000_000_000) {
        let date = DateTime::from_timestamp(seconds, 0).unwrap();
        for (name, expected) in [
            ("year", date.year()),
            ("month", date.month() as i32),
            ("day_of_month", date.day() as i32),
            ("day_of_year", date.ordinal() as i32),
            ("day_of_week", date.weekday().num_days_from_sunday() as i32),
            ("hour", date.hour() as i32),
            ("minute", date.minute() as i32),
            ("days_in_month", i32::from(date.num_days_in_month())),
        ] {
            check(name, &[], &[seconds as f64], &[f64::from(expected)]);
        }
    }

    #[test]
    fn any_number_is_fine(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        for &function in Function::all() {
            apply(function, &mut [value], &[Parameter::Constant(value), Parameter::Constant(1.0)]);
        }
    }
}
