//! What stands after an operand: brackets, `offset`, `@`, extensions.

use super::super::ast::to_timestamp_millis;
use super::super::lexer::Token;
use super::super::{
    At, AtTime, Expr, ExprKind, Extension, Length, MatrixSelector, Modifiers, ParseError,
    ParseErrorKind, Span, Subquery,
};
use super::Parser;
use super::combine::Tree;

impl Parser<'_> {
    /// Reads all modifiers after an operand.
    pub(super) fn postfix(&mut self, mut tree: Tree) -> Result<Tree, ParseError> {
        loop {
            let start = self.cursor.span();
            match self.cursor.token() {
                Token::BracketOpen => tree = self.brackets(tree)?,
                Token::At => {
                    self.cursor.advance();
                    let at = At { time: self.at_time()?, span: self.cursor.since(start) };
                    set_at(&mut tree.expr, at)?;
                    tree.expr.span = self.cursor.since(tree.expr.span);
                }
                Token::Word if self.cursor.is_word("offset") => {
                    self.cursor.advance();
                    let offset = self.offset_length()?;
                    set_offset(&mut tree.expr, offset, self.cursor.since(start))?;
                    tree.expr.span = self.cursor.since(tree.expr.span);
                }
                Token::Word => {
                    let extensions = [Extension::Anchored, Extension::Smoothed];
                    let extension =
                        extensions.into_iter().find(|one| self.cursor.is_word(one.keyword()));
                    let Some(extension) = extension else { return Ok(tree) };
                    self.cursor.advance();
                    set_extension(&mut tree.expr, extension, start)?;
                    tree.expr.span = self.cursor.since(tree.expr.span);
                }
                _ => return Ok(tree),
            }
        }
    }

    /// Reads `[range]` or `[range:step]`.
    fn brackets(&mut self, tree: Tree) -> Result<Tree, ParseError> {
        let open = self.cursor.advance();
        let range = self.positive_length()?;
        if self.cursor.eat(Token::Colon).is_some() {
            let step = match self.cursor.token() {
                Token::BracketClose => None,
                _ => Some(self.positive_length()?),
            };
            self.cursor.expect_closing(Token::BracketClose, "a closing bracket", open)?;
            let span = self.cursor.since(tree.expr.span);
            let modifiers = Modifiers::default();
            let subquery = Subquery { expr: Box::new(tree.expr), range, step, modifiers };
            return self.tree(ExprKind::Subquery(subquery), span, tree.depth);
        }
        self.cursor.expect_closing(Token::BracketClose, "a colon or a closing bracket", open)?;
        let brackets = self.cursor.since(open);
        let refuse = |kind| Err(ParseError::new(kind, brackets));
        let vector_span = tree.expr.span;
        let ExprKind::Vector(vector) = tree.expr.kind else {
            return refuse(ParseErrorKind::RangeOnOther);
        };
        if vector.modifiers.offset.is_some() {
            return refuse(ParseErrorKind::ModifierBeforeRange { modifier: "offset" });
        }
        if vector.modifiers.at.is_some() {
            return refuse(ParseErrorKind::ModifierBeforeRange { modifier: "@" });
        }
        let span = self.cursor.since(vector_span);
        self.tree(ExprKind::Matrix(MatrixSelector { vector, vector_span, range }), span, 0)
    }

    /// Reads the time after `@`.
    fn at_time(&mut self) -> Result<AtTime, ParseError> {
        const EXPECTED: &str = "a timestamp, start() or end()";
        for (word, time) in [("start", AtTime::Start), ("end", AtTime::End)] {
            if self.cursor.eat_word(word).is_some() {
                let open = self.cursor.expect(Token::ParenOpen, "an opening parenthesis")?;
                self.cursor.expect_closing(Token::ParenClose, "a closing parenthesis", open)?;
                return Ok(time);
            }
        }
        let start = self.cursor.span();
        let minus = self.cursor.token() == Token::Minus;
        if minus || self.cursor.token() == Token::Plus {
            self.cursor.advance();
        }
        let number = self.plain_number(EXPECTED)?;
        let seconds = if minus { -number.value } else { number.value };
        to_timestamp_millis(seconds).map(AtTime::Millis).ok_or_else(|| {
            let span = self.cursor.since(start);
            let text = span.text(self.cursor.query).to_owned();
            ParseError::new(ParseErrorKind::AtRange { text }, span)
        })
    }
}

/// Returns `@` and `offset` of an expression that can have them.
fn modifiers<'e>(
    expr: &'e mut Expr,
    modifier: &'static str,
) -> Result<&'e mut Modifiers, ParseError> {
    match &mut expr.kind {
        ExprKind::Vector(vector) => Ok(&mut vector.modifiers),
        ExprKind::Matrix(matrix) => Ok(&mut matrix.vector.modifiers),
        ExprKind::Subquery(subquery) => Ok(&mut subquery.modifiers),
        _ => Err(ParseError::new(ParseErrorKind::ModifierOnOther { modifier }, expr.span)),
    }
}

fn set_at(expr: &mut Expr, at: At) -> Result<(), ParseError> {
    let modifiers = modifiers(expr, "@")?;
    if let Some(first) = modifiers.at {
        return Err(ParseError::new(ParseErrorKind::AtTwice, at.span).related_to(first.span));
    }
    modifiers.at = Some(at);
    Ok(())
}

fn set_offset(expr: &mut Expr, offset: Length, span: Span) -> Result<(), ParseError> {
    let modifiers = modifiers(expr, "offset")?;
    if let Some(first) = &modifiers.offset {
        return Err(ParseError::new(ParseErrorKind::OffsetTwice, span).related_to(first.span));
    }
    modifiers.offset = Some(offset);
    Ok(())
}

fn set_extension(expr: &mut Expr, extension: Extension, span: Span) -> Result<(), ParseError> {
    let refuse = |what| {
        let kind = ParseErrorKind::ExtensionOnOther { extension, what };
        Err(ParseError::new(kind, span))
    };
    let place = match &mut expr.kind {
        ExprKind::Vector(vector) => &mut vector.extension,
        ExprKind::Matrix(matrix) => &mut matrix.vector.extension,
        ExprKind::Subquery(_) => return refuse("subqueries"),
        _ => return refuse("what is not a selector"),
    };
    if place.is_some_and(|first| first != extension) {
        return Err(ParseError::new(ParseErrorKind::ExtensionsTogether, span));
    }
    *place = Some(extension);
    Ok(())
}
