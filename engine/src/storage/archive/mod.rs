//! All series of a ledger in one file, and back.
//!
//! An archive is written whole beside its place, synced and renamed into it,
//! so a reader finds the last one or the one before, never a half. Writing
//! reads the ledger like any reader and makes no writer wait.
//!
//! ```text
//! archive   "keepwtch" version:u32 frame*
//! frame     length:u32 crc32:u32 series        (of the series' bytes)
//! series    metric:text name:text
//!           labels:u32 (name:text value:text)*
//!           chunks:u32 (encoding:u8 count:u32 start:i64 end:i64 times:data values:data)*
//! text      data that is UTF-8
//! data      length:u32 byte*
//! ```
//!
//! Numbers are little-endian. A frame that fails its checksum, or says what
//! cannot be, is left out and counted; the frames behind it are read.

mod bytes;
mod folder;
mod frame;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

pub use folder::DataFolder;

use super::ledger::{Book, Ledger};

const MAGIC: &[u8; 8] = b"keepwtch";
const VERSION: u32 = 2;

/// How much an archive holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Archived {
    /// Series written or read.
    pub series: usize,
    /// Samples that they have.
    pub samples: usize,
    /// The file's size.
    pub bytes: u64,
    /// Frames that were left out because they are damaged.
    pub frames_lost: usize,
    /// Bytes that were left out with them.
    pub bytes_lost: u64,
}

/// Why an archive was not written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file system refused.
    #[error("{action} {path:?}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process uses the folder.
    #[error("{path:?} is in use by another process")]
    Held {
        /// The folder.
        path: PathBuf,
    },
    /// The file does not begin as an archive does.
    #[error("{path:?} is no archive of keepwatch: expected it to begin with \"keepwtch\"")]
    NoArchive {
        /// The file.
        path: PathBuf,
    },
    /// The archive is of a format that this version does not know.
    #[error("{path:?} has format version {found}; expected {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it names.
        found: u32,
    },
}

impl Ledger {
    /// Writes every series to `path`, in place of what is there.
    ///
    /// # Errors
    /// A file system that refuses; what was there is untouched then.
    pub fn save(&self, path: &Path) -> Result<Archived, ArchiveError> {
        let beside = path.with_extension("tmp");
        let failed = |action| {
            let path = beside.clone();
            move |source| ArchiveError::Io { action, path, source }
        };
        let mut archived = Archived::default();
        let mut file = BufWriter::new(File::create(&beside).map_err(failed("cannot create"))?);
        let mut write = |part: &[u8]| {
            archived.bytes += part.len() as u64;
            file.write_all(part).map_err(failed("cannot write"))
        };
        write(MAGIC)?;
        write(&VERSION.to_le_bytes())?;
        for series in self.book().series() {
            let Some((frame, samples)) = frame::encode(&series) else { continue };
            write(&u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes())?;
            write(&crc32fast::hash(&frame).to_le_bytes())?;
            write(&frame)?;
            archived.series += 1;
            archived.samples += samples;
        }
        let file = file.into_inner().map_err(|error| failed("cannot write")(error.into_error()))?;
        file.sync_all().map_err(failed("cannot sync"))?;
        fs::rename(&beside, path).map_err(failed("cannot rename"))?;
        // The new name itself must survive a power loss too. Not every file
        // system can sync a folder, and the data is safe without.
        if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(archived)
    }

    /// Reads the series of the archive at `path`; none if there is no file.
    ///
    /// # Errors
    /// A file system that refuses, and a file that is no archive. Damage
    /// inside an archive is no error: it is counted.
    pub fn load(path: &Path) -> Result<(Self, Archived), ArchiveError> {
        let failed = |action| {
            let path = path.to_owned();
            move |source| ArchiveError::Io { action, path, source }
        };
        let ledger = Self::new();
        let mut content = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut content).map_err(failed("cannot read"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok((ledger, Archived::default()));
            }
            Err(error) => return Err(failed("cannot open")(error)),
        };
        let mut reader = bytes::Reader::new(&content);
        if reader.take(MAGIC.len()) != Some(MAGIC) {
            return Err(ArchiveError::NoArchive { path: path.to_owned() });
        }
        match reader.u32() {
            Some(VERSION) => {}
            found => {
                let found = found.unwrap_or(0);
                return Err(ArchiveError::Version { path: path.to_owned(), found });
            }
        }
        let mut archived = Archived { bytes: content.len() as u64, ..Archived::default() };
        let book = Arc::new(Book::default());
        while !reader.is_empty() {
            let left = reader.left();
            let frame = reader.u32().zip(reader.u32());
            let found = frame.and_then(|(length, crc)| Some((reader.take(length as usize)?, crc)));
            let Some((frame, crc)) = found else {
                // A length that is wrong hides where the next frame begins.
                archived.frames_lost += 1;
                archived.bytes_lost += left as u64;
                break;
            };
            let sound = crc32fast::hash(frame) == crc;
            match sound.then(|| frame::decode(frame)).flatten() {
                None => {
                    archived.frames_lost += 1;
                    archived.bytes_lost += frame.len() as u64;
                }
                Some(found) => {
                    archived.samples += found.samples();
                    let id = u32::try_from(archived.series).unwrap_or(u32::MAX);
                    book.set(id, Some(Arc::new(found.into_series(id, &ledger))));
                    archived.series += 1;
                }
            }
        }
        ledger.turn_over(book);
        Ok((ledger, archived))
    }
}

#[cfg(test)]
mod tests;
