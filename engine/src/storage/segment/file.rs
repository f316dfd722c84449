//! A file that is read by position.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
#[cfg(test)]
use std::sync::atomic::AtomicU64;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many files stay open between reads. Some systems grant a process 256
/// descriptors, and its sockets need them too.
pub(super) const KEPT_MAX: usize = 128;

/// How many files are open between reads.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// An immutable file; reading moves no position, so many threads read at once.
///
/// About [`KEPT_MAX`] files of a process stay open. The others are opened for
/// each read, so that a long history does not use up the descriptors.
#[derive(Debug)]
pub(super) struct PositionedFile {
    path: PathBuf,
    kept: OnceLock<Kept>,
    #[cfg(test)]
    pub(super) reads: AtomicU64,
    #[cfg(test)]
    pub(super) bytes: AtomicU64,
}

/// A file that stays open, and is counted.
#[derive(Debug)]
struct Kept(File);

impl Kept {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        KEPT.fetch_add(1, Ordering::Relaxed);
        Ok(Self(file))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.fetch_sub(1, Ordering::Relaxed);
    }
}

impl PositionedFile {
    /// Opens a file, which stays open until it is [settled](Self::settle).
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            kept: OnceLock::from(Kept::open(path)?),
            #[cfg(test)]
            reads: AtomicU64::new(0),
            #[cfg(test)]
            bytes: AtomicU64::new(0),
        })
    }

    /// Closes the file if enough others are open; from now on it lies at
    /// `path`.
    pub(super) fn settle(&mut self, path: &Path) {
        path.clone_into(&mut self.path);
        if KEPT.load(Ordering::Relaxed) > KEPT_MAX {
            self.kept.take();
        }
    }

    /// Keeps the file open until it is dropped: before another takes its
    /// place, or it goes.
    pub(super) fn hold(&self) -> io::Result<()> {
        if self.kept.get().is_none() {
            // Whoever else held it meanwhile holds the same file.
            let _ = self.kept.set(Kept::open(&self.path)?);
        }
        Ok(())
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.with(File::metadata)
    }

    fn with<T>(&self, read: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        if let Some(Kept(file)) = self.kept.get() {
            return read(file);
        }
        let opened = File::open(&self.path);
        // What was opened may have come in place of the file, but then that
        // was held before.
        match self.kept.get() {
            Some(Kept(file)) => read(file),
            None => read(&opened?),
        }
    }

    /// Fills `buffer` with the bytes from `offset` on. Returns how many there
    /// were: fewer only at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let filled = self.with(|file| fill(file, buffer, offset))?;
        #[cfg(test)]
        {
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(filled as u64, Ordering::Relaxed);
        }
        Ok(filled)
    }
}

fn fill(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_some(file, rest, offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
