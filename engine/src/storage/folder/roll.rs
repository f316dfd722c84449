//! Rolling old samples up.

use std::cmp::Reverse;
use std::ops::AddAssign;
use std::time::Duration;

use serde::Serialize;

use super::found::unless_damaged;
use super::{DataError, DataFolder, Keeping};
use crate::model::{Sample, TimeRange, Timestamp};
use crate::storage::files::FileSet;
use crate::storage::rollup::{Bucket, Resolution, merge, roll_up};
use crate::storage::segment::{Segment, SegmentKind, SegmentWriter};

/// What rolling up wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RolledUp {
    /// How many files were written.
    pub files: usize,
    /// How many buckets are in them.
    pub buckets: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl AddAssign for RolledUp {
    /// Adds what was written later.
    fn add_assign(&mut self, later: Self) {
        self.files += later.files;
        self.buckets += later.buckets;
        self.bytes += later.bytes;
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the span of a file of rollups: about as many buckets as a chunk
/// holds best.
const fn file_length(resolution: Resolution) -> Duration {
    match resolution {
        Resolution::Hour => Duration::from_secs(7 * 24 * 60 * 60),
        _ => DAY,
    }
}

impl DataFolder {
    /// Rolls up each day whose samples are all sealed to buckets of five
    /// minutes, and each week of those to buckets of an hour, unless they are
    /// rolled up already or would be too old to be kept. What came late to a
    /// day that is rolled up has it rolled up again.
    ///
    /// # Errors
    /// A disk that refuses; what was written by then is published.
    pub fn roll_up(&self, keeping: &Keeping, now: Timestamp) -> Result<RolledUp, DataError> {
        let _change = self.change()?;
        self.roll_up_due(keeping, now)
    }

    /// Rolls up what is due; for whoever changes the files.
    pub(super) fn roll_up_due(
        &self,
        keeping: &Keeping,
        now: Timestamp,
    ) -> Result<RolledUp, DataError> {
        let mut rolled = RolledUp::default();
        for resolution in Resolution::ALL {
            for window in self.due(resolution, keeping, now) {
                let Some(segment) = self.write_rollups(resolution, window)? else { continue };
                rolled.files += 1;
                rolled.buckets += segment.samples();
                rolled.bytes += segment.bytes();
                let mut files = FileSet::clone(&self.ledger.files());
                files.add(segment);
                self.ledger.publish_files(files);
            }
        }
        Ok(rolled)
    }

    /// Returns the windows that can be rolled up and are not, or not with all
    /// that came late.
    fn due(&self, resolution: Resolution, keeping: &Keeping, now: Timestamp) -> Vec<TimeRange> {
        let since = now - keeping.of(SegmentKind::Rollup(resolution));
        let expired = now - keeping.of(source_of(resolution));
        let files = self.ledger.files();
        let length = file_length(resolution);
        let sources = files.of(source_of(resolution));
        let done = files.of(SegmentKind::Rollup(resolution));
        let (Some(first), Some(last)) = (sources.first(), sources.last()) else {
            return Vec::new();
        };
        let mut start = first.window().start.align_down(length);
        let mut due = Vec::new();
        // The last point of a window lies in the segment behind it; files of
        // rollups have theirs.
        let complete = match resolution {
            Resolution::Hour => last.window().end,
            _ => last.window().start,
        };
        // Nothing more comes for what is about to expire.
        let complete = complete.max(expired);
        while start + length <= complete {
            let window = TimeRange::new(start, start + length);
            let mut sources = sources.iter().filter(|segment| inside(segment, window));
            let is_due = match done.iter().find(|segment| segment.window() == window) {
                None => sources.next().is_some(),
                // What is expired is written anew for being cut down.
                Some(done) => sources
                    .any(|segment| segment.window().end > expired && segment.is_newer_than(done)),
            };
            if is_due && window.end > since {
                due.push(window);
            }
            start = window.end;
        }
        due
    }

    /// Writes the rollups of a window; `None` if there is nothing in it.
    fn write_rollups(
        &self,
        resolution: Resolution,
        window: TimeRange,
    ) -> Result<Option<Segment>, DataError> {
        let files = self.ledger.files();
        let kind = SegmentKind::Rollup(resolution);
        let sources: Vec<Segment> = files
            .of(source_of(resolution))
            .iter()
            .filter(|segment| inside(segment, window))
            .cloned()
            .collect();
        let old = match files.of(kind).iter().find(|segment| segment.window() == window) {
            Some(segment) => Some(segment.clone()),
            None => self.unopened(kind, window)?,
        };
        let mut writer = SegmentWriter::create(&self.folder_of(kind), kind, window)?;
        let mut any = false;
        // The step into the first span is counted from the sample before it.
        let reach = TimeRange::new(window.start - DAY, window.end);
        let mut reader = files.reader(reach);
        let of_series: Vec<Segment> = sources.iter().chain(&old).cloned().collect();
        for (identity, serial) in self.series_of(&of_series)? {
            let mut buckets = match resolution {
                Resolution::FiveMinutes => {
                    let mut samples: Vec<Sample> = Vec::new();
                    reader.read(serial, &mut samples)?;
                    let begin = samples.partition_point(|sample| sample.at <= window.start);
                    let before = begin.checked_sub(1).and_then(|last| samples.get(last)).copied();
                    roll_up(samples.drain(begin..), before, resolution)
                }
                Resolution::Hour => {
                    let mut finer: Vec<Bucket> = Vec::new();
                    for segment in &sources {
                        unless_damaged(segment.read_rollups(serial, window, &mut finer))?;
                    }
                    merge(finer, resolution)
                }
            };
            buckets.retain(|bucket| kind.holds(window, bucket.at));
            if let Some(old) = &old {
                unless_damaged(old.read_rollups(serial, window, &mut buckets))?;
                keep_fullest(&mut buckets);
            }
            if !buckets.is_empty() {
                any = true;
                writer.rollup(serial, &identity, &buckets)?;
            }
        }
        if !any {
            return Ok(None);
        }
        if let Some(old) = &old {
            old.hold()?;
        }
        Ok(Some(writer.finish()?))
    }
}

/// Leaves one bucket of each span, in time order: the first with the most
/// samples, as some may have expired since the other was made.
fn keep_fullest(buckets: &mut Vec<Bucket>) {
    buckets.sort_by_key(|bucket| (bucket.at, Reverse(bucket.count)));
    buckets.dedup_by_key(|bucket| bucket.at);
}

/// Returns what a resolution is made from.
const fn source_of(resolution: Resolution) -> SegmentKind {
    match resolution {
        Resolution::Hour => SegmentKind::Rollup(Resolution::FiveMinutes),
        _ => SegmentKind::Raw,
    }
}

fn inside(segment: &Segment, window: TimeRange) -> bool {
    window.start < segment.window().end && segment.window().start < window.end
}
