//! Looking at a folder without changing it.

use std::path::Path;
use std::sync::Arc;

use super::open::{Damaged, load};
use super::{DataError, KINDS, Reopening, log_folder};
use crate::model::Timestamp;
use crate::storage::ledger::Ledger;
use crate::storage::segment::Segment;
use crate::storage::wal::{Entry, Replayed, replay};
use crate::storage::{Store, StoreConfig};

/// A data folder that is only read: the process that holds it may go on.
#[derive(Debug)]
pub struct FolderView {
    ledger: Arc<Ledger>,
    /// What was found, and what could not be read.
    pub report: Reopening,
    /// What the log says of itself.
    pub log: Replayed,
}

impl FolderView {
    /// Reads a folder and touches nothing in it.
    ///
    /// # Errors
    /// A folder that is not there or cannot be listed.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, DataError> {
        std::fs::read_dir(path).map_err(DataError::io("read", path))?;
        let (ledger, log, report) = load(path, None, now, Damaged::Stays)?;
        Ok(Self { ledger, report, log })
    }

    /// Returns a store with all series, for selecting from.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::recover(Arc::clone(&self.ledger), StoreConfig::default()).0
    }

    /// Returns every segment: samples first, then rollups, each oldest first.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let files = self.ledger.files();
        KINDS.into_iter().flat_map(|kind| files.of(kind).to_vec()).collect()
    }

    /// Reads the log of a folder once more, entry by entry.
    ///
    /// # Errors
    /// A log that cannot be listed.
    pub fn read_log(path: &Path, visit: &mut dyn FnMut(Entry<'_>)) -> Result<Replayed, DataError> {
        Ok(replay(&log_folder(path), visit)?)
    }
}
