//! Scalar arguments.

/// A scalar argument over the steps of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Parameter<'a> {
    /// The same at every step.
    Constant(f64),
    /// One value a step; NaN after the last.
    Steps(&'a [f64]),
}

impl Parameter<'_> {
    /// Returns the value at the step `index`.
    #[must_use]
    pub fn at(&self, index: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(values) => values.get(index).copied().unwrap_or(f64::NAN),
        }
    }
}
