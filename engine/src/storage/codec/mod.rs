//! Columns of samples to bits and back, without loss.
//!
//! Timestamps and values are columns of their own: series that are collected
//! together share the one and differ in the other. Streams have their lowest
//! bit first.
//!
//! - *times*: the first is known from elsewhere; then the first difference
//!   (sized), then the differences of differences in packed blocks.
//! - *floats*: a tag of 2 bits, then
//!   - 0, *constant*: the bits of the one value;
//!   - 1, *decimal*: every value is an integer over the same power of ten: the
//!     exponent (4 bits), the order of the differences (1 bit), the first
//!     integer, for order 2 the first difference, and the rest in packed
//!     blocks;
//!   - 2, *xor*: each value's bits against its predecessor's (Pelkonen et al.,
//!     "Gorilla", VLDB 2015, section 4.1.2), with 6 bits for leading zeros.
//!
//! A packed block is a width of 7 bits and up to 32 zigzag numbers of that
//! width; a sized number is its width of 7 bits and itself.

mod blocks;
pub(super) mod dense;
mod digits;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod timestamps;
mod values;

use thiserror::Error;

pub(super) use self::blocks::{unzigzag, zigzag};
use self::values::Read;
use super::bits::{BitReader, BitWriter};
use crate::model::Timestamp;

/// Why bytes are not a stream of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end before the last sample.
    #[error("column of {bytes} bytes ends before its {count} samples do")]
    Truncated {
        /// How many bytes there are.
        bytes: usize,
        /// How many samples were expected.
        count: usize,
    },
    /// The tag of the values is not known.
    #[error("column has values of encoding {tag}; expected 0, 1 or 2")]
    Tag {
        /// The tag.
        tag: u64,
    },
    /// Timestamps do not grow.
    #[error("column has {later} after {earlier}; timestamps must grow")]
    Order {
        /// The timestamp before.
        earlier: Timestamp,
        /// The one that should be later.
        later: Timestamp,
    },
}

/// The most samples of a column: foreign counts beyond it are refused before
/// anything is allocated for them.
pub(super) const COLUMN_MAX: usize = 1 << 16;

/// Encodes timestamps that grow strictly; the first is kept by the caller.
pub(super) fn encode_times(times: &[i64]) -> Box<[u8]> {
    let mut writer = BitWriter::with_capacity(times.len() / 4 + 16);
    timestamps::write(&mut writer, times);
    writer.finish().into()
}

/// Decodes `count` timestamps, the first of which is `first`, to the end of
/// `out`; after an error `out` is as it was.
pub(super) fn decode_times(
    bytes: &[u8],
    count: usize,
    first: i64,
    out: &mut Vec<i64>,
) -> Result<(), CodecError> {
    let before = out.len();
    let truncated = CodecError::Truncated { bytes: bytes.len(), count };
    if count == 0 {
        return Ok(());
    }
    if count > COLUMN_MAX {
        return Err(truncated);
    }
    out.reserve(count);
    let read = timestamps::read(&mut BitReader::new(bytes), count, first, out);
    let times = out.get(before..).unwrap_or_default();
    let checked = match times.windows(2).find(|pair| pair[0] >= pair[1]) {
        _ if read.is_none() => Err(truncated),
        Some(pair) => {
            let [earlier, later] = [pair[0], pair[1]].map(Timestamp::from_millis);
            Err(CodecError::Order { earlier, later })
        }
        None => Ok(()),
    };
    if checked.is_err() {
        out.truncate(before);
    }
    checked
}

/// Encodes values, whatever their bits.
pub(super) fn encode_floats(floats: &[f64]) -> Vec<u8> {
    let mut writer = BitWriter::with_capacity(floats.len() * 3 + 16);
    values::write(&mut writer, floats);
    writer.finish()
}

