//! Samples to bits and back, without loss.
//!
//! Layout of a stream of float samples, lowest bit first:
//!
//! - timestamps: the first is the chunk's own; then the first difference
//!   (sized), then the differences of differences in packed blocks;
//! - values: a tag of 2 bits, then
//!   - *constant*: the bits of the one value;
//!   - *decimal*: every value is an integer over the same power of ten: the
//!     exponent (4 bits), the order of the differences (1 bit), the first
//!     integer, for order 2 the first difference, and the rest in packed
//!     blocks;
//!   - *xor*: each value's bits against its predecessor's (Pelkonen et al.,
//!     "Gorilla", VLDB 2015, section 4.1.2), with 6 bits for leading zeros.
//!
//! A packed block is a width of 7 bits and up to 32 zigzag numbers of that
//! width; a sized number is its width of 7 bits and itself.

use thiserror::Error;

use super::bits::{BitReader, BitWriter, bit_width};
use crate::model::{Sample, Timestamp};

/// Why bytes are not a stream of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end before the last sample.
    #[error("chunk of {bytes} bytes ends before its {count} samples do")]
    Truncated {
        /// How many bytes there are.
        bytes: usize,
        /// How many samples were expected.
        count: usize,
    },
    /// The tag of the values is not known.
    #[error("chunk has values of encoding {tag}; expected 0, 1 or 2")]
    Tag {
        /// The tag.
        tag: u64,
    },
    /// Timestamps do not grow.
    #[error("chunk has {later} after {earlier}; timestamps must grow")]
    Order {
        /// The timestamp before.
        earlier: Timestamp,
        /// The one that should be later.
        later: Timestamp,
    },
}

const TAG_CONSTANT: u64 = 0;
const TAG_DECIMAL: u64 = 1;
const TAG_XOR: u64 = 2;
const BLOCK: usize = 32;
/// The most digits behind the point that the decimal form tries.
const EXPONENT_MAX: u32 = 12;
/// Integers up to here have a double of their own.
const INTEGER_MAX: f64 = 9_007_199_254_740_992.0;
const POWERS: [f64; 13] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/// Encodes samples whose timestamps grow strictly.
pub(super) fn encode(samples: &[Sample]) -> Box<[u8]> {
    let mut writer = BitWriter::with_capacity(samples.len() * 4 + 16);
    write_timestamps(&mut writer, samples);
    write_values(&mut writer, samples);
    writer.finish()
}

/// Decodes `count` samples, the first of them at `first`, and hands each to
/// `visit` in time order.
pub(super) fn decode(
    bytes: &[u8],
    count: usize,
    first: Timestamp,
    mut visit: impl FnMut(Sample),
) -> Result<(), CodecError> {
    let truncated = CodecError::Truncated { bytes: bytes.len(), count };
    let mut reader = BitReader::new(bytes);
    let stamps = read_timestamps(&mut reader, count, first).ok_or(truncated)?;
    if let Some(pair) = stamps.windows(2).find(|pair| pair[0] >= pair[1]) {
        let [earlier, later] = [pair[0], pair[1]].map(Timestamp::from_millis);
        return Err(CodecError::Order { earlier, later });
    }
    let mut stamps = stamps.into_iter();
    let emit = |bits: u64| {
        if let Some(at) = stamps.next() {
            visit(Sample::new(Timestamp::from_millis(at), f64::from_bits(bits)));
        }
    };
    match reader.read(2).ok_or(truncated)? {
        TAG_CONSTANT => read_constant(&mut reader, count, emit).ok_or(truncated),
        TAG_DECIMAL => read_decimal(&mut reader, count, emit).ok_or(truncated),
        TAG_XOR => read_xor(&mut reader, count, emit).ok_or(truncated),
        tag => Err(CodecError::Tag { tag }),
    }
}

fn write_timestamps(writer: &mut BitWriter, samples: &[Sample]) {
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
    write_blocks(writer, &seconds);
}

fn read_timestamps(reader: &mut BitReader<'_>, count: usize, first: Timestamp) -> Option<Vec<i64>> {
    let mut stamps = Vec::with_capacity(count);
    let mut at = first.millis();
    stamps.push(at);
    if count < 2 {
        return Some(stamps);
    }
    let mut delta = unzigzag(reader.read_sized()?);
    at = at.wrapping_add(delta);
    stamps.push(at);
    read_blocks(reader, count - 2, |second| {
        delta = delta.wrapping_add(second);
        at = at.wrapping_add(delta);
        stamps.push(at);
    })?;
    Some(stamps)
}

