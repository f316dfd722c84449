//! The place in the tokens that the parser has come to.

use super::super::lexer::{Lexeme, Token, lexemes};
use super::super::number::parse_number;
use super::super::{Limits, Number, ParseError, ParseErrorKind, Span, Text, duration, text};

/// How much of a token an error quotes, in characters.
const FOUND_MAX: usize = 40;

/// The tokens of a query and the place among them.
pub(super) struct Cursor<'q> {
    pub(super) query: &'q str,
    pub(super) limits: &'q Limits,
    tokens: Vec<Lexeme>,
    at: usize,
    /// How many regular expressions have been compiled.
    pub(super) regexes: usize,
}

impl<'q> Cursor<'q> {
    pub(super) fn new(query: &'q str, limits: &'q Limits) -> Self {
        Self { query, limits, tokens: lexemes(query), at: 0, regexes: 0 }
    }

    /// Returns the token `ahead` of the current one. The last token, which is
    /// the end or what is no token, comes again and again.
    fn ahead(&self, ahead: usize) -> Lexeme {
        let end = Lexeme { token: Token::End, span: Span::new(self.query.len(), self.query.len()) };
        self.tokens.get(self.at + ahead).or(self.tokens.last()).copied().unwrap_or(end)
    }

    pub(super) fn token(&self) -> Token {
        self.ahead(0).token
    }

    pub(super) fn next_token(&self) -> Token {
        self.ahead(1).token
    }

    pub(super) fn span(&self) -> Span {
        self.ahead(0).span
    }

    /// Returns the text of the current token.
    pub(super) fn text(&self) -> &'q str {
        self.span().text(self.query)
    }

    /// Returns the end of the token before the current one.
    pub(super) fn end(&self) -> usize {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(0, |lexeme| lexeme.span.end())
    }

    /// Returns the span from the start of `first` to the end of the token
    /// before the current one.
    pub(super) fn since(&self, first: Span) -> Span {
        Span::new(first.start(), self.end())
    }

    /// Goes on to the next token and returns the span of the current one.
    pub(super) fn advance(&mut self) -> Span {
        let span = self.span();
        self.at += 1;
        span
    }

    /// Goes past the current token if it is `token`.
    pub(super) fn eat(&mut self, token: Token) -> Option<Span> {
        (self.token() == token).then(|| self.advance())
    }

    /// Goes past the current token, which has to be `token`.
    pub(super) fn expect(
        &mut self,
        token: Token,
        expected: &'static str,
    ) -> Result<Span, ParseError> {
        self.eat(token).ok_or_else(|| self.unexpected(expected))
    }

    /// Goes past the closing bracket of the one at `open`.
    pub(super) fn expect_closing(
        &mut self,
        token: Token,
        expected: &'static str,
        open: Span,
    ) -> Result<Span, ParseError> {
        self.expect(token, expected).map_err(|error| error.related_to(open))
    }

    /// Says whether the current token is the keyword `word`, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.token() == Token::Word && self.text().eq_ignore_ascii_case(word)
    }

    /// Says whether the token after the current one is the keyword `word`.
    pub(super) fn is_next_word(&self, word: &str) -> bool {
        let next = self.ahead(1);
        next.token == Token::Word && next.span.text(self.query).eq_ignore_ascii_case(word)
    }

    /// Goes past the current token if it is the keyword `word`.
    pub(super) fn eat_word(&mut self, word: &str) -> Option<Span> {
        self.is_word(word).then(|| self.advance())
    }

    /// Returns the error that something else stands here.
    pub(super) fn unexpected(&self, expected: &'static str) -> ParseError {
        let span = self.span();
        let kind = match self.token() {
            Token::Invalid(fault) => fault.error(self.text()),
            Token::End => {
                ParseErrorKind::Unexpected { expected, found: "the end of the query".to_owned() }
            }
            _ => ParseErrorKind::Unexpected { expected, found: found(self.text()) },
        };
        ParseError::new(kind, span)
    }

    /// Reads the current token, which is a number or a duration.
    pub(super) fn number(&mut self) -> Result<Number, ParseError> {
        let (text, span) = (self.text(), self.span());
        let number = match parse_number(text) {
            Some(value) => Number::new(value),
            None => {
                let kind = match duration::parse_duration(text) {
                    Ok(millis) => {
                        self.advance();
                        return Ok(Number::from_millis(millis));
                    }
                    Err(duration::Fault::Range) => ParseErrorKind::DurationRange,
                    Err(duration::Fault::Form) => not_a_number(text),
                };
                return Err(ParseError::new(kind, span));
            }
        };
        self.advance();
        Ok(number)
    }

    /// Reads the current token, which is a text in quotes.
    pub(super) fn quoted(&mut self) -> Result<Text, ParseError> {
        let span = self.span();
        let text = text::unquote(self.text()).map_err(|(kind, at)| {
            let start = span.start() + at;
            ParseError::new(kind, Span::new(start, span.end()))
        })?;
        self.advance();
        Ok(text)
    }

    /// Returns the error that the tree is too deep at `span`.
    pub(super) const fn too_deep(&self, span: Span) -> ParseError {
        ParseError::new(ParseErrorKind::TooDeep { max: self.limits.depth_max }, span)
    }
}

fn found(text: &str) -> String {
    match text.char_indices().nth(FOUND_MAX) {
        Some((at, _)) => format!("{:?}…", text.get(..at).unwrap_or("")),
        None => format!("{text:?}"),
    }
}

/// Says what is wrong with a text that begins like a number.
fn not_a_number(text: &str) -> ParseErrorKind {
    let with_units = text.ends_with(|last: char| last.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"smhdwy".contains(&byte));
    let text = text.chars().take(FOUND_MAX).collect();
    if with_units { ParseErrorKind::Duration { text } } else { ParseErrorKind::Number { text } }
}
