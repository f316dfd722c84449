//! Writing.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::commit::Commit;
use super::error::{WalError, failed};
use super::folder;
use super::frame::Encoder;
use super::replay::Replayed;
use crate::model::Timestamp;

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes, headers and frames included.
    pub bytes: u64,
    /// Samples.
    pub samples: u64,
    /// Frames.
    pub frames: u64,
    /// Series whose texts are too long for a frame (about 1 MiB). Their
    /// samples are written, but belong to no series on replay.
    pub definitions_refused: u64,
}

/// Files that were unlinked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemovedFiles {
    /// How many.
    pub files: u64,
    /// The bytes that they had.
    pub bytes: u64,
}

/// A file that was unlinked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedFile {
    /// Its number.
    pub number: u64,
    /// The bytes that it had.
    pub bytes: u64,
}

/// Writes the log in a folder that no other process writes in.
///
/// It begins a new file at its first write, and when a commit has a larger
/// epoch than the one before; no file is written on that was there before.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    /// Oldest first; none of them is written on.
    sealed: VecDeque<Sealed>,
    current: Option<Current>,
    /// The number of the next file.
    next: u64,
    epoch: u32,
    encoder: Encoder,
    /// Whether a file was made whose name may not survive a power loss.
    unnamed: bool,
    /// Samples of writes that succeeded and are not synced.
    unsynced: u64,
}

/// A file that is not written on.
#[derive(Debug, Clone, Copy)]
struct Sealed {
    number: u64,
    bytes: u64,
    /// `MAX` if it is not known, `MIN` if there are no samples.
    newest: Timestamp,
}

#[derive(Debug)]
struct Current {
    file: File,
    path: PathBuf,
    sealed: Sealed,
}

impl Writer {
    /// Prepares to write in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// A folder that cannot be made or listed, and one with a file of the
    /// largest number there is.
    pub fn open(folder: &Path) -> Result<Self, WalError> {
        fs::create_dir_all(folder).map_err(failed("cannot create", folder))?;
        let found = folder::files(folder)?;
        let last = found.last().map_or(0, |found| found.number);
        let next = last.checked_add(1);
        let next = next.ok_or_else(|| WalError::Numbers { path: folder.into(), number: last })?;
        let sealed = |found: folder::Found| Sealed {
            number: found.number,
            bytes: found.bytes,
            newest: Timestamp::MAX,
        };
        Ok(Self {
            folder: folder.to_owned(),
            sealed: found.into_iter().map(sealed).collect(),
            current: None,
            next,
            epoch: 0,
            encoder: Encoder::default(),
            unnamed: false,
            unsynced: 0,
        })
    }

    /// Takes over from a replay how new the samples of the files are that
    /// were there before; [`remove_sealed`](Self::remove_sealed) keeps a file
    /// of which it does not know.
    pub fn adopt(&mut self, replayed: &Replayed) {
        for sealed in &mut self.sealed {
            let file = replayed.files.iter().find(|file| file.number == sealed.number);
            if let Some(file) = file.filter(|file| !file.unreadable) {
                sealed.newest = file.newest.unwrap_or(Timestamp::MIN);
            }
        }
    }

