//! Durations such as `1h30m`.

use std::fmt;

/// The units with their milliseconds, from the longest.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest duration in milliseconds: what fits 64 bits of nanoseconds, as
/// in Prometheus; about 292 years.
pub(super) const DURATION_MS_MAX: i64 = i64::MAX / 1_000_000;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has another form.
    Form,
    /// It is longer than [`DURATION_MS_MAX`].
    Range,
}

/// Reads a duration in milliseconds: whole numbers, each with its unit, every
/// unit once at most, longer units first.
pub(crate) fn parse_duration(text: &str) -> Result<i64, Fault> {
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut total = 0_i64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (count, tail) = rest.split_at(digits);
        let letters = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, tail) = tail.split_at(letters);
        let (_, unit_ms) = units.find(|(name, _)| *name == unit).ok_or(Fault::Form)?;
        if count.is_empty() {
            return Err(Fault::Form);
        }
        total = count
            .parse::<i64>()
            .ok()
            .and_then(|count| count.checked_mul(*unit_ms))
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= DURATION_MS_MAX)
            .ok_or(Fault::Range)?;
        rest = tail;
    }
    if text.is_empty() { Err(Fault::Form) } else { Ok(total) }
}

/// Milliseconds as Prometheus writes a duration: years and weeks only where
/// nothing is left over, `0s` for nothing.
pub(crate) struct Millis(pub(crate) i64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut left = self.0.unsigned_abs();
        for (unit, unit_ms) in UNITS {
            let unit_ms = unit_ms.unsigned_abs();
            let (count, over) = (left / unit_ms, left % unit_ms);
            if count > 0 && (over == 0 || !matches!(unit, "y" | "w")) {
                write!(f, "{count}{unit}")?;
                left = over;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_falling_units() {
        let check = |text: &str, expected| assert_eq!(parse_duration(text), expected, "{text}");
        check("5m", Ok(300_000));
        check("1h30m", Ok(5_400_000));
        check("1s500ms", Ok(1_500));
        check("0s", Ok(0));
        check("2y1w3d", Ok(64_108_800_000 - 172_800_000));
        check("292y", Ok(292 * 365 * 86_400_000));
        check("293y", Err(Fault::Range));
        check("99999999999999999999s", Err(Fault::Range));
        for text in ["", "5", "m", "5x", "5m5m", "30s5m", "5mm", "1.5h", "5 m", "5M", "5é"] {
            check(text, Err(Fault::Form));
        }
    }

    #[test]
    fn durations_are_written_in_normal_units() {
        let check = |millis, expected: &str| assert_eq!(Millis(millis).to_string(), expected);
        check(0, "0s");
        check(300_000, "5m");
        check(5_400_000, "1h30m");
        check(90_061_001, "1d1h1m1s1ms");
        check(604_800_000, "1w");
        check(691_200_000, "8d");
        check(31_536_000_000, "1y");
        check(-1_500, "-1s500ms");
        for millis in [1, 999, 60_000, 86_399_999, 31_536_000_001, DURATION_MS_MAX] {
            assert_eq!(parse_duration(&Millis(millis).to_string()), Ok(millis));
        }
    }
}
