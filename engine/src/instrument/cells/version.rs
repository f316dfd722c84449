//! Whose words they are, as a number.

use super::atomic::{AtomicU64, Ordering};

/// A number that grows with every change. Who reads words in between two looks
/// at it knows whose they were.
#[derive(Debug)]
pub(in crate::instrument) struct Version(AtomicU64);

impl Version {
    pub(in crate::instrument) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Returns the number as it is by now.
    pub(in crate::instrument) fn current(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Notes a change, before whatever may happen only after it.
    pub(in crate::instrument) fn change(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Says whether nothing that was read before this call is of after a change
    /// from `version`. Unlike a look, it is in one line with all changes: what
    /// comes after a change that it has not seen, nobody can have read before.
    pub(in crate::instrument) fn is_still(&self, version: u64) -> bool {
        self.0.fetch_add(0, Ordering::AcqRel) == version
    }
}
