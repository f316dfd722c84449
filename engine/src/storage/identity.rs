//! Which series it is: what the head, the log and the segments agree on.

use std::fmt;
use std::sync::Arc;

use crate::model::Labels;

/// The number that a series is known by in the log and in segments.
///
/// It is given out once and never again, not even after a restart, so that
/// what was written for a removed series never becomes another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serial(pub u32);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What tells one series from all others; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The name of the metric that the series belongs to.
    pub metric: Arc<str>,
    /// The series' own name; for a part of a histogram or summary with its
    /// suffix, such as `latency_seconds_bucket`.
    pub name: Arc<str>,
    /// The labels, `le` and `quantile` included.
    pub labels: Labels,
}
