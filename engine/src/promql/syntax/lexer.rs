//! From text to tokens.
//!
//! Keywords are words like any other here: nearly all of them may also be
//! names of metrics and labels, so the parser decides by where they stand.

use logos::{Lexer, Logos};

use super::{ParseErrorKind, Span};

/// The kinds of token.
#[derive(Logos, Debug, Clone, Copy, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n]+")]
#[logos(skip(r"#[^\r\n]*", allow_greedy = true))]
#[logos(error = Fault)]
#[logos(extras = Place)]
pub(super) enum Token {
    #[token("(")]
    ParenOpen,
    #[token(")")]
    ParenClose,
    #[token("{")]
    BraceOpen,
    #[token("}")]
    BraceClose,
    #[token("[", |lexer| lexer.extras = Place::Brackets)]
    BracketOpen,
    #[token("]", |lexer| lexer.extras = Place::Query)]
    BracketClose,
    #[token(",")]
    Comma,
    #[token("@")]
    At,
    #[token("=")]
    Assign,
    #[token("=~")]
    Match,
    #[token("!~")]
    NotMatch,
    #[token("==")]
    Equal,
    #[token("!=")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("</")]
    TrimUpper,
    #[token(">/")]
    TrimLower,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("^")]
    Caret,
    /// Between the range and the step of a subquery; only in brackets.
    Colon,
    /// A name without colons, or a keyword.
    #[regex("[a-zA-Z_][a-zA-Z0-9_]*", name)]
    #[token(":", name)]
    Word,
    /// A metric's name with a colon in it; not in brackets.
    MetricWord,
    /// Whatever begins like a number; the parser reads it in detail.
    #[regex(r"\.?[0-9][0-9_.]*([eE][+-]?[0-9_]*)?[a-zA-Z0-9_.]*")]
    Number,
    #[token("\"", quoted)]
    #[token("'", quoted)]
    #[token("`", quoted)]
    Text,
    /// What is no token. Nothing comes after it.
    Invalid(Fault),
    /// The end of the query, always the last token if all of it was read.
    End,
}

/// Where the lexer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// Outside of brackets, where a colon is a letter of names.
    #[default]
    Query,
    /// In brackets, where a colon separates.
    Brackets,
}

/// Why a piece of text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fault {
    /// No token begins with this character.
    #[default]
    Character,
    /// A text in quotes has no end.
    Quoted,
    /// A text in backquotes has no end.
    Raw,
}

impl Fault {
    /// Returns what is wrong with `text`, which is over the token.
    pub(super) fn error(self, text: &str) -> ParseErrorKind {
        match self {
            Self::Character => ParseErrorKind::UnexpectedCharacter {
                found: text.chars().next().unwrap_or_default(),
            },
            Self::Quoted => ParseErrorKind::UnterminatedText,
            Self::Raw => ParseErrorKind::UnterminatedRawText,
        }
    }
}

/// Reads on to the end of a name, of which a word or a colon has been read.
fn name(lexer: &mut Lexer<'_, Token>) -> Token {
    if lexer.extras == Place::Query {
        let rest = lexer.remainder().bytes();
        let more = rest.take_while(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(byte));
        lexer.bump(more.count());
        return if lexer.slice().contains(':') { Token::MetricWord } else { Token::Word };
    }
    if lexer.slice() == ":" { Token::Colon } else { Token::Word }
}

/// Reads to the closing quote.
fn quoted(lexer: &mut Lexer<'_, Token>) -> Result<(), Fault> {
    let quote = lexer.slice().as_bytes().first().copied().unwrap_or_default();
    let rest = lexer.remainder().as_bytes();
    let mut bytes = rest.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match *byte {
            byte if byte == quote => {
                lexer.bump(at + 1);
                return Ok(());
            }
            b'\n' if quote != b'`' => return Err(Fault::Quoted),
            b'\\' if quote != b'`' => {
                bytes.next();
            }
            _ => {}
        }
    }
    Err(if quote == b'`' { Fault::Raw } else { Fault::Quoted })
}

/// A token and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) span: Span,
}

/// Reads all tokens, up to the first piece that is none.
pub(super) fn lexemes(query: &str) -> Vec<Lexeme> {
    let mut found = Vec::new();
    let mut lexer = Token::lexer(query);
    while let Some(result) = lexer.next() {
        let span = Span::new(lexer.span().start, lexer.span().end);
        let token = result.unwrap_or_else(Token::Invalid);
        found.push(Lexeme { token, span });
        if result.is_err() {
            return found;
        }
    }
    found.push(Lexeme { token: Token::End, span: Span::new(query.len(), query.len()) });
    found
}
