//! Expressions that are kept: those of rules.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Query, QueryError};

/// A query with the text that it was written as. Serialises as that text;
/// cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression {
    text: Arc<str>,
    query: Arc<Query>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn parse(text: impl Into<Arc<str>>) -> Result<Self, QueryError> {
        let text = text.into();
        let query = Arc::new(Query::parse(&text)?);
        Ok(Self { text, query })
    }

    /// Returns the text as it was written.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the query.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl fmt::Display for Expression {
    /// Writes the normal form on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.query.expr(), f)
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
