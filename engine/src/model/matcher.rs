//! Conditions on labels.

use std::fmt;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Labels;

/// The largest compiled regular expression in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// How a matcher compares. Serialises as its symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MatchOp {
    /// `=`: the value is this text.
    #[serde(rename = "=")]
    Equal,
    /// `!=`: the value is another.
    #[serde(rename = "!=")]
    NotEqual,
    /// `=~`: the whole value matches the regular expression.
    #[serde(rename = "=~")]
    Regex,
    /// `!~`: the whole value does not match it.
    #[serde(rename = "!~")]
    NotRegex,
}

impl MatchOp {
    /// Returns the operator as it is written.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }
}

/// A condition on one label; an absent label counts as the empty text.
///
/// Regular expressions are anchored at both ends and `.` matches line feeds,
/// as in Prometheus. Serialises as `{name, op, value}`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct Matcher {
    name: String,
    op: MatchOp,
    value: String,
    #[serde(skip)]
    regex: Option<Regex>,
}

/// A matcher as it comes in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    name: String,
    op: MatchOp,
    value: String,
}

impl TryFrom<Form> for Matcher {
    type Error = MatcherError;

    fn try_from(Form { name, op, value }: Form) -> Result<Self, MatcherError> {
        Self::new(name, op, value)
    }
}

/// Why a matcher was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MatcherError {
    /// The regular expression does not compile, or is too large.
    #[error("regular expression {pattern:?} for label {name:?}: {reason}")]
    Regex {
        /// The label.
        name: String,
        /// The expression as given.
        pattern: String,
        /// What the regex library says of it.
        reason: String,
    },
}

impl Matcher {
    /// Creates a matcher on the label `name`.
    ///
    /// # Errors
    /// A regular expression that does not compile within 1 MiB.
    pub fn new(
        name: impl Into<String>,
        op: MatchOp,
        value: impl Into<String>,
    ) -> Result<Self, MatcherError> {
        let (name, value) = (name.into(), value.into());
        let regex = match op {
            MatchOp::Equal | MatchOp::NotEqual => None,
            MatchOp::Regex | MatchOp::NotRegex => Some(compile(&name, &value)?),
        };
        Ok(Self { name, op, value, regex })
    }

    /// Creates the matcher `name = value`.
    #[must_use]
    pub fn equal(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), regex: None }
    }

    /// Returns the label's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how the matcher compares.
    #[must_use]
    pub const fn op(&self) -> MatchOp {
        self.op
    }

    /// Returns the text or regular expression as given.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Says whether a label with this value passes.
    #[must_use]
    pub fn matches_value(&self, value: &str) -> bool {
        match (self.op, &self.regex) {
            (MatchOp::Equal, _) => value == self.value,
            (MatchOp::NotEqual, _) => value != self.value,
            (MatchOp::Regex, Some(regex)) => regex.is_match(value),
            (MatchOp::NotRegex, Some(regex)) => !regex.is_match(value),
            // Construction compiles a regex for these two operators.
            (MatchOp::Regex | MatchOp::NotRegex, None) => false,
        }
    }

    /// Says whether the label set passes.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        self.matches_value(labels.get(&self.name).unwrap_or(""))
    }
}

fn compile(name: &str, pattern: &str) -> Result<Regex, MatcherError> {
    let refuse = |reason: String| MatcherError::Regex {
        name: name.to_owned(),
        pattern: pattern.to_owned(),
        reason,
    };
    // Compiled alone first, so that a pattern such as `a)|(b` cannot break
    // out of the anchoring group.
    let build = |text: &str| {
        RegexBuilder::new(text)
            .dot_matches_new_line(true)
            .size_limit(REGEX_BYTES_MAX)
            .build()
            .map_err(|error| refuse(error.to_string()))
    };
    build(pattern)?;
    build(&format!("^(?:{pattern})$"))
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.op == other.op && self.value == other.value
    }
}

impl Eq for Matcher {}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{:?}", self.name, self.op.symbol(), self.value)
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(op: MatchOp, pattern: &str, value: &str, expected: bool) {
        let matcher = Matcher::new("l", op, pattern).unwrap();
        assert_eq!(matcher.matches_value(value), expected, "{matcher} on {value:?}");
    }

    #[test]
    fn operators() {
        check(MatchOp::Equal, "a", "a", true);
        check(MatchOp::Equal, "a", "ab", false);
        check(MatchOp::NotEqual, "a", "b", true);
        check(MatchOp::Regex, "a|b", "b", true);
        check(MatchOp::Regex, "a.c", "a\nc", true);
        check(MatchOp::NotRegex, "a.*", "abc", false);
    }

    #[test]
    fn regular_expressions_are_anchored() {
        check(MatchOp::Regex, "a", "ab", false);
        check(MatchOp::Regex, "a|ab", "xab", false);
        assert!(Matcher::new("l", MatchOp::Regex, "a)|(b").is_err());
    }

    #[test]
    fn an_absent_label_is_the_empty_text() {
        let labels = Labels::new([("a", "1")]).unwrap();
        assert!(Matcher::equal("b", "").matches(&labels));
        assert!(Matcher::new("b", MatchOp::NotEqual, "x").unwrap().matches(&labels));
    }

    #[test]
    fn bad_and_huge_expressions_are_refused_by_name() {
        let error = Matcher::new("job", MatchOp::Regex, "(").unwrap_err().to_string();
        assert!(error.starts_with("regular expression \"(\" for label \"job\":"), "{error}");
        assert!(Matcher::new("job", MatchOp::Regex, "(?:a{1000}){1000}").is_err());
    }
}
