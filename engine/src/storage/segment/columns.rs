//! The timestamp columns that the writer still remembers.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher as _;

use super::directory::Column;

/// How many timestamps the remembered columns have in all: 8 MiB of them.
const REMEMBERED: usize = 1 << 20;
/// From this many chunks on a column is worth a second copy.
const MIRRORED_FROM: u32 = 4;

#[derive(Debug)]
struct Known {
    times: Box<[i64]>,
    encoded: Box<[u8]>,
    column: Column,
    /// How many chunks have it.
    chunks: u32,
    /// Whether it was found since it was last at the end of the queue.
    recent: bool,
}

/// Finds a column that was written before: series that are collected together
/// have the same timestamps.
#[derive(Debug, Default)]
pub(super) struct KnownColumns {
    hasher: foldhash::fast::FixedState,
    /// By the hash of the timestamps; of two with one hash only the later.
    known: HashMap<u64, Known, foldhash::fast::FixedState>,
    /// The hashes, longest known first.
    queue: VecDeque<u64>,
    times: usize,
    /// Columns that are to be written a second time.
    due: Vec<(Column, Box<[u8]>)>,
}

impl KnownColumns {
    /// Returns the column with exactly these timestamps.
    pub(super) fn find(&mut self, times: &[i64]) -> Option<Column> {
        let known = self.known.get_mut(&self.hasher.hash_one(times))?;
        if *known.times != *times {
            return None;
        }
        known.recent = true;
        known.chunks = known.chunks.saturating_add(1);
        if known.chunks == MIRRORED_FROM {
            self.due.push((known.column, std::mem::take(&mut known.encoded)));
        }
        Some(known.column)
    }

    /// Remembers a column that was written, and forgets others for it.
    pub(super) fn remember(&mut self, times: &[i64], column: Column, encoded: &[u8]) {
        if times.len() > REMEMBERED {
            return;
        }
        while self.times + times.len() > REMEMBERED && self.forget_one() {}
        let hash = self.hasher.hash_one(times);
        let (times, encoded) = (times.into(), encoded.into());
        let known = Known { times, encoded, column, chunks: 1, recent: false };
        self.times += known.times.len();
        match self.known.insert(hash, known) {
            Some(replaced) => self.times -= replaced.times.len(),
            None => self.queue.push_back(hash),
        }
    }

    /// Forgets the oldest column that was not found again of late.
    fn forget_one(&mut self) -> bool {
        while let Some(hash) = self.queue.pop_front() {
            let Some(known) = self.known.get_mut(&hash) else { continue };
            if std::mem::take(&mut known.recent) {
                self.queue.push_back(hash);
                continue;
            }
            self.times -= known.times.len();
            self.known.remove(&hash);
            return true;
        }
        false
    }

    /// Returns the columns that have become worth a second copy.
    pub(super) fn take_due(&mut self) -> Vec<(Column, Box<[u8]>)> {
        std::mem::take(&mut self.due)
    }
}
