//! Numbers as text, as Go writes them.

use std::fmt::Write as _;

/// Returns the shortest decimal text without exponent that reads back as
/// `value`: Go's format `f` with precision −1.
#[must_use]
pub fn plain(value: f64) -> String {
    special(value).map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the shortest text that reads back as `value`, with an exponent
/// below 1e-4 and from 1e6 on: Go's verb `%g`.
#[must_use]
pub fn shortest(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let (digits, exponent) = scientific(&format!("{value:e}"));
    if value == 0.0 || (-4..6).contains(&exponent) {
        return value.to_string();
    }
    with_exponent(digits, exponent)
}

/// Returns the shortest text with an exponent that reads back as `value`:
/// Go's format `e` with precision −1.
#[must_use]
pub fn exponential(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let (digits, exponent) = scientific(&format!("{value:e}"));
    with_exponent(digits, exponent)
}

/// Returns `value` as OpenMetrics writes it in labels: `1.0`, `0.25`, `1e+06`.
#[must_use]
pub fn openmetrics(value: f64) -> String {
    let mut text = shortest(value);
    if value.is_finite() && !text.contains(['.', 'e']) {
        text.push_str(".0");
    }
    text
}

/// Returns `value` with two significant digits: Go's `%.2g`.
#[must_use]
pub fn two_digits(value: f64) -> String {
    if let Some(text) = special(value) {
        return text.to_owned();
    }
    let (digits, exponent) = scientific(&format!("{value:.1e}"));
    let digits = digits.strip_suffix(".0").unwrap_or(&digits).to_owned();
    if (-4..2).contains(&exponent) {
        let decimals = usize::try_from(1 - exponent).unwrap_or(0);
        let text = format!("{value:.decimals$}");
        return if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        };
    }
    with_exponent(digits, exponent)
}

/// Splits what Rust's `e` format gives.
fn scientific(text: &str) -> (String, i32) {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    (digits.to_owned(), exponent.parse().unwrap_or(0))
}

/// Adds the exponent with its sign and at least two digits.
fn with_exponent(mut digits: String, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a string cannot fail.
    let _ = write!(digits, "e{sign}{:02}", exponent.unsigned_abs());
    digits
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        return Some("NaN");
    }
    value.is_infinite().then_some(if value > 0.0 { "+Inf" } else { "-Inf" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: f64, expected: [&str; 4]) {
        let [plain_text, shortest_text, openmetrics_text, two] = expected;
        assert_eq!(plain(value), plain_text);
        assert_eq!(shortest(value), shortest_text);
        assert_eq!(openmetrics(value), openmetrics_text);
        assert_eq!(two_digits(value), two);
    }

    #[test]
    fn numbers_as_go_writes_them() {
        check(0.0, ["0", "0", "0.0", "0"]);
        check(1.0, ["1", "1", "1.0", "1"]);
        check(-0.1, ["-0.1", "-0.1", "-0.1", "-0.1"]);
        check(0.25, ["0.25", "0.25", "0.25", "0.25"]);
        check(123.0, ["123", "123", "123.0", "1.2e+02"]);
        check(0.00001, ["0.00001", "1e-05", "1e-05", "1e-05"]);
        check(f64::NAN, ["NaN"; 4]);
        check(f64::INFINITY, ["+Inf"; 4]);
        check(f64::NEG_INFINITY, ["-Inf"; 4]);
        assert_eq!(plain(1e22), "10000000000000000000000");
        assert_eq!(shortest(1_000_000.0), "1e+06");
        assert_eq!(shortest(123_456.0), "123456");
        assert_eq!(shortest(1.5e300), "1.5e+300");
        for (value, text) in
            [(0.0, "0e+00"), (1.0, "1e+00"), (-0.25, "-2.5e-01"), (1e300, "1e+300")]
        {
            assert_eq!(exponential(value), text);
        }
        assert_eq!(exponential(f64::NAN), "NaN");
    }
}
