//! One value as bytes: a version byte, then JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// The version of entries that are written.
const VERSION: u8 = 1;

/// The largest entry in bytes; what is larger is neither written nor read.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// Why an entry could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is larger than [`VALUE_BYTES_MAX`].
    #[error("{bytes} bytes are more than {VALUE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It has no byte.
    #[error("it is empty")]
    Empty,
    /// It was written by another version of keepwatch.
    #[error("it has version {found}; expected {VERSION}")]
    Version {
        /// The version as found.
        found: u8,
    },
    /// Its value is not what the table holds.
    #[error("{reason}")]
    Value {
        /// What is wrong, and where.
        reason: String,
    },
}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EntryError> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| EntryError::Value { reason: error.to_string() })?;
    check_size(&bytes)?;
    Ok(bytes)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, EntryError> {
    check_size(bytes)?;
    match bytes.split_first() {
        None => Err(EntryError::Empty),
        Some((&VERSION, value)) => serde_json::from_slice(value)
            .map_err(|error| EntryError::Value { reason: error.to_string() }),
        Some((&found, _)) => Err(EntryError::Version { found }),
    }
}

fn check_size(bytes: &[u8]) -> Result<(), EntryError> {
    let bytes = bytes.len();
    if bytes <= VALUE_BYTES_MAX { Ok(()) } else { Err(EntryError::TooLarge { bytes }) }
}
