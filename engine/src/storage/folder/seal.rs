//! Sealing what is old to segments.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use super::found::{FoundSeries, unless_damaged};
use super::open::aside_of;
use super::{DataError, DataFolder};
use crate::model::{Sample, TimeRange, Timestamp};
use crate::storage::cut::{CutSeries, SealedSeries};
use crate::storage::files::FileSet;
use crate::storage::identity::{Identity, Serial};
use crate::storage::segment::{Segment, SegmentCursor, SegmentError, SegmentKind, SegmentWriter};

/// The most segments that are written side by side; back-fill of more windows
/// takes more passes over the series.
const OPEN_MAX: usize = 16;

/// What sealing wrote.
#[derive(Debug, Clone, Default)]
pub struct Sealing {
    /// What the store may let go now.
    pub sealed: Vec<SealedSeries>,
    /// How many segments were written.
    pub segments: usize,
    /// How many samples are in them, those of a segment that was there before
    /// included.
    pub samples: u64,
    /// The size of the segments in bytes.
    pub bytes: u64,
    /// Chunks in memory that could not be decoded and are lost.
    pub chunks_lost: usize,
    /// Segments of which not all could be read when they were written anew;
    /// what they were is kept under another name.
    pub set_aside: usize,
}

impl Sealing {
    /// Ends segments and adds them to the files.
    fn finish(&mut self, open: Vec<Window>, files: &mut FileSet) -> Result<(), DataError> {
        for mut window in open {
            window.complete()?;
            let is_flawed = window.old.as_ref().is_some_and(Old::is_flawed);
            let Some(segment) = window.finish()? else { continue };
            self.set_aside += usize::from(is_flawed);
            self.segments += 1;
            self.samples += segment.samples();
            self.bytes += segment.bytes();
            files.add(segment);
        }
        Ok(())
    }
}

impl DataFolder {
    /// Returns up to when samples can be sealed at the time `now`: whole
    /// windows that no sample within `out_of_order` can reach any more.
    #[must_use]
    pub fn sealable_before(&self, out_of_order: Duration, now: Timestamp) -> Timestamp {
        let window = self.ledger.window().unwrap_or(super::WINDOW);
        (now - out_of_order - Duration::from_secs(60)).align_down(window)
    }

    /// Writes what was cut before `before` to the segments of its windows,
    /// and publishes them. A window that has a segment already gets a new one
    /// with the samples of both.
    ///
    /// # Errors
    /// A disk that refuses; windows that were written by then are published,
    /// and what was cut may be cut again.
    pub fn seal(&self, mut cut: Vec<CutSeries>, before: Timestamp) -> Result<Sealing, DataError> {
        let _change = self.change()?;
        let mut sealing = Sealing::default();
        if cut.is_empty() {
            return Ok(sealing);
        }
        cut.sort_by(|a, b| a.series().identity().cmp(b.series().identity()));
        let windows = self.windows(&cut, before);
        for (pass, group) in windows.chunks(OPEN_MAX).enumerate() {
            let mut open = Vec::with_capacity(group.len());
            for &window in group {
                open.push(Window::begin(self, window)?);
            }
            let mut early = Vec::new();
            for series in &cut {
                early.clear();
                let (sealed, damaged) = series.split(before, &mut early);
                if pass == 0 {
                    sealing.sealed.push(sealed);
                    sealing.chunks_lost += damaged;
                }
                let identity = series.series().identity();
                for window in &mut open {
                    window.write(series.series().serial(), identity, &early)?;
                }
            }
            let mut files = FileSet::clone(&self.ledger.files());
            let finished = sealing.finish(open, &mut files);
            // Also what was written before an error.
            self.ledger.publish_files(files);
            finished?;
        }
        Ok(sealing)
    }

    /// Returns the windows that the series have samples of before `before`.
    fn windows(&self, cut: &[CutSeries], before: Timestamp) -> Vec<TimeRange> {
        let length = self.ledger.window().unwrap_or(super::WINDOW);
        let mut starts = BTreeSet::new();
        for chunk in cut.iter().flat_map(CutSeries::chunks) {
            let range = chunk.range();
            let (first, last) = (range.start.align_down(length), range.end.align_down(length));
            starts.extend([first, last]);
            if last > first + length {
                // After a step of the clock there may be decades in between.
                // What does not decode is counted when it is to be written.
                let _ = chunk.decode(|sample| {
                    starts.insert(sample.at.align_down(length));
                });
            }
        }
        starts.retain(|start| *start < before);
        starts.into_iter().map(|start| TimeRange::new(start, start + length)).collect()
    }
}

/// A segment that is being written, and the one that it replaces.
struct Window {
    window: TimeRange,
    writer: SegmentWriter,
    old: Option<Old>,
    /// Whether anything was written.
    any: bool,
    times: Vec<i64>,
    values: Vec<f64>,
}

