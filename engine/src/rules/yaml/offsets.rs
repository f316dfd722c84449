//! From places in a tree to places in the file.

use saphyr_parser::{ScalarStyle, Span as MarkedSpan};

use crate::promql::syntax::Span;

/// How many characters lie between two that are remembered.
const STRIDE: usize = 64;

/// Turns positions in characters, which the parser gives, into positions in
/// bytes.
#[derive(Debug)]
pub(super) struct Offsets<'a> {
    text: &'a str,
    /// The byte of each 64th character.
    bytes: Vec<usize>,
}

impl<'a> Offsets<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.char_indices().step_by(STRIDE).map(|(byte, _)| byte).collect();
        Self { text, bytes }
    }

    /// Returns the byte of the character `index`; one past the end is the end.
    pub(super) fn byte(&self, index: usize) -> usize {
        let Some(&start) = self.bytes.get(index / STRIDE) else { return self.text.len() };
        let rest = self.text.get(start..).unwrap_or_default();
        rest.char_indices().nth(index % STRIDE).map_or(self.text.len(), |(byte, _)| start + byte)
    }

    pub(super) fn span(&self, span: MarkedSpan) -> Span {
        Span::new(self.byte(span.start.index()), self.byte(span.end.index()))
    }
}

/// Returns where in the file the byte `offset` of a scalar's value was
/// written. `source` is the scalar as written, `value` what it came to.
///
/// The two are walked side by side: what folding, indentation and escapes made
/// of the source is undone piece by piece. White space may be found a little
/// beside its place; what else there is, is found where it is.
pub(in crate::rules) fn source_offset(
    source: &str,
    style: ScalarStyle,
    value: &str,
    offset: usize,
) -> usize {
    let mut at = content_start(source, style);
    for (index, character) in value.char_indices() {
        at = skip_to(source, at, style, character);
        if index >= offset {
            return at;
        }
        at = after(source, at, style, character);
    }
    at
}

/// Returns where the content begins: behind an anchor, a tag and a quote.
fn content_start(source: &str, style: ScalarStyle) -> usize {
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return 0;
    }
    let mut rest = source;
    while rest.starts_with(['&', '!']) {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        rest = rest.get(end..).unwrap_or_default().trim_start();
    }
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    source.len() - rest.len() + usize::from(quoted)
}

/// Skips what stands before a character of the value and is no part of it.
fn skip_to(source: &str, mut at: usize, style: ScalarStyle, character: char) -> usize {
    loop {
        let rest = source.get(at..).unwrap_or_default();
        let Some(next) = rest.chars().next() else { return at };
        if next == '\\' && style == ScalarStyle::DoubleQuoted {
            // An escaped end of line is nothing.
            let Some(line) = rest.strip_prefix("\\\n").or_else(|| rest.strip_prefix("\\\r\n"))
            else {
                return at;
            };
            at = source.len() - line.len();
            continue;
        }
        let is_fold = next.is_whitespace() && character == ' ';
        if next == character || !next.is_whitespace() || is_fold {
            return at;
        }
        at += next.len_utf8();
    }
}

/// Returns where the source goes on after a character of the value.
fn after(source: &str, at: usize, style: ScalarStyle, character: char) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    let mut characters = rest.chars();
    let Some(first) = characters.next() else { return at };
    match (style, first) {
        (ScalarStyle::SingleQuoted, '\'') => at + 2,
        (ScalarStyle::DoubleQuoted, '\\') => {
            let digits = match characters.next() {
                Some('x') => 2,
                Some('u') => 4,
                Some('U') => 8,
                _ => 0,
            };
            at + 2 + digits
        }
        (_, '\r' | '\n') if character == ' ' => {
            at + rest.len() - rest.trim_start_matches(char::is_whitespace).len()
        }
        // Empty lines before a block are in its value, not in its source.
        _ if character.is_whitespace() && !first.is_whitespace() => at,
        _ => at + first.len_utf8(),
    }
}
