//! Fields, keys and methods of values: `.Labels.instance`, `.Unix`.

use std::sync::Arc;

use super::time;
use super::value::Value;

/// Returns what `name` gives of `receiver`; only methods take arguments. A
/// label that is not there is empty.
pub(super) fn get(receiver: &Value, name: &str, arguments: &[Value]) -> Result<Value, String> {
    let method = match receiver {
        Value::Time(millis) => time::time_method(*millis, name, arguments),
        Value::Duration(nanos) => time::duration_method(*nanos, name, arguments),
        Value::Named(text, _) if name == "String" && arguments.is_empty() => {
            Some(Value::text(*text))
        }
        _ => None,
    };
    if let Some(value) = method {
        return Ok(value);
    }
    let value = match (receiver, name) {
        (Value::Root(root), "Labels") => Value::Labels(root.labels.clone()),
        (Value::Root(root), "ExternalLabels") => Value::Labels(root.external_labels.clone()),
        (Value::Root(root), "ExternalURL") => Value::Text(Arc::clone(&root.external_url)),
        (Value::Root(root), "Value") => Value::Float(root.value),
        (Value::Sample(sample), "Labels") => Value::Labels(sample.labels.clone()),
        (Value::Sample(sample), "Value") => Value::Float(sample.value),
        (Value::Labels(labels), _) => Value::text(labels.get(name).unwrap_or("")),
        (Value::Arguments(arguments), _) => {
            let found = arguments.iter().find(|(key, _)| key == name);
            found.map_or(Value::Nil, |(_, value)| value.clone())
        }
        (Value::Nil, _) => return Err(format!("nil pointer evaluating interface {{}}.{name}")),
        _ => return Err(format!("can't evaluate field {name} in type {}", receiver.type_name())),
    };
    if arguments.is_empty() {
        return Ok(value);
    }
    let problem = if matches!(receiver, Value::Labels(_) | Value::Arguments(_)) {
        "is not a method but has arguments"
    } else {
        "has arguments but cannot be invoked as function"
    };
    Err(format!("{name} {problem}"))
}
