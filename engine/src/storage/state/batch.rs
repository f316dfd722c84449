//! What is to be written.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entry::encode;
use super::{LeftOut, Table};

/// Entries to be put and removed, together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The bytes to put, or `None` to remove.
    pub(super) entries: BTreeMap<(Table, String), Option<Vec<u8>>>,
    left_out: Vec<LeftOut>,
}

/// State of which entries are kept.
pub trait Stored {
    /// Adds to `batch` what makes the entries of `saved` those of `self`.
    fn changes_since(&self, saved: &Self, batch: &mut Batch);
}

impl Batch {
    /// Creates a batch that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a value. One that is too large is left out, and what was there
    /// before removed, as it no longer holds.
    pub fn put<T: Serialize + ?Sized>(&mut self, table: Table, key: impl Into<String>, value: &T) {
        let key = key.into();
        let bytes = match encode(value) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.left_out.push(LeftOut { table, key: key.clone(), error });
                None
            }
        };
        self.entries.insert((table, key), bytes);
    }

    /// Removes a value.
    pub fn remove(&mut self, table: Table, key: impl Into<String>) {
        self.entries.insert((table, key.into()), None);
    }

    /// Adds what is to be written after this.
    #[cfg(test)]
    pub(crate) fn append(&mut self, later: Self) {
        self.entries.extend(later.entries);
    }

    /// Returns what a new file holds once the batch is written to it.
    #[cfg(test)]
    pub(crate) fn remaining(&self) -> BTreeMap<&(Table, String), &[u8]> {
        let put = |(key, bytes)| Option::as_deref(bytes).map(|bytes| (key, bytes));
        self.entries.iter().filter_map(put).collect()
    }

    /// Says whether the batch changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns how many entries the batch puts or removes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the values that could not be put.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}
