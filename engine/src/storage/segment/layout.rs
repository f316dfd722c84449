//! The fixed parts: header, summary and tail.

use super::wire::{self, CRC_BYTES, Reader};
use super::{SegmentKind, VERSION};
use crate::model::{TimeRange, Timestamp};

pub(super) const MAGIC: &[u8; 8] = b"kwsegmnt";
pub(super) const TAIL_MAGIC: &[u8; 8] = b"kwsegend";
/// Magic, version, kind, window, checksum.
pub(super) const HEADER_BYTES: usize = 8 + 4 + 1 + 8 + 8 + CRC_BYTES;
/// Two places of the summary, its length, version, checksum, magic.
pub(super) const TAIL_BYTES: usize = 8 + 8 + 4 + 4 + CRC_BYTES + 8;
/// How many series share a block of the directory or of the identities.
pub(super) const BLOCK_SERIES: usize = 128;

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    Sound { kind: SegmentKind, window: TimeRange },
    Newer(u32),
    Damaged,
    Foreign,
}

pub(super) fn put_header(out: &mut Vec<u8>, kind: SegmentKind, window: TimeRange) {
    let start = out.len();
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.push(kind.tag());
    out.extend_from_slice(&window.start.millis().to_le_bytes());
    out.extend_from_slice(&window.end.millis().to_le_bytes());
    wire::seal(out, start);
}

pub(super) fn header(bytes: &[u8]) -> Header {
    let mut reader = Reader::new(bytes);
    if reader.array() != Some(*MAGIC) {
        return Header::Foreign;
    }
    let Some(content) = bytes.get(..HEADER_BYTES).and_then(wire::unseal) else {
        // A newer header may be of another length, so its checksum is not
        // where this version looks for it.
        return match reader.u32() {
            Some(version) if version > VERSION && version < 1 << 16 => Header::Newer(version),
            _ => Header::Damaged,
        };
    };
    let mut reader = Reader::new(content);
    let fields = (|| {
        reader.take(MAGIC.len())?;
        Some((reader.u32()?, reader.u8()?, reader.i64()?, reader.i64()?))
    })();
    match fields {
        Some((VERSION, tag, start, end)) => match SegmentKind::from_tag(tag) {
            Some(kind) => Header::Sound { kind, window: span(start, end) },
            None => Header::Damaged,
        },
        Some((version, ..)) => Header::Newer(version),
        None => Header::Damaged,
    }
}

/// Where the two copies of the summary are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) summaries: [u64; 2],
    pub(super) bytes: u32,
    pub(super) version: u32,
}

pub(super) fn put_tail(out: &mut Vec<u8>, tail: &Tail) {
    let start = out.len();
    for offset in tail.summaries {
        out.extend_from_slice(&offset.to_le_bytes());
    }
    out.extend_from_slice(&tail.bytes.to_le_bytes());
    out.extend_from_slice(&tail.version.to_le_bytes());
    wire::seal(out, start);
    out.extend_from_slice(TAIL_MAGIC);
}

pub(super) fn tail(bytes: &[u8]) -> Option<Tail> {
    let (sealed, magic) = bytes.split_last_chunk::<8>()?;
    if magic != TAIL_MAGIC {
        return None;
    }
    let mut reader = Reader::new(wire::unseal(sealed)?);
    Some(Tail {
        summaries: [reader.u64()?, reader.u64()?],
        bytes: reader.u32()?,
        version: reader.u32()?,
    })
}

/// Where a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) offset: u64,
    /// With the checksum.
    pub(super) bytes: u32,
}

/// A block of the directory: its first serial tells whether to look in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    pub(super) first: u32,
    pub(super) place: Place,
}

/// A timestamp column and its second copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mirror {
    pub(super) original: u64,
    pub(super) copy: u64,
}

/// What is kept in memory of an open segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) kind: SegmentKind,
    pub(super) window: TimeRange,
    pub(super) series: u32,
    pub(super) samples: u64,
    pub(super) newest: Option<u32>,
    pub(super) directory: Vec<Fence>,
    pub(super) identities: Vec<Place>,
    /// In growing order of the originals.
    pub(super) mirrors: Vec<Mirror>,
}

impl Summary {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.kind.tag()];
        out.extend_from_slice(&self.window.start.millis().to_le_bytes());
        out.extend_from_slice(&self.window.end.millis().to_le_bytes());
        wire::put_number(&mut out, self.series.into());
        wire::put_number(&mut out, self.samples);
        wire::put_number(&mut out, self.newest.map_or(0, |serial| u64::from(serial) + 1));
        wire::put_number(&mut out, self.directory.len() as u64);
        for fence in &self.directory {
            wire::put_number(&mut out, fence.first.into());
            put_place(&mut out, fence.place);
        }
        wire::put_number(&mut out, self.identities.len() as u64);
        self.identities.iter().for_each(|place| put_place(&mut out, *place));
        wire::put_number(&mut out, self.mirrors.len() as u64);
        for mirror in &self.mirrors {
            wire::put_number(&mut out, mirror.original);
            wire::put_number(&mut out, mirror.copy);
        }
        wire::seal(&mut out, 0);
        out
    }

    pub(super) fn decode(block: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(wire::unseal(block)?);
        let kind = SegmentKind::from_tag(reader.u8()?)?;
        let window = span(reader.i64()?, reader.i64()?);
        let series = reader.number32()?;
        let samples = reader.number()?;
        let newest = match reader.number()?.checked_sub(1) {
            None => None,
            Some(serial) => Some(u32::try_from(serial).ok()?),
        };
        let mut directory = Vec::with_capacity(reader.count()?);
        for _ in 0..directory.capacity() {
            directory.push(Fence { first: reader.number32()?, place: place(&mut reader)? });
        }
        let mut identities = Vec::with_capacity(reader.count()?);
        for _ in 0..identities.capacity() {
            identities.push(place(&mut reader)?);
        }
        let mut mirrors = Vec::with_capacity(reader.count()?);
        for _ in 0..mirrors.capacity() {
            mirrors.push(Mirror { original: reader.number()?, copy: reader.number()? });
        }
        Some(Self { kind, window, series, samples, newest, directory, identities, mirrors })
    }

    /// Returns the place of the directory block that may name `serial`.
    pub(super) fn block_of(&self, serial: u32) -> Option<usize> {
        self.directory.partition_point(|fence| fence.first <= serial).checked_sub(1)
    }
}

fn put_place(out: &mut Vec<u8>, place: Place) {
    wire::put_number(out, place.offset);
    wire::put_number(out, place.bytes.into());
}

fn place(reader: &mut Reader<'_>) -> Option<Place> {
    Some(Place { offset: reader.number()?, bytes: reader.number32()? })
}

fn span(start: i64, end: i64) -> TimeRange {
    TimeRange::new(Timestamp::from_millis(start), Timestamp::from_millis(end))
}
