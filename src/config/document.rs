//! Reading a TOML document so that every complaint has its place.
//!
//! Values are asked for by key. A value that will not do is noted and reads
//! as absent, so that one pass finds everything that is wrong; keys that
//! nobody asked for are found at the end.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Problem;
use crate::notation::{format_duration, parse_duration};

/// The longest piece of the file that a message quotes, in characters.
const QUOTE_CHARS_MAX: usize = 60;

/// A file's text, and what was found wrong with it so far.
#[derive(Debug)]
pub(super) struct Document<'a> {
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Document<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, problems: RefCell::new(Vec::new()) }
    }

    /// Notes a problem with what stands at `span`.
    pub(super) fn refuse(&self, span: &Range<usize>, message: String) {
        let (line, column) = self.place(span.start);
        self.problems.borrow_mut().push(Problem { line, column, message });
    }

    /// Returns the problems in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    /// Returns the line and column of a byte offset, both from 1.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before.get(start..).unwrap_or("").chars().count() + 1)
    }

    fn quote(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or("").lines().next().unwrap_or("");
        if text.chars().count() <= QUOTE_CHARS_MAX {
            return text.to_owned();
        }
        text.chars().take(QUOTE_CHARS_MAX).chain(['…']).collect()
    }
}

/// One table of the document, such as `[server]` or one `[[rule]]`.
#[derive(Debug)]
pub(super) struct Table<'a> {
    document: &'a Document<'a>,
    path: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
    unknown_allowed: Cell<bool>,
}

impl<'a> Table<'a> {
    pub(super) fn root(document: &'a Document<'a>, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::at(document, String::new(), table.as_ref(), table.span())
    }

    fn at(
        document: &'a Document<'a>,
        path: String,
        table: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Self {
        Self {
            document,
            path,
            table,
            span,
            asked: RefCell::default(),
            unknown_allowed: Cell::default(),
        }
    }

    /// Where the table stands.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where the value of `key` stands, or else the table.
    pub(super) fn span_of(&self, key: &str) -> Range<usize> {
        self.table.get(key).map_or_else(|| self.span(), Spanned::span)
    }

    /// The line on which the value of `key` stands.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.document.place(self.span_of(key).start).0
    }

    /// Says whether the file has the key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Notes a problem with the table as a whole.
    pub(super) fn refuse(&self, message: impl Display) {
        self.document.refuse(&self.span, format!("{}: {message}", self.path));
    }

    /// Notes that the key itself will not do.
    pub(super) fn refuse_name(&self, key: &str, message: impl Display) {
        let span = self.table.get_key_value(key).map_or_else(|| self.span(), |(key, _)| key.span());
        self.document.refuse(&span, format!("{}: {message}", self.path));
    }

    /// Notes that the value of `key` will not do.
    pub(super) fn refuse_key(&self, key: &str, expected: impl Display) {
        let span = self.span_of(key);
        let (name, given) = (self.name(key), self.document.quote(&span));
        self.document.refuse(&span, format!("{name} is {given}; expected {expected}"));
    }

    /// Notes what `error` says of the value of `key`.
    pub(super) fn refuse_value(&self, key: &str, error: impl Display) {
        self.document.refuse(&self.span_of(key), format!("{}: {error}", self.name(key)));
    }

    /// Lets keys that nobody asked for pass: what they are cannot be told.
    pub(super) fn allow_unknown(&self) {
        self.unknown_allowed.set(true);
    }

    /// Returns `value`, or notes that the table must have the key. A key that
    /// is there was already complained about.
    pub(super) fn required<T>(&self, key: &'static str, value: Option<T>) -> Option<T> {
        if value.is_none() && !self.has(key) {
            self.refuse(format_args!("{key} is missing"));
        }
        value
    }

