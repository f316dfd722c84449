//! Why a query is not an expression.

use thiserror::Error;

use super::{Position, Span};

/// What is wrong with a query, and where.
///
/// Writes itself as the message alone; [`ParseError::position`] gives the
/// line and column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// The piece of the query that it is about; empty at the end of the query.
    pub span: Span,
}

impl ParseError {
    pub(crate) const fn new(kind: ParseErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// Returns where in `query` the error is.
    #[must_use]
    pub fn position(&self, query: &str) -> Position {
        self.span.position(query)
    }
}

/// The kinds of error in a query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// There is nothing but white space and comments.
    #[error("no expression found in input")]
    Empty,
}
