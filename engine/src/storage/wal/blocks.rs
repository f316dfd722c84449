//! Values, in blocks that need nothing from outside of them.

use super::cursor::{Cursor, put_varint, unzigzag, zigzag};
use super::decimal::{EXPONENT_MAX, least, power, raised, scaled, unscaled};
use super::fault::Fault;
use super::pack::{Packed, Packer, mask};

/// How many values share an encoding.
pub(super) const BLOCK: usize = 64;

/// Tags; those of decimal blocks have the exponent in their lower half.
const OFFSETS: u8 = 0x00;
const LENGTHS: u8 = 0x10;
const XOR: u8 = 0x20;
/// The length, in the blocks that have one a value, of 64 bits as they are.
const ODD: u64 = 15;

/// What the block before was like. It comes first to the test, as it mostly
/// fits again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Hint {
    pub(super) exponent: u8,
    /// Whether the values had no such form.
    pub(super) raw: bool,
}

/// How many values are tried before a block is taken for as raw as the one
/// before.
const TRIED: usize = 4;

/// Appends the values.
pub(super) fn write(out: &mut Vec<u8>, values: &[f64], hint: &mut Hint) {
    for block in values.chunks(BLOCK) {
        let raw = hint.raw && block.iter().take(TRIED).all(|&value| least(value).is_none());
        let decimals = if raw { None } else { Decimals::of(block, hint.exponent) };
        hint.raw = decimals.is_none();
        match decimals {
            Some(decimals) => {
                hint.exponent = decimals.exponent;
                decimals.write(out, block);
            }
            None => Xor::of(block).write(out, block),
        }
    }
}

/// Reads `count` values and appends them; `count` is bounded by the caller.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    count: usize,
    values: &mut Vec<f64>,
) -> Result<(), Fault> {
    let mut left = count;
    while left > 0 {
        let size = left.min(BLOCK);
        let tag = cursor.u8()?;
        let exponent = power(tag & 0x0f);
        match (tag & 0xf0, exponent) {
            (OFFSETS, Some(power)) => read_offsets(cursor, size, power, values)?,
            (LENGTHS, Some(power)) => read_lengths(cursor, size, power, values)?,
            (XOR, _) if tag == XOR => read_xor(cursor, size, values)?,
            _ => return Err(Fault::Encoding(tag)),
        }
        left -= size;
    }
    Ok(())
}

/// How many values need which exponent.
#[derive(Default)]
struct Needed {
    counts: [usize; EXPONENT_MAX as usize + 1],
    any: bool,
}

impl Needed {
    fn add(&mut self, exponent: u8) {
        if let Some(count) = self.counts.get_mut(usize::from(exponent)) {
            *count += 1;
            self.any = true;
        }
    }

    /// Returns the exponent from `least` on at which a block costs least.
    ///
    /// Each of its values takes ten thirds of a bit more at the next exponent,
    /// and one that needs a larger exponent takes 64.
    fn cheapest(&self, least: u8, block: usize) -> u8 {
        let mut beyond: usize = self.counts.iter().sum();
        let costs = (0..=EXPONENT_MAX).zip(self.counts).map(|(exponent, count)| {
            beyond -= count;
            (beyond * 64 * 3 + usize::from(exponent) * block * 10, exponent)
        });
        costs.filter(|(_, exponent)| *exponent >= least).min().map_or(least, |(_, found)| found)
    }
}

/// The values of a block as integers over a power of ten.
struct Decimals {
    exponent: u8,
    integers: [i64; BLOCK],
    /// A bit for each value that is no such integer.
    odd: u64,
}

impl Decimals {
    /// Returns the integers; `None` if more than half of the values are none.
    fn of(block: &[f64], hint: u8) -> Option<Self> {
        let mut found = Self { exponent: hint, integers: [0; BLOCK], odd: 0 };
        let power = power(hint)?;
        let mut larger = Needed::default();
        let mut bit = 1;
        for (integer, &value) in found.integers.iter_mut().zip(block) {
            match scaled(value, power) {
                Some(scaled) => *integer = scaled,
                None => {
                    found.odd |= bit;
                    match least(value) {
                        // It is too large for this one.
                        Some((_, exponent)) if exponent <= hint => return Self::refitted(block),
                        Some((_, exponent)) => larger.add(exponent),
                        None if too_odd(found.odd, block) => return Self::refitted(block),
                        None => {}
                    }
                }
            }
            bit <<= 1;
        }
        if larger.any && larger.cheapest(hint, block.len()) != hint {
            return Self::refitted(block);
        }
        if found.odd == 0 {
            found.lower(block.len());
        }
        (!too_odd(found.odd, block)).then_some(found)
    }

    /// Looks for the exponent at which the block costs least.
    fn refitted(block: &[f64]) -> Option<Self> {
        let mut forms = [None; BLOCK];
        let mut needed = Needed::default();
        for (form, &value) in forms.iter_mut().zip(block) {
            *form = least(value);
            if let Some((_, exponent)) = *form {
                needed.add(exponent);
            }
        }
        let exponent = needed.cheapest(0, block.len());
        let mut found = Self { exponent, integers: [0; BLOCK], odd: 0 };
        let mut bit = 1;
        for (integer, form) in found.integers.iter_mut().zip(forms).take(block.len()) {
            let fits = form.and_then(|(least, needs)| raised(least, exponent.checked_sub(needs)?));
            match fits {
                Some(fits) => *integer = fits,
                None => found.odd |= bit,
            }
            bit <<= 1;
        }
        (!too_odd(found.odd, block)).then_some(found)
    }

