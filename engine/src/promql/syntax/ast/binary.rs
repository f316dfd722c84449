//! Operators between two expressions.

use super::{Expr, Label, Number};
use crate::promql::syntax::Span;

/// A chain of operators of one precedence, to be applied from left to right.
///
/// `a - b + c` is one node with the first operand `a` and the operations
/// `- b` and `+ c`; `a + b` has one operation. The power operator groups to
/// the right, so its chains have one operation each, with a further chain on
/// the right: `a ^ (b ^ c)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The leftmost operand.
    pub first: Box<Expr>,
    /// The operations, at least one, all of the precedence of the first.
    pub rest: Vec<Operation>,
}

impl Binary {
    /// Returns where the first operand and the operations up to number
    /// `index` (from 0) stand: the expression of which that operation is the
    /// last.
    #[must_use]
    pub fn span_through(&self, index: usize) -> Span {
        let last = self.rest.get(index).or(self.rest.last());
        last.map_or(self.first.span, |last| self.first.span.to(last.right.span))
    }
}

/// An operator and its right operand; the left one is what comes before.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// The operator.
    pub op: BinaryOp,
    /// Where the operator's symbol stands.
    pub op_span: Span,
    /// `bool`: a comparison gives 0 or 1 instead of filtering.
    pub return_bool: bool,
    /// `on` or `ignoring`.
    pub matching: Option<Matching>,
    /// `fill`, `fill_left` and `fill_right`.
    pub fill: Fill,
    /// The right operand.
    pub right: Expr,
}

/// `on (…)` or `ignoring (…)`: how series of both sides find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// Which labels have to be equal.
    pub kind: MatchingKind,
    /// The labels, in the order in which they are written.
    pub labels: Vec<Label>,
    /// `group_left` or `group_right`; one to one if absent.
    pub group: Option<Group>,
    /// Where it stands, `group_left` and its labels included.
    pub span: Span,
}

/// Which labels have to be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchingKind {
    /// `on`: those listed.
    On,
    /// `ignoring`: those not listed.
    Ignoring,
}

impl MatchingKind {
    /// Returns the keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Ignoring => "ignoring",
        }
    }
}

/// `group_left (…)` or `group_right (…)`: many series of one side match one
/// of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The side with many series.
    pub side: GroupSide,
    /// The labels that the result takes from the side with one series.
    pub include: Vec<Label>,
    /// Where it stands.
    pub span: Span,
}

/// The side with many series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupSide {
    /// `group_left`
    Left,
    /// `group_right`
    Right,
}

impl GroupSide {
    /// Returns the keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Left => "group_left",
            Self::Right => "group_right",
        }
    }
}

/// The values that stand for series which one side lacks. `fill` sets both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fill {
    /// What stands for a series that the left side lacks.
    pub left: Option<Number>,
    /// What stands for a series that the right side lacks.
    pub right: Option<Number>,
}

/// The binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `</`: keeps the part of a histogram below a bound.
    TrimUpper,
    /// `>/`: keeps the part of a histogram above a bound.
    TrimLower,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

impl BinaryOp {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Says whether the operator compares, and so may have `bool`.
    #[must_use]
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal
                | Self::NotEqual
                | Self::Less
                | Self::LessEqual
                | Self::Greater
                | Self::GreaterEqual
        )
    }

    /// Says whether the operator is on sets of series: `and`, `or`, `unless`.
    #[must_use]
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Says whether the operator trims histograms.
    #[must_use]
    pub const fn is_trim(self) -> bool {
        matches!(self, Self::TrimUpper | Self::TrimLower)
    }

    /// Returns how tightly the operator binds: from 1 for `or` to 6 for `^`. A
    /// sign binds as tightly as `*`.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::TrimUpper
            | Self::TrimLower => 3,
            Self::Add | Self::Sub => 4,
            Self::Mul | Self::Div | Self::Mod | Self::Atan2 => 5,
            Self::Pow => 6,
        }
    }

    /// Says whether `a op b op c` is `a op (b op c)`.
    #[must_use]
    pub const fn is_right_associative(self) -> bool {
        matches!(self, Self::Pow)
    }
}
