//! Removing what is too old, or too much.

use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{DataError, DataFolder, KINDS};
use crate::model::{TimeRange, Timestamp};
use crate::storage::files::FileSet;
use crate::storage::rollup::Resolution;
use crate::storage::segment::{Segment, SegmentKind, SegmentWriter};

/// How long files are kept, and how much of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// How long samples are kept; 7 days by default.
    pub samples: Duration,
    /// The same of metrics that differ.
    pub by_metric: HashMap<Arc<str>, Duration>,
    /// How long rollups of five minutes are kept; 35 days by default.
    pub five_minutes: Duration,
    /// How long rollups of an hour are kept; 400 days by default.
    pub hours: Duration,
    /// The most bytes of all files, the log included; no limit by default.
    pub bytes_max: Option<u64>,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Keeping {
    fn default() -> Self {
        Self {
            samples: 7 * DAY,
            by_metric: HashMap::new(),
            five_minutes: 35 * DAY,
            hours: 400 * DAY,
            bytes_max: None,
        }
    }
}

impl Keeping {
    /// Returns how long what a segment holds is kept by default.
    #[must_use]
    pub const fn of(&self, kind: SegmentKind) -> Duration {
        match kind {
            SegmentKind::Raw => self.samples,
            SegmentKind::Rollup(Resolution::FiveMinutes) => self.five_minutes,
            SegmentKind::Rollup(Resolution::Hour) => self.hours,
        }
    }

    /// Returns how long a metric's samples are kept.
    fn of_metric(&self, metric: &str) -> Duration {
        self.by_metric.get(metric).copied().unwrap_or(self.samples)
    }

    fn longest(&self) -> Duration {
        self.by_metric.values().copied().max().unwrap_or_default().max(self.samples)
    }
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Files that went because all in them was too old.
    pub expired_files: usize,
    /// Samples and buckets in them.
    pub expired_samples: u64,
    /// Files that were written anew with the metrics that are kept longer.
    pub rewritten_files: usize,
    /// Files that went because the budget was used up, oldest first.
    pub over_budget_files: usize,
    /// Samples and buckets in them.
    pub over_budget_samples: u64,
    /// The bytes that were freed.
    pub bytes_freed: u64,
    /// How large the log may be for the budget to be kept; `None` if it is
    /// not too large.
    pub log_bytes_max: Option<u64>,
}

impl AddAssign for Retained {
    /// Adds what was removed later.
    fn add_assign(&mut self, later: Self) {
        self.expired_files += later.expired_files;
        self.expired_samples += later.expired_samples;
        self.rewritten_files += later.rewritten_files;
        self.over_budget_files += later.over_budget_files;
        self.over_budget_samples += later.over_budget_samples;
        self.bytes_freed += later.bytes_freed;
        self.log_bytes_max = later.log_bytes_max;
    }
}

impl DataFolder {
    /// Removes files whose samples are too old at the time `now`, then the
    /// oldest ones until all files and a log of `log_bytes` fit the budget.
    ///
    /// Whole files are unlinked, which needs no free space. A file in which
    /// some metrics are kept longer is written anew with those; if the disk is
    /// too full for that, it stays whole.
    ///
    /// # Errors
    /// A file system that does not let files go.
    pub fn retain(
        &self,
        keeping: &Keeping,
        log_bytes: u64,
        now: Timestamp,
    ) -> Result<Retained, DataError> {
        let _change = self.change()?;
        let mut retained = Retained::default();
        let mut files = FileSet::clone(&self.ledger.files());
        let outcome = self.expire(&mut files, keeping, now, &mut retained);
        let outcome =
            outcome.and_then(|()| fit(&mut files, keeping.bytes_max, log_bytes, &mut retained));
        // Also what was done before an error.
        let oldest = files.oldest();
        self.ledger.publish_files(files);
        if let Some(oldest) = oldest {
            self.ledger.bury_tombstones(oldest);
        }
        outcome.map(|()| retained)
    }

