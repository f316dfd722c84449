//! What one message to the owner changed.

use crate::model::Timestamp;
use crate::storage::{Identity, Serial};

/// The changes of one message, to be written together.
///
/// It is meant to be used again: [`clear`](Self::clear) keeps what is
/// allocated.
#[derive(Debug, Default, Clone)]
pub struct Commit {
    /// Which file the commit belongs to: a larger number than that of the
    /// commit before begins a new file, in which the owner defines every
    /// series anew.
    pub epoch: u32,
    /// Series that the file does not know yet.
    pub definitions: Vec<(Serial, Identity)>,
    /// Series that are gone. They are written behind the samples.
    pub removed: Vec<Serial>,
    /// Which of the samples share a timestamp, in the order of `serials`.
    pub runs: Vec<Run>,
    /// The series of each sample.
    pub serials: Vec<Serial>,
    /// The value of each sample, as many as there are `serials`.
    pub values: Vec<f64>,
}

/// Consecutive samples with one timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The timestamp.
    pub at: Timestamp,
    /// How many samples have it.
    pub len: u32,
    /// Whether each replaces the sample that its series has at that time.
    pub amend: bool,
}

impl Commit {
    /// Says whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty() && self.removed.is_empty() && self.serials.is_empty()
    }

    /// Forgets the changes and keeps the room that they took. The epoch
    /// stays.
    pub fn clear(&mut self) {
        self.definitions.clear();
        self.removed.clear();
        self.runs.clear();
        self.serials.clear();
        self.values.clear();
    }

    /// Returns how many samples there are.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.serials.len()
    }

    /// Adds a sample; `amend` lets it replace the one that the series has at
    /// that time.
    #[inline]
    pub fn push(&mut self, at: Timestamp, amend: bool, serial: Serial, value: f64) {
        extend(&mut self.runs, at, amend, 1);
        self.serials.push(serial);
        self.values.push(value);
    }
}

/// Lengthens the last run if it is of the same time and sort, else adds one.
#[inline]
pub(super) fn extend(runs: &mut Vec<Run>, at: Timestamp, amend: bool, by: u32) {
    if let Some(last) = runs.last_mut()
        && last.at == at
        && last.amend == amend
        && let Some(len) = last.len.checked_add(by)
    {
        last.len = len;
    } else {
        runs.push(Run { at, len: by, amend });
    }
}
