//! Numbers, sizes and spans of time as people read them.

use std::time::Duration;

/// Writes a value by its metric's unit: `bytes` as KiB and greater, `seconds`
/// from microseconds to days, `percent` and `ratio` as percentages, all else
/// as a number.
pub(super) fn figure(value: f64, unit: &str) -> String {
    if !value.is_finite() {
        return number(value);
    }
    match unit {
        "bytes" => scaled(value, &["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024.0),
        // A point in time since the epoch is not a span.
        "seconds" if value.abs() < 1e9 => span(value),
        "percent" => format!("{} %", number(value)),
        "ratio" => format!("{} %", number(value * 100.0)),
        _ => number(value),
    }
}

/// Writes a number with four significant digits or all of its whole part,
/// grouped by thousands.
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    let size = value.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:.3e}");
    }
    let decimals = match size {
        _ if size >= 1_000.0 || value.fract() == 0.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 0.1 => 3,
        _ => 5,
    };
    let text = format!("{value:.decimals$}");
    // Only the digits after a point may lose their zeros.
    let text = match text.split_once('.') {
        Some((whole, part)) => match part.trim_end_matches('0') {
            "" => whole.to_owned(),
            part => format!("{whole}.{part}"),
        },
        None => text,
    };
    let zero = text.trim_start_matches('-').bytes().all(|byte| byte == b'0');
    if zero { "0".to_owned() } else { grouped(&text) }
}

/// Writes a duration in its two largest units.
pub(super) fn duration(duration: Duration) -> String {
    span(duration.as_secs_f64())
}

/// Writes how long something has lasted, in whole seconds and greater.
pub(super) fn age(duration: Duration) -> String {
    span(Duration::from_secs(duration.as_secs()).as_secs_f64())
}

fn span(seconds: f64) -> String {
    let size = seconds.abs();
    if size == 0.0 {
        return "0 s".to_owned();
    }
    if size < 1.0 {
        return if size < 1e-3 {
            format!("{} µs", number(seconds * 1e6))
        } else {
            format!("{} ms", number(seconds * 1e3))
        };
    }
    if size < 60.0 {
        return format!("{} s", number(seconds));
    }
    #[expect(clippy::cast_possible_truncation, reason = "callers stay far below 2^53 s")]
    let whole = size.round() as i64;
    let sign = if seconds < 0.0 { "-" } else { "" };
    let (days, hours, minutes, rest) =
        (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")];
    let text: Vec<String> = parts
        .iter()
        .skip_while(|(count, _)| *count == 0)
        .take(2)
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    format!("{sign}{}", text.join(" "))
}

fn scaled(value: f64, units: &[&str], step: f64) -> String {
    let mut value = value;
    let mut units = units.iter().peekable();
    while let Some(unit) = units.next() {
        if value.abs() < step || units.peek().is_none() {
            return format!("{} {unit}", number(value));
        }
        value /= step;
    }
    number(value)
}

fn grouped(text: &str) -> String {
    let (whole, part) = text.split_once('.').map_or((text, None), |(w, p)| (w, Some(p)));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut out = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (-0.000_04, "-4.000e-5"),
            (8.0, "8"),
            (800.0, "800"),
            (1_000.0, "1,000"),
            (-1_234_567.0, "-1,234,567"),
            (1_234.567, "1,235"),
            (123.456, "123.5"),
            (12.3, "12.3"),
            (12.345_6, "12.35"),
            (1.5, "1.5"),
            (0.123_456, "0.123"),
            (0.012_345, "0.01235"),
            (99.999_9, "100"),
            (1e15, "1.000e15"),
            (0.000_01, "1.000e-5"),
            (f64::INFINITY, "∞"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(value), text, "{value:?}");
        }
    }

    #[test]
    fn by_unit() {
        for (value, unit, text) in [
            (0.0, "bytes", "0 B"),
            (1023.0, "bytes", "1,023 B"),
            (1536.0, "bytes", "1.5 KiB"),
            (17_179_869_184.0, "bytes", "16 GiB"),
            (0.000_25, "seconds", "250 µs"),
            (0.25, "seconds", "250 ms"),
            (42.5, "seconds", "42.5 s"),
            (90.0, "seconds", "1 min 30 s"),
            (3_600.0, "seconds", "1 h"),
            (-90_061.0, "seconds", "-1 d 1 h"),
            (1_795_376_770.0, "seconds", "1,795,376,770"),
            (12.5, "percent", "12.5 %"),
            (0.125, "ratio", "12.5 %"),
            (3.0, "", "3"),
            (f64::INFINITY, "bytes", "∞"),
        ] {
            assert_eq!(figure(value, unit), text, "{value:?} {unit}");
        }
        assert_eq!(duration(Duration::from_secs(86_400 * 3 + 60)), "3 d");
        assert_eq!(age(Duration::from_millis(2_758)), "2 s");
        assert_eq!(age(Duration::from_millis(12)), "0 s");
    }
}
