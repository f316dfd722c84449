//! Values as constants, decimal integers or XOR.

use super::blocks::{self, unzigzag, zigzag};
use crate::storage::bits::{BitReader, BitWriter, bit_width};

const TAG_CONSTANT: u64 = 0;
const TAG_DECIMAL: u64 = 1;
const TAG_XOR: u64 = 2;
/// Integers up to 2^51 survive the rounding below.
const INTEGER_MAX: f64 = 2_251_799_813_685_248.0;
/// 1.5 × 2^52: between 2^52 and 2^53 doubles are whole numbers.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// The powers of ten that the decimal form tries.
const POWERS: [f64; 13] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// Writes values.
pub(super) fn write(writer: &mut BitWriter, values: &[f64]) {
    let Some(first) = values.first().map(|value| value.to_bits()) else { return };
    if values.iter().all(|value| value.to_bits() == first) {
        writer.push(TAG_CONSTANT, 2);
        writer.push(first, 64);
        return;
    }
    match decimals(values) {
        Some((exponent, integers)) => write_decimal(writer, exponent, &integers),
        None => write_xor(writer, first, values),
    }
}

/// Returns ten to the power of `exponent`, if the decimal form has it.
pub(super) fn power(exponent: u8) -> Option<f64> {
    POWERS.get(usize::from(exponent)).copied()
}

/// How reading values ended.
pub(super) enum Read {
    All,
    Truncated,
    UnknownTag(u64),
}

/// Reads `count` values and hands the bits of each to `emit`.
pub(super) fn read(reader: &mut BitReader<'_>, count: usize, emit: impl FnMut(u64)) -> Read {
    let all = match reader.read(2) {
        Some(TAG_CONSTANT) => read_constant(reader, count, emit),
        Some(TAG_DECIMAL) => read_decimal(reader, count, emit),
        Some(TAG_XOR) => read_xor(reader, count, emit),
        Some(tag) => return Read::UnknownTag(tag),
        None => None,
    };
    if all.is_some() { Read::All } else { Read::Truncated }
}

fn read_constant(
    reader: &mut BitReader<'_>,
    count: usize,
    mut emit: impl FnMut(u64),
) -> Option<()> {
    let bits = reader.read(64)?;
    for _ in 0..count {
        emit(bits);
    }
    Some(())
}

/// Returns the smallest exponent at which every value is an integer over that
/// power of ten, bit for bit, and the integers.
pub(super) fn decimals(values: &[f64]) -> Option<(u32, Vec<i64>)> {
    let mut integers = Vec::with_capacity(values.len());
    // An exponent fails at the first value that it does not fit, and a value
    // that has too many digits for all of them comes early.
    for (exponent, power) in (0..).zip(POWERS) {
        integers.clear();
        integers.extend(values.iter().map_while(|&value| scaled(value, power)));
        if integers.len() == values.len() {
            return Some((exponent, integers));
        }
    }
    None
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the value is whole")]
fn scaled(value: f64, power: f64) -> Option<i64> {
    // Rounds to the nearest integer, as no bits are left for a fraction: a
    // call of `round` would take longer than all the rest. A larger value
    // comes out wrong and fails below.
    let integer = (value * power + ROUNDING) - ROUNDING;
    // NaN and the infinities lie in no range; −0.0 fails the bits.
    if !(-INTEGER_MAX..=INTEGER_MAX).contains(&integer) {
        return None;
    }
    let integer = integer as i64;
    (unscaled(integer, power).to_bits() == value.to_bits()).then_some(integer)
}

#[expect(clippy::cast_precision_loss, reason = "at most 2^51 was encoded, which is exact")]
pub(super) fn unscaled(integer: i64, power: f64) -> f64 {
    integer as f64 / power
}

fn write_decimal(writer: &mut BitWriter, exponent: u32, integers: &[i64]) {
    let [Some(&first), Some(&second)] = [integers.first(), integers.get(1)] else { return };
    let delta = |pair: &[i64]| pair[1].wrapping_sub(pair[0]);
    let once = integers.windows(2).map(|pair| zigzag(delta(pair)));
    let twice =
        integers.windows(3).map(|three| zigzag(delta(&three[1..]).wrapping_sub(delta(three))));
    let head = zigzag(second.wrapping_sub(first));
    let order_two =
        blocks::bits(twice.clone()) + u64::from(bit_width(head)) + 7 < blocks::bits(once.clone());
    writer.push(TAG_DECIMAL, 2);
    writer.push(u64::from(exponent), 4);
    writer.push_bit(order_two);
    writer.push_sized(zigzag(first));
    if order_two {
        writer.push_sized(head);
        blocks::write(writer, twice);
    } else {
        blocks::write(writer, once);
    }
}

fn read_decimal(reader: &mut BitReader<'_>, count: usize, mut emit: impl FnMut(u64)) -> Option<()> {
    let exponent = usize::try_from(reader.read(4)?).ok()?;
    let power = *POWERS.get(exponent)?;
    let order_two = reader.read_bit()?;
    let mut integer = unzigzag(reader.read_sized()?);
    emit(unscaled(integer, power).to_bits());
    let rest = count.checked_sub(1)?;
    if !order_two {
        return blocks::read(reader, rest, |delta| {
            integer = integer.wrapping_add(delta);
            emit(unscaled(integer, power).to_bits());
        });
    }
    let mut delta = unzigzag(reader.read_sized()?);
    integer = integer.wrapping_add(delta);
    emit(unscaled(integer, power).to_bits());
    blocks::read(reader, rest.checked_sub(1)?, |second| {
        delta = delta.wrapping_add(second);
        integer = integer.wrapping_add(delta);
        emit(unscaled(integer, power).to_bits());
    })
}

fn write_xor(writer: &mut BitWriter, first: u64, values: &[f64]) {
    writer.push(TAG_XOR, 2);
    writer.push(first, 64);
    let mut before = first;
    // The window of meaningful bits that the last full form announced.
    let (mut leading, mut trailing) = (u32::MAX, 0);
    for value in values.iter().skip(1) {
        let bits = value.to_bits();
        let xor = bits ^ before;
        before = bits;
        writer.push_bit(xor != 0);
        if xor == 0 {
            continue;
        }
        let fits = xor.leading_zeros() >= leading && xor.trailing_zeros() >= trailing;
        writer.push_bit(!fits);
        if !fits {
            leading = xor.leading_zeros();
            trailing = xor.trailing_zeros();
            writer.push(u64::from(leading), 6);
            writer.push(u64::from(63 - leading - trailing), 6);
        }
        writer.push(xor >> trailing, 64 - leading - trailing);
    }
}

fn read_xor(reader: &mut BitReader<'_>, count: usize, mut emit: impl FnMut(u64)) -> Option<()> {
    let mut bits = reader.read(64)?;
    emit(bits);
    let (mut width, mut trailing) = (0, 0);
    for _ in 1..count {
        if reader.read_bit()? {
            if reader.read_bit()? {
                let leading = u32::try_from(reader.read(6)?).ok()?;
                width = u32::try_from(reader.read(6)?).ok()? + 1;
                trailing = 64u32.checked_sub(leading)?.checked_sub(width)?;
            }
            bits ^= reader.read(width)?.checked_shl(trailing)?;
        }
        emit(bits);
    }
    Some(())
}
