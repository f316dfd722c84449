//! What is wrong with a template, and where.

use std::ops::Range;

use thiserror::Error;

/// A template that does not parse, or whose expansion failed.
///
/// The messages have the meaning of those of Go's `text/template` and of
/// Prometheus' functions. Displayed as `line:column: message`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{line}:{column}: {message}")]
pub struct TemplateError {
    line: usize,
    column: usize,
    span: Range<usize>,
    message: String,
}

impl TemplateError {
    /// Creates an error about the piece `span` of `text`.
    pub(super) fn new(text: &str, fault: Fault) -> Self {
        let start = text.floor_char_boundary(fault.span.start);
        let end = text.floor_char_boundary(fault.span.end).max(start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            span: start..end,
            message: fault.message,
        }
    }

    /// Returns the line in the template, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        self.line
    }

    /// Returns the column in the line, from 1, in characters.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// Returns the bytes of the template that the error is about.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Returns what is wrong, without the position.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// An error before its line is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(span: &Range<usize>, message: impl Into<String>) -> Self {
        Self { span: span.clone(), message: message.into() }
    }
}
