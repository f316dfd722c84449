//! What makes samples outlast the process: the log's thread and the upkeep of
//! the data folder.
//!
//! The registry hands what it changed to the [`LogWriter`] and never waits for
//! a disk; the asker's answer waits instead, until the log has it. The janitor
//! runs the [`Upkeep`]: retention first, as it needs no space, then sealing,
//! then rollups, each on pool threads.

mod log_writer;
mod upkeep;

pub use log_writer::LogWriter;
pub use upkeep::{Upkeep, UpkeepOptions, UpkeepOutlets, UpkeepReport};
