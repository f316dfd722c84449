//! The folder that one process keeps its series in.
//!
//! ```text
//! lock                     held while a process uses the folder
//! wal/<number>.wal         the log of what is not sealed yet
//! segments/<window>.seg    sealed samples, a file a window (2 h by default)
//! rollups/5m/<window>.seg  rollups of five minutes, a file a day
//! rollups/1h/<window>.seg  rollups of an hour, a file a week
//! state.redb               alerts, silences, definitions: what is small
//! ```
//!
//! [`DataFolder::open`] brings back what is there; a damaged file costs what
//! is damaged, is set aside or skipped, and reported. The other methods change
//! the set of segments and publish it to readers through the [`Ledger`]; they
//! block, so they are called on threads that may. One change goes on at a
//! time.

mod error;
mod found;
mod import;
mod open;
mod read;
mod report;
mod retain;
mod roll;
mod seal;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use error::DataError;
pub use import::{ImportError, Imported, Importer};
pub use read::FolderView;
pub use report::{DamagedFile, Reopening};
pub use retain::{Keeping, Retained};
pub use roll::RolledUp;
pub use seal::Sealing;

use arc_swap::ArcSwapOption;
use retain::LastRetention;

use super::ledger::Ledger;
use super::rollup::Resolution;
use super::segment::SegmentKind;

/// The length of a window that is sealed to one segment.
pub const WINDOW: Duration = Duration::from_secs(2 * 60 * 60);

/// A data folder, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    ledger: Arc<Ledger>,
    /// Whether a change is under way.
    busy: AtomicBool,
    retained: ArcSwapOption<LastRetention>,
    /// The lock goes with the file handle, however the process ends.
    _lock: File,
}

impl DataFolder {
    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the place of the small state.
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        self.path.join("state.redb")
    }

    /// Returns the size of all segments and rollups in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.ledger.files().bytes()
    }

    /// Returns how many segments of samples there are.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.ledger.files().of(SegmentKind::Raw).len()
    }

    fn lock(path: &Path) -> Result<File, DataError> {
        fs::create_dir_all(path).map_err(DataError::io("create", path))?;
        let lock = File::create(path.join("lock")).map_err(DataError::io("write in", path))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => Err(DataError::Held { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(DataError::io("lock", path)(error)),
        }
    }

    /// Begins a change of the files.
    fn change(&self) -> Result<Change<'_>, DataError> {
        if self.busy.swap(true, Ordering::Acquire) {
            return Err(DataError::Busy { path: self.path.clone() });
        }
        Ok(Change(&self.busy))
    }

    fn folder_of(&self, kind: SegmentKind) -> PathBuf {
        folder_of(&self.path, kind)
    }
}

/// The right to change the files, until it is dropped.
struct Change<'f>(&'f AtomicBool);

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Every kind of segment there is.
const KINDS: [SegmentKind; 3] = [
    SegmentKind::Raw,
    SegmentKind::Rollup(Resolution::FiveMinutes),
    SegmentKind::Rollup(Resolution::Hour),
];

fn folder_of(path: &Path, kind: SegmentKind) -> PathBuf {
    match kind {
        SegmentKind::Rollup(resolution) => path.join("rollups").join(resolution.name()),
        _ => path.join("segments"),
    }
}

fn log_folder(path: &Path) -> PathBuf {
    path.join("wal")
}

#[cfg(test)]
mod tests;
