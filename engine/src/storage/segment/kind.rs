//! What a segment holds, and of which time.

use std::fmt;

use crate::model::{TimeRange, Timestamp};
use crate::storage::rollup::Resolution;

/// What a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SegmentKind {
    /// Samples as they were recorded.
    Raw,
    /// Samples rolled up.
    Rollup(Resolution),
}

impl SegmentKind {
    /// Says whether a segment of this kind and `window` holds what is at
    /// `at`.
    ///
    /// Samples lie in `start ≤ at < end`. Buckets are known by the end of
    /// their span, so those that lie in the window are `start < at ≤ end`.
    #[must_use]
    pub fn holds(self, window: TimeRange, at: Timestamp) -> bool {
        match self {
            Self::Raw => window.start <= at && at < window.end,
            Self::Rollup(_) => window.start < at && at <= window.end,
        }
    }

    pub(super) const fn tag(self) -> u8 {
        match self {
            Self::Raw => 0,
            Self::Rollup(Resolution::FiveMinutes) => 1,
            Self::Rollup(Resolution::Hour) => 2,
        }
    }

    pub(super) const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            0 => Some(Self::Raw),
            1 => Some(Self::Rollup(Resolution::FiveMinutes)),
            2 => Some(Self::Rollup(Resolution::Hour)),
            _ => None,
        }
    }
}

impl fmt::Display for SegmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw => f.write_str("samples"),
            Self::Rollup(resolution) => write!(f, "rollups of {resolution}"),
        }
    }
}

/// Returns the name of the segment of `window`: its ends in milliseconds
/// since the epoch, padded so that names sort as times do.
pub(in crate::storage) fn file_name(window: TimeRange) -> String {
    format!("{:020}-{:020}.seg", window.start.millis(), window.end.millis())
}
