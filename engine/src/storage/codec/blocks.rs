//! Small numbers of either sign, packed.

use crate::storage::bits::{BitReader, BitWriter, bit_width};

/// How many numbers share a width.
const BLOCK: usize = 32;

pub(super) fn write(writer: &mut BitWriter, mut numbers: impl Iterator<Item = u64>) {
    let mut block = [0; BLOCK];
    loop {
        let mut count = 0;
        for (place, number) in block.iter_mut().zip(&mut numbers) {
            *place = number;
            count += 1;
        }
        let block = block.get(..count).unwrap_or_default();
        if block.is_empty() {
            return;
        }
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
        reader.read_many(width, size, |number| visit(unzigzag(number)))?;
        left -= size;
    }
    Some(())
}

/// Returns how many bits [`write`] takes.
pub(super) fn bits(mut numbers: impl Iterator<Item = u64>) -> u64 {
    let mut bits = 0;
    loop {
        let (count, all) =
            numbers.by_ref().take(BLOCK).fold((0, 0), |(count, all), one| (count + 1, all | one));
        if count == 0 {
            return bits;
        }
        bits += 7 + u64::from(bit_width(all)) * count;
    }
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
