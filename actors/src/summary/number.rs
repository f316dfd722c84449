//! Numbers and times for people.

use std::time::Duration;

/// Returns a number in at most eight characters, or nine if negative: whole
/// up to six digits, else four significant ones and a prefix of 1,000
/// (k M G T P) or an exponent; `-` for none.
#[must_use]
pub fn short(value: Option<f64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    if !value.is_finite() {
        return value.to_string();
    }
    let size = value.abs();
    if size < 1e6 && value == value.trunc() {
        return format!("{value:.0}");
    }
    if !(1e-3..1e18).contains(&size) {
        // One decimal less makes room for an exponent of three digits.
        let long = !(1e-99..1e100).contains(&size);
        return if long { format!("{value:.1e}") } else { format!("{value:.2e}") };
    }
    if size < 1e6 {
        return significant(value, 4);
    }
    let steps = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")];
    let (unit, prefix) = steps.into_iter().find(|(unit, _)| size >= *unit).unwrap_or((1.0, ""));
    format!("{}{prefix}", significant(value / unit, 4))
}

/// Returns bytes with a binary prefix, such as `1.5 MiB`.
pub(super) fn bytes(bytes: usize) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            let decimals = if unit == "B" { 0 } else { 4 };
            let text = if decimals == 0 { format!("{value:.0}") } else { significant(value, 3) };
            return format!("{text} {unit}");
        }
        value /= 1024.0;
    }
    format!("{} TiB", significant(value, 3))
}

/// Returns how long something has lasted in its two largest units, such as
/// `3m 20s`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m {rest}s"),
        (0, ..) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// Rounds to `digits` significant digits and leaves out trailing zeros.
fn significant(value: f64, digits: i32) -> String {
    let before_point = value.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from((digits - before_point).max(0)).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_what_matters() {
        for (value, text) in [
            (0.0, "0"),
            (8.0, "8"),
            (800.0, "800"),
            (-42.0, "-42"),
            (999_999.0, "999999"),
            (0.25, "0.25"),
            (98.765_43, "98.77"),
            (1_234.567, "1235"),
            (0.001_5, "0.0015"),
            (0.000_012, "1.20e-5"),
            (1_000_000.0, "1M"),
            (1_536_000_000.0, "1.536G"),
            (2.5e19, "2.50e19"),
            (-1.234e-300, "-1.2e-300"),
            (f64::MIN, "-1.8e308"),
            (f64::INFINITY, "inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(short(Some(value)), text);
        }
        assert_eq!(short(None), "-");
    }

    #[test]
    fn bytes_and_spans() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(bytes(64 << 20), "64 MiB");
        assert_eq!(bytes(5 << 40), "5 TiB");
        assert_eq!(span(Duration::from_millis(900)), "0s");
        assert_eq!(span(Duration::from_secs(200)), "3m 20s");
        assert_eq!(span(Duration::from_secs(7_260)), "2h 1m");
        assert_eq!(span(Duration::from_secs(200_000)), "2d 7h");
    }
}
