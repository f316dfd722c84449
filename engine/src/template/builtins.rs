//! Functions of Go's templates on values: `index`, `slice`, `len`, `print`.

use std::sync::Arc;

use super::functions::Outcome;
use super::machine::{TEXT_BYTES_MAX, too_long, written};
use super::value::Value;

/// Refuses: no value of these templates is a function.
pub(super) fn call(given: &[Value]) -> Outcome {
    match given.first() {
        None | Some(Value::Nil) => Err("error calling call: call of nil".to_owned()),
        Some(other) => {
            let kind = other.type_name();
            Err(format!("error calling call: non-function of type {kind}"))
        }
    }
}

pub(super) fn len(given: &[Value]) -> Outcome {
    let length = match given.first() {
        Some(Value::Text(text)) => text.len(),
        Some(Value::Labels(labels)) => labels.len(),
        Some(Value::Arguments(arguments)) => arguments.len(),
        Some(Value::Samples(samples)) => samples.len(),
        None | Some(Value::Nil) => return Err("error calling len: len of nil pointer".to_owned()),
        Some(other) => return Err(format!("error calling len: len of type {}", other.type_name())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Indexes the first argument by the others, one after the other.
pub(super) fn index(given: &[Value]) -> Outcome {
    let Some((item, keys)) = given.split_first() else { return Ok(Value::Nil) };
    let mut value = item.clone();
    for key in keys {
        value = indexed(&value, key).map_err(|error| format!("error calling index: {error}"))?;
    }
    Ok(value)
}

fn indexed(value: &Value, key: &Value) -> Outcome {
    match (value, key) {
        (Value::Labels(labels), Value::Text(name)) => {
            Ok(Value::text(labels.get(name).unwrap_or("")))
        }
        (Value::Arguments(arguments), Value::Text(name)) => {
            let found = arguments.iter().find(|(key, _)| **key == **name);
            Ok(found.map_or(Value::Nil, |(_, value)| value.clone()))
        }
        (Value::Labels(_) | Value::Arguments(_), other) => {
            Err(format!("value has type {}; should be string", other.type_name()))
        }
        (Value::Samples(samples), _) => {
            let at = position(key, samples.len(), false)?;
            let sample = samples.get(at);
            sample.map(|sample| Value::Sample(Arc::clone(sample))).ok_or_else(|| out_of_range(key))
        }
        (Value::Text(text), _) => {
            let at = position(key, text.len(), false)?;
            let byte = text.as_bytes().get(at);
            byte.map(|byte| Value::Int(i64::from(*byte))).ok_or_else(|| out_of_range(key))
        }
        (Value::Nil, _) => Err("index of untyped nil".to_owned()),
        (other, _) => Err(format!("can't index item of type {}", other.type_name())),
    }
}

/// Reads an index; one that is the length itself ends a slice.
fn position(key: &Value, length: usize, ends: bool) -> Result<usize, String> {
    match key {
        Value::Int(at) => usize::try_from(*at)
            .ok()
            .filter(|at| *at < length || (ends && *at == length))
            .ok_or_else(|| out_of_range(key)),
        Value::Nil => Err("cannot index slice/array with nil".to_owned()),
        other => Err(format!("cannot index slice/array with type {}", other.type_name())),
    }
}

fn out_of_range(key: &Value) -> String {
    format!("index out of range: {key}")
}

/// Returns a part of a text, in bytes, or of samples.
pub(super) fn slice(given: &[Value]) -> Outcome {
    let refused = |error: String| format!("error calling slice: {error}");
    let Some((item, bounds)) = given.split_first() else { return Ok(Value::Nil) };
    if bounds.len() > 3 {
        return Err(refused(format!("too many slice indexes: {}", bounds.len())));
    }
    let length = match item {
        Value::Text(_) if bounds.len() == 3 => {
            return Err(refused("cannot 3-index slice a string".to_owned()));
        }
        Value::Text(text) => text.len(),
        Value::Samples(samples) => samples.len(),
        Value::Nil => return Err(refused("slice of untyped nil".to_owned())),
        other => {
            return Err(refused(format!("can't slice item of type {}", other.type_name())));
        }
    };
    let mut range = [0, length, length];
    for (bound, key) in range.iter_mut().zip(bounds) {
        *bound = position(key, length, true).map_err(refused)?;
    }
    let [start, end, most] = range;
    if start > end || end > most {
        return Err(refused(format!("invalid slice index: {start} > {end}")));
    }
    Ok(match item {
        Value::Text(text) => {
            let part = text.as_bytes().get(start..end).unwrap_or_default();
            Value::text(String::from_utf8_lossy(part))
        }
        Value::Samples(samples) => {
            Value::Samples(samples.get(start..end).unwrap_or_default().into())
        }
        _ => Value::Nil,
    })
}

/// Writes the arguments, with a space between two of which neither is a text.
pub(super) fn print(given: &[Value]) -> Outcome {
    joined_by(given, sprint, |a, b| !matches!((a, b), (Value::Text(_), _) | (_, Value::Text(_))))
        .map(Value::text)
}

/// Writes the arguments with spaces between them and a line feed after them.
pub(super) fn println(given: &[Value]) -> Outcome {
    joined_by(given, sprint, |_, _| true).map(|text| Value::text(text + "\n"))
}

/// Writes what is to be escaped: pointers are followed.
pub(super) fn joined(given: &[Value]) -> Result<String, String> {
    let shown = |value: &Value| match value {
        Value::Nil => Ok("<no value>".to_owned()),
        value => written(value),
    };
    joined_by(given, shown, |a, b| !matches!((a, b), (Value::Text(_), _) | (_, Value::Text(_))))
}

/// Writes a value as Go's `Sprint` does: a sample is behind a pointer.
pub(super) fn sprint(value: &Value) -> Result<String, String> {
    let text = written(value)?;
    Ok(if matches!(value, Value::Sample(_)) { format!("&{text}") } else { text })
}

fn joined_by(
    given: &[Value],
    write: impl Fn(&Value) -> Result<String, String>,
    spaced: impl Fn(&Value, &Value) -> bool,
) -> Result<String, String> {
    let mut out = String::new();
    let mut before: Option<&Value> = None;
    for value in given {
        if before.is_some_and(|before| spaced(before, value)) {
            out.push(' ');
        }
        out.push_str(&write(value)?);
        if out.len() > TEXT_BYTES_MAX {
            return Err(too_long("print"));
        }
        before = Some(value);
    }
    Ok(out)
}
