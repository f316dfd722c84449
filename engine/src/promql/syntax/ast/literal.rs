//! Numbers and texts as they are written.

use std::str::Utf8Error;

/// A number as it is written in a query.
///
/// Equal numbers have equal bits, so that NaN equals NaN.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// The value; seconds if it was written as a duration.
    pub value: f64,
    /// Whether it was written as a duration such as `1m30s`.
    pub is_duration: bool,
}

impl Number {
    /// Creates a plain number.
    #[must_use]
    pub const fn new(value: f64) -> Self {
        Self { value, is_duration: false }
    }

    /// Creates a number that was written as a duration of `millis`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "durations are within 53 bits")]
    pub const fn from_millis(millis: i64) -> Self {
        Self { value: millis as f64 / 1_000.0, is_duration: true }
    }

    /// Returns the number with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self { value: -self.value, ..self }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.value.to_bits() == other.value.to_bits() && self.is_duration == other.is_duration
    }
}

impl Eq for Number {}

/// A text in quotes, after its escapes were resolved.
///
/// Escapes such as `\xff` can make any bytes, as in Go; what needs a text
/// asks [`Text::as_str`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text(Vec<u8>);

impl Text {
    /// Creates a text of these bytes.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text if it is UTF-8.
    ///
    /// # Errors
    /// Where the bytes are not UTF-8.
    pub fn as_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.0)
    }
}
