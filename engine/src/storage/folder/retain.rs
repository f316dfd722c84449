//! Removing what is too old, or too much.

use std::collections::HashMap;
use std::io;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::found::FoundSeries;
use super::{DataError, DataFolder, KINDS, RolledUp};
use crate::model::{TimeRange, Timestamp};
use crate::storage::files::FileSet;
use crate::storage::identity::{Identity, Serial};
use crate::storage::rollup::Resolution;
use crate::storage::segment::{Segment, SegmentError, SegmentKind, SegmentWriter};

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
        self.terms().max().unwrap_or_default()
    }

    /// Returns how long the samples of some metric are kept, for each length
    /// that there is.
    fn terms(&self) -> impl Iterator<Item = Duration> {
        self.by_metric.values().copied().chain([self.samples])
    }
}

/// The last retention that went through.
#[derive(Debug)]
pub(super) struct LastRetention {
    keeping: Keeping,
    at: Timestamp,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// What was rolled up before its samples went.
    pub rolled: RolledUp,
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
    /// What could not be removed or looked into; the next round tries again.
    pub failures: Vec<String>,
}

impl AddAssign for Retained {
    /// Adds what was removed later.
    fn add_assign(&mut self, later: Self) {
        self.rolled += later.rolled;
        self.expired_files += later.expired_files;
        self.expired_samples += later.expired_samples;
        self.rewritten_files += later.rewritten_files;
        self.over_budget_files += later.over_budget_files;
        self.over_budget_samples += later.over_budget_samples;
        self.bytes_freed += later.bytes_freed;
        self.log_bytes_max = later.log_bytes_max;
        self.failures.extend(later.failures);
    }
}

impl DataFolder {
    /// Removes files whose samples are too old at the time `now`, then the
    /// oldest ones until all files and a log of `log_bytes` fit the budget.
    ///
    /// Whole files are unlinked, which needs no free space. A file in which
    /// some metrics are kept longer than others is written anew with those;
    /// if the disk is too full for that, it stays whole for now. A file that cannot be
    /// removed keeps no other from going.
    ///
    /// # Errors
    /// Another change of the files that is under way.
    pub fn retain(
        &self,
        keeping: &Keeping,
        log_bytes: u64,
        now: Timestamp,
    ) -> Result<Retained, DataError> {
        let _change = self.change()?;
        let mut retained = Retained::default();
        // After a long standstill there are samples that were never rolled up.
        // Without room for that, they go all the same.
        let has_room = |max| self.bytes() + log_bytes <= max;
        if keeping.bytes_max.is_none_or(has_room) && self.has_expired(keeping, now) {
            match self.roll_up_due(keeping, now) {
                Ok(rolled) => retained.rolled = rolled,
                Err(error) => retained.failures.push(error.to_string()),
            }
        }
        let mut files = FileSet::clone(&self.ledger.files());
        self.expire(&mut files, keeping, now, &mut retained);
        if let Some(bytes_max) = keeping.bytes_max {
            fit(&mut files, bytes_max, log_bytes, &mut retained);
        }
        if retained.failures.is_empty() {
            let last = LastRetention { keeping: keeping.clone(), at: now };
            self.retained.store(Some(Arc::new(last)));
        }
        let oldest = files.oldest();
        self.ledger.publish_files(files);
        if let Some(oldest) = oldest {
            self.ledger.bury_tombstones(oldest);
        }
        Ok(retained)
    }

    /// Says whether there are files that rollups are made from and that are
    /// too old.
    fn has_expired(&self, keeping: &Keeping, now: Timestamp) -> bool {
        let files = self.ledger.files();
        let sources = [SegmentKind::Raw, SegmentKind::Rollup(Resolution::FiveMinutes)];
        sources.into_iter().any(|kind| {
            let oldest = files.of(kind).first();
            oldest.is_some_and(|oldest| oldest.window().end <= now - keeping.of(kind))
        })
    }

