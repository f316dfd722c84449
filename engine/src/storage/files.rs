//! The immutable files that readers look into beside the head.

use super::identity::Serial;
use super::rollup::{Bucket, Resolution};
use super::segment::{Segment, SegmentCursor, SegmentError, SegmentKind};
use crate::model::{Sample, TimeRange, Timestamp};

/// Segments of each kind, oldest first; those of a kind never overlap, unless
/// the length of windows was changed.
#[derive(Debug, Default, Clone)]
pub(super) struct FileSet {
    raw: Vec<Segment>,
    five_minutes: Vec<Segment>,
    hours: Vec<Segment>,
}

impl FileSet {
    /// Returns the segments of a kind, oldest first.
    pub(super) fn of(&self, kind: SegmentKind) -> &[Segment] {
        match kind {
            SegmentKind::Raw => &self.raw,
            SegmentKind::Rollup(Resolution::FiveMinutes) => &self.five_minutes,
            SegmentKind::Rollup(Resolution::Hour) => &self.hours,
        }
    }

    fn of_mut(&mut self, kind: SegmentKind) -> &mut Vec<Segment> {
        match kind {
            SegmentKind::Raw => &mut self.raw,
            SegmentKind::Rollup(Resolution::FiveMinutes) => &mut self.five_minutes,
            SegmentKind::Rollup(Resolution::Hour) => &mut self.hours,
        }
    }

    /// Returns every segment.
    pub(super) fn all(&self) -> impl Iterator<Item = &Segment> {
        self.raw.iter().chain(&self.five_minutes).chain(&self.hours)
    }

    /// Adds a segment, in place of the one with the same window.
    pub(super) fn add(&mut self, segment: Segment) {
        let list = self.of_mut(segment.kind());
        list.retain(|other| other.window() != segment.window());
        let place = list.partition_point(|other| other.window().start < segment.window().start);
        list.insert(place, segment);
    }

    /// Takes a segment out.
    pub(super) fn remove(&mut self, segment: &Segment) {
        self.of_mut(segment.kind()).retain(|other| other.path() != segment.path());
    }

    /// Returns the raw segment of a window.
    pub(super) fn raw_of(&self, window: TimeRange) -> Option<&Segment> {
        self.raw.iter().find(|segment| segment.window() == window)
    }

    /// Returns up to when samples are sealed.
    pub(super) fn sealed_before(&self) -> Timestamp {
        // Where the length of windows was changed, the last to begin need not
        // be the last to end.
        self.raw.iter().map(|segment| segment.window().end).max().unwrap_or(Timestamp::MIN)
    }

    /// Returns the start of the oldest file.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.all().map(|segment| segment.window().start).min()
    }

    /// Returns the size of all files in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.all().map(Segment::bytes).sum()
    }

    /// Says whether a file can have a raw sample in `range`.
    pub(super) fn may_overlap(&self, range: TimeRange) -> bool {
        overlapping(&self.raw, range).next().is_some()
    }

    /// Prepares to read samples in `range`, series by series.
    pub(super) fn reader(&self, range: TimeRange) -> FileReader {
        let cursors = overlapping(&self.raw, range).map(Segment::cursor).collect();
        FileReader { cursors, range }
    }

    /// Appends the buckets of a series in `range` to `out`, in time order;
    /// returns the end of the newest file that could have any.
    pub(super) fn read_rollups(
        &self,
        serial: Serial,
        resolution: Resolution,
        range: TimeRange,
        out: &mut Vec<Bucket>,
    ) -> Timestamp {
        let files = self.of(SegmentKind::Rollup(resolution));
        for segment in overlapping(files, range) {
            // What is damaged is counted by the segment.
            let _ = segment.read_rollups(serial, range, out);
        }
        files.last().map_or(Timestamp::MIN, |segment| segment.window().end)
    }
}

fn overlapping(segments: &[Segment], range: TimeRange) -> impl Iterator<Item = &Segment> {
    let overlaps = move |segment: &&Segment| segment.window().overlaps(&range);
    segments.iter().filter(overlaps)
}

/// Reads the samples of many series, one after the other.
pub(super) struct FileReader {
    cursors: Vec<SegmentCursor>,
    range: TimeRange,
}

impl FileReader {
    /// Appends the samples of a series to `out`, in time order. What is damaged
    /// is left out and counted by its segment.
    ///
    /// # Errors
    /// A file system that refuses; what other files have is read all the same.
    pub(super) fn read(
        &mut self,
        serial: Serial,
        out: &mut Vec<Sample>,
    ) -> Result<(), SegmentError> {
        let mut outcome = Ok(());
        let begin = out.len();
        for cursor in &mut self.cursors {
            if let Err(error @ SegmentError::Io { .. }) =
                cursor.read_floats(serial, self.range, out)
            {
                outcome = Err(error);
            }
        }
        put_in_order(out, begin);
        outcome
    }
}

/// Puts the samples from `begin` on in time order, the first of each time.
pub(super) fn put_in_order(samples: &mut Vec<Sample>, begin: usize) {
    let Some(read) = samples.get_mut(begin..) else { return };
    if read.is_sorted_by(|a, b| a.at < b.at) {
        return;
    }
    read.sort_by_key(|sample| sample.at);
    let mut rest = samples.split_off(begin);
    rest.dedup_by_key(|sample| sample.at);
    samples.append(&mut rest);
}
