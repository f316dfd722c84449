//! Why the log was not written or read.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the log was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WalError {
    /// The file system refused.
    #[error("{action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No number is left for a new file.
    #[error("{path:?} has a log file numbered {number}; expected one below it to be the last")]
    Numbers {
        /// The folder.
        path: PathBuf,
        /// The number of the last file.
        number: u64,
    },
}

/// Names the action and the path of an error of the file system.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WalError {
    move |source| WalError::Io { action, path: path.to_owned(), source }
}
