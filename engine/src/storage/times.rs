//! The timestamps of sealed samples.

use super::codec::{self, CodecError};
use crate::model::{TimeRange, Timestamp};

/// Some timestamps that grow strictly, encoded and immutable; never empty.
///
/// Series that are collected together share one.
#[derive(Debug)]
pub struct Times {
    count: u32,
    range: TimeRange,
    bytes: Box<[u8]>,
}

impl Times {
    /// Encodes timestamps that grow strictly; `None` if there are none.
    pub(super) fn seal(times: &[i64]) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        let range = TimeRange::new(Timestamp::from_millis(first), Timestamp::from_millis(last));
        let count = u32::try_from(times.len()).ok()?;
        Some(Self { count, range, bytes: codec::encode_times(times) })
    }

    /// Returns how many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count as usize
    }

    /// Returns the span from the first to the last.
    #[must_use]
    pub const fn range(&self) -> TimeRange {
        self.range
    }

    /// Returns the encoded size in bytes, without the header.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Decodes the timestamps, in unix milliseconds, to the end of `out`.
    ///
    /// # Errors
    /// Bytes that are not what was sealed; `out` is as it was then.
    pub fn decode(&self, out: &mut Vec<i64>) -> Result<(), CodecError> {
        codec::decode_times(&self.bytes, self.count(), self.range.start.millis(), out)
    }
}
