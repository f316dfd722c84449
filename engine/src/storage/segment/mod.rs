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
//! # Format
//!
//! ```text
//! file        header stretch* identities* directory* summary summary tail tail
//! stretch     (times? values)+ | times        a series | a second copy
//!
//! header      "kwsegmnt" version:u32 kind:u8 start:i64 end:i64 crc
//! times       column crc
//! values      (floats | buckets) crc
//!
//! identities  count:number identity{count} crc
//! identity    parts:number (mask:number text*)+
//! text        0 shared:number length:number byte{length} | number
//!
//! directory   count:number entry{count} crc
//! entry       serial:number ordinal:signed chunks:number chunk{chunks}
//! chunk       tag:u8 place? distance:signed bytes:number
//! place       distance:signed bytes:number count:number first:signed span:number
//!
//! summary     kind:u8 start:i64 end:i64 series:number samples:number newest:number
//!             blocks:number (first:number offset:number bytes:number){blocks}
//!             blocks:number (offset:number bytes:number){blocks}
//!             copies:number (original:number copy:number){copies} crc
//! tail        summary:u64 summary:u64 bytes:u32 version:u32 crc "kwsegend"
//! ```
//!
//! - `u8`, `u32`, `u64` and `i64` are little-endian; a `number` has 7 bits a
//!   byte, lowest first, the top bit set on all but the last; a `signed` is a
//!   number of 2n for n ≥ 0 and −2n − 1 for n < 0. A `crc` is the CRC32
//!   (IEEE) of everything from the beginning of the part, as u32. The bytes of
//!   a part, wherever they are given, include its crc.
//! - *kind*: 0 samples, 1 rollups of five minutes, 2 rollups of an hour.
//!   *start* and *end* are the window in milliseconds since the epoch;
//!   [`SegmentKind::holds`] says which end belongs to it.
//! - *times*, *floats* and *buckets* are described in `codec/dense.rs` and
//!   `rollups.rs`. Series come in the order of their identities. A series is
//!   cut into chunks of about 1,000 samples. The timestamps of a chunk lie
//!   before its values, or, if an earlier chunk has the same, only there.
//!   Timestamps that a fourth chunk shares are written once more between two
//!   series.
//! - *identities* come in blocks of 128 series, in the order of the chunks. An
//!   identity has as parts its metric, its name, and the name and value of
//!   each label; each 32 parts have a mask whose set bits, lowest first, say
//!   which differ from the same part of the identity before and so are
//!   written. A text that is not 0 is 1 + the number of an earlier text of the
//!   block; a new text is what follows the bytes that it shares with the new
//!   text before it.
//! - *directory* entries come in blocks of 128 in the order of serials, each
//!   as a difference to the entry before in its block, the first to zeros.
//!   The *ordinal* is which series it is in the order of identities. A chunk's
//!   *tag* is 1 for floats, 2 for buckets; with its top bit set the chunk has
//!   the timestamps of the chunk of the same index in the entry before, and no
//!   *place*. A *distance* is from where the part before it in the file ends
//!   (of the entry's chunk before or the entry before; 0 at first); timestamps
//!   move that point only where their distance is 0. *first* is the first
//!   timestamp less the window's start, *span* the last less the first.
//! - *summary*: the blocks of the directory with their first serials, those of
//!   the identities, and where second copies of timestamps are, by the place
//!   of the original. *newest* is 1 + the greatest serial, 0 without series.
//!
//! The version is raised for whatever an older reader would misread. New tags
//! of chunks need no new version: an older reader refuses those by name.

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
