//! When a group is evaluated.

use std::time::Duration;

use crate::model::Timestamp;

/// The times at which a group is evaluated: whole intervals, moved by an
/// offset of the group's own, so that groups of one interval do not all come
/// at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    interval: Duration,
    offset: Duration,
    /// The last time that was given out or passed.
    asked: Timestamp,
    missed: u64,
}

impl Schedule {
    /// Creates the schedule of the group `name` of `file`, whose first time
    /// comes after `now`. An interval below 1 ms counts as that.
    #[must_use]
    pub fn new(interval: Duration, file: &str, name: &str, now: Timestamp) -> Self {
        let interval = interval.max(Duration::from_millis(1));
        let mut hash = crc32fast::Hasher::new();
        for part in [file, name] {
            hash.update(part.as_bytes());
            // No UTF-8 has this byte.
            hash.update(&[255]);
        }
        let interval_ms = interval.as_millis().max(1);
        let offset_ms = u128::from(hash.finalize()) % interval_ms;
        let offset = Duration::from_millis(u64::try_from(offset_ms).unwrap_or(0));
        let mut schedule = Self { interval, offset, asked: now, missed: 0 };
        schedule.asked = schedule.aligned(now);
        schedule
    }

    /// Says whether an evaluation is due at `now`.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let at = self.aligned(now);
        // A time further ahead than an interval was put there by a clock that
        // has been set back since.
        at > self.asked || self.asked.since(at) > self.interval
    }

    /// Returns the time of the evaluation that is due at `now`, once. Times
    /// that passed before it are counted as missed; so is this one if the last
    /// evaluation still keeps the group `busy`.
    pub fn due(&mut self, now: Timestamp, busy: bool) -> Option<Timestamp> {
        if !self.is_due(now) {
            return None;
        }
        let at = self.aligned(now);
        let passed = at.since(self.asked).as_millis() / self.interval.as_millis().max(1);
        let missed = u64::try_from(passed.saturating_sub(1)).unwrap_or(u64::MAX);
        self.missed = self.missed.saturating_add(missed).saturating_add(u64::from(busy));
        self.asked = at;
        (!busy).then_some(at)
    }

    /// Returns the first evaluation time after `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Timestamp {
        self.aligned(now) + self.interval
    }

    /// Returns the time between two evaluations.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// Returns how many evaluations came to nothing because they were late.
    #[must_use]
    pub const fn missed(&self) -> u64 {
        self.missed
    }

    /// Returns the last evaluation time that is not after `now`.
    fn aligned(&self, now: Timestamp) -> Timestamp {
        (now - self.offset).align_down(self.interval) + self.offset
    }
}
