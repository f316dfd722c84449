//! How long the span of a bucket is.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::model::Timestamp;

/// How long the spans are that samples are rolled up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Resolution {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
}

impl Resolution {
    /// All resolutions, finest first.
    pub const ALL: [Self; 2] = [Self::FiveMinutes, Self::Hour];

    /// Returns the length of a span.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(300),
            Self::Hour => Duration::from_secs(3_600),
        }
    }

    /// Returns the coarsest resolution that still has a bucket a `step`: the
    /// longest span that is not longer. `None` means the raw samples.
    #[must_use]
    pub fn for_step(step: Duration) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|resolution| resolution.length() <= step)
    }

    /// Returns the end of the span that `at` lies in; a point on a boundary
    /// is the end of its own. Saturates at the ends of time.
    #[must_use]
    pub fn end_of_span(self, at: Timestamp) -> Timestamp {
        let length_ms = match self {
            Self::FiveMinutes => 300_000_i64,
            Self::Hour => 3_600_000,
        };
        match at.millis().rem_euclid(length_ms) {
            0 => at,
            past => Timestamp::from_millis(at.millis().saturating_add(length_ms - past)),
        }
    }

    /// Returns the name that folders and messages use: `5m` or `1h`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::Hour => "1h",
        }
    }
}

impl Serialize for Resolution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
