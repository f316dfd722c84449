//! What the owner changed and has not handed to the log yet.

use std::time::Duration;

use super::identity::Serial;
use super::ledger::{Ledger, Tombstone};
use super::slot::Slot;
use super::wal::Commit;
use crate::model::{Sample, Timestamp};

/// A log file ends after this many samples, so that damage, and what a
/// reopening reads again, stay small.
const FILE_SAMPLES: usize = 16 << 20;

/// The changes since the last [`take`](Self::take), in the order in which
/// they were made.
///
/// A log file holds the samples of one window, so that it can go as soon as
/// the window is sealed, and defines every series that it mentions. So this
/// keeps count of which file each series was last defined in.
#[derive(Debug)]
pub(super) struct Journal {
    /// Commits that belong to files before the current one.
    finished: Vec<Commit>,
    commit: Commit,
    /// How many samples the current file has.
    samples: usize,
    window: Duration,
    /// When the current file's window ends.
    window_end: Timestamp,
    /// Series that are gone, with the time of their newest sample.
    removed: Vec<Tombstone>,
}

impl Journal {
    /// Begins with a file of its own.
    /// `None` if the ledger is not durable.
    pub(super) fn new(ledger: &Ledger) -> Option<Self> {
        let mut journal = Self {
            finished: Vec::new(),
            commit: Commit::default(),
            samples: 0,
            window: ledger.window()?,
            window_end: Timestamp::MIN,
            removed: Vec::new(),
        };
        journal.begin_file(ledger);
        Some(journal)
    }

    /// Returns the number of the file that changes go to.
    pub(super) const fn epoch(&self) -> u32 {
        self.commit.epoch
    }

    /// Lets what comes go to a new file.
    pub(super) fn begin_file(&mut self, ledger: &Ledger) {
        let next = Commit {
            epoch: ledger.next_epoch(),
            // Those that the ledger does not know yet as well: the file that
            // has them may go first.
            removed: ledger
                .tombstones()
                .iter()
                .chain(&self.removed)
                .map(|one| one.serial)
                .collect(),
            ..Commit::default()
        };
        let finished = std::mem::replace(&mut self.commit, next);
        if !finished.is_empty() {
            self.finished.push(finished);
        }
        self.samples = 0;
    }

    /// Notes a sample that was stored.
    #[inline]
    pub(super) fn sample(&mut self, slot: &mut Slot, sample: Sample, amend: bool, ledger: &Ledger) {
        if sample.at >= self.window_end || self.samples >= FILE_SAMPLES {
            self.turn(sample.at, ledger);
        }
        if slot.logged != self.commit.epoch {
            slot.logged = self.commit.epoch;
            self.commit.definitions.push((slot.serial, slot.series.identity().clone()));
        }
        self.samples += 1;
        self.commit.push(sample.at, amend, slot.serial, sample.value);
    }

    /// Notes that a series is gone.
    pub(super) fn removed(&mut self, serial: Serial, newest_at: Timestamp) {
        self.commit.removed.push(serial);
        self.removed.push(Tombstone { serial, newest_at });
    }

    /// Takes what is to be written; nothing if nothing changed.
    pub(super) fn take(&mut self, ledger: &Ledger) -> Vec<Commit> {
        if !self.removed.is_empty() {
            ledger.add_tombstones(std::mem::take(&mut self.removed));
        }
        let mut commits = std::mem::take(&mut self.finished);
        if !self.commit.is_empty() {
            let epoch = self.commit.epoch;
            // The next is mostly as large, and growing copies all of it.
            let samples = self.commit.samples();
            let next = Commit {
                epoch,
                serials: Vec::with_capacity(samples),
                values: Vec::with_capacity(samples),
                ..Commit::default()
            };
            commits.push(std::mem::replace(&mut self.commit, next));
        }
        commits
    }

    #[cold]
    fn turn(&mut self, at: Timestamp, ledger: &Ledger) {
        let first = self.window_end == Timestamp::MIN;
        self.window_end = self.window_end.max(at.align_down(self.window) + self.window);
        if !first || self.samples > 0 {
            self.begin_file(ledger);
        }
    }
}