    fn expire(
        &self,
        files: &mut FileSet,
        keeping: &Keeping,
        now: Timestamp,
        retained: &mut Retained,
    ) -> Result<(), DataError> {
        for kind in KINDS {
            let all: Vec<Segment> = files.of(kind).to_vec();
            for segment in all {
                let end = segment.window().end;
                if end > now - keeping.of(kind) {
                    continue;
                }
                if kind == SegmentKind::Raw && end > now - keeping.longest() {
                    self.keep_some(&segment, files, keeping, now, retained)?;
                    continue;
                }
                retained.expired_files += 1;
                retained.expired_samples += segment.samples();
                remove(&segment, files, retained)?;
            }
        }
        Ok(())
    }

    /// Writes a segment anew with what is kept longer, if that is less than
    /// all of it.
    fn keep_some(
        &self,
        segment: &Segment,
        files: &mut FileSet,
        keeping: &Keeping,
        now: Timestamp,
        retained: &mut Retained,
    ) -> Result<(), DataError> {
        let dead = self.dead();
        let end = segment.window().end;
        let (mut kept, mut all) = (Vec::new(), 0);
        segment.identities(&mut |entry| {
            all += 1;
            let long = end > now - keeping.of_metric(&entry.identity.metric);
            if long && !dead.contains(&entry.serial) {
                kept.push((entry.identity, entry.serial));
            }
        })?;
        if kept.is_empty() {
            retained.expired_files += 1;
            retained.expired_samples += segment.samples();
            return remove(segment, files, retained);
        }
        if kept.len() == all {
            return Ok(());
        }
        let rewritten = self.rewrite(segment, &kept);
        // Without room for it everything stays, until the budget says more.
        let Ok(rewritten) = rewritten else { return Ok(()) };
        retained.rewritten_files += 1;
        retained.expired_samples += segment.samples().saturating_sub(rewritten.samples());
        retained.bytes_freed += segment.bytes().saturating_sub(rewritten.bytes());
        files.add(rewritten);
        Ok(())
    }

    fn rewrite(
        &self,
        segment: &Segment,
        kept: &[(crate::storage::Identity, crate::storage::Serial)],
    ) -> Result<Segment, DataError> {
        let window: TimeRange = segment.window();
        let place = self.folder_of(SegmentKind::Raw);
        let mut writer = SegmentWriter::create(&place, SegmentKind::Raw, window)?;
        let mut cursor = segment.cursor();
        let (mut samples, mut times, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (identity, serial) in kept {
            samples.clear();
            times.clear();
            values.clear();
            cursor.read_floats(*serial, window, &mut samples)?;
            times.extend(samples.iter().map(|sample| sample.at.millis()));
            values.extend(samples.iter().map(|sample| sample.value));
            if !times.is_empty() {
                writer.floats(*serial, identity, &times, &values)?;
            }
        }
        Ok(writer.finish()?)
    }
}

/// Removes the oldest files until all fit.
fn fit(
    files: &mut FileSet,
    bytes_max: Option<u64>,
    log_bytes: u64,
    retained: &mut Retained,
) -> Result<(), DataError> {
    let Some(bytes_max) = bytes_max else { return Ok(()) };
    while files.bytes() + log_bytes > bytes_max {
        // Samples go before rollups: those are small and reach further back.
        let oldest = KINDS.into_iter().find_map(|kind| files.of(kind).first().cloned());
        let Some(oldest) = oldest else {
            retained.log_bytes_max = Some(bytes_max);
            return Ok(());
        };
        retained.over_budget_files += 1;
        retained.over_budget_samples += oldest.samples();
        remove(&oldest, files, retained)?;
    }
    Ok(())
}

fn remove(
    segment: &Segment,
    files: &mut FileSet,
    retained: &mut Retained,
) -> Result<(), DataError> {
    segment.remove()?;
    files.remove(segment);
    retained.bytes_freed += segment.bytes();
    Ok(())
}
