//! A file that is read by position.

use std::fs::File;
use std::io;
#[cfg(test)]
use std::sync::atomic::{AtomicU64, Ordering};

/// An open file; reading moves no position, so many threads read at once.
#[derive(Debug)]
pub(super) struct PositionedFile {
    file: File,
    #[cfg(test)]
    pub(super) reads: AtomicU64,
    #[cfg(test)]
    pub(super) bytes: AtomicU64,
}

impl PositionedFile {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            #[cfg(test)]
            reads: AtomicU64::new(0),
            #[cfg(test)]
            bytes: AtomicU64::new(0),
        }
    }

    /// Fills `buffer` with the bytes from `offset` on. Returns how many there
    /// were: fewer only at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_some(&self.file, rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        #[cfg(test)]
        {
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(filled as u64, Ordering::Relaxed);
        }
        Ok(filled)
    }
}

#[cfg(unix)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
