//! Making nodes of their parts.

use super::super::{
    AggregateOp, Aggregation, Binary, BinaryOp, Call, Expr, ExprKind, Fill, Grouping, Label,
    Matching, Operation, ParseError, ParseErrorKind, Span, Unary, UnaryOp,
};
use super::{Args, Frame, Parser};

/// An expression and the levels of its tree.
pub(super) struct Tree {
    pub(super) expr: Expr,
    pub(super) depth: usize,
}

/// An operator with its modifiers, before its right operand.
pub(super) struct Head {
    pub(super) op: BinaryOp,
    pub(super) op_span: Span,
    pub(super) return_bool: bool,
    pub(super) matching: Option<Matching>,
    pub(super) fill: Fill,
}

impl Head {
    pub(super) const fn span(&self) -> Span {
        self.op_span
    }
}

impl Parser<'_> {
    /// Makes a node over children of `below` levels.
    pub(super) fn tree(
        &self,
        kind: ExprKind,
        span: Span,
        below: usize,
    ) -> Result<Tree, ParseError> {
        if below >= self.cursor.limits.depth_max {
            return Err(self.cursor.too_deep(span));
        }
        Ok(Tree { expr: Expr { kind, span }, depth: below + 1 })
    }

    /// Gives `tree` to the signs and operators before it that bind tighter
    /// than `next`; to all of them if nothing follows.
    pub(super) fn reduce(
        &mut self,
        mut tree: Tree,
        next: Option<BinaryOp>,
    ) -> Result<Tree, ParseError> {
        loop {
            let binds = match self.frames.last() {
                Some(Frame::Sign { .. }) => next.is_none_or(|next| !next.is_right_associative()),
                Some(Frame::Operator { head, .. }) => next.is_none_or(|next| {
                    let (own, other) = (head.op.precedence(), next.precedence());
                    own > other || (own == other && !next.is_right_associative())
                }),
                _ => false,
            };
            if !binds {
                return Ok(tree);
            }
            tree = match self.frames.pop() {
                Some(Frame::Sign { op, span }) => self.signed(op, span, tree)?,
                Some(Frame::Operator { left, head }) => self.binary(left, head, tree)?,
                _ => return Ok(tree),
            };
        }
    }

    /// Puts a sign before an expression; a number takes it in.
    fn signed(&self, op: UnaryOp, sign: Span, operand: Tree) -> Result<Tree, ParseError> {
        let span = sign.to(operand.expr.span);
        if let ExprKind::Number(number) = operand.expr.kind {
            let number = if op == UnaryOp::Minus { number.negated() } else { number };
            let expr = Expr { kind: ExprKind::Number(number), span };
            return Ok(Tree { expr, depth: operand.depth });
        }
        let unary = Unary { op, expr: Box::new(operand.expr) };
        self.tree(ExprKind::Unary(unary), span, operand.depth)
    }

    /// Puts an operator between two expressions. A chain of its precedence on
    /// the left takes it in.
    fn binary(&self, left: Tree, head: Head, right: Tree) -> Result<Tree, ParseError> {
        let span = left.expr.span.to(right.expr.span);
        let Head { op, op_span, return_bool, matching, fill } = head;
        let precedence = op.precedence();
        let operation = Operation { op, op_span, return_bool, matching, fill, right: right.expr };
        match left.expr.kind {
            ExprKind::Binary(mut chain)
                if !op.is_right_associative()
                    // The operations of a chain all have one precedence.
                    && chain.rest.last().is_some_and(|last| last.op.precedence() == precedence) =>
            {
                chain.rest.push(operation);
                let below = right.depth.max(left.depth.saturating_sub(1));
                self.tree(ExprKind::Binary(chain), span, below)
            }
            kind => {
                let first = Box::new(Expr { kind, span: left.expr.span });
                let chain = Binary { first, rest: vec![operation] };
                self.tree(ExprKind::Binary(chain), span, left.depth.max(right.depth))
            }
        }
    }

    /// Makes a call that ends with the token before the current one.
    pub(super) fn call(&self, function: Label, args: Args) -> Result<Tree, ParseError> {
        let span = self.cursor.since(function.span);
        self.tree(ExprKind::Call(Call { function, args: args.exprs }), span, args.depth)
    }

    /// Makes an aggregation of which the closing parenthesis has been read; a
    /// grouping may follow.
    pub(super) fn aggregation(
        &mut self,
        op: AggregateOp,
        op_span: Span,
        grouping: Option<Grouping>,
        args: Args,
    ) -> Result<Tree, ParseError> {
        let parenthesised = self.cursor.since(op_span);
        let grouping = match (grouping, self.grouping()?) {
            (Some(first), Some(second)) => {
                let error = ParseError::new(ParseErrorKind::GroupingTwice, second.span);
                return Err(error.related_to(first.span));
            }
            (before, after) => before.or(after),
        };
        let expected = if op.has_param() { 2 } else { 1 };
        let found = args.exprs.len();
        let mut exprs = args.exprs.into_iter();
        let param = if op.has_param() { exprs.next().map(Box::new) } else { None };
        let (Some(expr), None) = (exprs.next(), exprs.next()) else {
            let kind = match found {
                0 => ParseErrorKind::NoAggregateArgs,
                _ => ParseErrorKind::AggregateArgs { expected, found },
            };
            return Err(ParseError::new(kind, parenthesised));
        };
        let span = self.cursor.since(op_span);
        let aggregation = Aggregation { op, op_span, grouping, param, expr: Box::new(expr) };
        self.tree(ExprKind::Aggregation(aggregation), span, args.depth)
    }
}
