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

mod blocks;
mod timestamps;
mod values;

use thiserror::Error;

use self::values::Read;
use super::bits::{BitReader, BitWriter};
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

/// Encodes samples whose timestamps grow strictly.
pub(super) fn encode(samples: &[Sample]) -> Box<[u8]> {
    let mut writer = BitWriter::with_capacity(samples.len() * 4 + 16);
    timestamps::write(&mut writer, samples);
    values::write(&mut writer, samples);
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
    let stamps = timestamps::read(&mut reader, count, first).ok_or(truncated)?;
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
    match values::read(&mut reader, count, emit) {
        Read::All => Ok(()),
        Read::Truncated => Err(truncated),
        Read::UnknownTag(tag) => Err(CodecError::Tag { tag }),
    }
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
