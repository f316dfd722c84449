//! The write-ahead log.

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
