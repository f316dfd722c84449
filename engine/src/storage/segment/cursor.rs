//! Reading many series of a segment.

use super::directory::{self, Chunk, Column};
use super::layout::{BLOCK_SERIES, Place};
use super::writer::failed;
use super::{FLOATS, Part, ROLLUPS, Segment, SegmentError, SegmentKind, SeriesPlace};
use super::{identities, rollups, wire};
use crate::model::{Sample, TimeRange, Timestamp};
use crate::storage::codec::dense;
use crate::storage::rollup::Bucket;
use crate::storage::{Identity, Serial};

/// How much is read ahead once reads follow one another.
const AHEAD_BYTES: usize = 1 << 17;
/// A read that begins this little behind the last one follows it.
const GAP_BYTES: u64 = 1 << 13;
/// How many decoded timestamp columns are kept.
const COLUMNS_KEPT: usize = 16;

/// Reads series of one segment one after the other, best in the order of
/// their identities: keeps the last blocks of the directory and of
/// identities, the last timestamps, and reads ahead.
#[derive(Debug)]
pub struct SegmentCursor {
    segment: Segment,
    directory: DirectoryBlock,
    identities: Option<(usize, Vec<Identity>)>,
    window: Window,
    columns: Columns,
    wanted: Vec<Chunk>,
    floats: Vec<f64>,
}

impl SegmentCursor {
    pub(super) fn new(segment: Segment) -> Self {
        Self {
            segment,
            directory: DirectoryBlock::default(),
            identities: None,
            window: Window::default(),
            columns: Columns::default(),
            wanted: Vec::new(),
            floats: Vec::new(),
        }
    }

    /// Reads as [`Segment::read_floats`].
    ///
    /// # Errors
    /// As there.
    pub fn read_floats(
        &mut self,
        serial: Serial,
        range: TimeRange,
        out: &mut Vec<Sample>,
    ) -> Result<bool, SegmentError> {
        if self.segment.kind() != SegmentKind::Raw {
            return Err(SegmentError::Kind { found: self.segment.kind(), asked: "samples" });
        }
        let mut floats = std::mem::take(&mut self.floats);
        let found = self.read(serial, range, FLOATS, |times, content| {
            floats.clear();
            dense::floats(content, times.len(), &mut floats)?;
            let samples = times.iter().zip(&floats);
            let (skipped, taken) = within(times, range);
            out.extend(
                samples
                    .skip(skipped)
                    .take(taken)
                    .map(|(&at, &value)| Sample::new(Timestamp::from_millis(at), value)),
            );
            Some(())
        });
        self.floats = floats;
        found
    }

    /// Reads as [`Segment::read_rollups`].
    ///
    /// # Errors
    /// As there.
    pub fn read_rollups(
        &mut self,
        serial: Serial,
        range: TimeRange,
        out: &mut Vec<Bucket>,
    ) -> Result<bool, SegmentError> {
        if self.segment.kind() == SegmentKind::Raw {
            return Err(SegmentError::Kind { found: self.segment.kind(), asked: "rollups" });
        }
        self.read(serial, range, ROLLUPS, |times, content| {
            let buckets = rollups::get(content, times)?;
            let (skipped, taken) = within(times, range);
            out.extend(buckets.into_iter().skip(skipped).take(taken));
            Some(())
        })
    }

    /// Says whether the series is in the segment.
    ///
    /// # Errors
    /// A damaged block of the directory, and a file system that refuses.
    pub fn contains(&mut self, serial: Serial) -> Result<bool, SegmentError> {
        self.locate(serial).map(|chunks| chunks.is_some())
    }

    /// Returns the identity as [`Segment::identity_at`].
    ///
    /// # Errors
    /// As there.
    pub fn identity_at(&mut self, place: SeriesPlace) -> Result<Identity, SegmentError> {
        let series = self.segment.summary().series;
        let unknown = SegmentError::Place { place: place.0, series };
        let (index, within) = (place.0 as usize / BLOCK_SERIES, place.0 as usize % BLOCK_SERIES);
        let Some(&block_place) = self.segment.summary().identities.get(index) else {
            return Err(unknown);
        };
        if self.identities.as_ref().is_none_or(|(kept, _)| *kept != index) {
            let mut read = Vec::with_capacity(BLOCK_SERIES);
            let block = self.window.fetch(&self.segment, block_place)?;
            if block.and_then(|block| identities::decode(block, |one| read.push(one))).is_none() {
                return Err(self.segment.damaged(Part::Identities, block_place));
            }
            self.identities = Some((index, read));
        }
        let kept = self.identities.as_ref().and_then(|(_, identities)| identities.get(within));
        kept.cloned().ok_or(unknown)
    }

