//! Timestamps as differences of differences.

use super::blocks::{self, unzigzag, zigzag};
use crate::model::{Sample, Timestamp};
use crate::storage::bits::{BitReader, BitWriter};

pub(super) fn write(writer: &mut BitWriter, samples: &[Sample]) {
    let mut deltas =
        samples.windows(2).map(|pair| pair[1].at.millis().wrapping_sub(pair[0].at.millis()));
    let Some(first) = deltas.next() else { return };
    writer.push_sized(zigzag(first));
    let mut before = first;
    let seconds: Vec<u64> = deltas
        .map(|delta| {
            let second = delta.wrapping_sub(before);
            before = delta;
            zigzag(second)
        })
        .collect();
    blocks::write(writer, &seconds);
}

pub(super) fn read(reader: &mut BitReader<'_>, count: usize, first: Timestamp) -> Option<Vec<i64>> {
    let mut stamps = Vec::with_capacity(count);
    let mut at = first.millis();
    stamps.push(at);
    if count < 2 {
        return Some(stamps);
    }
    let mut delta = unzigzag(reader.read_sized()?);
    at = at.wrapping_add(delta);
    stamps.push(at);
    blocks::read(reader, count - 2, |second| {
        delta = delta.wrapping_add(second);
        at = at.wrapping_add(delta);
        stamps.push(at);
    })?;
    Some(stamps)
}
