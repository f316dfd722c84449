//! The expression of a rule.

use std::fmt;
use std::sync::Arc;

use crate::promql::{Query, QueryError};

/// An expression as it was written, and the query that it is. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    text: Arc<str>,
    query: Arc<Query>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// A text that is no query.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let query = Arc::new(Query::parse(text)?);
        Ok(Self { text: text.into(), query })
    }

    /// Returns the text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the query.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }
}

impl fmt::Display for Expression {
    /// Writes the normal form on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.query.expr(), f)
    }
}