fn write_values(writer: &mut BitWriter, samples: &[Sample]) {
    let Some(first) = samples.first().map(|sample| sample.value.to_bits()) else { return };
    if samples.iter().all(|sample| sample.value.to_bits() == first) {
        writer.push(TAG_CONSTANT, 2);
        writer.push(first, 64);
        return;
    }
    match decimals(samples) {
        Some((exponent, integers)) => write_decimal(writer, exponent, &integers),
        None => write_xor(writer, first, samples),
    }
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
fn decimals(samples: &[Sample]) -> Option<(u32, Vec<i64>)> {
    let mut exponent = 0;
    for sample in samples {
        while scaled(sample.value, exponent).is_none() {
            exponent += 1;
            if exponent > EXPONENT_MAX {
                return None;
            }
        }
    }
    // A value that fitted a smaller exponent may not fit the final one.
    let integers: Option<Vec<i64>> =
        samples.iter().map(|sample| scaled(sample.value, exponent)).collect();
    integers.map(|integers| (exponent, integers))
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked, the value is whole")]
fn scaled(value: f64, exponent: u32) -> Option<i64> {
    let power = POWERS.get(exponent as usize)?;
    let integer = (value * power).round();
    // NaN and the infinities lie in no range; −0.0 fails the bits.
    if !(-INTEGER_MAX..=INTEGER_MAX).contains(&integer) {
        return None;
    }
    let integer = integer as i64;
    (unscaled(integer, *power).to_bits() == value.to_bits()).then_some(integer)
}

#[expect(clippy::cast_precision_loss, reason = "at most 2^53 was encoded, which is exact")]
fn unscaled(integer: i64, power: f64) -> f64 {
    integer as f64 / power
}

fn write_decimal(writer: &mut BitWriter, exponent: u32, integers: &[i64]) {
    let [Some(&first), Some(&second)] = [integers.first(), integers.get(1)] else { return };
    let deltas: Vec<i64> = integers.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let once: Vec<u64> = deltas.iter().copied().map(zigzag).collect();
    let twice: Vec<u64> =
        deltas.windows(2).map(|pair| zigzag(pair[1].wrapping_sub(pair[0]))).collect();
    let delta = zigzag(second.wrapping_sub(first));
    let order_two = packed_bits(&twice) + u64::from(bit_width(delta)) + 7 < packed_bits(&once);
    writer.push(TAG_DECIMAL, 2);
    writer.push(u64::from(exponent), 4);
    writer.push_bit(order_two);
    writer.push_sized(zigzag(first));
    if order_two {
        writer.push_sized(delta);
        write_blocks(writer, &twice);
    } else {
        write_blocks(writer, &once);
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
        return read_blocks(reader, rest, |delta| {
            integer = integer.wrapping_add(delta);
            emit(unscaled(integer, power).to_bits());
        });
    }
    let mut delta = unzigzag(reader.read_sized()?);
    integer = integer.wrapping_add(delta);
    emit(unscaled(integer, power).to_bits());
    read_blocks(reader, rest.checked_sub(1)?, |second| {
        delta = delta.wrapping_add(second);
        integer = integer.wrapping_add(delta);
        emit(unscaled(integer, power).to_bits());
    })
}

fn write_xor(writer: &mut BitWriter, first: u64, samples: &[Sample]) {
    writer.push(TAG_XOR, 2);
    writer.push(first, 64);
    let mut before = first;
    // The window of meaningful bits that the last full form announced.
    let (mut leading, mut trailing) = (u32::MAX, 0);
    for sample in samples.iter().skip(1) {
        let bits = sample.value.to_bits();
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

fn write_blocks(writer: &mut BitWriter, numbers: &[u64]) {
    for block in numbers.chunks(BLOCK) {
        let width = block_width(block);
        writer.push(u64::from(width), 7);
        for &number in block {
            writer.push(number, width);
        }
    }
}

fn read_blocks(reader: &mut BitReader<'_>, count: usize, mut visit: impl FnMut(i64)) -> Option<()> {
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

fn packed_bits(numbers: &[u64]) -> u64 {
    numbers.chunks(BLOCK).map(|block| 7 + u64::from(block_width(block)) * block.len() as u64).sum()
}

fn block_width(block: &[u64]) -> u32 {
    bit_width(block.iter().fold(0, |all, number| all | number))
}

/// Maps small numbers of either sign to small numbers.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(
        stamps: impl IntoIterator<Item = i64>,
        values: impl IntoIterator<Item = f64>,
    ) -> Vec<Sample> {
        stamps
            .into_iter()
            .zip(values)
            .map(|(at, value)| Sample::new(Timestamp::from_millis(at), value))
            .collect()
    }

    fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
        samples.iter().map(|sample| (sample.at.millis(), sample.value.to_bits())).collect()
    }

    fn decoded(bytes: &[u8], given: &[Sample]) -> Result<Vec<Sample>, CodecError> {
        let mut out = Vec::new();
        decode(bytes, given.len(), given[0].at, |sample| out.push(sample))?;
        Ok(out)
    }

    /// Checks the round trip and that a sample takes at most `bytes`.
    fn check(given: Vec<Sample>, bytes: f64) {
        let encoded = encode(&given);
        assert_eq!(bits(&decoded(&encoded, &given).unwrap()), bits(&given));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let each = encoded.len() as f64 / given.len() as f64;
        assert!(each <= bytes, "{each} bytes a sample");
    }

    #[test]
    fn the_common_shapes_are_small() {
        let steady = |n: usize| (0..n as i64).map(|i| 1_700_000_000_000 + i * 10_000);
        check(samples(steady(120), (0..120).map(|_| 0.1)), 0.2);
        check(samples(steady(120), (0..120).map(|i| f64::from(i * 3))), 0.2);
        check(samples(steady(120), (0..120).map(|i| f64::from(i * 37 % 10_000) / 100.0)), 2.0);
        check(samples(steady(120), (0..120).map(|i| f64::from(i).sqrt())), 9.0);
        let jittered = (0..120i64).map(|i| 1_700_000_000_000 + i * 10_000 + i * 7919 % 11);
        check(samples(jittered, (0..120).map(|i| f64::from(i * 3))), 1.0);
    }

    #[test]
    fn odd_values_keep_their_bits() {
        let odd = [
            f64::NAN,
            f64::from_bits(0x7ff0_0000_0000_0002),
            f64::from_bits(0xfff8_0000_dead_beef),
            f64::INFINITY,
            f64::NEG_INFINITY,
            -0.0,
            0.0,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            9_007_199_254_740_993.0,
        ];
        check(samples(0.., odd), 16.0);
        for value in odd {
            check(samples([i64::MIN, 0, i64::MAX], [value; 3]), 32.0);
            check(samples([7], [value]), 16.0);
        }
        check(samples([i64::MIN, i64::MAX], [1.0, -0.0]), 32.0);
    }

    #[test]
    fn foreign_bytes_are_errors() {
        let given = samples(0..50, (0..50).map(|i| f64::from(i).sin()));
        let encoded = encode(&given);
        for end in 0..encoded.len() - 1 {
            let error = decoded(&encoded[..end], &given).unwrap_err();
            assert_eq!(error, CodecError::Truncated { bytes: end, count: 50 });
        }
        assert_eq!(decoded(&[0b11], &given[..1]), Err(CodecError::Tag { tag: 3 }));
        let backwards = encode(&samples([5, 4], [1.0, 2.0]));
        assert_eq!(
            decoded(&backwards, &samples([5, 4], [1.0, 2.0])).unwrap_err().to_string(),
            "chunk has 1970-01-01T00:00:00.004Z after 1970-01-01T00:00:00.005Z; timestamps must grow"
        );
    }

    fn value() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            (-1_000_000i32..1_000_000).prop_map(f64::from),
            (-1_000_000i32..1_000_000).prop_map(|n| f64::from(n) / 1_000.0),
            Just(0.0),
            Just(-0.0),
        ]
    }

    fn column() -> impl Strategy<Value = Vec<f64>> {
        prop_oneof![
            prop::collection::vec(value(), 1..150),
            prop::collection::vec((-9_999i32..9_999).prop_map(|n| f64::from(n) / 100.0), 1..150),
            prop::collection::vec(any::<f64>(), 1..150),
        ]
    }

    proptest! {
        #[test]
        fn every_sample_comes_back_bit_for_bit(
            values in column(),
            stamps in prop::collection::btree_set(prop_oneof![any::<i64>(), 0i64..1_000_000], 150),
        ) {
            let given = samples(stamps, values);
            let back = decoded(&encode(&given), &given);
            prop_assert_eq!(back.map(|samples| bits(&samples)), Ok(bits(&given)));
        }

        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 1usize..150) {
            let mut seen = 0;
            if decode(&bytes, count, Timestamp::from_millis(0), |_| seen += 1).is_ok() {
                prop_assert_eq!(seen, count);
            }
        }
    }
}