    /// Hands the timestamps and the values of each chunk that overlaps
    /// `range` to `decode`, which says whether the values are sound.
    fn read(
        &mut self,
        serial: Serial,
        range: TimeRange,
        expected: u8,
        mut decode: impl FnMut(&[i64], &[u8]) -> Option<()>,
    ) -> Result<bool, SegmentError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        let Some(chunks) = self.locate(serial)? else { return Ok(false) };
        wanted.extend(chunks.iter().filter(|chunk| chunk.times.overlaps(range)));
        self.window.expect(&self.segment, &wanted)?;
        for chunk in &wanted {
            if chunk.tag != expected {
                return Err(SegmentError::Tag { serial, tag: chunk.tag, expected });
            }
            let times = self.columns.get(&self.segment, &mut self.window, chunk.times)?;
            let values = self.window.fetch(&self.segment, chunk.values)?.and_then(wire::unseal);
            if times.zip(values).and_then(|(times, values)| decode(times, values)).is_none() {
                self.segment.count_chunk(chunk.times.count);
            }
        }
        self.wanted = wanted;
        Ok(true)
    }

    /// Returns the chunks of a series; `None` if it is not in the segment.
    fn locate(&mut self, serial: Serial) -> Result<Option<&[Chunk]>, SegmentError> {
        let summary = self.segment.summary();
        let Some(index) = summary.block_of(serial.0) else { return Ok(None) };
        let Some(fence) = summary.directory.get(index) else { return Ok(None) };
        if self.directory.index != Some(index) {
            let start = summary.window.start.millis();
            let block = self.window.fetch(&self.segment, fence.place)?;
            if block.and_then(|block| self.directory.load(index, block, start)).is_none() {
                self.directory = DirectoryBlock::default();
                self.segment.count_block();
                return Err(self.segment.damaged(Part::Directory, fence.place));
            }
        }
        Ok(self.directory.chunks_of(serial.0))
    }
}

/// Returns how many of `times` lie before `range`, and how many in it.
fn within(times: &[i64], range: TimeRange) -> (usize, usize) {
    let before = times.partition_point(|&at| at < range.start.millis());
    let until = times.partition_point(|&at| at <= range.end.millis());
    (before, until.saturating_sub(before))
}

/// The directory block that was read last.
#[derive(Debug, Default)]
struct DirectoryBlock {
    index: Option<usize>,
    /// Serials in growing order, and where their chunks end.
    series: Vec<(u32, usize)>,
    chunks: Vec<Chunk>,
}

impl DirectoryBlock {
    fn load(&mut self, index: usize, block: &[u8], window_start: i64) -> Option<()> {
        self.index = Some(index);
        self.series.clear();
        self.chunks.clear();
        directory::decode(block, window_start, |entry| {
            self.chunks.extend_from_slice(&entry.chunks);
            self.series.push((entry.serial, self.chunks.len()));
            true
        })
    }

    fn chunks_of(&self, serial: u32) -> Option<&[Chunk]> {
        let found = self.series.binary_search_by_key(&serial, |&(serial, _)| serial).ok()?;
        let (_, end) = *self.series.get(found)?;
        let before = found.checked_sub(1).and_then(|before| self.series.get(before));
        self.chunks.get(before.map_or(0, |&(_, end)| end)..end)
    }
}

/// The timestamp columns that were read last.
#[derive(Debug, Default)]
struct Columns {
    kept: Vec<(u64, Vec<i64>)>,
    /// Which of them makes room for the next.
    oldest: usize,
}

impl Columns {
    /// Returns the timestamps of a column, from its second copy if the first
    /// is damaged; `None` if both are, or there is only one.
    fn get(
        &mut self,
        segment: &Segment,
        window: &mut Window,
        column: Column,
    ) -> Result<Option<&[i64]>, SegmentError> {
        let offset = column.place.offset;
        let found = match self.kept.iter().position(|(kept, _)| *kept == offset) {
            Some(found) => found,
            None => {
                let mut slot = self.free_slot();
                let mut read =
                    decode_column(window.fetch(segment, column.place)?, column, &mut slot);
                if read.is_none()
                    && let Some(copy) = second_copy(segment, column)
                {
                    read = decode_column(window.fetch(segment, copy)?, column, &mut slot);
                    read.iter().for_each(|()| segment.count_mended());
                }
                if read.is_none() {
                    return Ok(None);
                }
                self.keep(offset, slot)
            }
        };
        let times = self.kept.get(found).map(|(_, times)| times.as_slice());
        // Two columns never lie at one place, unless the directory lies.
        Ok(times.filter(|times| times.len() == column.count as usize))
    }

