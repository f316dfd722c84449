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
//! The format, to the byte, is in `docs/data-folder.md` of the repository.
//! Where no sound frame begins, the reader looks for the next marker at which
//! one does; what lies between is a damaged stretch.

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
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
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
