//! A place in a line.

use super::Dialect;
use super::error::Problem;
use crate::model::Timestamp;

/// A problem at a column, before the line is known.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The column in characters, from 1.
    pub(super) column: usize,
    pub(super) problem: Problem,
}

/// The rest of a line that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    rest: &'a str,
    pub(super) dialect: Dialect,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(line: &'a str, dialect: Dialect) -> Self {
        Self { line, rest: line, dialect }
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

    pub(super) fn column(&self) -> usize {
        let read = self.line.len().saturating_sub(self.rest.len());
        self.line.get(..read).map_or(0, |text| text.chars().count()) + 1
    }

    pub(super) fn refuse(&self, problem: Problem) -> Refusal {
        Refusal { column: self.column(), problem }
    }

    pub(super) fn expected(&self, expected: &'static str) -> Refusal {
        let piece = self.rest.split([' ', '\t']).next().unwrap_or_default();
        let piece = if piece.is_empty() { self.rest } else { piece };
        let found = piece.chars().take(40).collect();
        self.refuse(Problem::Expected { expected, found })
    }

    /// Takes this text if it stands here.
    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes text up to the first character that does not fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes the space between two words: one in OpenMetrics, any blanks in
    /// the Prometheus format.
    pub(super) fn space(&mut self) -> Result<(), Refusal> {
        let taken = if self.dialect.is_strict() { self.take(" ") } else { self.blanks() };
        if taken { Ok(()) } else { Err(self.expected("a space")) }
    }

    /// Takes blanks where the Prometheus format allows them; OpenMetrics has
    /// none there.
    pub(super) fn blanks(&mut self) -> bool {
        self.dialect == Dialect::Prometheus
            && !self.take_while(|c| matches!(c, ' ' | '\t')).is_empty()
    }

    /// Takes a word, which ends at a space.
    pub(super) fn word(&mut self) -> &'a str {
        let blank_ends = self.dialect == Dialect::Prometheus;
        self.take_while(|c| c != ' ' && !(blank_ends && c == '\t'))
    }

    /// Takes a name as the grammar has it, or any text in quotes where the
    /// dialect has quoted names.
    pub(super) fn name(&mut self, colon: bool, expected: &'static str) -> Result<String, Refusal> {
        if self.dialect.quotes_names() && self.peek() == Some('"') {
            let start = *self;
            let name = self.quoted()?;
            return if name.is_empty() { Err(start.expected(expected)) } else { Ok(name) };
        }
        let starts = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
        if !self.peek().is_some_and(starts) {
            return Err(self.expected(expected));
        }
        Ok(self.take_while(|c| starts(c) || c.is_ascii_digit()).to_owned())
    }

    /// Takes text in double quotes, unescaped.
    pub(super) fn quoted(&mut self) -> Result<String, Refusal> {
        let start = *self;
        if !self.take("\"") {
            return Err(self.expected("'\"'"));
        }
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '"' && c != '\\'));
            if self.take("\"") {
                return Ok(text);
            }
            if !self.take("\\") {
                return Err(start.expected("text in quotes with its closing quote"));
            }
            let mut rest = self.rest.chars();
            let Some(escaped) = rest.next() else {
                return Err(start.expected("text in quotes with its closing quote"));
            };
            self.rest = rest.as_str();
            push_unescaped(escaped, true, &mut text);
        }
    }

    /// Takes a value: a decimal number, an infinity or NaN.
    pub(super) fn value(&mut self) -> Result<f64, Refusal> {
        let start = *self;
        number(self.word()).ok_or_else(|| start.expected("a number"))
    }

    /// Takes a timestamp, which is given in seconds, too: milliseconds in
    /// the Prometheus format, seconds in OpenMetrics.
    pub(super) fn timestamp(&mut self) -> Result<(Timestamp, f64), Refusal> {
        let start = *self;
        let word = self.word();
        if self.dialect.is_strict() {
            let seconds = number(word).filter(|seconds| seconds.is_finite());
            seconds
                .and_then(|seconds| Some((millis_of_seconds(word, seconds)?, seconds)))
                .ok_or_else(|| start.expected("a finite timestamp in seconds"))
        } else {
            let millis = word.parse().ok().map(Timestamp::from_millis);
            millis
                .map(|at| (at, at.seconds()))
                .ok_or_else(|| start.expected("a timestamp in whole milliseconds"))
        }
    }
}

/// Reads a number by the grammar, which has no hexadecimal digits, no
/// underscores and no sign before NaN.
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (!value.is_nan() || !text.starts_with(['+', '-'])).then_some(value)
}

/// Reads plain digits exactly, as a float has too few for far times, and
/// the rest through the float.
fn millis_of_seconds(text: &str, seconds: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates at the ends of time, as documented"
    )]
    let rounded = (seconds * 1_000.0).round() as i64;
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let is_plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(fraction) {
        return Some(Timestamp::from_millis(rounded));
    }
    let whole = if whole.is_empty() { Some(0) } else { whole.parse::<i128>().ok() };
    let mut digits = fraction.bytes().map(|byte| i128::from(byte.saturating_sub(b'0')));
    let mut thousandths = 0;
    for _ in 0..3 {
        thousandths = thousandths * 10 + digits.next().unwrap_or(0);
    }
    thousandths += i128::from(digits.next().is_some_and(|digit| digit >= 5));
    let magnitude = whole
        .and_then(|whole| whole.checked_mul(1_000)?.checked_add(thousandths))
        .unwrap_or(i128::MAX);
    let signed = if text.starts_with('-') { -magnitude } else { magnitude };
    let clamped = signed.clamp(i64::MIN.into(), i64::MAX.into());
    i64::try_from(clamped).ok().map(Timestamp::from_millis)
}

/// Unescapes a help text.
pub(super) fn unescaped(text: &str, quotes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped) => push_unescaped(escaped, quotes, &mut out),
                None => out.push('\\'),
            },
            _ => out.push(character),
        }
    }
    out
}

/// Appends what a backslash and this character mean. A pair that means
/// nothing stands for itself.
fn push_unescaped(escaped: char, quotes: bool, out: &mut String) {
    match escaped {
        'n' => out.push('\n'),
        '\\' => out.push('\\'),
        '"' if quotes => out.push('"'),
        other => {
            out.push('\\');
            out.push(other);
        }
    }
}