    fn free_slot(&mut self) -> Vec<i64> {
        if self.kept.len() < COLUMNS_KEPT {
            return Vec::new();
        }
        match self.kept.get_mut(self.oldest) {
            Some((offset, times)) => {
                *offset = u64::MAX;
                std::mem::take(times)
            }
            None => Vec::new(),
        }
    }

    fn keep(&mut self, offset: u64, times: Vec<i64>) -> usize {
        if self.kept.len() < COLUMNS_KEPT {
            self.kept.push((offset, times));
            return self.kept.len() - 1;
        }
        let slot = self.oldest;
        if let Some(kept) = self.kept.get_mut(slot) {
            *kept = (offset, times);
        }
        self.oldest = (slot + 1) % COLUMNS_KEPT;
        slot
    }
}

/// Reads a column and checks it against what the directory says of it.
pub(super) fn decode_column(
    block: Option<&[u8]>,
    column: Column,
    out: &mut Vec<i64>,
) -> Option<()> {
    out.clear();
    dense::times(wire::unseal(block?)?, column.count as usize, out)?;
    let ends = (out.first().copied()?, out.last().copied()?);
    (ends == (column.start, column.end)).then_some(())
}

/// Returns where the second copy of a column is, if it has one.
pub(super) fn second_copy(segment: &Segment, column: Column) -> Option<Place> {
    let mirrors = &segment.summary().mirrors;
    let original = column.place.offset;
    let found = mirrors.binary_search_by_key(&original, |mirror| mirror.original).ok()?;
    mirrors.get(found).map(|mirror| Place { offset: mirror.copy, bytes: column.place.bytes })
}

/// The stretch of the file that was read last.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: Vec<u8>,
    at: u64,
}

impl Window {
    /// Returns the bytes of a block; `None` if the file has not that many.
    pub(super) fn fetch(
        &mut self,
        segment: &Segment,
        place: Place,
    ) -> Result<Option<&[u8]>, SegmentError> {
        let length = place.bytes as usize;
        let within = |window: &Self| {
            let start = usize::try_from(place.offset.checked_sub(window.at)?).ok()?;
            let end = start.checked_add(length)?;
            (end <= window.bytes.len()).then_some(start..end)
        };
        let span = match within(self) {
            Some(span) => Some(span),
            None => {
                let end = self.at.saturating_add(self.bytes.len() as u64);
                let follows = !self.bytes.is_empty()
                    && (self.at..=end.saturating_add(GAP_BYTES)).contains(&place.offset);
                let ahead = if follows { AHEAD_BYTES } else { 0 };
                self.fill(segment, place.offset, length.max(ahead))?;
                within(self)
            }
        };
        Ok(span.and_then(|span| self.bytes.get(span)))
    }

    /// Reads the values of some chunks at once, where that is not too much.
    fn expect(&mut self, segment: &Segment, chunks: &[Chunk]) -> Result<(), SegmentError> {
        let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Ok(()) };
        let own = first.times.place;
        let follows = own.offset.saturating_add(own.bytes.into()) == first.values.offset;
        let start = if follows { own.offset } else { first.values.offset };
        let end = last.values.offset.saturating_add(last.values.bytes.into());
        match end.checked_sub(start).map(u32::try_from) {
            Some(Ok(bytes)) if bytes as usize <= AHEAD_BYTES => {
                self.fetch(segment, Place { offset: start, bytes }).map(|_| ())
            }
            _ => Ok(()),
        }
    }

    fn fill(&mut self, segment: &Segment, offset: u64, length: usize) -> Result<(), SegmentError> {
        // Never more than there is, whatever the place says.
        let there = usize::try_from(segment.bytes().saturating_sub(offset)).unwrap_or(usize::MAX);
        self.bytes.resize(length.min(there), 0);
        self.at = offset;
        let filled = segment.file().read_at(&mut self.bytes, offset);
        let filled = filled.map_err(failed("read", segment.path()));
        self.bytes.truncate(*filled.as_ref().unwrap_or(&0));
        filled.map(|_| ())
    }
}
