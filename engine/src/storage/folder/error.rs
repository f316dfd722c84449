//! Why a data folder cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::storage::segment::SegmentError;
use crate::storage::wal::WalError;

/// Why a data folder cannot be opened or changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The file system refused.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process uses the folder.
    #[error("{path:?} is in use by another process; each needs a data folder of its own")]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// Another change of the files is under way.
    #[error("the files of {path:?} are being changed already")]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The log did not take what was to be written.
    #[error("the log cannot be written: {reason}")]
    LogRefused {
        /// What the log says.
        reason: String,
    },
    /// A segment cannot be written or read.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The log cannot be opened.
    #[error(transparent)]
    Log(#[from] WalError),
}

impl DataError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}
