//! The engines under measurement, behind one face.

mod bare;
mod peer;
mod registry;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use super::dataset::{Digest, Fleet};

/// A time-series engine as the suite uses it. Whatever it refuses is a bug of
/// the suite, so that refusals panic.
pub(super) trait Engine {
    /// Builds what a client holds before it sends anything; not measured.
    fn prepare(&mut self, fleet: &Fleet);

    /// Makes the series known, if the engine has a way to.
    fn register(&mut self, fleet: &Fleet);

    /// Adds a value to each series, in the order of their numbers, and comes
    /// back once the engine has acknowledged them.
    fn append(&mut self, at_ms: i64, values: &[f64]);

    /// Returns how much CPU time the making of messages has taken so far;
    /// nothing if none are made.
    fn building(&self) -> Duration {
        Duration::ZERO
    }

    /// Reads every sample of one series.
    fn read_one(&self, fleet: &Fleet, series: usize) -> Digest;

    /// Reads every sample of every series, a metric at a time.
    fn read_all(&self, fleet: &Fleet) -> Digest;

    /// Returns how many bytes the samples take in memory by the engine's own
    /// account.
    fn memory_bytes(&self) -> Option<u64> {
        None
    }

    /// Returns the engine's durable side; `None` if it has none.
    fn durable(&mut self) -> Option<&mut dyn Durable> {
        None
    }
}

/// What an engine with a folder can do besides.
pub(super) trait Durable {
    /// Returns the folder of the log within the engine's own.
    fn log_folder(&self) -> PathBuf;

    /// Writes everything that is in memory to its final files, and lets go of
    /// the log that they replace.
    fn seal(&mut self);

    /// Says whether the engine takes queries once everything is sealed.
    fn reads_after_sealing(&self) -> bool;

    /// Returns how many bytes of frames and chunks the engine has handed to
    /// the file system; `None` if it does not count them.
    fn handed_bytes(&self) -> Option<u64>;

    /// Removes the sealed window; says whether the engine can do this.
    fn drop_window(&mut self) -> bool;
}

/// Which engine, and by which way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The store of keepwatch with a folder, called directly: its log is
    /// written and synced at each tick, on the same thread.
    Bare,
    /// The store of keepwatch, called directly, in memory.
    Memory,
    /// The registry actor with a folder, `AppendBatch` of resolved series; a
    /// batch is answered once its log is synced.
    Append,
    /// The same in memory.
    MemoryAppend,
    /// The registry actor with a folder, `RecordBatch` of subjects made once.
    Record,
    /// The registry actor with a folder, `RecordBatch` by name and labels.
    RecordAnew,
    /// tsink in process with a folder, its log synced at each append.
    Tsink,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Bare,
        Self::Memory,
        Self::Append,
        Self::MemoryAppend,
        Self::Record,
        Self::RecordAnew,
        Self::Tsink,
    ];

    /// Returns the word that names of figures begin with.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bare => "keepwatch",
            Self::Memory => "keepwatch_memory",
            Self::Append => "keepwatch_append",
            Self::MemoryAppend => "keepwatch_memory_append",
            Self::Record => "keepwatch_record",
            Self::RecordAnew => "keepwatch_record_anew",
            Self::Tsink => "tsink",
        }
    }

    /// Says whether the engine keeps its samples in a folder.
    pub(super) const fn is_durable(self) -> bool {
        matches!(self, Self::Bare | Self::Tsink)
    }

    /// Says whether the memory of the process is the engine's alone: those
    /// who send names and labels hold copies that the engine shares.
    pub(super) const fn has_own_memory(self) -> bool {
        !matches!(self, Self::Record | Self::RecordAnew)
    }

    /// Opens the engine on a folder, which may have what a killed process
    /// left there.
    ///
    /// # Errors
    /// What the engine says if it cannot open the folder.
    pub(super) fn open(self, folder: &Path) -> Result<Box<dyn Engine>, String> {
        Ok(match self {
            Self::Bare => Box::new(bare::Bare::in_folder(folder)?),
            Self::Memory => Box::new(bare::Bare::in_memory()),
            Self::Append => Box::new(registry::Client::open(registry::Way::Append, Some(folder))?),
            Self::MemoryAppend => Box::new(registry::Client::open(registry::Way::Append, None)?),
            Self::Record => Box::new(registry::Client::open(registry::Way::Record, Some(folder))?),
            Self::RecordAnew => {
                Box::new(registry::Client::open(registry::Way::RecordAnew, Some(folder))?)
            }
            Self::Tsink => Box::new(peer::Tsink::open(folder)?),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| format!("expected the name of an engine, got {name}"))
    }
}
