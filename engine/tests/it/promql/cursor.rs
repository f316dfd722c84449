//! Reading a line piece by piece.

use keepwatch_engine::promql::syntax::{ExprKind, parse};

/// What is left of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `text` if it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(text) else { return false };
        self.rest = rest;
        true
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) {
            return Ok(());
        }
        Err(format!("expected {text:?} at {:?}", self.rest))
    }

    /// Takes the characters up to the first that is not accepted.
    pub(super) fn take_while(&mut self, accepted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !accepted(character)).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Takes a word up to the next white space, which is skipped.
    pub(super) fn word(&mut self) -> &'a str {
        let word = self.take_while(|character| !character.is_whitespace());
        self.skip_spaces();
        word
    }

    /// Takes everything up to `end` and that with it.
    pub(super) fn take_through(&mut self, end: &str) -> Result<&'a str, String> {
        let found = self.rest.find(end).ok_or_else(|| format!("no {end:?} in {:?}", self.rest))?;
        Ok(self.take(found + end.len()))
    }

    /// Takes a text in double, single or back quotes.
    pub(super) fn quoted(&mut self) -> Result<String, String> {
        let quote = self.peek().unwrap_or_default();
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|&(_, character)| {
            let ends = character == quote && !escaped;
            escaped = character == '\\' && quote != '`' && !escaped;
            ends
        });
        let (end, _) = end.ok_or_else(|| format!("no end of the text {:?}", self.rest))?;
        unquoted(self.take(end + quote.len_utf8()))
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}

/// Takes the quotes off a text, with the escapes of PromQL.
pub(super) fn unquoted(quoted: &str) -> Result<String, String> {
    let expr = parse(quoted).map_err(|error| format!("{quoted}: {error}"))?;
    match expr.kind {
        ExprKind::Text(text) => {
            text.as_str().map(str::to_owned).map_err(|error| format!("{quoted}: {error}"))
        }
        _ => Err(format!("{quoted} is no text in quotes")),
    }
}
