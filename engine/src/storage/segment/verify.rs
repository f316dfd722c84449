//! Checking every byte of a segment.

use std::fmt;

use super::cursor::{Window, decode_column, second_copy};
use super::directory::{self, Chunk};
use super::layout::{self, BLOCK_SERIES, HEADER_BYTES, Header, Place, Summary, TAIL_BYTES};
use super::{FLOATS, ROLLUPS, Segment, SegmentError, identities, rollups, wire};
use crate::storage::codec::dense;
use crate::storage::{Identity, Serial};

/// A part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The first bytes.
    Header,
    /// Timestamps of one or more chunks.
    Times,
    /// The values of a chunk.
    Values,
    /// The identities of up to 128 series.
    Identities,
    /// The entries of up to 128 series in the directory.
    Directory,
    /// Where the blocks are; there are two copies.
    Summary,
    /// The last bytes; there are two copies.
    Tail,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Times => "column of timestamps",
            Self::Values => "column of values",
            Self::Identities => "block of identities",
            Self::Directory => "block of the directory",
            Self::Summary => "summary",
            Self::Tail => "tail",
        })
    }
}

/// Something in a segment that is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// What is damaged.
    pub part: Part,
    /// Where it begins in the file.
    pub offset: u64,
    /// The series that it belongs to, if it is one's own.
    pub serial: Option<Serial>,
    /// How many samples cannot be read because of it; 0 if none, as there is
    /// a second copy, or if that cannot be known.
    pub samples: u64,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} at byte {} is damaged", self.part, self.offset)?;
        if let Some(serial) = self.serial {
            write!(f, " and costs series {serial} {} samples", self.samples)?;
        }
        Ok(())
    }
}

/// What a segment holds and what of it is damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// Series whose entry in the directory is sound.
    pub series: usize,
    /// Samples or buckets that can be read.
    pub samples: u64,
    /// The size of the file.
    pub bytes: u64,
    /// What is damaged, in the order in which it was found.
    pub problems: Vec<Problem>,
}

pub(super) fn verify(segment: &Segment) -> Result<Verification, SegmentError> {
    let mut check = Check {
        segment,
        window: Window::default(),
        times: (None, Vec::new()),
        found: Verification { bytes: segment.bytes(), ..Verification::default() },
    };
    check.ends()?;
    check.mirrors()?;
    check.directory()?;
    check.identities()?;
    Ok(check.found)
}

struct Check<'a> {
    segment: &'a Segment,
    window: Window,
    /// The column that was read last, and whether it is sound.
    times: (Option<(u64, bool)>, Vec<i64>),
    found: Verification,
}

