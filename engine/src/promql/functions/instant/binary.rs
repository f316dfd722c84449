//! Operators between columns, and between a column and a scalar.

use crate::promql::functions::absence::{ABSENT, is_absent};
use crate::promql::functions::range::Parameter;
use crate::promql::syntax::BinaryOp;

/// What a comparison gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// The samples for which it holds: the left one, or that of the vector
    /// where the left side is a scalar.
    Filter,
    /// `bool`: 1 where it holds, else 0.
    Bool,
}

/// The other side of an operator.
#[derive(Debug, Clone, Copy)]
pub enum Operand<'a> {
    /// A series; steps after its end have no sample.
    Column(&'a [f64]),
    /// A scalar.
    Scalar(Parameter<'a>),
}

/// Replaces a column by `column op right`. A step without a sample on either
/// side has none.
///
/// Set operators are not on values and leave the column as it is. Trimming is
/// for histograms: no sample is left.
pub fn column_with(op: BinaryOp, comparison: Comparison, column: &mut [f64], right: Operand<'_>) {
    match right {
        Operand::Column(right) => {
            let column = common(op, column, right);
            run(op, comparison, column, right.iter().copied(), Left);
        }
        Operand::Scalar(Parameter::Constant(right)) => {
            run(op, comparison, column, std::iter::repeat(right), Left);
        }
        Operand::Scalar(right) => {
            run(op, comparison, column, (0..).map(|step| right.at(step)), Left);
        }
    }
}

/// Replaces a column by `left op column`, as [`column_with`] does.
pub fn with_column(op: BinaryOp, comparison: Comparison, left: Operand<'_>, column: &mut [f64]) {
    match left {
        Operand::Column(left) => {
            let column = common(op, column, left);
            run(op, comparison, column, left.iter().copied(), Right);
        }
        Operand::Scalar(Parameter::Constant(left)) => {
            run(op, comparison, column, std::iter::repeat(left), OnlyRight);
        }
        Operand::Scalar(left) => {
            run(op, comparison, column, (0..).map(|step| left.at(step)), OnlyRight);
        }
    }
}

/// Returns `left op right` of two scalars, where comparisons give 1 or 0. Set
/// and trim operators, which scalars do not have, give NaN.
#[must_use]
pub fn scalars(op: BinaryOp, left: f64, right: f64) -> f64 {
    let mut column = [left];
    // A scalar may be any NaN, and is never absent.
    if is_absent(left) || is_absent(right) || op.is_set() || op.is_trim() {
        return f64::NAN;
    }
    column_with(op, Comparison::Bool, &mut column, Operand::Scalar(Parameter::Constant(right)));
    column[0]
}

/// Returns the steps that both columns have; the others lose their samples.
fn common<'a>(op: BinaryOp, column: &'a mut [f64], other: &[f64]) -> &'a mut [f64] {
    let (common, rest) = column.split_at_mut(column.len().min(other.len()));
    if !op.is_set() {
        rest.fill(ABSENT);
    }
    common
}

/// Where the column stands, and which value a filter keeps.
trait Placement: Copy {
    fn sides(self, column: f64, other: f64) -> (f64, f64);
    fn kept(self, column: f64, other: f64) -> f64;
}

/// The column is on the left.
#[derive(Clone, Copy)]
struct Left;

/// The column is on the right of another.
#[derive(Clone, Copy)]
struct Right;

/// The column is on the right of a scalar.
#[derive(Clone, Copy)]
struct OnlyRight;

impl Placement for Left {
    fn sides(self, column: f64, other: f64) -> (f64, f64) {
        (column, other)
    }
    fn kept(self, column: f64, _: f64) -> f64 {
        column
    }
}

impl Placement for Right {
    fn sides(self, column: f64, other: f64) -> (f64, f64) {
        (other, column)
    }
    fn kept(self, _: f64, other: f64) -> f64 {
        other
    }
}

impl Placement for OnlyRight {
    fn sides(self, column: f64, other: f64) -> (f64, f64) {
        (other, column)
    }
    fn kept(self, column: f64, _: f64) -> f64 {
        column
    }
}

fn run<P: Placement>(
    op: BinaryOp,
    comparison: Comparison,
    column: &mut [f64],
    other: impl Iterator<Item = f64>,
    place: P,
) {
    match op {
        BinaryOp::Add => compute(column, other, place, |a, b| a + b),
        BinaryOp::Sub => compute(column, other, place, |a, b| a - b),
        BinaryOp::Mul => compute(column, other, place, |a, b| a * b),
        BinaryOp::Div => compute(column, other, place, |a, b| a / b),
        BinaryOp::Mod => compute(column, other, place, |a, b| a % b),
        BinaryOp::Pow => compute(column, other, place, f64::powf),
        BinaryOp::Atan2 => compute(column, other, place, f64::atan2),
        BinaryOp::Equal => compare(comparison, column, other, place, |a, b| a == b),
        BinaryOp::NotEqual => compare(comparison, column, other, place, |a, b| a != b),
        BinaryOp::Less => compare(comparison, column, other, place, |a, b| a < b),
        BinaryOp::LessEqual => compare(comparison, column, other, place, |a, b| a <= b),
        BinaryOp::Greater => compare(comparison, column, other, place, |a, b| a > b),
        BinaryOp::GreaterEqual => compare(comparison, column, other, place, |a, b| a >= b),
        BinaryOp::TrimUpper | BinaryOp::TrimLower => column.fill(ABSENT),
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => {}
    }
}

#[inline]
fn compute<P: Placement>(
    column: &mut [f64],
    other: impl Iterator<Item = f64>,
    place: P,
    f: impl Fn(f64, f64) -> f64,
) {
    for (value, other) in column.iter_mut().zip(other) {
        let (left, right) = place.sides(*value, other);
        let result = f(left, right);
        *value = if is_absent(left) || is_absent(right) { ABSENT } else { result };
    }
}

#[inline]
fn compare<P: Placement>(
    comparison: Comparison,
    column: &mut [f64],
    other: impl Iterator<Item = f64>,
    place: P,
    holds: impl Fn(f64, f64) -> bool,
) {
    for (value, other) in column.iter_mut().zip(other) {
        let (left, right) = place.sides(*value, other);
        *value = match (is_absent(left) || is_absent(right), comparison) {
            (true, _) => ABSENT,
            (false, Comparison::Bool) => f64::from(u8::from(holds(left, right))),
            (false, Comparison::Filter) if holds(left, right) => place.kept(*value, other),
            (false, Comparison::Filter) => ABSENT,
        };
    }
}
