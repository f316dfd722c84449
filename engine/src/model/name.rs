//! Which names a metric and a label may have.
//!
//! What an application defines keeps to the names that every tool reads, unless
//! it asks for others. What comes from rules and from other programs may be any
//! UTF-8 text.
//!
//! Source: OpenMetrics 1.0, section "Overall Structure" (ABNF of
//! `metricname` and `label-name`).

use thiserror::Error;

/// The longest metric or label name in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no characters.
    #[error("a {what} name must not be empty")]
    Empty {
        /// What was named: `metric` or `label`.
        what: &'static str,
    },
    /// The name is longer than [`NAME_BYTES_MAX`].
    #[error(
        "{what} name of {bytes} bytes is longer than {NAME_BYTES_MAX} (it starts with {start:?})"
    )]
    TooLong {
        /// What was named: `metric` or `label`.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// Its first characters.
        start: String,
    },
    /// A character stands where the grammar has none of its kind.
    #[error("{what} name {name:?} has {character:?} at position {position}; expected {expected}")]
    Character {
        /// What was named: `metric` or `label`.
        what: &'static str,
        /// The whole name.
        name: String,
        /// The offending character.
        character: char,
        /// Its position in characters, from 1.
        position: usize,
        /// The characters that may stand there.
        expected: &'static str,
    },
    /// Label names that start with two underscores belong to the engine.
    #[error("label name {name:?} is reserved: names that start with \"__\" belong to the engine")]
    Reserved {
        /// The name.
        name: String,
    },
}

/// Checks a metric name against `[a-zA-Z_:][a-zA-Z0-9_:]*`.
///
/// # Errors
/// Names the character and its position.
pub fn check_metric_name(name: &str) -> Result<(), NameError> {
    check("metric", name, true)
}

/// Checks a label name against `[a-zA-Z_][a-zA-Z0-9_]*`, without a leading
/// `__`.
///
/// # Errors
/// Names the character and its position, or says that the name is reserved.
pub fn check_label_name(name: &str) -> Result<(), NameError> {
    check("label", name, false)?;
    check_free(name)
}

/// Checks the name of a label of a metric that may have any text for names:
/// one that is neither empty nor too long, without a leading `__`.
pub(super) fn check_utf8_label_name(name: &str) -> Result<(), NameError> {
    check_length("label", name)?;
    check_free(name)
}

fn check_free(name: &str) -> Result<(), NameError> {
    if name.starts_with("__") {
        return Err(NameError::Reserved { name: name.to_owned() });
    }
    Ok(())
}

/// Checks the name of a metric that rules or other programs made: any text
/// that is neither empty nor too long, as Prometheus 3 allows.
///
/// # Errors
/// A name that is empty or too long.
pub fn check_foreign_metric_name(name: &str) -> Result<(), NameError> {
    check_length("metric", name)
}

/// Checks the name of a label that rules or other programs made: any text that
/// is neither empty nor too long, but not `__name__`, which is the metric's.
///
/// # Errors
/// A name that is empty, too long, or `__name__`.
pub fn check_foreign_label_name(name: &str) -> Result<(), NameError> {
    check_length("label", name)?;
    if name == "__name__" {
        return Err(NameError::Reserved { name: name.to_owned() });
    }
    Ok(())
}

fn check_length(what: &'static str, name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty { what });
    }
    if name.len() > NAME_BYTES_MAX {
        let start = name.chars().take(32).collect();
        return Err(NameError::TooLong { what, bytes: name.len(), start });
    }
    Ok(())
}

/// Says whether every tool reads this character at this place of a name; a
/// label has no colon.
pub(crate) fn fits_name(index: usize, character: char, colon: bool) -> bool {
    character.is_ascii_alphabetic()
        || character == '_'
        || (colon && character == ':')
        || (index > 0 && character.is_ascii_digit())
}

/// Returns a name as most tools write it that do not know all names: an
/// underscore for each character that does not fit.
pub(crate) fn underscored(name: &str, colon: bool) -> String {
    let characters = name.chars().enumerate();
    characters.map(|(index, c)| if fits_name(index, c, colon) { c } else { '_' }).collect()
}

fn check(what: &'static str, name: &str, colon: bool) -> Result<(), NameError> {
    check_length(what, name)?;
    for (index, character) in name.chars().enumerate() {
        if !fits_name(index, character, colon) {
            let expected = match (index, colon) {
                (0, true) => "a letter, '_' or ':'",
                (0, false) => "a letter or '_'",
                (_, true) => "letters, digits, '_' or ':'",
                (_, false) => "letters, digits or '_'",
            };
            return Err(NameError::Character {
                what,
                name: name.to_owned(),
                character,
                position: index + 1,
                expected,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_openmetrics() {
        for good in ["a", "_a", "http_requests_total", "job:requests:rate5m", "A9"] {
            assert_eq!(check_metric_name(good), Ok(()), "{good}");
        }
        for good in ["a", "_a", "le", "A9"] {
            assert_eq!(check_label_name(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_bad_character_is_named_with_its_position() {
        assert_eq!(
            check_metric_name("http-requests").unwrap_err().to_string(),
            "metric name \"http-requests\" has '-' at position 5; expected letters, digits, '_' or ':'"
        );
        assert_eq!(
            check_label_name("9lives").unwrap_err().to_string(),
            "label name \"9lives\" has '9' at position 1; expected a letter or '_'"
        );
        assert!(check_label_name("a:b").is_err());
        assert!(check_metric_name("").is_err());
        assert!(check_label_name("__name__").is_err());
        assert!(check_metric_name(&"x".repeat(257)).is_err());
    }
}
