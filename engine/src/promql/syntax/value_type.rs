//! What kinds of value an expression can have.

use std::fmt;

/// The type of an expression's value. Writes itself as Prometheus names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `scalar`: one number a step.
    Scalar,
    /// `string`: one text.
    String,
    /// `instant vector`: series with one sample a step each.
    Vector,
    /// `range vector`: series with a window of samples a step each.
    Matrix,
}

impl ValueType {
    /// Returns the name that results carry in the HTTP API: `scalar`,
    /// `string`, `vector` or `matrix`.
    #[must_use]
    pub const fn result_name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scalar => "scalar",
            Self::String => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        })
    }
}
