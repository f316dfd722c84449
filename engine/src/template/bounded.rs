//! Texts of bounded length.

use std::fmt::{self, Write};

use super::value::Value;

/// The most bytes of an output, and of a text that a function makes.
pub(super) const TEXT_BYTES_MAX: usize = 1 << 20;

/// Says that `what` makes a text of more than [`TEXT_BYTES_MAX`] bytes.
pub(super) fn too_long(what: &str) -> String {
    format!("{what} makes more than {TEXT_BYTES_MAX} bytes")
}

/// Writes a value within the bound of texts.
pub(super) fn written(value: &Value) -> Result<String, String> {
    let mut bounded = Bounded(String::new());
    match write!(bounded, "{value}") {
        Ok(()) => Ok(bounded.0),
        Err(_) => Err(too_long("printing")),
    }
}

/// A text of at most [`TEXT_BYTES_MAX`] bytes.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > TEXT_BYTES_MAX {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