    /// Writes commits, without a sync: by one call of the system for each
    /// file that they belong to. A file that is left behind is synced and
    /// closed. Empty commits are passed over.
    ///
    /// # Errors
    /// A file system that refuses. What this call wrote is then cut off
    /// again where possible, and the file is [abandoned](Self::abandon).
    pub fn write<'a>(
        &mut self,
        commits: impl IntoIterator<Item = &'a Commit>,
    ) -> Result<Written, WalError> {
        let mut written = Written::default();
        match self.write_all(commits, &mut written) {
            Ok(synced) => {
                self.unsynced += written.samples.saturating_sub(synced);
                Ok(written)
            }
            Err(error) => {
                self.abandon();
                Err(error)
            }
        }
    }

    /// Returns how many of the samples were synced with the file that they
    /// are in, as it was left behind.
    fn write_all<'a>(
        &mut self,
        commits: impl IntoIterator<Item = &'a Commit>,
        written: &mut Written,
    ) -> Result<u64, WalError> {
        let mut synced = 0;
        self.encoder.clear();
        for commit in commits.into_iter().filter(|commit| !commit.is_empty()) {
            if self.current.is_none() || commit.epoch > self.epoch {
                self.put(written)?;
                self.sync()?;
                synced = written.samples;
                self.seal();
                self.begin()?;
                self.epoch = commit.epoch;
            }
            self.encoder.commit(commit);
            let newest = commit.runs.iter().map(|run| run.at).max();
            if let (Some(current), Some(newest)) = (&mut self.current, newest) {
                current.sealed.newest = current.sealed.newest.max(newest);
            }
        }
        self.put(written)?;
        Ok(synced)
    }

    /// Writes what is encoded.
    fn put(&mut self, written: &mut Written) -> Result<(), WalError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let bytes = self.encoder.finish();
        let count = bytes.len() as u64;
        current.file.write_all(bytes).map_err(failed("cannot write", &current.path))?;
        current.sealed.bytes += count;
        written.bytes += count;
        written.samples += self.encoder.samples;
        written.frames += self.encoder.frames;
        written.definitions_refused += self.encoder.refused;
        self.encoder.clear();
        Ok(())
    }

    fn begin(&mut self) -> Result<(), WalError> {
        let (number, path, file) = loop {
            let (number, path) = (self.next, folder::path(&self.folder, self.next));
            let next = number.checked_add(1);
            let numbers = || WalError::Numbers { path: self.folder.clone(), number };
            let next = next.ok_or_else(numbers)?;
            match File::create_new(&path) {
                // Whatever it is, a folder perhaps, it is left alone.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.next = next,
                created => {
                    break (number, path.clone(), created.map_err(failed("cannot create", &path))?);
                }
            }
        };
        self.next = number.saturating_add(1);
        self.unnamed = true;
        let sealed = Sealed { number, bytes: 0, newest: Timestamp::MIN };
        self.current = Some(Current { file, path, sealed });
        self.encoder.begin(number);
        Ok(())
    }

    /// Makes what was written survive a power loss.
    ///
    /// # Errors
    /// A file system that refuses. The file is [abandoned](Self::abandon)
    /// then, as nobody knows what of it is on the disk: what was written
    /// since the last sync is to be written again.
    pub fn sync(&mut self) -> Result<(), WalError> {
        let result = self.sync_current();
        if result.is_err() {
            // Another try may succeed without what this one has lost.
            self.give_up();
        }
        result
    }

    fn sync_current(&mut self) -> Result<(), WalError> {
        let Some(current) = &self.current else { return Ok(()) };
        current.file.sync_data().map_err(failed("cannot sync", &current.path))?;
        if self.unnamed {
            folder::sync(&self.folder)?;
            self.unnamed = false;
        }
        self.unsynced = 0;
        Ok(())
    }

    /// Returns how many samples were written and are not known to be synced,
    /// and begins to count anew.
    pub fn take_unsynced(&mut self) -> u64 {
        std::mem::take(&mut self.unsynced)
    }

    /// Closes the current file after an error; what is in it stays, and is
    /// synced if that goes. The next write begins a new file, whose commits
    /// are to define their series anew, under a larger epoch.
    pub fn abandon(&mut self) {
        if self.unsynced > 0 {
            // What fails is still counted.
            let _ = self.sync_current();
        }
        self.give_up();
    }

    fn give_up(&mut self) {
        self.encoder.clear();
        if let Some(current) = &self.current {
            let bytes = current.sealed.bytes;
            // The remains of a write that failed. On replay they would be
            // found unfinished, so it is no loss if they cannot be removed.
            if bytes > 0 {
                let _ = current.file.set_len(bytes);
            } else if fs::remove_file(&current.path).is_ok() {
                self.current = None;
            }
        }
        self.seal();
    }

    fn seal(&mut self) {
        if let Some(current) = self.current.take() {
            self.sealed.push_back(current.sealed);
        }
    }

    /// Returns the bytes of all files of the log.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.sealed.iter().map(|sealed| sealed.bytes).sum::<u64>() + self.file_bytes()
    }

    /// Returns the bytes of the file that is written on; 0 if there is none.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.current.as_ref().map_or(0, |current| current.sealed.bytes)
    }

    /// Returns the number of the file that is written on; if there is none,
    /// that of the next.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.current.as_ref().map_or(self.next, |current| current.sealed.number)
    }

    /// Returns the epoch of the file that was begun last; 0 before the first.
    #[must_use]
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Unlinks the closed files with numbers under `below_file` whose samples
    /// are all from before `before`. A file from before the start stays until
    /// a replay told how new it is, see [`adopt`](Self::adopt). One that stays
    /// keeps those behind it: a removal in them may be of its series.
    ///
    /// # Errors
    /// A file system that refuses; the files that are unlinked by then are.
    pub fn remove_sealed(
        &mut self,
        before: Timestamp,
        below_file: u64,
    ) -> Result<RemovedFiles, WalError> {
        let mut removed = RemovedFiles::default();
        let mut index = 0;
        while let Some(&sealed) = self.sealed.get(index) {
            if sealed.number < below_file && sealed.newest < before {
                self.unlink(sealed.number)?;
                self.sealed.remove(index);
                removed.files += 1;
                removed.bytes += sealed.bytes;
            } else if sealed.newest == Timestamp::MAX {
                // What it holds is not known and never will be.
                index += 1;
            } else {
                break;
            }
        }
        Ok(removed)
    }

    /// Unlinks the oldest closed file, whatever is in it; `None` if there is
    /// none. This is for a budget that is used up and for a full disk: the
    /// samples are lost unless a segment has them.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn drop_oldest(&mut self) -> Result<Option<RemovedFile>, WalError> {
        let Some(&Sealed { number, bytes, .. }) = self.sealed.front() else { return Ok(None) };
        self.unlink(number)?;
        self.sealed.pop_front();
        Ok(Some(RemovedFile { number, bytes }))
    }

    fn unlink(&self, number: u64) -> Result<(), WalError> {
        let path = folder::path(&self.folder, number);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("cannot remove", &path)(error))
            }
            // Whoever removed it, it is gone.
            _ => Ok(()),
        }
    }
}
