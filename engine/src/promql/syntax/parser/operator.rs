//! Binary operators and their modifiers.

use super::super::lexer::Token;
use super::super::{
    BinaryOp, Fill, Group, GroupSide, Matching, MatchingKind, Number, ParseError, ParseErrorKind,
};
use super::Parser;
use super::combine::Head;
use super::cursor::Cursor;
use super::operand::special_number;

/// Returns the operator that the current token is.
pub(super) fn binary_op(cursor: &Cursor<'_>) -> Option<BinaryOp> {
    Some(match cursor.token() {
        Token::Plus => BinaryOp::Add,
        Token::Minus => BinaryOp::Sub,
        Token::Star => BinaryOp::Mul,
        Token::Slash => BinaryOp::Div,
        Token::Percent => BinaryOp::Mod,
        Token::Caret => BinaryOp::Pow,
        Token::Equal => BinaryOp::Equal,
        Token::NotEqual => BinaryOp::NotEqual,
        Token::Less => BinaryOp::Less,
        Token::LessEqual => BinaryOp::LessEqual,
        Token::Greater => BinaryOp::Greater,
        Token::GreaterEqual => BinaryOp::GreaterEqual,
        Token::TrimUpper => BinaryOp::TrimUpper,
        Token::TrimLower => BinaryOp::TrimLower,
        Token::Word => {
            let words = [BinaryOp::And, BinaryOp::Or, BinaryOp::Unless, BinaryOp::Atan2];
            return words.into_iter().find(|op| cursor.is_word(op.symbol()));
        }
        _ => return None,
    })
}

impl Parser<'_> {
    /// Reads the operator `op` and its modifiers.
    pub(super) fn operator(&mut self, op: BinaryOp) -> Result<Head, ParseError> {
        let op_span = self.cursor.advance();
        let bool_span = self.cursor.eat_word("bool");
        if let Some(span) = bool_span
            && !op.is_comparison()
        {
            return Err(ParseError::new(ParseErrorKind::BoolOnOther, span));
        }
        let matching = self.matching(op)?;
        let fill = self.fill(op)?;
        Ok(Head { op, op_span, return_bool: bool_span.is_some(), matching, fill })
    }

    /// Reads `on (…) group_left (…)` if it is there.
    fn matching(&mut self, op: BinaryOp) -> Result<Option<Matching>, ParseError> {
        let start = self.cursor.span();
        let kind = if self.cursor.eat_word("on").is_some() {
            MatchingKind::On
        } else if self.cursor.eat_word("ignoring").is_some() {
            MatchingKind::Ignoring
        } else if self.cursor.is_word("group_left") || self.cursor.is_word("group_right") {
            return Err(self.cursor.unexpected("\"on\" or \"ignoring\" before it"));
        } else {
            return Ok(None);
        };
        let labels = self.labels()?;
        let group = self.group()?;
        if let Some(group) = &group {
            if op.is_set() {
                return Err(ParseError::new(ParseErrorKind::GroupWithSet { op }, group.span));
            }
            let twice = group.include.iter().find_map(|included| {
                let first = labels.iter().find(|label| label.name == included.name);
                first.filter(|_| kind == MatchingKind::On).map(|first| (first, included))
            });
            if let Some((first, second)) = twice {
                let kind = ParseErrorKind::LabelInOnAndGroup { label: first.name.clone() };
                return Err(ParseError::new(kind, second.span).related_to(first.span));
            }
        }
        Ok(Some(Matching { kind, labels, group, span: self.cursor.since(start) }))
    }

    /// Reads `group_left (…)` or `group_right (…)` if it is there.
    fn group(&mut self) -> Result<Option<Group>, ParseError> {
        for side in [GroupSide::Left, GroupSide::Right] {
            if let Some(start) = self.cursor.eat_word(side.keyword()) {
                let listed = self.cursor.token() == Token::ParenOpen;
                let include = if listed { self.labels()? } else { Vec::new() };
                return Ok(Some(Group { side, include, span: self.cursor.since(start) }));
            }
        }
        Ok(None)
    }

    /// Reads `fill (…)`, `fill_left (…)` and `fill_right (…)`.
    fn fill(&mut self, op: BinaryOp) -> Result<Fill, ParseError> {
        let mut fill = Fill::default();
        // Without a parenthesis the word is the name of a metric.
        while self.cursor.next_token() == Token::ParenOpen {
            let (left, right) = if self.cursor.is_word("fill") {
                (true, true)
            } else if self.cursor.is_word("fill_left") {
                (true, false)
            } else if self.cursor.is_word("fill_right") {
                (false, true)
            } else {
                break;
            };
            let start = self.cursor.advance();
            let open = self.cursor.advance();
            let value = self.fill_value()?;
            self.cursor.expect_closing(Token::ParenClose, "a closing parenthesis", open)?;
            let refuse = |kind| Err(ParseError::new(kind, self.cursor.since(start)));
            if op.is_set() {
                return refuse(ParseErrorKind::FillWithSet);
            }
            if (left && fill.left.is_some()) || (right && fill.right.is_some()) {
                return refuse(ParseErrorKind::FillTwice);
            }
            fill.left = if left { Some(value) } else { fill.left };
            fill.right = if right { Some(value) } else { fill.right };
        }
        Ok(fill)
    }

    /// Reads a number with or without a sign.
    fn fill_value(&mut self) -> Result<Number, ParseError> {
        let minus = self.cursor.token() == Token::Minus;
        if minus || self.cursor.token() == Token::Plus {
            self.cursor.advance();
        }
        let number = self.plain_number("a number to fill in")?;
        Ok(if minus { number.negated() } else { number })
    }

    /// Reads a number without a sign, `Inf` and `NaN` included.
    pub(super) fn plain_number(&mut self, expected: &'static str) -> Result<Number, ParseError> {
        match self.cursor.token() {
            Token::Number => self.cursor.number(),
            Token::Word => {
                let value = special_number(&self.cursor.text().to_ascii_lowercase())
                    .ok_or_else(|| self.cursor.unexpected(expected))?;
                self.cursor.advance();
                Ok(Number::new(value))
            }
            _ => Err(self.cursor.unexpected(expected)),
        }
    }
}
