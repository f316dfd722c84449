//! Reading a file that stays as it is.

use std::fs;
use std::io;
use std::path::Path;

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::store::{Failure, attempt};
use super::{Contents, StateError, StateStore};

/// How often a file is read that another process keeps changing.
const TRIES: usize = 10;

/// How much larger than the file its copy may grow: opening brings the file
/// up to date, in memory.
const GROWTH_BYTES_MAX: u64 = 8 << 20;

impl StateStore {
    /// Reads all of the file at `path`, by a copy in memory: neither the file
    /// nor a process that holds it is touched.
    ///
    /// # Errors
    /// A file that is not there, cannot be read or is damaged, and one that
    /// another process was writing to at each try.
    pub fn read(path: &Path) -> Result<Contents, StateError> {
        let failed =
            |source| StateError::Io { action: "cannot read", path: path.to_owned(), source };
        let mut last = Vec::new();
        for _ in 0..TRIES {
            let bytes = fs::read(path).map_err(failed)?;
            match contents(&bytes) {
                Ok(contents) => return Ok(contents),
                Err(failure) if bytes == last => return Err(failure.at("cannot read", path)),
                // A copy that was taken in the middle of a write looks
                // damaged; the next one differs.
                Err(_) => last = bytes,
            }
        }
        Err(StateError::InUse { path: path.to_owned() })
    }
}

fn contents(bytes: &[u8]) -> Result<Contents, Failure> {
    let copy = Copy::of(bytes).map_err(Failure::Io)?;
    match attempt(|builder| builder.create_with_backend(copy)) {
        Ok((_, contents)) => Ok(contents),
        // Memory refuses only what lies outside of the file.
        Err(Failure::Io(error)) => Err(Failure::Damaged(error.to_string())),
        Err(failure) => Err(failure),
    }
}

/// The bytes of a file in memory.
#[derive(Debug)]
struct Copy {
    memory: InMemoryBackend,
    /// A header that is damaged may ask for any length.
    len_max: u64,
}

impl Copy {
    fn of(bytes: &[u8]) -> io::Result<Self> {
        let memory = InMemoryBackend::new();
        let len = bytes.len() as u64;
        memory.set_len(len)?;
        memory.write(0, bytes)?;
        Ok(Self { memory, len_max: len.saturating_add(GROWTH_BYTES_MAX) })
    }
}

impl StorageBackend for Copy {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if len > self.len_max {
            let wrong = format!("a length of {len} bytes; expected {} at most", self.len_max);
            return Err(io::Error::new(io::ErrorKind::InvalidData, wrong));
        }
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}
