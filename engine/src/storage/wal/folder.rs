//! The files of a log.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::error::{WalError, failed};

/// How many digits the number in a name has.
const DIGITS: usize = 20;

/// A log file that is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) number: u64,
    pub(super) bytes: u64,
}

/// Returns the log files of a folder in their order; what is no log file is
/// left out.
pub(super) fn files(folder: &Path) -> Result<Vec<Found>, WalError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("cannot list", folder))? {
        let entry = entry.map_err(failed("cannot list", folder))?;
        let Some(number) = entry.file_name().to_str().and_then(number) else { continue };
        match fs::metadata(entry.path()) {
            Ok(file) if file.is_file() => found.push(Found { number, bytes: file.len() }),
            Ok(_) => {}
            // Whoever removed it, it is gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => found.push(Found { number, bytes: 0 }),
        }
    }
    found.sort_unstable_by_key(|found| found.number);
    Ok(found)
}

/// Returns the path of a log file.
pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:0DIGITS$}.wal"))
}

fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Makes the names in a folder survive a power loss, where the file system
/// can do that.
pub(super) fn sync(folder: &Path) -> Result<(), WalError> {
    // Elsewhere a folder cannot be opened like a file.
    if !cfg!(unix) {
        return Ok(());
    }
    let opened = File::open(folder).map_err(failed("cannot open", folder))?;
    match opened.sync_all() {
        // The answers of file systems that know no sync of a folder.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        synced => synced.map_err(failed("cannot sync", folder)),
    }
}