    fn expire(
        &self,
        files: &mut FileSet,
        keeping: &Keeping,
        now: Timestamp,
        retained: &mut Retained,
    ) {
        // Which metrics a file has is looked up once the time of some has come.
        let seen = match &*self.retained.load() {
            Some(last) if last.keeping == *keeping => last.at,
            _ => Timestamp::MIN,
        };
        for kind in KINDS {
            for segment in files.of(kind).to_vec() {
                let end = segment.window().end;
                if kind == SegmentKind::Raw && end > now - keeping.longest() {
                    let expires = |kept| end <= now - kept && end > seen - kept;
                    if keeping.terms().any(expires)
                        && let Err(error) = self.keep_some(&segment, files, keeping, now, retained)
                    {
                        retained.failures.push(error.to_string());
                    }
                } else if end <= now - keeping.of(kind) {
                    expire(&segment, files, retained);
                }
            }
        }
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
        let end = segment.window().end;
        let FoundSeries { series: mut kept, unknown } = self.series_in(segment)?;
        if unknown > 0 {
            // Nobody can say how long those are kept.
            return Ok(());
        }
        kept.retain(|(identity, _)| end > now - keeping.of_metric(&identity.metric));
        if kept.is_empty() {
            expire(segment, files, retained);
            return Ok(());
        }
        if kept.len() == segment.series() {
            return Ok(());
        }
        // With damage in it everything stays until all of it is too old.
        let Some(rewritten) = self.rewrite(segment, &kept)? else { return Ok(()) };
        retained.rewritten_files += 1;
        retained.expired_samples += segment.samples().saturating_sub(rewritten.samples());
        retained.bytes_freed += segment.bytes().saturating_sub(rewritten.bytes());
        files.add(rewritten);
        Ok(())
    }

    /// Writes a segment with some of its series; `None` if not all of those
    /// can be read.
    fn rewrite(
        &self,
        segment: &Segment,
        kept: &[(Identity, Serial)],
    ) -> Result<Option<Segment>, DataError> {
        let chunks_damaged = segment.damage().chunks;
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
        if segment.damage().chunks > chunks_damaged {
            return Ok(None);
        }
        segment.hold()?;
        Ok(Some(writer.finish()?))
    }
}

/// Removes the oldest files until all fit: first samples, which are older than
/// the log; then what the log has, which is in memory as well; rollups last,
/// as they are small and reach further back.
fn fit(files: &mut FileSet, bytes_max: u64, log_bytes: u64, retained: &mut Retained) {
    let [raw, rollups @ ..] = KINDS;
    shrink(files, raw, bytes_max.saturating_sub(log_bytes), retained);
    if files.bytes() + log_bytes <= bytes_max {
        return;
    }
    for kind in rollups {
        shrink(files, kind, bytes_max, retained);
    }
    retained.log_bytes_max = Some(bytes_max.saturating_sub(files.bytes()));
}

/// Removes the oldest files of a kind until all files have no more than
/// `bytes_max`.
fn shrink(files: &mut FileSet, kind: SegmentKind, bytes_max: u64, retained: &mut Retained) {
    for oldest in files.of(kind).to_vec() {
        if files.bytes() <= bytes_max {
            break;
        }
        if remove(&oldest, files, retained) {
            retained.over_budget_files += 1;
            retained.over_budget_samples += oldest.samples();
        }
    }
}

fn expire(segment: &Segment, files: &mut FileSet, retained: &mut Retained) {
    if remove(segment, files, retained) {
        retained.expired_files += 1;
        retained.expired_samples += segment.samples();
    }
}

/// Removes a file; says whether it is gone.
fn remove(segment: &Segment, files: &mut FileSet, retained: &mut Retained) -> bool {
    match segment.remove() {
        Ok(()) => retained.bytes_freed += segment.bytes(),
        // Somebody else was faster.
        Err(SegmentError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            retained.failures.push(error.to_string());
            return false;
        }
    }
    files.remove(segment);
    true
}
