//! Durations in brackets and after `offset`.
//!
//! In brackets there may be any expression over durations. After `offset`
//! there is one operand with at most one sign, so that what follows is a
//! binary operator of the query: `x offset 1m + 2` is `(x offset 1m) + 2`.

use super::super::ast::to_millis;
use super::super::lexer::Token;
use super::super::{
    DurationExpr, DurationKind, DurationOp, Length, LengthKind, ParseError, ParseErrorKind, Span,
};
use super::Parser;

/// An expression over durations and its levels.
struct Built {
    expr: DurationExpr,
    depth: usize,
}

impl Built {
    const fn leaf(kind: DurationKind, span: Span) -> Self {
        Self { expr: DurationExpr { kind, span }, depth: 1 }
    }
}

/// The deepest nesting of a duration. Unlike the parser of expressions this
/// one recurses, and nobody nests durations.
const LEVELS_MAX: usize = 64;

/// What binds as tightly as a sign.
const SIGN_PRECEDENCE: u8 = 2;

impl Parser<'_> {
    /// Reads a range or a step.
    pub(super) fn positive_length(&mut self) -> Result<Length, ParseError> {
        let built = self.duration(0, 1)?;
        let length = length(built)?;
        if matches!(length.kind, LengthKind::Fixed(..=0)) {
            return Err(ParseError::new(ParseErrorKind::DurationNotPositive, length.span));
        }
        Ok(length)
    }

    /// Reads what follows `offset`.
    pub(super) fn offset_length(&mut self) -> Result<Length, ParseError> {
        let start = self.cursor.span();
        let built = match self.cursor.token() {
            Token::Plus | Token::Minus => {
                let minus = self.cursor.token() == Token::Minus;
                self.cursor.advance();
                let operand = self.duration_operand(1)?;
                self.signed_duration(minus, start, operand)?
            }
            _ => self.duration_operand(1)?,
        };
        length(built)
    }

    /// Reads operators that bind tighter than `least`, and their operands.
    /// `level` counts the calls, which are as deep as the brackets.
    fn duration(&mut self, least: u8, level: usize) -> Result<Built, ParseError> {
        let start = self.cursor.span();
        let max = self.cursor.limits.depth_max.min(LEVELS_MAX);
        if level > max {
            return Err(ParseError::new(ParseErrorKind::TooDeep { max }, start));
        }
        let mut left = match self.cursor.token() {
            Token::Plus | Token::Minus => {
                let minus = self.cursor.token() == Token::Minus;
                self.cursor.advance();
                let operand = self.duration(SIGN_PRECEDENCE, level + 1)?;
                self.signed_duration(minus, start, operand)?
            }
            _ => self.duration_operand(level)?,
        };
        while let Some((op, precedence)) = duration_op(self.cursor.token())
            && precedence > least
        {
            let op_span = self.cursor.advance();
            // The power operator groups to the right.
            let least = if op == DurationOp::Pow { precedence - 1 } else { precedence };
            let right = self.duration(least, level + 1)?;
            if let DurationKind::Number(number) = right.expr.kind
                && number.value == 0.0
            {
                match op {
                    DurationOp::Div => {
                        return Err(ParseError::new(ParseErrorKind::DivisionByZero, op_span));
                    }
                    DurationOp::Mod => {
                        return Err(ParseError::new(ParseErrorKind::ModuloByZero, op_span));
                    }
                    _ => {}
                }
            }
            let span = left.expr.span.to(right.expr.span);
            let below = left.depth.max(right.depth);
            let (left_expr, right) = (Box::new(left.expr), Box::new(right.expr));
            let kind = DurationKind::Binary { op, left: left_expr, right };
            left = self.duration_node(kind, span, below)?;
        }
        Ok(left)
    }

    fn duration_operand(&mut self, level: usize) -> Result<Built, ParseError> {
        const EXPECTED: &str = "a duration, a number, step(), range(), min_of() or max_of()";
        let start = self.cursor.span();
        match self.cursor.token() {
            Token::Number => {
                let number = self.cursor.number()?;
                if to_millis(number.value).is_none() {
                    return Err(ParseError::new(ParseErrorKind::DurationRange, start));
                }
                Ok(Built::leaf(DurationKind::Number(number), start))
            }
            Token::ParenOpen => {
                let open = self.cursor.advance();
                let inner = self.duration(0, level + 1)?;
                self.cursor.expect_closing(Token::ParenClose, "a closing parenthesis", open)?;
                let span = self.cursor.since(start);
                let says_nothing = match &inner.expr.kind {
                    // Parentheses keep the sign from `^`.
                    DurationKind::Number(number) => !number.value.is_sign_negative(),
                    kind => matches!(kind, DurationKind::Paren(_)),
                };
                if says_nothing {
                    let expr = DurationExpr { kind: inner.expr.kind, span };
                    return Ok(Built { expr, depth: inner.depth });
                }
                let kind = DurationKind::Paren(Box::new(inner.expr));
                self.duration_node(kind, span, inner.depth)
            }
            Token::Word => {
                for (word, kind) in [("step", DurationKind::Step), ("range", DurationKind::Range)] {
                    if self.cursor.eat_word(word).is_some() {
                        let open =
                            self.cursor.expect(Token::ParenOpen, "an opening parenthesis")?;
                        let expected = "a closing parenthesis";
                        self.cursor.expect_closing(Token::ParenClose, expected, open)?;
                        return Ok(Built::leaf(kind, self.cursor.since(start)));
                    }
                }
                if self.cursor.eat_word("min_of").is_some() {
                    return self.duration_pair(start, level, DurationKind::MinOf);
                }
                if self.cursor.eat_word("max_of").is_some() {
                    return self.duration_pair(start, level, DurationKind::MaxOf);
                }
                Err(self.cursor.unexpected(EXPECTED))
            }
            _ => Err(self.cursor.unexpected(EXPECTED)),
        }
    }

    /// Reads two arguments in parentheses.
    fn duration_pair(
        &mut self,
        start: Span,
        level: usize,
        make: fn(Box<DurationExpr>, Box<DurationExpr>) -> DurationKind,
    ) -> Result<Built, ParseError> {
        let open = self.cursor.expect(Token::ParenOpen, "an opening parenthesis")?;
        let left = self.duration(0, level + 1)?;
        self.cursor.expect_closing(Token::Comma, "a comma", open)?;
        let right = self.duration(0, level + 1)?;
        self.cursor.expect_closing(Token::ParenClose, "a closing parenthesis", open)?;
        let below = left.depth.max(right.depth);
        let kind = make(Box::new(left.expr), Box::new(right.expr));
        self.duration_node(kind, self.cursor.since(start), below)
    }

    fn signed_duration(
        &self,
        minus: bool,
        sign: Span,
        operand: Built,
    ) -> Result<Built, ParseError> {
        let Built { expr: DurationExpr { kind, span }, depth } = operand;
        let whole = sign.to(span);
        let kind = match without_parens(kind) {
            kind if !minus => kind,
            DurationKind::Number(number) => DurationKind::Number(number.negated()),
            kind => {
                let negated = DurationKind::Negate(Box::new(DurationExpr { kind, span }));
                return self.duration_node(negated, whole, depth);
            }
        };
        Ok(Built { expr: DurationExpr { kind, span: whole }, depth })
    }

    fn duration_node(
        &self,
        kind: DurationKind,
        span: Span,
        below: usize,
    ) -> Result<Built, ParseError> {
        let max = self.cursor.limits.depth_max.min(LEVELS_MAX);
        if below >= max {
            return Err(ParseError::new(ParseErrorKind::TooDeep { max }, span));
        }
        Ok(Built { expr: DurationExpr { kind, span }, depth: below + 1 })
    }
}

