//! Segments.

mod columns;
mod cursor;
mod directory;
mod error;
mod file;
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
use kind::file_name;
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
