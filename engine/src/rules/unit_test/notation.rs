//! Values of series in the expanding notation: `5 2+3x2 _ stale`.

use std::ops::Range;

use thiserror::Error;

use crate::model::stale_marker;

/// What a series has at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slot {
    /// Nothing.
    Nothing,
    /// A float, which may be the staleness marker.
    Float(f64),
    /// A native histogram, whose parts are not looked at.
    Histogram,
}

/// The values of a series, as short as they are written: `1x1000000` takes no
/// room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesValues {
    runs: Vec<Run>,
}

/// Values that follow one from the other.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Run {
    first: Slot,
    growth: f64,
    count: u64,
}

/// Why a text is no list of values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {expected}, found {found}")]
pub struct NotationError {
    /// What may stand there.
    pub expected: &'static str,
    /// What does.
    pub found: String,
    /// Where it is in the text, in bytes.
    pub at: Range<usize>,
}

const ITEM: &str = "a value such as '1', '1+2x3', '_', '_x3' or 'stale'";

impl SeriesValues {
    /// Reads values, with white space between them.
    ///
    /// # Errors
    /// The first piece that is no value, and where it is.
    pub fn parse(text: &str) -> Result<Self, NotationError> {
        let mut cursor = Cursor { text, at: 0 };
        let mut runs = Vec::new();
        cursor.skip_spaces();
        while !cursor.rest().is_empty() {
            runs.push(cursor.run()?);
            if !cursor.rest().is_empty() && !cursor.rest().starts_with(char::is_whitespace) {
                return Err(cursor.error("white space behind a value"));
            }
            cursor.skip_spaces();
        }
        Ok(Self { runs })
    }

    /// Returns the values, one a step.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.runs.iter().flat_map(|run| {
            let mut next = run.first;
            (0..run.count).map(move |_| {
                let slot = next;
                // A sum would turn the staleness marker into another NaN.
                if let Slot::Float(value) = &mut next
                    && run.growth != 0.0
                {
                    *value += run.growth;
                }
                slot
            })
        })
    }

    /// Says whether there is a native histogram.
    #[must_use]
    pub fn has_histograms(&self) -> bool {
        self.runs.iter().any(|run| run.first == Slot::Histogram && run.count > 0)
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// Returns an error about the word that is next.
    fn error(&self, expected: &'static str) -> NotationError {
        let rest = self.rest();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let found = match word.chars().count() {
            0 => "the end of the values".to_owned(),
            1..=60 => format!("{word:?}"),
            _ => format!("{:?}…", word.chars().take(60).collect::<String>()),
        };
        NotationError { expected, found, at: self.at..self.at + end }
    }

    fn run(&mut self) -> Result<Run, NotationError> {
        if self.eat("_") {
            let count = self.repeats()?.unwrap_or(1);
            return Ok(Run { first: Slot::Nothing, growth: 0.0, count });
        }
        if self.eat("stale") {
            let count = self.repeats()?.unwrap_or(0).saturating_add(1);
            return Ok(Run { first: Slot::Float(stale_marker()), growth: 0.0, count });
        }
        if self.rest().starts_with("{{") {
            self.histogram()?;
            if self.eat("+") || self.eat("-") {
                self.histogram()?;
            }
            let count = self.repeats()?.unwrap_or(0).saturating_add(1);
            return Ok(Run { first: Slot::Histogram, growth: 0.0, count });
        }
        let first = Slot::Float(self.number(ITEM)?);
        if !self.rest().starts_with(['+', '-']) {
            let count = self.repeats()?.unwrap_or(0).saturating_add(1);
            return Ok(Run { first, growth: 0.0, count });
        }
        let growth = self.number("by how much the values grow, a number")?;
        let repeats = self.repeats()?;
        let repeats = repeats.ok_or_else(|| self.error("how often the values grow, as in 'x3'"))?;
        Ok(Run { first, growth, count: repeats.saturating_add(1) })
    }

    fn histogram(&mut self) -> Result<(), NotationError> {
        let end = self.rest().strip_prefix("{{").and_then(|inner| inner.find("}}"));
        let end = end.ok_or_else(|| self.error("a native histogram in '{{' and '}}'"))?;
        self.at += "{{".len() + end + "}}".len();
        Ok(())
    }

    /// Takes a number with its sign: digits, or `NaN` or `Inf` in any case.
    fn number(&mut self, expected: &'static str) -> Result<f64, NotationError> {
        let rest = self.rest();
        let mut before = None;
        let end = rest.find(|character: char| {
            let is_sign = matches!(character, '+' | '-');
            let goes_on = character.is_ascii_alphanumeric() && character != 'x'
                || character == '.'
                || is_sign && before.is_none_or(|before| matches!(before, 'e' | 'E'));
            before = Some(character);
            !goes_on
        });
        let end = end.unwrap_or(rest.len());
        let number = rest.get(..end).and_then(|text| text.parse().ok());
        let number = number.ok_or_else(|| self.error(expected))?;
        self.at += end;
        Ok(number)
    }

    /// Takes `x12` if it is next.
    fn repeats(&mut self) -> Result<Option<u64>, NotationError> {
        if !self.eat("x") {
            return Ok(None);
        }
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count = rest.get(..end).and_then(|digits| digits.parse().ok());
        let count = count.ok_or_else(|| self.error("a number of repetitions"))?;
        self.at += end;
        Ok(Some(count))
    }
}
