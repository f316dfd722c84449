//! Sizes such as `512MiB` and `10GB`.

use thiserror::Error;

/// Units and their bytes; longer names first, as `B` ends each of them.
const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a size such as \"512MiB\", \"10GB\" or \"4096B\", got {text:?}")]
#[non_exhaustive]
pub struct SizeError {
    /// The text as given.
    pub text: String,
}

/// Reads a size in bytes: a whole number with one of the units `B`, `kB`,
/// `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB` and `TiB`, without spaces.
///
/// # Errors
/// Any other text, and a size beyond 2^64 bytes.
///
/// ```
/// use keepwatch::notation::parse_size;
///
/// assert_eq!(parse_size("512MiB"), Ok(512 << 20));
/// assert_eq!(
///     parse_size("512 MB").unwrap_err().to_string(),
///     "expected a size such as \"512MiB\", \"10GB\" or \"4096B\", got \"512 MB\""
/// );
/// ```
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let found = UNITS.iter().find_map(|(unit, bytes)| Some((text.strip_suffix(unit)?, *bytes)));
    let size = found.and_then(|(number, bytes)| {
        // `u64` would take a sign.
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = digits.then(|| number.parse().ok()).flatten()?;
        number.checked_mul(bytes)
    });
    size.ok_or_else(|| SizeError { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_and_fit() {
        for (text, bytes) in [("0B", 0), ("3kB", 3_000), ("2TiB", 2 << 40), ("7GB", 7_000_000_000)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "5", "GB", "-1GB", "+1GB", "1.5GB", "1gb", "99999999999TiB"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