impl Check<'_> {
    fn problem(&mut self, part: Part, offset: u64, serial: Option<Serial>, samples: u64) {
        self.found.problems.push(Problem { part, offset, serial, samples });
    }

    fn ends(&mut self) -> Result<(), SegmentError> {
        let summary = self.segment.summary();
        let (kind, window) = (summary.kind, summary.window);
        let place = Place { offset: 0, bytes: HEADER_BYTES as u32 };
        let header = self.window.fetch(self.segment, place)?.map(layout::header);
        if header != Some(Header::Sound { kind, window }) {
            self.problem(Part::Header, 0, None, 0);
        }
        let mut tail = None;
        for copy in [1, 2] {
            let offset = self.segment.bytes().saturating_sub(copy * TAIL_BYTES as u64);
            let place = Place { offset, bytes: TAIL_BYTES as u32 };
            match self.window.fetch(self.segment, place)?.and_then(layout::tail) {
                Some(sound) => tail = Some(sound),
                None => self.problem(Part::Tail, offset, None, 0),
            }
        }
        let Some(tail) = tail else { return Ok(()) };
        for offset in tail.summaries {
            let place = Place { offset, bytes: tail.bytes };
            let copy = self.window.fetch(self.segment, place)?.and_then(Summary::decode);
            if copy.as_ref() != Some(summary) {
                self.problem(Part::Summary, offset, None, 0);
            }
        }
        Ok(())
    }

    /// Checks the second copies of columns; the first are read as part of
    /// their chunks.
    fn mirrors(&mut self) -> Result<(), SegmentError> {
        let segment = self.segment;
        let mut columns = Vec::new();
        let start = segment.window().start.millis();
        for fence in &segment.summary().directory {
            let Some(block) = self.window.fetch(segment, fence.place)? else { continue };
            // A damaged block is said to be so where the directory is read.
            let _ = directory::decode(block, start, |entry| {
                let mirrored = entry.chunks.iter().map(|chunk| chunk.times);
                columns.extend(
                    mirrored.filter_map(|times| Some((second_copy(segment, times)?, times))),
                );
                columns.dedup_by_key(|(copy, _)| *copy);
                true
            });
        }
        columns.sort_unstable_by_key(|(copy, _)| copy.offset);
        columns.dedup_by_key(|(copy, _)| copy.offset);
        let mut times = Vec::new();
        for (copy, column) in columns {
            if decode_column(self.window.fetch(segment, copy)?, column, &mut times).is_none() {
                self.problem(Part::Times, copy.offset, None, 0);
            }
        }
        Ok(())
    }

    fn directory(&mut self) -> Result<(), SegmentError> {
        let start = self.segment.window().start.millis();
        let mut last = None;
        for fence in &self.segment.summary().directory {
            let mut chunks: Vec<(u32, Chunk)> = Vec::new();
            let mut series = 0;
            let mut sound = true;
            let block = self.window.fetch(self.segment, fence.place)?;
            let read = block.and_then(|block| {
                directory::decode(block, start, |entry| {
                    sound &= last.is_none_or(|last| last < entry.serial);
                    last = Some(entry.serial);
                    series += 1;
                    chunks.extend(entry.chunks.iter().map(|chunk| (entry.serial, *chunk)));
                    true
                })
            });
            if read.is_none() || !sound {
                self.problem(Part::Directory, fence.place.offset, None, 0);
                continue;
            }
            self.found.series += series;
            for (serial, chunk) in chunks {
                self.chunk(Serial(serial), chunk)?;
            }
        }
        Ok(())
    }

    fn chunk(&mut self, serial: Serial, chunk: Chunk) -> Result<(), SegmentError> {
        let samples = u64::from(chunk.times.count);
        if !self.column(serial, chunk)? {
            return Ok(());
        }
        let content = self.window.fetch(self.segment, chunk.values)?.and_then(wire::unseal);
        let times = &self.times.1;
        let sound = match chunk.tag {
            FLOATS => content
                .and_then(|content| dense::floats(content, times.len(), &mut Vec::new()))
                .is_some(),
            ROLLUPS => content.and_then(|content| rollups::get(content, times)).is_some(),
            _ => false,
        };
        if sound {
            self.found.samples += samples;
        } else {
            self.problem(Part::Values, chunk.values.offset, Some(serial), samples);
        }
        Ok(())
    }

    /// Reads the timestamps of a chunk; says whether a copy is sound.
    fn column(&mut self, serial: Serial, chunk: Chunk) -> Result<bool, SegmentError> {
        let column = chunk.times;
        if let Some((offset, sound)) = self.times.0
            && offset == column.place.offset
            && (!sound || self.times.1.len() == column.count as usize)
        {
            return Ok(sound);
        }
        let block = self.window.fetch(self.segment, column.place)?;
        let mut sound = decode_column(block, column, &mut self.times.1).is_some();
        if !sound {
            let copy = second_copy(self.segment, column);
            if let Some(copy) = copy {
                let block = self.window.fetch(self.segment, copy)?;
                sound = decode_column(block, column, &mut self.times.1).is_some();
            }
            let offset = column.place.offset;
            let known = |problem: &Problem| problem.part == Part::Times && problem.offset == offset;
            if !sound {
                self.problem(Part::Times, offset, Some(serial), u64::from(column.count));
            } else if !self.found.problems.iter().any(known) {
                // Other series that have the column would say the same.
                self.problem(Part::Times, offset, None, 0);
            }
        }
        self.times.0 = Some((column.place.offset, sound));
        Ok(sound)
    }

    fn identities(&mut self) -> Result<(), SegmentError> {
        let mut last: Option<Identity> = None;
        let summary = self.segment.summary();
        for (index, &place) in summary.identities.iter().enumerate() {
            let (mut count, mut grow) = (0, true);
            let expected = (summary.series as usize
                - (index * BLOCK_SERIES).min(summary.series as usize))
            .min(BLOCK_SERIES);
            let read = self.window.fetch(self.segment, place)?.and_then(|block| {
                identities::decode(block, |identity| {
                    grow &= last.as_ref().is_none_or(|last| *last < identity);
                    count += 1;
                    last = Some(identity);
                })
            });
            if read.is_none() || !grow || count != expected {
                self.problem(Part::Identities, place.offset, None, 0);
            }
        }
        Ok(())
    }
}
