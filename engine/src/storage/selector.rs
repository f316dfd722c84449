//! Which series are asked for.

use std::fmt;
use std::sync::Arc;

use crate::model::Matcher;

/// A metric and the conditions on its series' labels.
///
/// A matcher on `__name__` sees the series' own name, such as
/// `latency_seconds_bucket` for a part of the metric `latency_seconds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The metric's name; empty for the series of every metric.
    pub metric: Arc<str>,
    /// Conditions that all have to hold.
    pub matchers: Vec<Matcher>,
}

impl Selector {
    /// Creates the selector of every series of `metric`.
    #[must_use]
    pub fn metric(metric: impl Into<Arc<str>>) -> Self {
        Self { metric: metric.into(), matchers: Vec::new() }
    }

    /// Creates the selector of every series.
    #[must_use]
    pub fn any() -> Self {
        Self::metric("")
    }

    /// Adds a condition.
    #[must_use]
    pub fn matching(mut self, matcher: Matcher) -> Self {
        self.matchers.push(matcher);
        self
    }
}

impl fmt::Display for Selector {
    /// Writes `metric{label="value",…}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.metric)?;
        for (index, matcher) in self.matchers.iter().enumerate() {
            write!(f, "{}{matcher}", if index == 0 { "{" } else { "," })?;
        }
        if self.matchers.is_empty() { Ok(()) } else { f.write_str("}") }
    }
}
