//! Durations such as `15s` and `1h30m`.

use std::fmt::Write as _;
use std::time::Duration;

use thiserror::Error;

/// Units from large to small, in milliseconds.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected a duration such as \"15s\", \"5m\", \"1h30m\" or \"7d\", got {text:?}")]
#[non_exhaustive]
pub struct DurationError {
    /// The text as given.
    pub text: String,
}

/// Reads a duration: whole numbers with the units `w`, `d`, `h`, `m`, `s` and
/// `ms`, each at most once and from large to small, without spaces. The same
/// form that Prometheus takes, without its years.
///
/// # Errors
/// Any other text, a bare number included, and what exceeds 2^64 ms.
///
/// ```
/// use std::time::Duration;
/// use keepwatch::notation::parse_duration;
///
/// assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5_400)));
/// assert!(parse_duration("90").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    parse(text).ok_or_else(|| DurationError { text: text.to_owned() })
}

fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total_ms = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at_checked(digits)?;
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters)?;
        // The iterator only moves on: a unit that comes twice or late is not found.
        let (_, unit_ms) = units.find(|(name, _)| *name == unit)?;
        let part_ms = number.parse::<u64>().ok()?.checked_mul(*unit_ms)?;
        total_ms = total_ms.checked_add(part_ms)?;
        rest = tail;
    }
    (!text.is_empty()).then(|| Duration::from_millis(total_ms))
}

/// Writes a duration as [`parse_duration`] reads it, in days and smaller
/// units; what is below a millisecond is dropped.
///
/// ```
/// use std::time::Duration;
/// use keepwatch::notation::format_duration;
///
/// assert_eq!(format_duration(Duration::from_secs(5_400)), "1h30m");
/// assert_eq!(format_duration(Duration::ZERO), "0s");
/// ```
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if rest_ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    // Weeks are read but not written: "14d" says more than "2w".
    for (unit, unit_ms) in UNITS.iter().skip(1) {
        let count = rest_ms / unit_ms;
        rest_ms %= unit_ms;
        if count > 0 {
            // Writing to a String does not fail.
            let _ = write!(text, "{count}{unit}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn good() {
        for (text, ms) in [
            ("15s", 15_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("250ms", 250),
            ("1m500ms", 60_500),
            ("0s", 0),
            ("90m", 5_400_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn bad() {
        for text in [
            "",
            "15",
            "s",
            "1.5h",
            "-1s",
            "5 m",
            " 5m",
            "30m1h",
            "1s1s",
            "1y",
            "1h30",
            "µs",
            "5é",
            "99999999999999999999s",
            "18446744073709551615w",
        ] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
        assert_eq!(
            parse_duration("15").unwrap_err().to_string(),
            "expected a duration such as \"15s\", \"5m\", \"1h30m\" or \"7d\", got \"15\""
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in any::<u64>()) {
            let duration = Duration::from_millis(ms);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[0-9a-zµ ]{0,12}") {
            let _ = parse_duration(&text);
        }
    }
}