    /// Reads a text that is not empty.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let expected = "a text in quotes";
        let text = self.value(key)?.as_str();
        match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(text.to_owned()),
            None => self.refused(key, expected),
        }
    }

    /// Reads a text by `parse`, whose error is the message.
    pub(super) fn parsed<T, E: Display>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse_value(key, error);
                None
            }
        }
    }

    /// Reads one of the given words.
    pub(super) fn choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        let given = self.value(key)?.as_str();
        let found = given.and_then(|given| words.iter().find(|(word, _)| *word == given));
        match found {
            Some((_, value)) => Some(*value),
            None => {
                let words: Vec<String> =
                    words.iter().map(|(word, _)| format!("{word:?}")).collect();
                self.refused(key, format_args!("one of {}", words.join(", ")))
            }
        }
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        match self.value(key)?.as_bool() {
            Some(flag) => Some(flag),
            None => self.refused(key, "true or false"),
        }
    }

    /// Reads a duration within `range`.
    pub(super) fn duration(
        &self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let text = self.value(key)?.as_str();
        match text.and_then(|text| parse_duration(text).ok()) {
            Some(duration) if range.contains(&duration) => Some(duration),
            Some(_) => {
                let (low, high) = (format_duration(*range.start()), format_duration(*range.end()));
                self.refused(key, format_args!("a duration from {low} to {high}"))
            }
            None => self.refused(key, "a duration such as \"15s\", \"5m\", \"1h30m\" or \"7d\""),
        }
    }

    /// Reads a whole number within `range`.
    pub(super) fn integer(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        match integer(value).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (low, high) = range.into_inner();
                self.refused(key, format_args!("a whole number from {low} to {high}"))
            }
        }
    }

    /// Reads a count within `range`.
    pub(super) fn count(&self, key: &'static str, range: RangeInclusive<u64>) -> Option<usize> {
        self.integer(key, range).and_then(|count| usize::try_from(count).ok())
    }

    /// Reads a number within `range`.
    #[cfg(feature = "host")]
    pub(super) fn number(&self, key: &'static str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(key)?;
        match number(value).filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (low, high) = range.into_inner();
                self.refused(key, format_args!("a number from {low} to {high}"))
            }
        }
    }

    /// Reads a list of texts, each by `parse`.
    pub(super) fn list<T, E: Display>(
        &self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.refuse_key(key, "a list of texts, such as [\"a\", \"b\"]");
            return Vec::new();
        };
        let mut read = Vec::new();
        for item in items.iter() {
            let Some(text) = item.as_ref().as_str() else {
                let (name, given) = (self.name(key), self.document.quote(&item.span()));
                let message = format!("{name} has {given}; expected a text in quotes");
                self.document.refuse(&item.span(), message);
                continue;
            };
            match parse(text) {
                Ok(value) => read.push(value),
                Err(error) => {
                    self.document.refuse(&item.span(), format!("{}: {error}", self.name(key)));
                }
            }
        }
        read
    }

    /// Reads an array of tables, such as all `[[rule]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.as_array() else {
            self.refuse_key(key, format_args!("tables, each under [[{key}]]"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.as_ref().as_table() {
                Some(table) => {
                    tables.push(Self::at(self.document, self.name(key), table, item.span()));
                }
                None => self.refuse_key(key, format_args!("tables, each under [[{key}]]")),
            }
        }
        tables
    }

    /// Reads a table such as `[server]`.
    pub(super) fn section(&self, key: &'static str) -> Option<Table<'a>> {
        match self.value(key)?.as_table() {
            Some(table) => Some(Self::at(self.document, self.name(key), table, self.span_of(key))),
            None => self.refused(key, format_args!("a table under [{key}]")),
        }
    }

    /// Reads a table of texts, such as labels, in the order of the file.
    pub(super) fn texts(&self, key: &'static str) -> Vec<(String, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.as_table() else {
            self.refuse_key(key, "a table of texts, such as { team = \"shop\" }");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (name, value) in table {
            match value.as_ref().as_str() {
                Some(text) => texts.push((name.as_ref().to_string(), text.to_owned())),
                None => {
                    let given = self.document.quote(&value.span());
                    let name = format!("{}.{}", self.name(key), name.as_ref());
                    let message = format!("{name} is {given}; expected a text in quotes");
                    self.document.refuse(&value.span(), message);
                }
            }
        }
        texts
    }

    /// Reads every key of a table whose keys are free, such as metric names.
    pub(super) fn durations(&self, range: &RangeInclusive<Duration>) -> Vec<(String, Duration)> {
        let mut read = Vec::new();
        for (key, value) in self.table {
            let duration = value.as_ref().as_str().and_then(|text| parse_duration(text).ok());
            match duration.filter(|duration| range.contains(duration)) {
                Some(duration) => read.push((key.as_ref().to_string(), duration)),
                None => {
                    let (low, high) =
                        (format_duration(*range.start()), format_duration(*range.end()));
                    self.refuse_key(key.as_ref(), format_args!("a duration from {low} to {high}"));
                }
            }
        }
        read
    }

    /// Complains about the keys that nobody asked for.
    pub(super) fn finish(self) {
        if self.unknown_allowed.get() {
            return;
        }
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter().filter(|(key, _)| !asked.contains(&&**key.as_ref())) {
            let message =
                format!("unknown key {}; {}", self.name(key.as_ref()), hint(key.as_ref(), &asked));
            self.document.refuse(&key.span(), message);
        }
    }

    fn value(&self, key: &'static str) -> Option<&'a DeValue<'a>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get(key).map(Spanned::as_ref)
    }

    fn refused<T>(&self, key: &str, expected: impl Display) -> Option<T> {
        self.refuse_key(key, expected);
        None
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Names the known key that is nearest, or all of them.
fn hint(given: &str, known: &[&'static str]) -> String {
    let nearest = known.iter().min_by_key(|key| strsim::damerau_levenshtein(given, key));
    match nearest {
        Some(key) if strsim::damerau_levenshtein(given, key) <= 1 + given.len() / 4 => {
            format!("did you mean {key}?")
        }
        _ => format!("expected one of {}", known.join(", ")),
    }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

#[cfg(feature = "host")]
fn number(value: &DeValue<'_>) -> Option<f64> {
    match value.as_float() {
        Some(float) => float.as_str().parse().ok(),
        None => {
            let integer = value.as_integer().filter(|integer| integer.radix() == 10)?;
            integer.as_str().parse().ok()
        }
    }
}
