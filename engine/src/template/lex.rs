//! Actions as tokens.
//!
//! Text between actions is cut off first ([`Piece`]); the inside of an action
//! becomes [`Token`]s that know whether space stands in front.

use super::error::Fault;
use super::literal;
use super::tree::Span;
use super::value::Value;

/// Text, or the tokens of an action.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    /// With the span of the whole action.
    Action(Vec<Token>, Span),
}

/// A token of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
    /// Whether space stands in front.
    pub(super) spaced: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    /// A keyword or the name of a function.
    Word(String),
    /// `$` or `$name`, with the dollar.
    Variable(String),
    /// `.name`, without the dot.
    Field(String),
    Dot,
    Literal(Value),
    Pipe,
    Comma,
    Declare,
    Assign,
    Open,
    Close,
}

const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts a template into texts and actions.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut trims = false;
    while let Some(found) = tail(text, at).find("{{") {
        let start = at + found;
        let mut inside = start + 2;
        let left = tail(text, inside).strip_prefix('-').is_some_and(|rest| rest.starts_with(WHITE));
        push_text(&mut pieces, text.get(at..start).unwrap_or_default(), trims, left);
        if left {
            inside += 2;
        }
        let (piece, end, right) = match tail(text, inside).starts_with("/*") {
            true => comment(text, start, inside)?,
            false => action(text, start, inside)?,
        };
        pieces.extend(piece);
        (at, trims) = (end, right);
    }
    push_text(&mut pieces, tail(text, at), trims, false);
    Ok(pieces)
}

fn tail(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, left: bool, right: bool) {
    let text = if left { text.trim_start_matches(WHITE) } else { text };
    let text = if right { text.trim_end_matches(WHITE) } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// A piece, where what follows it begins, and whether that is trimmed.
type Cut = (Option<Piece>, usize, bool);

fn comment(text: &str, start: usize, inside: usize) -> Result<Cut, Fault> {
    let Some(length) = tail(text, inside + 2).find("*/") else {
        return Err(Fault::new(&(start..text.len()), "unclosed comment"));
    };
    let end = inside + 2 + length + 2;
    match closing(text, end) {
        Some((end, trims)) => Ok((None, end, trims)),
        None => Err(Fault::new(&(start..end), "comment ends before closing delimiter")),
    }
}

/// Reads `}}` or ` -}}`.
fn closing(text: &str, at: usize) -> Option<(usize, bool)> {
    let rest = tail(text, at);
    if rest.starts_with("}}") {
        return Some((at + 2, false));
    }
    let trimmed = rest.strip_prefix(WHITE)?;
    trimmed.starts_with("-}}").then_some((at + 4, true))
}

fn action(text: &str, start: usize, inside: usize) -> Result<Cut, Fault> {
    let mut tokens = Vec::new();
    let mut at = inside;
    let mut spaced = false;
    loop {
        if let Some((end, trims)) = closing(text, at) {
            return Ok((Some(Piece::Action(tokens, start..end)), end, trims));
        }
        let rest = tail(text, at);
        let Some(next) = rest.chars().next() else {
            return Err(Fault::new(&(start..text.len()), "unclosed action"));
        };
        if WHITE.contains(&next) {
            at += 1;
            spaced = true;
            continue;
        }
        let (kind, length) = token(rest).map_err(|(message, length)| {
            Fault::new(&(at..at + length.min(rest.len()).max(1)), message)
        })?;
        tokens.push(Token { kind, span: at..at + length, spaced });
        at += length;
        spaced = false;
        if let Some(Token {
            kind: TokenKind::Field(_) | TokenKind::Word(_) | TokenKind::Variable(_),
            ..
        }) = tokens.last()
            && let Some(bad) = tail(text, at).chars().next()
            && !ends_word(bad)
            && !tail(text, at).starts_with("}}")
        {
            return Err(Fault::new(&(at..at + bad.len_utf8()), format!("bad character {bad:?}")));
        }
    }
}

/// Says whether a name may stand in front of this character.
fn ends_word(next: char) -> bool {
    WHITE.contains(&next) || matches!(next, '.' | ',' | '|' | ':' | '=' | ')' | '(')
}

/// Reads the token at the start of `rest`; an error has the length of what is
/// wrong.
fn token(rest: &str) -> Result<(TokenKind, usize), (String, usize)> {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or_default();
    let second = chars.next().unwrap_or_default();
    Ok(match first {
        '|' => (TokenKind::Pipe, 1),
        ',' => (TokenKind::Comma, 1),
        '(' => (TokenKind::Open, 1),
        ')' => (TokenKind::Close, 1),
        '=' => (TokenKind::Assign, 1),
        ':' if second == '=' => (TokenKind::Declare, 2),
        ':' => return Err(("expected :=".to_owned(), 1)),
        '"' | '`' | '\'' => {
            let (value, length) = literal::quoted(rest)?;
            (TokenKind::Literal(value), length)
        }
        '$' => {
            let length = 1 + word_length(tail(rest, 1));
            (
                TokenKind::Variable(tail(rest, 0).get(..length).unwrap_or_default().to_owned()),
                length,
            )
        }
        '.' if !second.is_ascii_digit() => match word_length(tail(rest, 1)) {
            0 => (TokenKind::Dot, 1),
            length => {
                let name = rest.get(1..=length).unwrap_or_default();
                (TokenKind::Field(name.to_owned()), 1 + length)
            }
        },
        '+' | '-' | '.' | '0'..='9' => {
            let (value, length) = literal::number(rest)?;
            (TokenKind::Literal(value), length)
        }
        _ if first.is_alphabetic() || first == '_' => {
            let length = word_length(rest);
            let word = rest.get(..length).unwrap_or_default();
            let kind = match word {
                "true" => TokenKind::Literal(Value::Bool(true)),
                "false" => TokenKind::Literal(Value::Bool(false)),
                _ => TokenKind::Word(word.to_owned()),
            };
            (kind, length)
        }
        _ => {
            let message = format!("unrecognized character in action: {first:?}");
            return Err((message, first.len_utf8()));
        }
    })
}

/// Returns how many bytes of letters, digits and underscores there are.
fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}
