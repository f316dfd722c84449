//! What was read.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

use super::entry::decode;
use super::{Batch, EntryError, Table};

/// The entries of a file, for their owners to take.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    tables: BTreeMap<Table, BTreeMap<String, Vec<u8>>>,
    left_out: Vec<LeftOut>,
}

/// An entry that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: String,
    /// Why.
    pub error: EntryError,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.table, self.key, self.error)
    }
}

impl Contents {
    pub(super) fn insert(&mut self, table: Table, key: String, bytes: Vec<u8>) {
        self.tables.entry(table).or_default().insert(key, bytes);
    }

    /// Takes the entries of a table, in the order of their keys. Those that
    /// cannot be read are left out.
    pub fn take<T: DeserializeOwned>(&mut self, table: Table) -> Vec<(String, T)> {
        let mut values = Vec::new();
        for (key, bytes) in self.tables.remove(&table).unwrap_or_default() {
            match decode(&bytes) {
                Ok(value) => values.push((key, value)),
                Err(error) => self.left_out.push(LeftOut { table, key, error }),
            }
        }
        values
    }

    /// Takes the entries of a table whose keys are numbers.
    pub(crate) fn take_sequence<T: DeserializeOwned>(&mut self, table: Table) -> Vec<(u64, T)> {
        let mut values = Vec::new();
        for (key, value) in self.take(table) {
            match key.parse() {
                Ok(number) => values.push((number, value)),
                Err(_) => self.leave_out(table, key, "the key is no number"),
            }
        }
        values
    }

    /// Notes that an entry which could be read makes no sense to its owner.
    pub fn leave_out(&mut self, table: Table, key: impl Into<String>, reason: impl fmt::Display) {
        let error = EntryError::Value { reason: reason.to_string() };
        self.left_out.push(LeftOut { table, key: key.into(), error });
    }

    /// Returns how many entries have not been taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    /// Says whether every entry has been taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.values().all(BTreeMap::is_empty)
    }

    /// Returns the entries that were left out so far.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}

impl From<Batch> for Contents {
    /// Returns what a new file holds once the batch is written to it.
    fn from(batch: Batch) -> Self {
        let mut contents = Self::default();
        for ((table, key), bytes) in batch.entries {
            if let Some(bytes) = bytes {
                contents.insert(table, key, bytes);
            }
        }
        contents
    }
}

/// Returns the key of an entry that is known by a number; keys sort as their
/// numbers do.
pub(crate) fn sequence_key(number: u64) -> String {
    format!("{number:020}")
}