/// Takes the parentheses off a number.
fn without_parens(kind: DurationKind) -> DurationKind {
    match kind {
        DurationKind::Paren(inner) if matches!(inner.kind, DurationKind::Number(_)) => inner.kind,
        kind => kind,
    }
}

/// Makes a length of an expression; a number is one that is known.
fn length(built: Built) -> Result<Length, ParseError> {
    let span = built.expr.span;
    let kind = match without_parens(built.expr.kind) {
        DurationKind::Number(number) => {
            let millis = to_millis(number.value);
            let refused = ParseError::new(ParseErrorKind::DurationRange, span);
            LengthKind::Fixed(millis.ok_or(refused)?)
        }
        kind => LengthKind::Computed(DurationExpr { kind, span }),
    };
    Ok(Length { kind, span })
}

/// Returns the operator that a token is, and how tightly it binds.
const fn duration_op(token: Token) -> Option<(DurationOp, u8)> {
    match token {
        Token::Plus => Some((DurationOp::Add, 1)),
        Token::Minus => Some((DurationOp::Sub, 1)),
        Token::Star => Some((DurationOp::Mul, 2)),
        Token::Slash => Some((DurationOp::Div, 2)),
        Token::Percent => Some((DurationOp::Mod, 2)),
        Token::Caret => Some((DurationOp::Pow, 3)),
        _ => None,
    }
}
