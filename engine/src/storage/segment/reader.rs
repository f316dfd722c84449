//! An open segment.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::cursor::Window;
use super::file::PositionedFile;
use super::layout::{self, HEADER_BYTES, Header, Place, Summary, TAIL_BYTES, Tail};
use super::writer::failed;
use super::{
    Part, SegmentCursor, SegmentError, SegmentKind, VERSION, Verification, identities, verify,
};
use crate::model::{Sample, TimeRange, Timestamp};
use crate::storage::rollup::Bucket;
use crate::storage::{Identity, Serial};

/// An immutable file of series; cheap to clone, shared by any threads.
///
/// Keeps some 30 bytes for each 128 series in memory, and some 128 files of a
/// process open; the others are opened for each read. A reader of a segment
/// that was removed or replaced meanwhile reads on: the file is opened before
/// that, and the system keeps the bytes until the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Segment(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: PositionedFile,
    path: PathBuf,
    bytes: u64,
    /// When the file was written, if the system knows.
    written: Option<SystemTime>,
    summary: Summary,
    damage: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    blocks: AtomicU64,
    chunks: AtomicU64,
    samples: AtomicU64,
    mended: AtomicU64,
}

/// The damage that reads of a segment have met since it was opened. What is
/// read twice is counted twice; [`Segment::verify`] says what is damaged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damage {
    /// Blocks of the directory or of identities that were left out.
    pub blocks: u64,
    /// Chunks that were left out.
    pub chunks: u64,
    /// Samples or buckets that were in them.
    pub samples: u64,
    /// Timestamps that were read from their second copy, without loss.
    pub mended: u64,
}

/// Where a segment keeps the identity of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesPlace(pub(super) u32);

/// A series of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesEntry {
    /// The number that it is known by.
    pub serial: Serial,
    /// Which series it is.
    pub identity: Identity,
    /// How many samples or buckets it has here.
    pub samples: u64,
    /// How many bytes these take, without its share of the directory.
    pub bytes: u64,
}

impl Segment {
    /// Opens the segment at `path` and checks what every read needs; the rest
    /// is checked when it is read.
    ///
    /// # Errors
    /// A file system that refuses, a file that is no segment or is of a newer
    /// format, and one whose end is damaged in both its copies.
    pub fn open(path: &Path) -> Result<Self, SegmentError> {
        Self::open_named(path, path)
    }

    /// Opens the segment at `path` that is going to be at `name`.
    pub(super) fn open_named(path: &Path, name: &Path) -> Result<Self, SegmentError> {
        let mut file = PositionedFile::open(path).map_err(failed("open", path))?;
        let metadata = file.metadata().map_err(failed("read the size of", path))?;
        let (bytes, written) = (metadata.len(), metadata.modified().ok());
        let read = |offset: u64, length: usize| {
            // Never more than there is, whatever the file says.
            let there = usize::try_from(bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
            let mut buffer = vec![0; length.min(there)];
            let filled = file.read_at(&mut buffer, offset).map_err(failed("read", path))?;
            buffer.truncate(filled);
            Ok(buffer)
        };
        let tails_at = bytes.saturating_sub(2 * TAIL_BYTES as u64);
        let Some(tail) = tail(&read(tails_at, 2 * TAIL_BYTES)?) else {
            let path = path.to_owned();
            return Err(match layout::header(&read(0, HEADER_BYTES)?) {
                Header::Foreign => SegmentError::NoSegment { path },
                Header::Newer(found) => SegmentError::Version { path, found },
                _ => SegmentError::Damaged { path, part: Part::Tail, offset: tails_at },
            });
        };
        if tail.version != VERSION {
            return Err(SegmentError::Version { path: path.to_owned(), found: tail.version });
        }
        for offset in tail.summaries {
            let block = read(offset, tail.bytes as usize)?;
            if let Some(summary) = Summary::decode(&block) {
                file.settle(name);
                let (path, damage) = (name.to_owned(), Counters::default());
                return Ok(Self(Arc::new(Inner { file, path, bytes, written, summary, damage })));
            }
        }
        let [offset, _] = tail.summaries;
        Err(SegmentError::Damaged { path: path.to_owned(), part: Part::Summary, offset })
    }

    /// Returns what the segment holds.
    #[must_use]
    pub fn kind(&self) -> SegmentKind {
        self.0.summary.kind
    }

    /// Returns the span that the segment stands for;
    /// [`SegmentKind::holds`] says which of its ends belong to it.
    #[must_use]
    pub fn window(&self) -> TimeRange {
        self.0.summary.window
    }

    /// Returns where the segment is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the size of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Returns how many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.0.summary.series as usize
    }