/// Decodes `count` values to the end of `out`; after an error `out` is as it
/// was.
pub(super) fn decode_floats(
    bytes: &[u8],
    count: usize,
    out: &mut Vec<f64>,
) -> Result<(), CodecError> {
    let before = out.len();
    if count > COLUMN_MAX {
        return Err(CodecError::Truncated { bytes: bytes.len(), count });
    }
    out.reserve(count);
    let emit = |bits: u64| out.push(f64::from_bits(bits));
    let read = match count {
        0 => Read::All,
        _ => values::read(&mut BitReader::new(bytes), count, emit),
    };
    let checked = match read {
        Read::All => return Ok(()),
        Read::Truncated => Err(CodecError::Truncated { bytes: bytes.len(), count }),
        Read::UnknownTag(tag) => Err(CodecError::Tag { tag }),
    };
    out.truncate(before);
    checked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Columns = (Vec<i64>, Vec<f64>);

    fn columns(
        times: impl IntoIterator<Item = i64>,
        values: impl IntoIterator<Item = f64>,
    ) -> Columns {
        times.into_iter().zip(values).unzip()
    }

    fn encoded((times, values): &Columns) -> (Box<[u8]>, Vec<u8>) {
        (encode_times(times), encode_floats(values))
    }

    fn bits(values: &[f64]) -> Vec<u64> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    /// Checks the round trip and that a sample takes at most `bytes`.
    fn check(given: &Columns, bytes: f64) {
        let (times, values) = encoded(given);
        let count = given.0.len();
        // Behind what is there already.
        let mut back = (vec![7], vec![7.0]);
        decode_times(&times, count, given.0[0], &mut back.0).unwrap();
        decode_floats(&values, count, &mut back.1).unwrap();
        assert_eq!(back.0[1..], given.0[..]);
        assert_eq!(bits(&back.1[1..]), bits(&given.1));
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let each = (times.len() + values.len()) as f64 / count as f64;
        assert!(each <= bytes, "{each} bytes a sample");
    }

    #[test]
    fn the_common_shapes_are_small() {
        let steady = |n: usize| (0..n as i64).map(|i| 1_700_000_000_000 + i * 10_000);
        check(&columns(steady(120), (0..120).map(|_| 0.1)), 0.2);
        check(&columns(steady(120), (0..120).map(|i| f64::from(i * 3))), 0.2);
        check(&columns(steady(120), (0..120).map(|i| f64::from(i * 37 % 10_000) / 100.0)), 2.0);
        check(&columns(steady(120), (0..120).map(|i| f64::from(i).sqrt())), 9.0);
        let jittered = (0..120i64).map(|i| 1_700_000_000_000 + i * 10_000 + i * 7919 % 11);
        check(&columns(jittered, (0..120).map(|i| f64::from(i * 3))), 1.0);
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
        check(&columns(0.., odd), 16.0);
        for value in odd {
            check(&columns([i64::MIN, 0, i64::MAX], [value; 3]), 32.0);
            check(&columns([7], [value]), 16.0);
        }
        check(&columns([i64::MIN, i64::MAX], [1.0, -0.0]), 32.0);
    }

    #[test]
    fn foreign_bytes_are_errors() {
        let given = columns((0..50).map(|i| i * i), (0..50).map(|i| f64::from(i).sin()));
        let (times, values) = encoded(&given);
        let mut out = (vec![1], vec![1.0]);
        for end in 0..times.len() - 1 {
            let error = decode_times(&times[..end], 50, 0, &mut out.0).unwrap_err();
            assert_eq!(error, CodecError::Truncated { bytes: end, count: 50 });
        }
        for end in 0..values.len() - 1 {
            let error = decode_floats(&values[..end], 50, &mut out.1).unwrap_err();
            assert_eq!(error, CodecError::Truncated { bytes: end, count: 50 });
        }
        assert_eq!(decode_floats(&[0b11], 1, &mut out.1), Err(CodecError::Tag { tag: 3 }));
        let backwards = encode_times(&[5, 4]);
        assert_eq!(
            decode_times(&backwards, 2, 5, &mut out.0).unwrap_err().to_string(),
            "column has 1970-01-01T00:00:00.004Z after 1970-01-01T00:00:00.005Z; timestamps must grow"
        );
        assert!(decode_floats(&values, COLUMN_MAX + 1, &mut out.1).is_err());
        assert_eq!(out, (vec![1], vec![1.0]), "what failed leaves nothing behind");
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
            times in prop::collection::btree_set(prop_oneof![any::<i64>(), 0i64..1_000_000], 150),
        ) {
            check(&columns(times, values), f64::INFINITY);
        }

        #[test]
        fn any_bytes_decode_or_fail(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            count in 0usize..150,
        ) {
            let (mut times, mut values) = (Vec::new(), Vec::new());
            let told = decode_times(&bytes, count, 0, &mut times).is_ok();
            prop_assert_eq!(times.len(), if told { count } else { 0 });
            let told = decode_floats(&bytes, count, &mut values).is_ok();
            prop_assert_eq!(values.len(), if told { count } else { 0 });
        }
    }
}
