//! Segments: all series of a span of time in one immutable file.
//!
//! A [`SegmentWriter`] writes a file once, from the first byte to the last,
//! under a temporary name; it gets its own when it is whole and durable. A
//! [`Segment`] reads it by position, only what is asked for: a series costs a
//! block of the directory, its own chunks, and its timestamps if other series
//! share them. In memory it keeps where the blocks are, some 30 bytes for 128
//! series.
//!
//! Invariants:
//! - every byte is under a CRC32, and whatever fails is left out, counted in
//!   [`Damage`] and named by [`Segment::verify`];
//! - no part is needed to read a series but its own and those that exist
//!   twice: damaged values cost a chunk, a damaged block of the directory its
//!   128 series, and timestamps of four or more chunks, the summary and the
//!   tail have a second copy;
//! - a length from a file never allocates more than the file has.
//!
//! The format, to the byte, is in `docs/data-folder.md` of the repository. The
//! version is raised for whatever an older reader would misread; new tags of
//! chunks need no new version, as an older reader refuses those by name.

mod columns;
mod cursor;
mod directory;
mod error;
mod file;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod identities;
mod kind;
mod layout;
mod reader;
mod rollups;
mod verify;
mod wire;
mod writer;

pub use cursor::SegmentCursor;
pub use error::SegmentError;
pub use kind::SegmentKind;
pub(super) use kind::file_name;
pub use reader::{Damage, Segment, SeriesEntry, SeriesPlace};
pub use verify::{Part, Problem, Verification};
pub use writer::SegmentWriter;

/// The version of the format that this code writes.
const VERSION: u32 = 1;
/// The tag of a chunk of floats.
const FLOATS: u8 = 1;
/// The tag of a chunk of buckets.
const ROLLUPS: u8 = 2;

#[cfg(test)]
mod tests;
