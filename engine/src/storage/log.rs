//! The log's keeper: writes, syncs, and goes on when the disk does not.

use std::time::Duration;

use serde::Serialize;

use super::wal::{Commit, WalError, Writer};
use crate::model::Timestamp;

/// When the log is synced to the disk. In every case what is acknowledged was
/// handed to the operating system, so that it survives the end of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncPolicy {
    /// Before anything is acknowledged: it survives power loss as well.
    #[default]
    EveryBatch,
    /// At most this long after it was written.
    Interval(Duration),
    /// When the operating system likes.
    Off,
}

/// After a failure the next try comes after this long, then after twice that.
const RETRY_FIRST: Duration = Duration::from_secs(1);

/// The longest time between tries.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How the log fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogStatus {
    /// Why the disk does not take anything at present.
    pub failure: Option<String>,
    /// How many times it refused.
    pub failures: u64,
    /// The last epoch that was refused: the owner goes on with a later one.
    pub refused_epoch: u32,
    /// Samples written since the log was opened.
    pub samples: u64,
    /// Bytes written since the log was opened.
    pub bytes_written: u64,
    /// Samples that are in memory only, because the disk refused them, or did
    /// not sync them.
    pub samples_unlogged: u64,
    /// How often the log was synced.
    pub syncs: u64,
    /// The size of all log files in bytes.
    pub bytes: u64,
}

/// Writes commits by a [`SyncPolicy`]; see [`Writer`] for the files.
///
/// A disk that refuses costs durability and nothing else: what it did not take
/// is counted, and it is asked again and again.
#[derive(Debug)]
pub struct Log {
    writer: Writer,
    policy: SyncPolicy,
    status: LogStatus,
    /// When the oldest write was made that is not synced.
    unsynced_since: Option<Duration>,
    retry: Option<Retry>,
}

#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Duration,
    pause: Duration,
}

impl Log {
    /// Creates the keeper of a log.
    #[must_use]
    pub fn new(writer: Writer, policy: SyncPolicy) -> Self {
        let status = LogStatus { bytes: writer.bytes(), ..LogStatus::default() };
        Self { writer, policy, status, unsynced_since: None, retry: None }
    }

    /// Returns how the log fares.
    #[must_use]
    pub const fn status(&self) -> &LogStatus {
        &self.status
    }

    /// Writes commits and syncs them if the policy says so; `now` grows
    /// steadily from any beginning. Says whether the disk took them.
    pub fn write(&mut self, commits: &[Commit], now: Duration) -> bool {
        let refused = self.status.refused_epoch;
        let late: usize =
            commits.iter().filter(|one| one.epoch <= refused).map(Commit::samples).sum();
        self.status.samples_unlogged += late as u64;
        let fresh = || commits.iter().filter(|one| one.epoch > refused);
        if fresh().next().is_none() {
            return late == 0;
        }
        if self.retry.is_some_and(|retry| now < retry.at) {
            self.refuse(fresh());
            return false;
        }
        let mut batch = 0;
        let synced = match self.writer.write(fresh()) {
            Ok(written) => {
                batch = written.samples;
                self.status.samples += written.samples;
                self.status.bytes_written += written.bytes;
                self.status.bytes = self.writer.bytes();
                self.unsynced_since.get_or_insert(now);
                self.sync_if_due(now)
            }
            Err(error) => Err(error),
        };
        match synced {
            Ok(()) => {
                self.retry = None;
                self.status.failure = None;
                late == 0
            }
            Err(error) => {
                self.fail(&error, batch, now);
                self.refuse(fresh());
                false
            }
        }
    }

    /// Returns how long to wait at most before [`tick`](Self::tick) has to be
    /// called.
    #[must_use]
    pub fn due_in(&self, now: Duration) -> Option<Duration> {
        let sync = match (self.policy, self.unsynced_since) {
            (SyncPolicy::Interval(interval), Some(since)) => Some(since + interval),
            _ => None,
        };
        let retry = self.retry.map(|retry| retry.at).filter(|at| *at > now);
        Some([sync, retry].into_iter().flatten().min()?.saturating_sub(now))
    }

    /// Says whether the disk would be asked now; after a failure it is left
    /// alone for a while.
    #[must_use]
    pub fn takes(&self, now: Duration) -> bool {
        self.retry.is_none_or(|retry| now >= retry.at)
    }

    /// Syncs what is due.
    pub fn tick(&mut self, now: Duration) {
        if let Err(error) = self.sync_if_due(now) {
            self.fail(&error, 0, now);
        }
    }

    /// Syncs everything, whatever the policy.
    pub fn close(&mut self, now: Duration) {
        if self.unsynced_since.is_some()
            && let Err(error) = self.sync()
        {
            self.fail(&error, 0, now);
        }
    }

    /// Removes the files below the number `below` whose samples are all before
    /// `before`; they are in segments.
    pub fn remove_sealed(&mut self, before: Timestamp, below: u64, now: Duration) {
        if let Err(error) = self.writer.remove_sealed(before, below) {
            self.fail(&error, 0, now);
        }
        self.status.bytes = self.writer.bytes();
    }

