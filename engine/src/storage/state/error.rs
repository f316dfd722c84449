//! Why the state file could not be opened or written.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the state file could not be opened or written. What it held before is
/// untouched.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// Another process has it open.
    #[error("{path:?} is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file system refuses.
    #[error("{action} {path:?}: {source}")]
    Io {
        /// What was tried, such as `cannot open`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The file was damaged while it was open, or when it was opened again.
    #[error("{path:?} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
}