    /// Returns how many samples or buckets there are in all.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.0.summary.samples
    }

    /// Returns the greatest serial; `None` if there is no series.
    #[must_use]
    pub fn newest_serial(&self) -> Option<Serial> {
        self.0.summary.newest.map(Serial)
    }

    /// Appends the samples of one series in `range` to `out`, in time order.
    /// Returns false if the series is not in the segment.
    ///
    /// A damaged chunk is left out and counted in [`damage`](Self::damage).
    ///
    /// # Errors
    /// A segment of rollups, a chunk of another type, a damaged block of the
    /// directory, and a file system that refuses.
    pub fn read_floats(
        &self,
        serial: Serial,
        range: TimeRange,
        out: &mut Vec<Sample>,
    ) -> Result<bool, SegmentError> {
        self.cursor().read_floats(serial, range, out)
    }

    /// Appends the buckets of one series whose spans end in `range` to `out`,
    /// in time order. Returns false if the series is not in the segment.
    ///
    /// # Errors
    /// As [`read_floats`](Self::read_floats), and a segment of samples.
    pub fn read_rollups(
        &self,
        serial: Serial,
        range: TimeRange,
        out: &mut Vec<Bucket>,
    ) -> Result<bool, SegmentError> {
        self.cursor().read_rollups(serial, range, out)
    }

    /// Says whether the series is in the segment.
    ///
    /// # Errors
    /// A damaged block of the directory, and a file system that refuses.
    pub fn contains(&self, serial: Serial) -> Result<bool, SegmentError> {
        self.cursor().contains(serial)
    }

    /// Returns a reader for many series one after the other.
    #[must_use]
    pub fn cursor(&self) -> SegmentCursor {
        SegmentCursor::new(self.clone())
    }

    /// Hands all series to `visit`, in the order of their identities. Holds
    /// 24 bytes a series meanwhile. Damaged blocks are left out and counted.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn identities(&self, visit: &mut dyn FnMut(SeriesEntry)) -> Result<(), SegmentError> {
        let mut found: Vec<Option<(Serial, u64, u64)>> = Vec::new();
        self.directory(|entry| {
            let ordinal = entry.ordinal as usize;
            // A directory names no ordinal beyond its own series.
            if ordinal < self.series() {
                if found.len() <= ordinal {
                    found.resize(ordinal + 1, None);
                }
                if let Some(slot) = found.get_mut(ordinal) {
                    *slot = Some((Serial(entry.serial), entry.samples(), entry.bytes()));
                }
            }
        })?;
        let mut window = Window::default();
        for (index, &place) in self.0.summary.identities.iter().enumerate() {
            let mut ordinal = index * layout::BLOCK_SERIES;
            let read = window.fetch(self, place)?.and_then(|block| {
                identities::decode(block, |identity| {
                    if let Some(&Some((serial, samples, bytes))) = found.get(ordinal) {
                        visit(SeriesEntry { serial, identity, samples, bytes });
                    }
                    ordinal += 1;
                })
            });
            if read.is_none() {
                self.count_block();
            }
        }
        Ok(())
    }

    /// Returns all serials in growing order, and where their identities are.
    /// Series of damaged blocks are left out and the blocks counted.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn serials(&self) -> Result<Vec<(Serial, SeriesPlace)>, SegmentError> {
        let mut serials = Vec::new();
        self.directory(|entry| serials.push((Serial(entry.serial), SeriesPlace(entry.ordinal))))?;
        Ok(serials)
    }

    /// Says whether the file was written after another.
    pub(in crate::storage) fn is_newer_than(&self, other: &Self) -> bool {
        self.0.written > other.0.written
    }

    /// Says whether the file is named after its window.
    pub(in crate::storage) fn has_its_name(&self) -> bool {
        let name = super::file_name(self.window());
        self.path().file_name().is_some_and(|given| given == name.as_str())
    }

    /// Hands over each series with its place and the time of its newest
    /// sample, as [`serials`](Self::serials) does.
    pub(in crate::storage) fn newest(
        &self,
        mut visit: impl FnMut(Serial, SeriesPlace, Timestamp),
    ) -> Result<(), SegmentError> {
        self.directory(|entry| {
            // A damaged column is no reason to believe in a time beyond.
            let newest = entry.chunks.iter().map(|chunk| chunk.times.end).max();
            let newest = Timestamp::from_millis(newest.unwrap_or(i64::MIN));
            let newest = newest.min(self.window().end);
            visit(Serial(entry.serial), SeriesPlace(entry.ordinal), newest);
        })
    }

    /// Returns the identity at a place that [`serials`](Self::serials) gave.
    /// A [`cursor`](Self::cursor) is faster for neighbouring places.
    ///
    /// # Errors
    /// A place of another segment, a damaged block, and a file system that
    /// refuses.
    pub fn identity_at(&self, place: SeriesPlace) -> Result<Identity, SegmentError> {
        self.cursor().identity_at(place)
    }

    /// Reads and checks every byte, and says what is damaged where.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn verify(&self) -> Result<Verification, SegmentError> {
        verify::verify(self)
    }

    /// Returns the damage that reads have met so far.
    #[must_use]
    pub fn damage(&self) -> Damage {
        let counters = &self.0.damage;
        // Figures for people; they order nothing.
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Damage {
            blocks: load(&counters.blocks),
            chunks: load(&counters.chunks),
            samples: load(&counters.samples),
            mended: load(&counters.mended),
        }
    }

    /// Keeps the file open for those who hold the segment, before another
    /// takes its place.
    ///
    /// # Errors
    /// A file system that refuses.
    pub(in crate::storage) fn hold(&self) -> Result<(), SegmentError> {
        self.file().hold().map_err(failed("open", self.path()))
    }

    /// Removes the file. Those who hold the segment can go on reading.
    ///
    /// # Errors
    /// A file system that refuses.
    pub fn remove(&self) -> Result<(), SegmentError> {
        // Space is made also where no more files can be opened.
        let _ = self.hold();
        fs::remove_file(self.path()).map_err(failed("remove", self.path()))
    }

    pub(super) fn summary(&self) -> &Summary {
        &self.0.summary
    }

    pub(super) fn file(&self) -> &PositionedFile {
        &self.0.file
    }

    pub(super) fn damaged(&self, part: Part, place: Place) -> SegmentError {
        SegmentError::Damaged { path: self.path().to_owned(), part, offset: place.offset }
    }

    pub(super) fn count_block(&self) {
        self.0.damage.blocks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_chunk(&self, samples: u32) {
        self.0.damage.chunks.fetch_add(1, Ordering::Relaxed);
        self.0.damage.samples.fetch_add(samples.into(), Ordering::Relaxed);
    }

    pub(super) fn count_mended(&self) {
        self.0.damage.mended.fetch_add(1, Ordering::Relaxed);
    }

    /// Hands every entry of the directory to `visit`.
    fn directory(
        &self,
        mut visit: impl FnMut(&super::directory::Entry),
    ) -> Result<(), SegmentError> {
        let mut window = Window::default();
        let start = self.window().start.millis();
        for fence in &self.0.summary.directory {
            let read = window.fetch(self, fence.place)?.and_then(|block| {
                super::directory::decode(block, start, |entry| {
                    visit(entry);
                    true
                })
            });
            if read.is_none() {
                self.count_block();
            }
        }
        Ok(())
    }
}

/// Returns the tail, from its last copy if that is sound.
fn tail(bytes: &[u8]) -> Option<Tail> {
    let (first, last) = bytes.split_at_checked(bytes.len().checked_sub(TAIL_BYTES)?)?;
    layout::tail(last).or_else(|| layout::tail(first))
}
