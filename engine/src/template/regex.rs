//! `match` and `reReplaceAll`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use regex::{Regex, RegexBuilder};

use super::bounded::{TEXT_BYTES_MAX, too_long};
use super::functions::{Outcome, Scope, text};
use super::value::Value;

/// The largest compiled regular expression in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// The most different expressions of one expansion: compiling is what costs.
const PATTERNS_MAX: usize = 256;

/// The expressions that an expansion has compiled.
#[derive(Debug, Default)]
pub(super) struct Patterns(HashMap<String, Regex>);

impl Patterns {
    fn compiled(&mut self, pattern: &str) -> Result<&Regex, String> {
        let full = self.0.len() >= PATTERNS_MAX;
        match self.0.entry(pattern.to_owned()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(_) if full => {
                Err(format!("more than {PATTERNS_MAX} different regular expressions"))
            }
            Entry::Vacant(entry) => {
                let regex = RegexBuilder::new(pattern)
                    .size_limit(REGEX_BYTES_MAX)
                    .build()
                    .map_err(|error| format!("error parsing regexp {pattern:?}: {error}"))?;
                Ok(entry.insert(regex))
            }
        }
    }
}

/// Says whether the pattern is anywhere in the text.
pub(super) fn matches(scope: &mut Scope<'_>, given: &[Value]) -> Outcome {
    let regex = scope.patterns.compiled(text(given, 0))?;
    Ok(Value::Bool(regex.is_match(text(given, 1))))
}

/// Replaces every match of the pattern; `$1` and `${name}` are groups.
pub(super) fn replace_all(scope: &mut Scope<'_>, given: &[Value]) -> Outcome {
    let regex = scope.patterns.compiled(text(given, 0))?;
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
