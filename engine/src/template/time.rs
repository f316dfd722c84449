//! Times and durations as Go writes them.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::value::Value;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The layouts of Go, a longer one before those that it begins with.
const LAYOUTS: [&str; 30] = [
    "January", "Jan", "Monday", "Mon", "MST", "2006", "Z07:00", "Z0700", "-07:00", "-0700", "-07",
    "002", "01", "02", "03", "04", "05", "06", "15", "_2", "PM", "pm", "1", "2", "3", "4", "5",
    "Z07", "Z070000", "-070000",
];

fn date(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Writes a time as Go's `Time.String` does, in UTC.
pub(super) fn text(millis: i64) -> String {
    format(millis, "2006-01-02 15:04:05.999999999 -0700 MST")
}

/// Writes a time by a layout of Go, in UTC.
pub(super) fn format(millis: i64, layout: &str) -> String {
    let at = date(millis);
    let mut out = String::new();
    let mut rest = layout;
    while let Some(next) = rest.chars().next() {
        let after_second = out.ends_with(|c: char| c.is_ascii_digit());
        if let Some(length) = fraction(rest).filter(|_| after_second) {
            push_fraction(&mut out, at, rest.get(..length).unwrap_or_default());
            rest = rest.get(length..).unwrap_or_default();
            continue;
        }
        let found = LAYOUTS.into_iter().filter(|layout| rest.starts_with(layout));
        if let Some(found) = found.max_by_key(|layout| layout.len()) {
            push(&mut out, at, found);
            rest = rest.get(found.len()..).unwrap_or_default();
        } else {
            out.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    out
}

/// Returns the length of `.000` or `.999` if no digit follows it.
fn fraction(rest: &str) -> Option<usize> {
    let digits = rest.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let tail = digits.trim_start_matches(digit);
    (!tail.starts_with(|c: char| c.is_ascii_digit())).then_some(rest.len() - tail.len())
}

fn push_fraction(out: &mut String, at: DateTime<Utc>, layout: &str) {
    let wanted = (layout.len() - 1).min(9);
    let nanos = format!("{:09}", at.nanosecond() % 1_000_000_000);
    let mut digits = nanos.get(..wanted).unwrap_or_default();
    if layout.ends_with('9') {
        digits = digits.trim_end_matches('0');
    }
    if !digits.is_empty() {
        out.push_str(layout.get(..1).unwrap_or_default());
        out.push_str(digits);
    }
}

fn push(out: &mut String, at: DateTime<Utc>, layout: &str) {
    let hour12 = at.hour12().1;
    // Writing to a string cannot fail.
    let _ = match layout {
        "2006" => write!(out, "{:04}", at.year()),
        "06" => write!(out, "{:02}", at.year().rem_euclid(100)),
        "01" => write!(out, "{:02}", at.month()),
        "1" => write!(out, "{}", at.month()),
        "January" => write!(out, "{}", month(at)),
        "Jan" => write!(out, "{}", month(at).get(..3).unwrap_or_default()),
        "02" => write!(out, "{:02}", at.day()),
        "_2" => write!(out, "{:2}", at.day()),
        "2" => write!(out, "{}", at.day()),
        "002" => write!(out, "{:03}", at.ordinal()),
        "Monday" => write!(out, "{}", weekday(at)),
        "Mon" => write!(out, "{}", weekday(at).get(..3).unwrap_or_default()),
        "15" => write!(out, "{:02}", at.hour()),
        "03" => write!(out, "{hour12:02}"),
        "3" => write!(out, "{hour12}"),
        "04" => write!(out, "{:02}", at.minute()),
        "4" => write!(out, "{}", at.minute()),
        "05" => write!(out, "{:02}", at.second()),
        "5" => write!(out, "{}", at.second()),
        "PM" => write!(out, "{}", if at.hour() >= 12 { "PM" } else { "AM" }),
        "pm" => write!(out, "{}", if at.hour() >= 12 { "pm" } else { "am" }),
        "MST" => write!(out, "UTC"),
        "-0700" => write!(out, "+0000"),
        "-070000" => write!(out, "+000000"),
        "-07:00" => write!(out, "+00:00"),
        "-07" => write!(out, "+00"),
        _ => write!(out, "Z"),
    };
}

fn month(at: DateTime<Utc>) -> &'static str {
    MONTHS.get(at.month0() as usize).copied().unwrap_or_default()
}

fn weekday(at: DateTime<Utc>) -> &'static str {
    DAYS.get(at.weekday().num_days_from_sunday() as usize).copied().unwrap_or_default()
}

/// Writes a duration in nanoseconds as Go's `Duration.String` does.
pub(super) fn duration(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let decimal = |unit: u64, digits: usize| {
        let text = format!("{}.{:0digits$}", size / unit, size % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{size}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(1_000, 3)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(1_000_000, 6)),
        _ => {
            let (minutes, rest) = (size / 60_000_000_000, size % 60_000_000_000);
            let seconds = format!("{}.{:09}", rest / 1_000_000_000, rest % 1_000_000_000);
            let seconds = seconds.trim_end_matches('0').trim_end_matches('.');
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// Calls a method of a time. `None` if it has none of this name and these
/// arguments.
pub(super) fn time_method(millis: i64, name: &str, arguments: &[Value]) -> Option<Value> {
    let at = date(millis);
    let number = |value: u32| Value::Int(i64::from(value));
    Some(match (name, arguments) {
        ("Format", [Value::Text(layout)]) => Value::text(format(millis, layout)),
        ("Add", [Value::Duration(nanos)]) => Value::Time(millis.saturating_add(nanos / 1_000_000)),
        ("Sub", [Value::Time(other)]) => {
            Value::Duration(millis.saturating_sub(*other).saturating_mul(1_000_000))
        }
        ("After", [Value::Time(other)]) => Value::Bool(millis > *other),
        ("Before", [Value::Time(other)]) => Value::Bool(millis < *other),
        ("Equal", [Value::Time(other)]) => Value::Bool(millis == *other),
        ("String", []) => Value::text(text(millis)),
        ("UTC", []) => Value::Time(millis),
        ("Unix", []) => Value::Int(millis.div_euclid(1_000)),
        ("UnixMilli", []) => Value::Int(millis),
        ("UnixMicro", []) => Value::Int(millis.saturating_mul(1_000)),
        ("UnixNano", []) => Value::Int(millis.saturating_mul(1_000_000)),
        ("Year", []) => Value::Int(i64::from(at.year())),
        ("Month", []) => Value::Named(month(at), i64::from(at.month())),
        ("Day", []) => number(at.day()),
        ("YearDay", []) => number(at.ordinal()),
        ("Weekday", []) => {
            Value::Named(weekday(at), i64::from(at.weekday().num_days_from_sunday()))
        }
        ("Hour", []) => number(at.hour()),
        ("Minute", []) => number(at.minute()),
        ("Second", []) => number(at.second()),
        ("Nanosecond", []) => number(at.nanosecond()),
        _ => return None,
    })
}

/// Calls a method of a duration in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "Go's durations in floats lose the same bits")]
pub(super) fn duration_method(nanos: i64, name: &str, arguments: &[Value]) -> Option<Value> {
    let whole_and_rest =
        |unit: i64| Value::Float((nanos / unit) as f64 + (nanos % unit) as f64 / unit as f64);
    Some(match (name, arguments) {
        ("Hours", []) => whole_and_rest(3_600_000_000_000),
        ("Minutes", []) => whole_and_rest(60_000_000_000),
        ("Seconds", []) => whole_and_rest(1_000_000_000),
        ("Milliseconds", []) => Value::Int(nanos / 1_000_000),
        ("Microseconds", []) => Value::Int(nanos / 1_000),
        ("Nanoseconds", []) => Value::Int(nanos),
        ("String", []) => Value::text(duration(nanos)),
        ("Abs", []) => Value::Duration(nanos.saturating_abs()),
        ("Truncate", [Value::Duration(unit)]) if *unit > 0 => Value::Duration(nanos - nanos % unit),
        _ => return None,
    })
}
