//! Where something stands in a query.

use std::fmt;
use std::ops::Range;

/// A range of bytes in the text of a query, the end excluded.
///
/// Queries are shorter than 4 GiB, so both ends are kept in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// The span of what was not read from a query.
    pub const NOWHERE: Self = Self { start: 0, end: 0 };

    /// Creates a span. Positions past 4 GiB stay at that bound.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let bounded = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self { start: bounded(start), end: bounded(end) }
    }

    /// Returns the position of the first byte.
    #[must_use]
    pub const fn start(self) -> usize {
        self.start as usize
    }

    /// Returns the position after the last byte.
    #[must_use]
    pub const fn end(self) -> usize {
        self.end as usize
    }

    /// Returns both ends as a range.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start()..self.end()
    }

    /// Returns the span from the start of this one to the end of `last`.
    #[must_use]
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// Returns the piece of `query` that the span is over; nothing if the
    /// span is not of this query.
    #[must_use]
    pub fn text(self, query: &str) -> &str {
        query.get(self.range()).unwrap_or("")
    }

    /// Returns where the span starts in `query` for people to read.
    #[must_use]
    pub fn position(self, query: &str) -> Position {
        Position::of(query, self.start())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// A line and a column, both from 1. Writes itself as `line:column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The byte within the line, from 1, as Prometheus counts.
    pub column: usize,
}

impl Position {
    /// Finds the line and column of the byte `offset` of `query`. An offset
    /// past the end counts as the end.
    #[must_use]
    pub fn of(query: &str, offset: usize) -> Self {
        let before = &query.as_bytes()[..offset.min(query.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Self { line, column: before.len() - line_start + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let query = "sum(\n  x\n)";
        let check = |offset, expected: &str| {
            assert_eq!(Position::of(query, offset).to_string(), expected, "at {offset}");
        };
        check(0, "1:1");
        check(4, "1:5");
        check(5, "2:1");
        check(7, "2:3");
        check(9, "3:1");
        check(10, "3:2");
        check(99, "3:2");
    }

    #[test]
    fn a_span_of_another_text_is_over_nothing() {
        assert_eq!(Span::new(1, 3).text("abcd"), "bc");
        assert_eq!(Span::new(3, 9).text("abcd"), "");
        assert_eq!(Span::new(1, 2).text("é"), "");
        assert_eq!(Span::new(1, 3).to(Span::new(7, 9)), Span::new(1, 9));
    }
}
