//! The folder that one process keeps its archive in.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::{ArchiveError, Archived};
use crate::storage::Ledger;

/// A folder with an archive, held by this process alone until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    archive: PathBuf,
    /// The lock goes with the file handle, however the process ends.
    _lock: File,
}

impl DataFolder {
    /// Takes hold of a folder, creating it if it is not there, and reads its
    /// archive.
    ///
    /// # Errors
    /// A folder that another process holds, or that cannot be used; a file
    /// that is no archive.
    pub fn open(folder: &Path) -> Result<(Self, Ledger, Archived), ArchiveError> {
        let failed = |action| {
            let path = folder.to_owned();
            move |source| ArchiveError::Io { action, path, source }
        };
        fs::create_dir_all(folder).map_err(failed("cannot create"))?;
        let lock = File::create(folder.join("lock")).map_err(failed("cannot write in"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ArchiveError::Held { path: folder.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed("cannot lock")(error)),
        }
        let archive = folder.join("samples.kw");
        let (ledger, found) = Ledger::load(&archive)?;
        Ok((Self { archive, _lock: lock }, ledger, found))
    }

    /// Writes every series of the ledger, in place of the last archive.
    ///
    /// # Errors
    /// A file system that refuses; the last archive is untouched then.
    pub fn save(&self, ledger: &Ledger) -> Result<Archived, ArchiveError> {
        ledger.save(&self.archive)
    }
}
