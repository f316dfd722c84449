//! Floats as Go writes them.

use std::fmt;

/// The most digits that a precision may ask for.
pub(super) const PRECISION_MAX: usize = 1_000;

/// A float as Go's `%v` writes it: the shortest digits that read back as the
/// same float, with an exponent below 1e-4 and, past six digits, from 1e21 on.
pub(super) struct General(pub(super) f64);

impl fmt::Display for General {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&general(self.0, None))
    }
}

/// Returns the name of a value that is not finite.
pub(super) fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        return Some("NaN");
    }
    value.is_infinite().then_some(if value > 0.0 { "+Inf" } else { "-Inf" })
}

/// Writes a float as Go's `%g` does; without a precision as short as it can
/// be read back.
pub(super) fn general(value: f64, precision: Option<usize>) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let precision = precision.map(|digits| digits.clamp(1, PRECISION_MAX));
    let written = match precision {
        Some(digits) => format!("{value:.*e}", digits - 1),
        None => format!("{value:e}"),
    };
    let (digits, exponent) = scientific(&written);
    let limit = precision.map_or(Some(6), |digits| i32::try_from(digits).ok());
    // Go compares with 21 in place of 6 where it writes the shortest digits.
    let plain = exponent >= -4 && limit.is_some_and(|limit| exponent < limit);
    let digits = if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    };
    if !plain {
        return with_exponent(digits, exponent);
    }
    let kept = digits.bytes().filter(u8::is_ascii_digit).count();
    let decimals = i32::try_from(kept).unwrap_or(i32::MAX) - 1 - exponent;
    format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
}

/// Writes a float as Go's `%e` does.
pub(super) fn exponential(value: f64, precision: usize) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let written = format!("{value:.*e}", precision.min(PRECISION_MAX));
    let (digits, exponent) = scientific(&written);
    with_exponent(digits, exponent)
}

/// Writes a float as Go's `%f` does.
pub(super) fn fixed(value: f64, precision: usize) -> String {
    match special(value) {
        Some(text) => text.to_owned(),
        None => format!("{value:.*}", precision.min(PRECISION_MAX)),
    }
}

fn scientific(written: &str) -> (&str, i32) {
    let (digits, exponent) = written.split_once('e').unwrap_or((written, "0"));
    (digits, exponent.parse().unwrap_or(0))
}

fn with_exponent(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}
