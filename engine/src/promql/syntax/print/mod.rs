//! The normal form of an expression: one line, as Prometheus formats it.
//!
//! Matchers are sorted, durations are in normal units, keywords are in lower
//! case, and lists that say nothing (`by ()`) are left out. What is written
//! parses to the same tree, its spans and such differences aside.

mod pretty;

use std::fmt;

use super::duration::Millis;
use super::number::{Plain, Short};
use super::text::Quoted;
use super::{
    Aggregation, AtTime, Binary, BinaryOp, Call, DurationExpr, DurationKind, Expr, ExprKind,
    Extension, Fill, Label, LabelMatcher, Length, LengthKind, MatchingKind, MatrixSelector,
    Modifiers, Number, Operation, Subquery, Unary, VectorSelector,
};

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => write!(f, "{number}"),
            ExprKind::Text(text) => write!(f, "{text}"),
            ExprKind::Vector(vector) => write!(f, "{vector}"),
            ExprKind::Matrix(matrix) => write!(f, "{matrix}"),
            ExprKind::Subquery(subquery) => write!(f, "{subquery}"),
            ExprKind::Call(call) => write!(f, "{call}"),
            ExprKind::Aggregation(aggregation) => write!(f, "{aggregation}"),
            ExprKind::Binary(binary) => write!(f, "{binary}"),
            ExprKind::Unary(unary) => write!(f, "{unary}"),
            ExprKind::Paren(expr) => write!(f, "({expr})"),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match super::ast::to_millis(self.value) {
            Some(millis) if self.is_duration => write!(f, "{}", Millis(millis)),
            _ => write!(f, "{}", Plain(self.value)),
        }
    }
}

impl fmt::Display for VectorSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_series(f)?;
        self.modifiers.write_at(f)?;
        write_extension(f, self.extension)?;
        self.modifiers.write_offset(f)
    }
}

impl VectorSelector {
    /// Writes the name and the conditions without modifiers.
    fn write_series(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            f.write_str(&name.name)?;
            if self.matchers.is_empty() {
                return Ok(());
            }
        }
        let mut matchers: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        matchers.sort_unstable();
        write!(f, "{{{}}}", matchers.join(","))
    }
}

impl fmt::Display for LabelMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_label(f, self.matcher.name())?;
        write!(f, "{}{}", self.matcher.op().symbol(), Quoted(self.matcher.value()))
    }
}

impl Modifiers {
    fn write_at(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.map(|at| at.time) {
            None => Ok(()),
            Some(AtTime::Start) => f.write_str(" @ start()"),
            Some(AtTime::End) => f.write_str(" @ end()"),
            Some(AtTime::Millis(millis)) => {
                let sign = if millis < 0 { "-" } else { "" };
                let millis = millis.unsigned_abs();
                write!(f, " @ {sign}{}.{:03}", millis / 1_000, millis % 1_000)
            }
        }
    }

    fn write_offset(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.offset {
            None | Some(Length { kind: LengthKind::Fixed(0), .. }) => Ok(()),
            Some(offset) => write!(f, " offset {offset}"),
        }
    }
}

fn write_extension(f: &mut fmt::Formatter<'_>, extension: Option<Extension>) -> fmt::Result {
    match extension {
        None => Ok(()),
        Some(extension) => write!(f, " {}", extension.keyword()),
    }
}

impl fmt::Display for MatrixSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.vector.write_series(f)?;
        write!(f, "[{}]", self.range)?;
        write_extension(f, self.vector.extension)?;
        self.vector.modifiers.write_at(f)?;
        self.vector.modifiers.write_offset(f)
    }
}

impl Subquery {
    /// Writes what stands after the expression.
    fn write_suffix(&self, f: &mut impl fmt::Write) -> fmt::Result {
        write!(f, "{}", SubquerySuffix(self))
    }
}

struct SubquerySuffix<'s>(&'s Subquery);

impl fmt::Display for SubquerySuffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Subquery { range, step, modifiers, .. } = self.0;
        write!(f, "[{range}:")?;
        if let Some(step) = step {
            write!(f, "{step}")?;
        }
        f.write_str("]")?;
        modifiers.write_at(f)?;
        modifiers.write_offset(f)
    }
}