    /// Removes the oldest files until no more than `bytes` are left, the
    /// current one excepted; returns how many bytes went.
    pub fn shrink_to(&mut self, bytes: u64, now: Duration) -> u64 {
        let before = self.writer.bytes();
        while self.writer.bytes() > bytes {
            match self.writer.drop_oldest() {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    self.fail(&error, 0, now);
                    break;
                }
            }
        }
        self.status.bytes = self.writer.bytes();
        before.saturating_sub(self.status.bytes)
    }

    /// Returns the number of the file that is being written: what was written
    /// so far lies in it and in files below it.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.writer.file_number()
    }

    fn sync_if_due(&mut self, now: Duration) -> Result<(), WalError> {
        let Some(since) = self.unsynced_since else { return Ok(()) };
        match self.policy {
            SyncPolicy::EveryBatch => self.sync(),
            SyncPolicy::Interval(interval) if now >= since + interval => self.sync(),
            SyncPolicy::Interval(_) | SyncPolicy::Off => Ok(()),
        }
    }

    fn sync(&mut self) -> Result<(), WalError> {
        self.writer.sync()?;
        self.status.syncs += 1;
        self.unsynced_since = None;
        Ok(())
    }

    /// Counts what the disk did not take. Later commits of the same epoch
    /// mention series that their file does not define, so none is taken.
    fn refuse<'a>(&mut self, commits: impl Iterator<Item = &'a Commit>) {
        for commit in commits {
            self.status.samples_unlogged += commit.samples() as u64;
            self.status.refused_epoch = self.status.refused_epoch.max(commit.epoch);
        }
    }

    /// Notes that the disk refused, and counts what was written and may never
    /// get there, but for `refused` samples that are counted as such.
    fn fail(&mut self, error: &WalError, refused: u64, now: Duration) {
        self.status.failures += 1;
        self.status.failure = Some(error.to_string());
        let pause = self.retry.map_or(RETRY_FIRST, |retry| (retry.pause * 2).min(RETRY_MAX));
        self.retry = Some(Retry { at: now + pause, pause });
        // A file that refused once may end in the middle of a frame. The next
        // one defines no series of this epoch, whoever writes first.
        self.writer.abandon();
        self.status.samples_unlogged += self.writer.take_unsynced().saturating_sub(refused);
        self.status.refused_epoch = self.status.refused_epoch.max(self.writer.epoch());
        self.unsynced_since = None;
        self.status.bytes = self.writer.bytes();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::storage::identity::Serial;

    #[test]
    fn what_was_written_and_cannot_be_synced_is_counted_once() {
        let second = Duration::from_secs(1);
        let policies = [SyncPolicy::EveryBatch, SyncPolicy::Interval(2 * second), SyncPolicy::Off];
        for (number, (policy, expected)) in policies.into_iter().zip([1, 3, 2]).enumerate() {
            let name = format!("keepwatch-log-sync-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            let away = folder.with_extension("away");
            let mut log = Log::new(Writer::open(&folder).unwrap(), policy);
            let commit = |at| {
                let mut commit = Commit { epoch: 1, ..Commit::default() };
                commit.push(Timestamp::from_millis(at), false, Serial(1), 0.5);
                [commit]
            };
            if policy != SyncPolicy::EveryBatch {
                // The file's name is not on the disk.
                assert!(log.write(&commit(1), second));
                assert!(log.write(&commit(2), second));
            }
            fs::rename(&folder, &away).unwrap();
            match policy {
                SyncPolicy::Interval(_) => {
                    assert!(!log.write(&commit(3), 4 * second));
                    log.tick(5 * second);
                }
                SyncPolicy::EveryBatch => assert!(!log.write(&commit(3), second)),
                SyncPolicy::Off => log.close(4 * second),
            }
            let status = log.status();
            assert_eq!(status.samples_unlogged, expected, "{policy:?}: {status:?}");
            assert!(status.failure.is_some());
            for folder in [folder, away] {
                let _ = fs::remove_dir_all(folder);
            }
        }
    }

    #[test]
    fn the_epoch_of_a_file_that_was_given_up_is_not_gone_on_with() {
        let name = format!("keepwatch-log-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut log = Log::new(Writer::open(&folder).unwrap(), SyncPolicy::Off);
        let commit = |epoch| {
            let mut commit = Commit { epoch, ..Commit::default() };
            commit.push(Timestamp::from_millis(1), false, Serial(1), 0.5);
            [commit]
        };
        let second = Duration::from_secs(1);
        assert!(log.write(&commit(1), second));
        assert!(log.write(&commit(2), second));
        // A folder in the place of the file cannot be unlinked as one.
        let first = folder.join("00000000000000000001.wal");
        fs::remove_file(&first).unwrap();
        fs::create_dir(&first).unwrap();
        log.remove_sealed(Timestamp::MAX, 2, second);
        assert!(log.status().failure.is_some());
        // Its series are defined in the file that is closed now.
        assert!(!log.write(&commit(2), 9 * second));
        assert_eq!((log.status().refused_epoch, log.status().samples_unlogged), (2, 1));
        assert!(log.write(&commit(3), 9 * second));
        assert_eq!(log.status().failure, None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
