//! The write-ahead log: what came since the last window was sealed.
//!
//! The owner of the series makes a [`Commit`] of each message that changed
//! something. A [`Writer`] appends commits to the current file and syncs it
//! when it is told to; [`replay`] hands everything to the next owner. The log
//! decides nothing: when to sync, when to begin a file (by the commits'
//! epoch) and when files may go is said from outside.
//!
//! Invariants:
//! - a file that was there at the start is never written on, and a file ends
//!   for good with the first error;
//! - a file needs no other one: every series is defined in it before its
//!   samples, and once more behind them; what a definition says holds in
//!   later files too;
//! - damage costs the frames that it touches and no others. What it costs is
//!   counted: exactly in frames where a sound one follows, always exactly in
//!   bytes. It is never a refusal to start;
//! - no bytes make reading panic, or take more memory than a few MiB and what
//!   the series that they name take;
//! - every value comes back bit for bit.
//!
//! # Format, version 1
//!
//! The files are `00000000000000000001.wal` and so on, 20 digits, numbered
//! from 1 in the order in which they were begun. Whatever else is in the
//! folder is left alone. Numbers of fixed size are little-endian. A `varint`
//! has 7 bits a byte, lowest first, and the highest bit set in all bytes but
//! the last. A `zigzag` is a varint of `n << 1 ^ n >> 63`.
//!
//! ```text
//! file         header frame*
//! header       "keepwlog" version:u32 file:u64 crc32:u32     of the 20 bytes before it
//! frame        marker length:u32 crc32:u32 number:u32 kind:u8 payload
//! marker       f1 9c 4b e7 03 d8 a6 5e
//! ```
//!
//! `length` is that of the payload, at most 1 MiB. `crc32` (IEEE) is over the
//! number of the file as a u64, `length`, `number`, `kind` and the payload,
//! so a frame of another file cannot pass. `number` counts the frames of a
//! file from 0, so a gap says how many are lost. Writing keeps frames to
//! 4,096 samples and about 48 KiB of definitions, unless the texts of a
//! single series take more; samples of small commits that are written
//! together share a frame.
//!
//! Kind 1, definitions, until the payload ends:
//! ```text
//! definition   serial:zigzag          minus the serial before it plus 1; minus 0 at first
//!              metric:text            continues the metric before it
//!              name:text              continues the metric
//!              labels:varint (name:text value:text)*
//!                                     each continues that in its place before it
//! text         shared:varint length:varint byte*
//! ```
//! A text is the first `shared` bytes of the one that it continues (which is
//! empty where there is none) and the bytes given, in UTF-8.
//!
//! Kind 2, removed series:
//! ```text
//! removed      count:varint serials   at most 4,096
//! serials      (jump:varint more:varint?)*
//! ```
//! A jump is `z << 1 | m`, where `z` is the zigzag of the serial minus the
//! one before it plus 1 (minus 0 at first). With `m` set, `more` + 1 serials
//! follow, each 1 more than the one before it.
//!
//! Kind 3, float samples, at most 4,096:
//! ```text
//! samples      count:varint run* serials block*
//! run          at:zigzag len:varint   runs add up to count
//! ```
//! `at` is in ms since the Unix epoch, minus that of the run before; `len` is
//! `n << 1 | amend` for `n` samples, which replace what is there if `amend`
//! is set. There is a block for each 64 values, the last may be shorter; it
//! needs nothing from before it:
//! ```text
//! offsets      0x00 + e  width:u8 least:zigzag (n - least: width bits)*
//! lengths      0x10 + e  (l: 4 bits, zigzag of n: 4 l bits | 15: 4 bits, value: 64 bits)*
//! xor          0x20      shift:u8 width:u8 first:u64 ((value ^ first) >> shift: width bits)*
//! ```
//! Bits are packed lowest first, and filled up with zeros to a whole byte at
//! the end of a block. In the first two, a value is the integer `n` divided
//! by 10^e, e from 0 to 12, as IEEE 754 rounds it; in `lengths`, `l` = 15
//! marks the bits of a value that is none. Other tags, and frames of other
//! kinds, are of versions to come: a frame of such a kind is passed over and
//! counted by its kind, one with such a tag counts as lost.
//!
//! # Reading
//!
//! Where no sound frame begins, the reader looks for the next marker at which
//! one does; what lies between is a damaged stretch. At the end of a file, a
//! frame that is cut off, or nothing but zeros, is what a crash leaves of a
//! write that was never acknowledged, and is counted apart. A header that is
//! damaged costs nothing else, as the name of the file has its number too; a
//! sound header of another version or number costs the file.

mod batch;
mod blocks;
mod commit;
mod cursor;
mod decimal;
mod definitions;
mod error;
mod fault;
mod folder;
mod frame;
mod known;
mod pack;
mod read;
mod replay;
mod samples;
mod serials;
mod window;
mod writer;

pub use commit::{Commit, Run};
pub use error::WalError;
pub use fault::Fault;
pub use replay::{Damage, Entry, Replayed, ReplayedFile, replay};
pub use writer::{RemovedFile, RemovedFiles, Writer, Written};

#[cfg(test)]
mod tests;
