//! The node of the tree, and the forms that are not a family of their own.

use super::{Aggregation, Binary, Length, MatrixSelector, Modifiers, Number, Text, VectorSelector};
use crate::promql::syntax::Span;

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, its modifiers included.
    pub span: Span,
}

impl Expr {
    /// Returns the expressions right below this one, from left to right.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let (first, second, rest): (Option<&Self>, Option<&Self>, &[Self]) = match &self.kind {
            ExprKind::Number(_)
            | ExprKind::Text(_)
            | ExprKind::Vector(_)
            | ExprKind::Matrix(_)
            | ExprKind::Binary(_) => (None, None, &[]),
            ExprKind::Subquery(subquery) => (Some(&subquery.expr), None, &[]),
            ExprKind::Call(call) => (None, None, &call.args),
            ExprKind::Aggregation(aggregation) => {
                (aggregation.param.as_deref(), Some(&aggregation.expr), &[])
            }
            ExprKind::Unary(unary) => (Some(&unary.expr), None, &[]),
            ExprKind::Paren(expr) => (Some(expr), None, &[]),
        };
        let binary = match &self.kind {
            ExprKind::Binary(binary) => Some(binary),
            _ => None,
        };
        let operands = binary.into_iter().flat_map(|binary| {
            let rights = binary.rest.iter().map(|operation| &operation.right);
            std::iter::once(&*binary.first).chain(rights)
        });
        first.into_iter().chain(second).chain(rest).chain(operands)
    }

    /// Returns the expression within any parentheses around it.
    #[must_use]
    pub fn unwrapped(&self) -> &Self {
        let mut expr = self;
        while let ExprKind::Paren(inner) = &expr.kind {
            expr = inner;
        }
        expr
    }
}

/// The forms of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `1.5`, `-Inf`, `1m30s`.
    Number(Number),
    /// `"text"`.
    Text(Text),
    /// `up{job="node"} offset 5m`.
    Vector(VectorSelector),
    /// `up[5m] offset 5m`.
    Matrix(MatrixSelector),
    /// `rate(x[1m])[30m:1m]`.
    Subquery(Subquery),
    /// `rate(x[1m])`.
    Call(Call),
    /// `sum by (job) (x)`.
    Aggregation(Aggregation),
    /// `a + b - c`.
    Binary(Binary),
    /// `-x`.
    Unary(Unary),
    /// `(x)`.
    Paren(Box<Expr>),
}

/// An expression evaluated at several steps for each step of the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated.
    pub expr: Box<Expr>,
    /// How far back the steps go.
    pub range: Length,
    /// The time between the steps; the evaluation interval if absent.
    pub step: Option<Length>,
    /// `@` and `offset`.
    pub modifiers: Modifiers,
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function's name, and where it stands.
    pub function: Label,
    /// The arguments in order. The second one of `info` may be a selector of
    /// labels alone.
    pub args: Vec<Expr>,
}

/// A sign before an expression that is not a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// The sign.
    pub op: UnaryOp,
    /// What it stands before.
    pub expr: Box<Expr>,
}

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `+`: changes nothing but that the name is kept.
    Plus,
    /// `-`: negates the values.
    Minus,
}

impl UnaryOp {
    /// Returns the sign as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
        }
    }
}

/// A name of a label, or of a function, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The name without quotes; any UTF-8 text.
    pub name: String,
    /// Where it stands, quotes included.
    pub span: Span,
}
