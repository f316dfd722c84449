//! From tokens to a tree, by operator precedence.
//!
//! What is open at a place of the query (brackets, calls, signs, operators
//! that wait for their right operand) is a stack of frames on the heap, so
//! the parser does not recurse and no query overflows its stack. Each frame
//! becomes a level of the tree, which bounds the depth of both.

mod combine;
mod cursor;
mod length;
mod operand;
mod operator;
mod postfix;

use self::combine::{Head, Tree};
use self::cursor::Cursor;
use super::lexer::Token;
use super::{
    AggregateOp, Expr, ExprKind, Grouping, Label, Limits, ParseError, ParseErrorKind, Span,
    UnaryOp, VectorSelector,
};

/// Something that is open and waits for an expression.
#[expect(clippy::large_enum_variant, reason = "the large ones are the common ones")]
enum Frame {
    /// `(`
    Paren { open: Span },
    /// `rate(`, with the arguments so far.
    Call { function: Label, open: Span, args: Args },
    /// `sum by (job) (`, with the arguments so far.
    Aggregation {
        op: AggregateOp,
        op_span: Span,
        grouping: Option<Grouping>,
        open: Span,
        args: Args,
    },
    /// `-`
    Sign { op: UnaryOp, span: Span },
    /// `a +`
    Operator { left: Tree, head: Head },
}

/// Arguments so far, and the levels of the deepest.
#[derive(Default)]
struct Args {
    exprs: Vec<Expr>,
    depth: usize,
}

impl Args {
    fn push(&mut self, tree: Tree) {
        self.depth = self.depth.max(tree.depth);
        self.exprs.push(tree.expr);
    }
}

/// What comes after an operand.
enum Next {
    /// Another operand.
    Operand,
    /// A bracket was closed, which made this operand.
    Closed(Tree),
    /// The end; this is the whole.
    Done(Expr),
}

pub(super) struct Parser<'q> {
    cursor: Cursor<'q>,
    frames: Vec<Frame>,
}

impl<'q> Parser<'q> {
    pub(super) fn new(query: &'q str, limits: &'q Limits) -> Result<Self, ParseError> {
        if query.len() > limits.bytes_max {
            let kind = ParseErrorKind::TooLong { bytes: query.len(), max: limits.bytes_max };
            return Err(ParseError::new(kind, Span::new(0, query.len())));
        }
        let cursor = Cursor::new(query, limits);
        if cursor.token() == Token::End {
            return Err(ParseError::new(ParseErrorKind::Empty, Span::new(0, query.len())));
        }
        Ok(Self { cursor, frames: Vec::new() })
    }

    /// Parses all of the query.
    pub(super) fn expression(mut self) -> Result<Expr, ParseError> {
        loop {
            // Each turn reads an operand and what follows it.
            let Some(mut tree) = self.operand()? else { continue };
            loop {
                tree = self.postfix(tree)?;
                match self.after_operand(tree)? {
                    Next::Operand => break,
                    Next::Closed(closed) => tree = closed,
                    Next::Done(expr) => return Ok(expr),
                }
            }
        }
    }

    /// Parses all of the query, which has to be a selector without modifiers.
    pub(super) fn selector(mut self) -> Result<VectorSelector, ParseError> {
        let whole = Span::new(0, self.cursor.query.len());
        let not_selector = ParseError::new(ParseErrorKind::NotSelector, whole);
        let tree = self.operand()?.ok_or_else(|| not_selector.clone())?;
        let ExprKind::Vector(selector) = tree.expr.kind else { return Err(not_selector) };
        self.cursor.expect(Token::End, "the end of the selector")?;
        Ok(selector)
    }

    /// Opens a frame.
    fn open(&mut self, frame: Frame, span: Span) -> Result<(), ParseError> {
        if self.frames.len() >= self.cursor.limits.depth_max {
            return Err(self.cursor.too_deep(span));
        }
        self.frames.push(frame);
        Ok(())
    }

    /// Goes on after an operand and its modifiers.
    fn after_operand(&mut self, tree: Tree) -> Result<Next, ParseError> {
        if let Some(op) = operator::binary_op(&self.cursor) {
            let left = self.reduce(tree, Some(op))?;
            let head = self.operator(op)?;
            let span = head.span();
            self.open(Frame::Operator { left, head }, span)?;
            return Ok(Next::Operand);
        }
        let tree = self.reduce(tree, None)?;
        match self.frames.last_mut() {
            None => {
                self.cursor.expect(Token::End, "an operator or the end of the query")?;
                Ok(Next::Done(tree.expr))
            }
            Some(Frame::Call { args, .. } | Frame::Aggregation { args, .. })
                if self.cursor.token() == Token::Comma =>
            {
                let comma = self.cursor.advance();
                if self.cursor.token() == Token::ParenClose {
                    return Err(ParseError::new(ParseErrorKind::TrailingComma, comma));
                }
                args.push(tree);
                Ok(Next::Operand)
            }
            Some(_) => self.close(tree).map(Next::Closed),
        }
    }

    /// Closes the innermost bracket, of which `tree` is the last expression.
    fn close(&mut self, tree: Tree) -> Result<Tree, ParseError> {
        const PAREN: &str = "a closing parenthesis";
        const ARGS: &str = "a comma or a closing parenthesis";
        let cursor = &mut self.cursor;
        let (expected, open) = match self.frames.last() {
            Some(Frame::Call { open, .. } | Frame::Aggregation { open, .. }) => (ARGS, *open),
            Some(Frame::Paren { open }) => (PAREN, *open),
            _ => (PAREN, cursor.span()),
        };
        cursor.expect_closing(Token::ParenClose, expected, open)?;
        match self.frames.pop() {
            Some(Frame::Call { function, mut args, .. }) => {
                args.push(tree);
                self.call(function, args)
            }
            Some(Frame::Aggregation { op, op_span, grouping, mut args, .. }) => {
                args.push(tree);
                self.aggregation(op, op_span, grouping, args)
            }
            _ => {
                let span = self.cursor.since(open);
                self.tree(ExprKind::Paren(Box::new(tree.expr)), span, tree.depth)
            }
        }
    }
}
