//! Small numbers of either sign, packed.

use crate::storage::bits::{BitReader, BitWriter, bit_width};

/// How many numbers share a width.
const BLOCK: usize = 32;

pub(super) fn write(writer: &mut BitWriter, numbers: &[u64]) {
    for block in numbers.chunks(BLOCK) {
        let width = block_width(block);
        writer.push(u64::from(width), 7);
        for &number in block {
            writer.push(number, width);
        }
    }
}

pub(super) fn read(
    reader: &mut BitReader<'_>,
    count: usize,
    mut visit: impl FnMut(i64),
) -> Option<()> {
    let mut left = count;
    while left > 0 {
        let width = reader.read_width()?;
        let size = left.min(BLOCK);
        for _ in 0..size {
            visit(unzigzag(reader.read(width)?));
        }
        left -= size;
    }
    Some(())
}

pub(super) fn bits(numbers: &[u64]) -> u64 {
    numbers.chunks(BLOCK).map(|block| 7 + u64::from(block_width(block)) * block.len() as u64).sum()
}

fn block_width(block: &[u64]) -> u32 {
    bit_width(block.iter().fold(0, |all, number| all | number))
}

/// Maps small numbers of either sign to small numbers.
pub(in crate::storage) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub(in crate::storage) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}
