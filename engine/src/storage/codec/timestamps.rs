//! Timestamps as differences of differences.

use super::blocks::{self, unzigzag, zigzag};
use crate::storage::bits::{BitReader, BitWriter};

pub(super) fn write(writer: &mut BitWriter, times: &[i64]) {
    let mut deltas = times.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    let Some(first) = deltas.next() else { return };
    writer.push_sized(zigzag(first));
    let mut before = first;
    let seconds = deltas.map(|delta| {
        let second = delta.wrapping_sub(before);
        before = delta;
        zigzag(second)
    });
    blocks::write(writer, seconds);
}

/// Reads `count` timestamps, the first of which is known, to the end of `out`.
pub(super) fn read(
    reader: &mut BitReader<'_>,
    count: usize,
    first: i64,
    out: &mut Vec<i64>,
) -> Option<()> {
    let mut at = first;
    out.push(at);
    if count < 2 {
        return Some(());
    }
    let mut delta = unzigzag(reader.read_sized()?);
    at = at.wrapping_add(delta);
    out.push(at);
    blocks::read(reader, count - 2, |second| {
        delta = delta.wrapping_add(second);
        at = at.wrapping_add(delta);
        out.push(at);
    })
}
