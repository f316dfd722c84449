//! The directory: where the chunks of each series are.

use super::layout::Place;
use super::wire::{self, Reader};
use crate::model::TimeRange;

/// Set in a chunk's tag if its timestamps are those of the chunk at the same
/// index of the entry before it.
const SAME_TIMES: u8 = 0x80;

/// A timestamp column: where it is, and what can be known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) place: Place,
    pub(super) count: u32,
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Column {
    pub(super) const fn overlaps(&self, range: TimeRange) -> bool {
        self.start <= range.end.millis() && range.start.millis() <= self.end
    }
}

/// A chunk: its values, and the column that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) tag: u8,
    pub(super) values: Place,
    pub(super) times: Column,
}

/// One series of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) serial: u32,
    /// Which series it is in the order of identities.
    pub(super) ordinal: u32,
    pub(super) chunks: Vec<Chunk>,
}

impl Entry {
    pub(super) fn samples(&self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.times.count)).sum()
    }

    /// Bytes of the values, and of the columns that no earlier series had.
    pub(super) fn bytes(&self) -> u64 {
        let own = |chunk: &Chunk| {
            let before = chunk.times.place.offset + u64::from(chunk.times.place.bytes);
            let times = if before == chunk.values.offset { chunk.times.place.bytes } else { 0 };
            u64::from(chunk.values.bytes) + u64::from(times)
        };
        self.chunks.iter().map(own).sum()
    }
}

/// What an entry is written as a difference to.
#[derive(Debug, Default)]
struct Before {
    serial: u32,
    ordinal: u32,
    end: u64,
    columns: Vec<Column>,
}

/// Writes a block of entries whose serials grow; `window_start` is what the
/// timestamps are differences to.
pub(super) fn encode(entries: &[Entry], window_start: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 16);
    wire::put_number(&mut out, entries.len() as u64);
    let mut before = Before::default();
    for entry in entries {
        wire::put_number(&mut out, u64::from(entry.serial.wrapping_sub(before.serial)));
        wire::put_signed(&mut out, i64::from(entry.ordinal) - i64::from(before.ordinal));
        wire::put_number(&mut out, entry.chunks.len() as u64);
        let mut position = before.end;
        for (index, chunk) in entry.chunks.iter().enumerate() {
            let times = chunk.times;
            let same = before.columns.get(index) == Some(&times);
            out.push(if same { chunk.tag | SAME_TIMES } else { chunk.tag });
            if !same {
                put_distance(&mut out, position, times.place.offset);
                wire::put_number(&mut out, times.place.bytes.into());
                wire::put_number(&mut out, times.count.into());
                wire::put_signed(&mut out, times.start.wrapping_sub(window_start));
                wire::put_number(&mut out, times.end.wrapping_sub(times.start).cast_unsigned());
                if times.place.offset == position {
                    position += u64::from(times.place.bytes);
                }
            }
            put_distance(&mut out, position, chunk.values.offset);
            wire::put_number(&mut out, chunk.values.bytes.into());
            position = chunk.values.offset + u64::from(chunk.values.bytes);
        }
        before = Before {
            serial: entry.serial,
            ordinal: entry.ordinal,
            end: position,
            columns: entry.chunks.iter().map(|chunk| chunk.times).collect(),
        };
    }
    wire::seal(&mut out, 0);
    out
}

/// Reads a block and hands each entry to `visit`, which says whether to go
/// on; `None` if the block is damaged.
pub(super) fn decode(
    block: &[u8],
    window_start: i64,
    mut visit: impl FnMut(&Entry) -> bool,
) -> Option<()> {
    let mut reader = Reader::new(wire::unseal(block)?);
    let mut before = Before::default();
    let mut entry = Entry { serial: 0, ordinal: 0, chunks: Vec::new() };
    for _ in 0..reader.count()? {
        entry.serial = before.serial.checked_add(reader.number32()?)?;
        let ordinal = i64::from(before.ordinal).checked_add(reader.signed()?)?;
        entry.ordinal = u32::try_from(ordinal).ok()?;
        entry.chunks.clear();
        let mut position = before.end;
        for index in 0..reader.count()? {
            let chunk = chunk(&mut reader, &before, index, &mut position, window_start)?;
            entry.chunks.push(chunk);
        }
        if !visit(&entry) {
            return Some(());
        }
        before.serial = entry.serial;
        before.ordinal = entry.ordinal;
        before.end = position;
        before.columns.clear();
        before.columns.extend(entry.chunks.iter().map(|chunk| chunk.times));
    }
    Some(())
}

fn chunk(
    reader: &mut Reader<'_>,
    before: &Before,
    index: usize,
    position: &mut u64,
    window_start: i64,
) -> Option<Chunk> {
    let tag = reader.u8()?;
    let times = if tag & SAME_TIMES != 0 {
        *before.columns.get(index)?
    } else {
        let offset = distance(reader, *position)?;
        let place = Place { offset, bytes: reader.number32()? };
        let count = reader.number32()?;
        let start = window_start.wrapping_add(reader.signed()?);
        let end = start.wrapping_add(reader.number()?.cast_signed());
        if place.offset == *position {
            *position = position.checked_add(place.bytes.into())?;
        }
        Column { place, count, start, end }
    };
    let values = Place { offset: distance(reader, *position)?, bytes: reader.number32()? };
    *position = values.offset.checked_add(values.bytes.into())?;
    Some(Chunk { tag: tag & !SAME_TIMES, values, times })
}

fn put_distance(out: &mut Vec<u8>, from: u64, to: u64) {
    wire::put_signed(out, to.wrapping_sub(from).cast_signed());
}

fn distance(reader: &mut Reader<'_>, from: u64) -> Option<u64> {
    Some(from.wrapping_add(reader.signed()?.cast_unsigned()))
}