/// What a segment already has that is being replaced.
struct Old {
    segment: Segment,
    cursor: SegmentCursor,
    /// Its series, the next one last.
    left: Vec<(Identity, Serial)>,
    samples: Vec<Sample>,
    /// Damaged chunks that readers had found before.
    chunks_damaged: u64,
    /// Whether something else cannot be read.
    is_partial: bool,
}

impl Window {
    fn begin(folder: &DataFolder, window: TimeRange) -> Result<Self, DataError> {
        let old = match folder.ledger.files().raw_of(window) {
            Some(segment) => Some(segment.clone()),
            None => folder.unopened(SegmentKind::Raw, window)?,
        };
        let old = old.map(|segment| Old::new(folder, segment)).transpose()?;
        let place = folder.folder_of(SegmentKind::Raw);
        let writer = SegmentWriter::create(&place, SegmentKind::Raw, window)?;
        Ok(Self { window, writer, old, any: false, times: Vec::new(), values: Vec::new() })
    }

    /// Adds those of the samples of a series that lie in the window; series
    /// come in growing order.
    fn write(
        &mut self,
        serial: Serial,
        identity: &Identity,
        samples: &[Sample],
    ) -> Result<(), SegmentError> {
        let begin = samples.partition_point(|sample| sample.at < self.window.start);
        let end = samples.partition_point(|sample| sample.at < self.window.end);
        let Some(new) = samples.get(begin..end).filter(|new| !new.is_empty()) else {
            return Ok(());
        };
        let mut known = Vec::new();
        while let Some(old) = &mut self.old
            && let Some((next, other)) = old.left.last()
            && next <= identity
        {
            let (same, other) = (next == identity, *other);
            let next = next.clone();
            old.left.pop();
            old.read(other, self.window)?;
            if same {
                known.append(&mut old.samples);
            } else {
                let samples = std::mem::take(&mut old.samples);
                self.put(other, &next, &samples)?;
            }
        }
        if known.is_empty() {
            return self.put(serial, identity, new);
        }
        // The one that is sealed already holds.
        known.extend_from_slice(new);
        known.sort_by_key(|sample| sample.at);
        known.dedup_by_key(|sample| sample.at);
        self.put(serial, identity, &known)
    }

    fn put(
        &mut self,
        serial: Serial,
        identity: &Identity,
        samples: &[Sample],
    ) -> Result<(), SegmentError> {
        if samples.is_empty() {
            return Ok(());
        }
        self.times.clear();
        self.values.clear();
        self.times.extend(samples.iter().map(|sample| sample.at.millis()));
        self.values.extend(samples.iter().map(|sample| sample.value));
        self.any = true;
        self.writer.floats(serial, identity, &self.times, &self.values)
    }

    /// Adds what is left of the segment that is replaced.
    fn complete(&mut self) -> Result<(), SegmentError> {
        while let Some(old) = &mut self.old
            && let Some((identity, serial)) = old.left.pop()
        {
            old.read(serial, self.window)?;
            let samples = std::mem::take(&mut old.samples);
            self.put(serial, &identity, &samples)?;
        }
        Ok(())
    }

    /// Ends the segment, which is complete; `None` if there is nothing in it.
    fn finish(self) -> Result<Option<Segment>, DataError> {
        if !self.any {
            return Ok(None);
        }
        if let Some(old) = &self.old {
            old.segment.hold()?;
            if old.is_flawed() {
                keep_aside(&old.segment)?;
            }
        }
        Ok(Some(self.writer.finish()?))
    }
}

impl Old {
    fn new(folder: &DataFolder, segment: Segment) -> Result<Self, SegmentError> {
        let chunks_damaged = segment.damage().chunks;
        let FoundSeries { series: mut left, unknown } = folder.series_in(&segment)?;
        left.reverse();
        let (cursor, samples, is_partial) = (segment.cursor(), Vec::new(), unknown > 0);
        Ok(Self { segment, cursor, left, samples, chunks_damaged, is_partial })
    }

    fn read(&mut self, serial: Serial, window: TimeRange) -> Result<(), SegmentError> {
        self.samples.clear();
        let read = self.cursor.read_floats(serial, window, &mut self.samples);
        self.is_partial |= unless_damaged(read)?.is_none();
        Ok(())
    }

    /// Says whether something was left out of what was read.
    fn is_flawed(&self) -> bool {
        self.is_partial || self.segment.damage().chunks > self.chunks_damaged
    }
}

/// Gives the file of a segment a second name, under which it stays when
/// another takes its place.
fn keep_aside(segment: &Segment) -> Result<(), DataError> {
    let (path, aside) = (segment.path(), aside_of(segment.path()));
    // Not every file system has hard links.
    let kept = fs::hard_link(path, &aside).or_else(|_| fs::copy(path, &aside).map(drop));
    kept.map_err(DataError::io("keep a copy of", path))
}
