//! Numbers, durations and times for people.

use super::float::{General, general, special};
use super::functions::{Outcome, text};
use super::time;
use super::value::Value;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

/// Reads the number in the first argument: a number, or a text of one.
fn number(given: &[Value]) -> Result<f64, String> {
    match given.first() {
        Some(Value::Float(value)) => Ok(*value),
        #[expect(clippy::cast_precision_loss, reason = "Go converts in the same way")]
        Some(Value::Int(value)) => Ok(*value as f64),
        Some(Value::Text(text)) => text
            .parse()
            .map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax")),
        Some(other) => Err(format!("can't convert {} to float", other.type_name())),
        None => Err("can't convert nothing to float".to_owned()),
    }
}

/// Writes four significant digits.
fn four(value: f64) -> String {
    general(value, Some(4))
}

/// Divides until the value is below `base`.
fn shrunk(mut value: f64, base: f64, prefixes: [&'static str; 8]) -> (f64, &'static str) {
    let mut prefix = "";
    for next in prefixes {
        if value.abs() < base {
            break;
        }
        prefix = next;
        value /= base;
    }
    (value, prefix)
}

/// Multiplies until the value is at least 1.
fn grown(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for next in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        prefix = next;
        value *= 1_000.0;
    }
    (value, prefix)
}

pub(super) fn humanize(given: &[Value]) -> Outcome {
    let value = number(given)?;
    let (value, prefix) = if value == 0.0 || !value.is_finite() {
        (value, "")
    } else if value.abs() >= 1.0 {
        shrunk(value, 1_000.0, LARGE)
    } else {
        grown(value)
    };
    Ok(Value::text(four(value) + prefix))
}

pub(super) fn humanize1024(given: &[Value]) -> Outcome {
    let value = number(given)?;
    let (value, prefix) = if value.abs() <= 1.0 || !value.is_finite() {
        (value, "")
    } else {
        shrunk(value, 1_024.0, BINARY)
    };
    Ok(Value::text(four(value) + prefix))
}

pub(super) fn percentage(given: &[Value]) -> Outcome {
    Ok(Value::text(four(number(given)? * 100.0) + "%"))
}

pub(super) fn duration(given: &[Value]) -> Outcome {
    let value = number(given)?;
    if !value.is_finite() {
        return Ok(Value::text(four(value)));
    }
    if value == 0.0 {
        return Ok(Value::text(four(value) + "s"));
    }
    if value.abs() < 1.0 {
        let (value, prefix) = grown(value);
        return Ok(Value::text(format!("{}{prefix}s", four(value))));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    let whole = value as i64;
    let (seconds, minutes) = (whole % 60, whole / 60 % 60);
    let (hours, days) = (whole / 3_600 % 24, whole / 86_400);
    Ok(Value::text(match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four(value)),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }))
}

/// Converts seconds since the epoch to milliseconds.
fn millis(value: f64) -> Result<i64, String> {
    let nanos = value * 1e9;
    #[expect(clippy::cast_precision_loss, reason = "Go compares with the same floats")]
    let (least, most) = (i64::MIN as f64, i64::MAX as f64);
    if !(least..=most).contains(&nanos) {
        let value = General(value);
        return Err(format!(
            "{value} cannot be represented as a nanoseconds timestamp since it overflows int64"
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    let nanos = nanos as i64;
    Ok(nanos / 1_000_000)
}

pub(super) fn timestamp(given: &[Value]) -> Outcome {
    let value = number(given)?;
    match special(value) {
        Some(name) => Ok(Value::text(name)),
        None => Ok(Value::text(time::text(millis(value)?))),
    }
}

pub(super) fn to_time(given: &[Value]) -> Outcome {
    let value = number(given)?;
    match special(value) {
        Some(_) => Err("value is NaN or Inf".to_owned()),
        None => Ok(Value::Time(millis(value)?)),
    }
}

pub(super) fn to_duration(given: &[Value]) -> Outcome {
    let nanos = number(given)? * 1e9;
    #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
    Ok(Value::Duration(nanos as i64))
}

/// Reads a duration of Prometheus (`1h30m`) as seconds.
pub(super) fn parse_duration(given: &[Value]) -> Outcome {
    let text = text(given, 0);
    let refused = || format!("not a valid duration string: {text:?}");
    if text == "0" {
        return Ok(Value::Float(0.0));
    }
    let millis = crate::promql::syntax::duration_millis(text).ok_or_else(refused)?;
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 milliseconds")]
    Ok(Value::Float(millis as f64 / 1_000.0))
}