impl fmt::Display for Subquery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Unsigned(&self.expr), SubquerySuffix(self))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LengthKind::Fixed(millis) => write!(f, "{}", Millis(*millis)),
            LengthKind::Computed(expr) => write!(f, "{expr}"),
        }
    }
}

impl fmt::Display for DurationExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DurationKind::Number(number) => write!(f, "{number}"),
            DurationKind::Step => f.write_str("step()"),
            DurationKind::Range => f.write_str("range()"),
            DurationKind::Negate(expr) => write!(f, "-{expr}"),
            DurationKind::Binary { op, left, right } => {
                write!(f, "{left} {} {right}", op.symbol())
            }
            DurationKind::MinOf(left, right) => write!(f, "min_of({left}, {right})"),
            DurationKind::MaxOf(left, right) => write!(f, "max_of({left}, {right})"),
            DurationKind::Paren(expr) => write!(f, "({expr})"),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.name)?;
        for (index, arg) in self.args.iter().enumerate() {
            write!(f, "{}{arg}", if index > 0 { ", " } else { "" })?;
        }
        f.write_str(")")
    }
}

/// The operator and the grouping of an aggregation.
struct AggregationHead<'a>(&'a Aggregation);

impl fmt::Display for AggregationHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.op.name())?;
        match &self.0.grouping {
            Some(grouping) if grouping.says_something() => {
                write!(f, " {} ", grouping.kind.keyword())?;
                write_labels(f, &grouping.labels)?;
                f.write_str(" ")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Aggregation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", AggregationHead(self))?;
        if let Some(param) = &self.param {
            write!(f, "{param}, ")?;
        }
        write!(f, "{})", self.expr)
    }
}

impl fmt::Display for Unary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.op.symbol(), self.expr)
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", First(self))?;
        self.rest.iter().try_for_each(|operation| {
            write!(f, " {} {}", OperationHead(operation), operation.right)
        })
    }
}

/// The first operand of a chain.
struct First<'b>(&'b Binary);

impl fmt::Display for First<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let binds_tighter = self.0.rest.iter().any(|operation| operation.op == BinaryOp::Pow);
        if binds_tighter { Unsigned(&self.0.first).fmt(f) } else { self.0.first.fmt(f) }
    }
}

/// An expression that a sign would not belong to: infinity has none here.
struct Unsigned<'e>(&'e Expr);

impl fmt::Display for Unsigned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            ExprKind::Number(number) if number.value == f64::INFINITY => f.write_str("Inf"),
            _ => self.0.fmt(f),
        }
    }
}

/// The operator and its modifiers.
struct OperationHead<'o>(&'o Operation);

impl fmt::Display for OperationHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.op.symbol())?;
        if self.0.return_bool {
            f.write_str(" bool")?;
        }
        if let Some(matching) = &self.0.matching
            && (matching.kind == MatchingKind::On
                || matching.group.is_some()
                || !matching.labels.is_empty())
        {
            write!(f, " {} ", matching.kind.keyword())?;
            write_labels(f, &matching.labels)?;
            if let Some(group) = &matching.group {
                write!(f, " {} ", group.side.keyword())?;
                write_labels(f, &group.include)?;
            }
        }
        let Fill { left, right } = self.0.fill;
        match (left, right) {
            (Some(left), Some(right)) if left.value.to_bits() == right.value.to_bits() => {
                write!(f, " fill ({})", Short(left.value))
            }
            (left, right) => {
                if let Some(left) = left {
                    write!(f, " fill_left ({})", Short(left.value))?;
                }
                if let Some(right) = right {
                    write!(f, " fill_right ({})", Short(right.value))?;
                }
                Ok(())
            }
        }
    }
}

/// Writes `(a, b)`.
fn write_labels(f: &mut fmt::Formatter<'_>, labels: &[Label]) -> fmt::Result {
    f.write_str("(")?;
    for (index, label) in labels.iter().enumerate() {
        f.write_str(if index > 0 { ", " } else { "" })?;
        write_label(f, &label.name)?;
    }
    f.write_str(")")
}

/// Writes the name of a label, in quotes unless it is a plain word.
fn write_label(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word { f.write_str(name) } else { write!(f, "{}", Quoted(name)) }
}
