//! `match` and `reReplaceAll`.

use regex::{Regex, RegexBuilder};

use super::functions::{Outcome, text};
use super::machine::{TEXT_BYTES_MAX, too_long};
use super::value::Value;

/// The largest compiled regular expression in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

fn compiled(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| format!("error parsing regexp {pattern:?}: {error}"))
}

/// Says whether the pattern is anywhere in the text.
pub(super) fn matches(given: &[Value]) -> Outcome {
    Ok(Value::Bool(compiled(text(given, 0))?.is_match(text(given, 1))))
}

/// Replaces every match of the pattern; `$1` and `${name}` are groups.
pub(super) fn replace_all(given: &[Value]) -> Outcome {
    let regex = compiled(text(given, 0))?;
    let (replacement, text) = (text(given, 1), text(given, 2));
    let mut out = String::new();
    let mut copied = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(text.get(copied..whole.start()).unwrap_or_default());
        captures.expand(replacement, &mut out);
        copied = whole.end();
        if out.len() > TEXT_BYTES_MAX {
            return Err(too_long("reReplaceAll"));
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(Value::text(out))
}
