//! Why a segment was not written or read.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::{Part, VERSION};
use crate::model::{TimeRange, Timestamp};
use crate::storage::Serial;

/// Why a segment was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The file system refused.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file neither begins nor ends as a segment does.
    #[error("{path:?} is no segment of keepwatch: expected it to begin with \"kwsegmnt\"")]
    NoSegment {
        /// The file.
        path: PathBuf,
    },
    /// The segment is of a format that this version does not know.
    #[error("{path:?} has format version {found}; expected {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u32,
    },
    /// A part without which what was asked for cannot be found is damaged.
    #[error("{path:?} has a damaged {part} at byte {offset}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is damaged.
        part: Part,
        /// Where it begins.
        offset: u64,
    },
    /// A series has a tag that this version does not know.
    #[error("series {serial} has a chunk of type {tag}; expected {expected}")]
    Tag {
        /// The series.
        serial: Serial,
        /// The tag of the chunk.
        tag: u8,
        /// What the tag should have been.
        expected: u8,
    },
    /// A series was written after one that is greater, or twice.
    #[error("series {serial} ({name:?}) is not greater than the series before it")]
    Series {
        /// The series.
        serial: Serial,
        /// Its name and labels.
        name: String,
    },
    /// Timestamps do not grow.
    #[error("series {serial} has {later} after {earlier}; timestamps must grow")]
    Order {
        /// The series.
        serial: Serial,
        /// The timestamp before.
        earlier: Timestamp,
        /// The one that should be later.
        later: Timestamp,
    },
    /// A timestamp lies outside of the window.
    #[error("series {serial} has a sample at {at}; the segment holds {} to {}", .window.start, .window.end)]
    Outside {
        /// The series.
        serial: Serial,
        /// The timestamp.
        at: Timestamp,
        /// The window.
        window: TimeRange,
    },
    /// There are not as many values as timestamps.
    #[error("series {serial} has {values} values for {times} timestamps; expected as many")]
    Columns {
        /// The series.
        serial: Serial,
        /// How many timestamps there are.
        times: usize,
        /// How many values there are.
        values: usize,
    },
    /// The segment is of another kind.
    #[error("a segment of {found} has no {asked}")]
    Kind {
        /// What the segment holds.
        found: super::SegmentKind,
        /// What was asked for or written.
        asked: &'static str,
    },
    /// More than the format can number.
    #[error("a segment has room for 2^32 - 1 {what}")]
    Full {
        /// What there are too many of.
        what: &'static str,
    },
    /// The place was given out by another segment.
    #[error("no series at place {place}; the segment has {series}")]
    Place {
        /// The place.
        place: u32,
        /// How many series there are.
        series: u32,
    },
}

impl SegmentError {
    /// Says whether the bytes are at fault: no other try and no other version
    /// would read them.
    pub(in crate::storage) const fn is_damage(&self) -> bool {
        matches!(self, Self::NoSegment { .. } | Self::Damaged { .. })
    }
}