    /// Lowers the exponent as long as no integer loses a digit.
    fn lower(&mut self, count: usize) {
        let Some(integers) = self.integers.get_mut(..count) else { return };
        while self.exponent > 0 && integers.iter().all(|integer| integer % 10 == 0) {
            integers.iter_mut().for_each(|integer| *integer /= 10);
            self.exponent -= 1;
        }
    }

    /// Writes the block in the form that is shortest.
    fn write(&self, out: &mut Vec<u8>, block: &[f64]) {
        let integers = self.integers.get(..block.len()).unwrap_or_default();
        let (mut min, mut max, mut lengths) = (i64::MAX, i64::MIN, 0);
        for &integer in integers {
            min = min.min(integer);
            max = max.max(integer);
            lengths += 4 + 4 * nibbles(integer);
        }
        let lengths = lengths + 64 * self.odd.count_ones();
        if self.odd != 0 {
            let xor = Xor::of(block);
            if xor.bits(block) <= lengths {
                return xor.write(out, block);
            }
        }
        let width = bits_of(max.wrapping_sub(min).cast_unsigned());
        let offsets = width * block.len() as u32 + bits_of(zigzag(min)) + 8;
        if self.odd != 0 || lengths < offsets {
            return self.write_lengths(out, block, integers);
        }
        out.push(OFFSETS | self.exponent);
        out.push(width as u8);
        put_varint(out, zigzag(min));
        let mut packer = Packer::new();
        for integer in integers {
            packer.push(integer.wrapping_sub(min).cast_unsigned(), width);
        }
        packer.finish(out);
    }

    fn write_lengths(&self, out: &mut Vec<u8>, block: &[f64], integers: &[i64]) {
        out.push(LENGTHS | self.exponent);
        let mut packer = Packer::new();
        let mut odd = self.odd;
        for (&integer, value) in integers.iter().zip(block) {
            if odd & 1 == 1 {
                packer.push(ODD, 4);
                packer.push(value.to_bits(), 64);
            } else {
                let length = nibbles(integer);
                packer.push(zigzag(integer) << 4 | u64::from(length), 4 + 4 * length);
            }
            odd >>= 1;
        }
        packer.finish(out);
    }
}

fn too_odd(odd: u64, block: &[f64]) -> bool {
    odd.count_ones() as usize * 2 > block.len()
}

fn read_offsets(
    cursor: &mut Cursor<'_>,
    size: usize,
    power: f64,
    values: &mut Vec<f64>,
) -> Result<(), Fault> {
    let width = cursor.u8()?;
    if width > 57 {
        return Err(Fault::Number);
    }
    let min = unzigzag(cursor.varint()?);
    let width = usize::from(width);
    let packed = Packed::new(cursor.take((width * size).div_ceil(8))?);
    let mask = mask(width as u32);
    values.extend((0..size).map(|index| {
        let offset = packed.some(index * width) & mask;
        unscaled(min.wrapping_add(offset.cast_signed()), power)
    }));
    Ok(())
}

fn read_lengths(
    cursor: &mut Cursor<'_>,
    size: usize,
    power: f64,
    values: &mut Vec<f64>,
) -> Result<(), Fault> {
    let packed = Packed::new(cursor.rest());
    let mut bit = 0;
    for _ in 0..size {
        let window = packed.some(bit);
        let length = window & 0x0f;
        bit += 4;
        if length == ODD {
            values.push(f64::from_bits(packed.full(bit)));
            bit += 64;
        } else {
            let width = 4 * length as u32;
            values.push(unscaled(unzigzag((window >> 4) & mask(width)), power));
            bit += width as usize;
        }
    }
    cursor.take(packed.used(bit)?)?;
    Ok(())
}

/// The bits in which the values of a block differ from the first.
struct Xor {
    first: u64,
    /// How many of the lowest bits are the first's everywhere.
    shift: u32,
    width: u32,
}

impl Xor {
    fn of(block: &[f64]) -> Self {
        let first = block.first().map_or(0, |value| value.to_bits());
        let differing = block.iter().fold(0, |all, value| all | (value.to_bits() ^ first));
        // Where nothing differs, 64 zeros are at both ends.
        let shift = if differing == 0 { 0 } else { differing.trailing_zeros() };
        Self { first, shift, width: bits_of(differing >> shift) }
    }

    fn bits(&self, block: &[f64]) -> u32 {
        80 + self.width * block.len() as u32
    }

    fn write(&self, out: &mut Vec<u8>, block: &[f64]) {
        out.extend([XOR, self.shift as u8, self.width as u8]);
        out.extend_from_slice(&self.first.to_le_bytes());
        let mut packer = Packer::new();
        for value in block {
            packer.push((value.to_bits() ^ self.first) >> self.shift, self.width);
        }
        packer.finish(out);
    }
}

fn read_xor(cursor: &mut Cursor<'_>, size: usize, values: &mut Vec<f64>) -> Result<(), Fault> {
    let (shift, width) = (u32::from(cursor.u8()?), u32::from(cursor.u8()?));
    if shift >= 64 || shift + width > 64 {
        return Err(Fault::Number);
    }
    let first = cursor.u64()?;
    let width_bits = width as usize;
    let packed = Packed::new(cursor.take((width_bits * size).div_ceil(8))?);
    let mask = mask(width);
    values.extend(
        (0..size).map(|index| {
            f64::from_bits(first ^ ((packed.full(index * width_bits) & mask) << shift))
        }),
    );
    Ok(())
}

#[inline]
const fn bits_of(number: u64) -> u32 {
    64 - number.leading_zeros()
}

/// Returns how many times 4 bits an integer takes.
#[inline]
const fn nibbles(integer: i64) -> u32 {
    bits_of(zigzag(integer)).div_ceil(4)
}
