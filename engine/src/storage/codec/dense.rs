//! Columns of about a thousand numbers for files: the smallest of three forms.
//!
//! A column is a tag and what the codec wrote:
//!
//! ```text
//! times    0  first:i64 times           (as this room's own codec has them)
//!          1  pco of the timestamps as i64
//! floats   0  floats                    (as this room's own codec has them)
//!          1  exponent:u8 pco of the values × 10^exponent as i64
//!          2  pco of the values as f64
//!          3  exponent:u8 order:2 bits, as many sized heads, sized least,
//!             what each difference is above the least, as digits
//! ```
//!
//! Form 3 is for steps that are spread evenly between two numbers, as those of
//! many counters and gauges are; [`digits`] says how. pco is the wrapped format of the crate of that name: a header, the chunk's
//! metadata and one page. It models where the numbers lie and comes close to
//! their entropy, at several times the cost of encoding; so a column that the
//! own codec makes tiny is not offered to it.

use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

use super::{
    COLUMN_MAX, decode_floats, decode_times, digits, encode_floats, encode_times, unzigzag, values,
    zigzag,
};
use crate::storage::bits::{BitReader, BitWriter, bit_width};

const OWN: u8 = 0;
const PCO_INTEGERS: u8 = 1;
const PCO_FLOATS: u8 = 2;
const ABOVE_LEAST: u8 = 3;
/// The highest order of differences.
const ORDER_MAX: usize = 2;
/// pco's effort: 8, its default, takes half as long again to save 0.1 %.
const LEVEL: usize = 6;
/// Fewer numbers do not pay for pco's description of where they lie.
const PCO_NUMBERS_MIN: usize = 32;

/// Appends a column of timestamps that grow strictly.
pub(in crate::storage) fn put_times(out: &mut Vec<u8>, times: &[i64]) {
    let start = out.len();
    out.push(OWN);
    out.extend_from_slice(&times.first().copied().unwrap_or_default().to_le_bytes());
    out.extend_from_slice(&encode_times(times));
    if !is_worth_more(out.len() - start, times.len()) {
        return;
    }
    let dense = pack(times, DeltaSpec::TryConsecutive(1));
    replace(out, start, &[PCO_INTEGERS], times, dense);
}

/// Reads `count` timestamps to the end of `out`; `None` if the bytes are not
/// such a column.
pub(in crate::storage) fn times(bytes: &[u8], count: usize, out: &mut Vec<i64>) -> Option<()> {
    let (tag, rest) = bytes.split_first()?;
    match *tag {
        OWN => {
            let (first, rest) = rest.split_first_chunk()?;
            decode_times(rest, count, i64::from_le_bytes(*first), out).ok()
        }
        PCO_INTEGERS => {
            let times = unpack::<i64>(rest, count)?;
            if times.is_sorted_by(|a, b| a < b) {
                out.extend_from_slice(&times);
                return Some(());
            }
            None
        }
        _ => None,
    }
}

/// Appends a column of values, whatever their bits.
pub(in crate::storage) fn put_floats(out: &mut Vec<u8>, floats: &[f64]) {
    let start = out.len();
    out.push(OWN);
    out.extend_from_slice(&encode_floats(floats));
    if !is_worth_more(out.len() - start, floats.len()) {
        return;
    }
    match values::decimals(floats) {
        Some((exponent, integers)) => {
            let Ok(exponent) = u8::try_from(exponent) else { return };
            let differences = Differences::closest(&integers);
            let packed = differences.packed(exponent);
            if packed.len() < out.len() - start {
                out.truncate(start);
                out.extend_from_slice(&packed);
            }
            let delta = DeltaSpec::TryConsecutive(differences.heads.len());
            let dense = pack(&integers, delta);
            replace(out, start, &[PCO_INTEGERS, exponent], &integers, dense);
        }
        None => {
            let dense = pack(floats, DeltaSpec::Auto);
            replace(out, start, &[PCO_FLOATS], floats, dense);
        }
    }
}

/// Reads `count` values to the end of `out`; `None` if the bytes are not such
/// a column.
pub(in crate::storage) fn floats(bytes: &[u8], count: usize, out: &mut Vec<f64>) -> Option<()> {
    let (tag, rest) = bytes.split_first()?;
    match *tag {
        OWN => decode_floats(rest, count, out).ok(),
        PCO_INTEGERS => {
            let (exponent, rest) = rest.split_first()?;
            let power = values::power(*exponent)?;
            let integers = unpack::<i64>(rest, count)?;
            out.extend(integers.into_iter().map(|integer| values::unscaled(integer, power)));
            Some(())
        }
        ABOVE_LEAST => {
            let (exponent, rest) = rest.split_first()?;
            let power = values::power(*exponent)?;
            let integers = unpack_above_least(rest, count)?;
            out.extend(integers.into_iter().map(|integer| values::unscaled(integer, power)));
            Some(())
        }
        PCO_FLOATS => {
            out.extend(unpack::<f64>(rest, count)?);
            Some(())
        }
        _ => None,
    }
}

/// Integers as differences of the order at which they lie closest together.
struct Differences {
    /// The first integer, the first difference: one for each order.
    heads: Vec<i64>,
    /// What is left, of which the least is `least`.
    rest: Vec<i64>,
    least: i64,
}

impl Differences {
    /// Chooses among the orders 0 to 2. pco would find the order by trying
    /// each, which takes longer than all the rest.
    fn closest(integers: &[i64]) -> Self {
        let mut closest = Self::of(Vec::new(), integers.to_vec());
        let mut smallest = closest.bits();
        let mut heads = Vec::new();
        let mut rest = integers.to_vec();
        for _ in 0..ORDER_MAX {
            heads.extend(rest.first());
            rest = rest.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
            let next = Self::of(heads.clone(), rest.clone());
            let bits = next.bits();
            if bits < smallest {
                (closest, smallest) = (next, bits);
            }
        }
        closest
    }

    fn of(heads: Vec<i64>, rest: Vec<i64>) -> Self {
        let least = rest.iter().copied().min().unwrap_or_default();
        Self { heads, rest, least }
    }

    fn bits(&self) -> u64 {
        let above = |number: &i64| number.wrapping_sub(self.least).cast_unsigned();
        self.rest.iter().map(|number| u64::from(bit_width(above(number)))).sum()
    }

    fn packed(&self, exponent: u8) -> Vec<u8> {
        let mut writer = BitWriter::with_capacity(self.rest.len());
        writer.push(self.heads.len() as u64, 2);
        for &number in self.heads.iter().chain([&self.least]) {
            writer.push_sized(zigzag(number));
        }
        let above = |number: &i64| number.wrapping_sub(self.least).cast_unsigned();
        digits::write(&mut writer, &self.rest.iter().map(above).collect::<Vec<_>>());
        let mut out = vec![ABOVE_LEAST, exponent];
        out.extend_from_slice(&writer.finish());
        out
    }
}

/// Reads the integers that [`Differences::packed`] wrote.
fn unpack_above_least(bytes: &[u8], count: usize) -> Option<Vec<i64>> {
    if count > COLUMN_MAX {
        return None;
    }
    let mut reader = BitReader::new(bytes);
    let order = usize::try_from(reader.read(2)?).ok()?;
    let mut heads = Vec::with_capacity(order);
    for _ in 0..order {
        heads.push(unzigzag(reader.read_sized()?));
    }
    let least = unzigzag(reader.read_sized()?);
    let left = count.checked_sub(order)?;
    let mut numbers = Vec::with_capacity(count);
    digits::read(&mut reader, left, |above| {
        numbers.push(least.wrapping_add(above.cast_signed()));
    })?;
    while let Some(head) = heads.pop() {
        let mut sum = head;
        for number in &mut numbers {
            sum = sum.wrapping_add(std::mem::replace(number, sum));
        }
        numbers.push(sum);
    }
    Some(numbers)
}

fn is_worth_more(bytes: usize, count: usize) -> bool {
    // A constant or an even step takes some 20 bytes, whatever the count.
    count >= PCO_NUMBERS_MIN && bytes > 24 + count / 16
}

/// Takes the dense form in place of what is in `out` from `start` on, if that
/// is smaller and comes back bit for bit.
fn replace<T: Number + Default>(
    out: &mut Vec<u8>,
    start: usize,
    tag: &[u8],
    numbers: &[T],
    dense: Option<Vec<u8>>,
) {
    let Some(dense) = dense.filter(|dense| tag.len() + dense.len() < out.len() - start) else {
        return;
    };
    let same = |back: Vec<T>| {
        let pairs = back.iter().zip(numbers);
        back.len() == numbers.len()
            && pairs.into_iter().all(|(a, b)| a.to_latent_ordered() == b.to_latent_ordered())
    };
    if unpack::<T>(&dense, numbers.len()).is_some_and(same) {
        out.truncate(start);
        out.extend_from_slice(tag);
        out.extend_from_slice(&dense);
    }
}

fn pack<T: Number>(numbers: &[T], delta: DeltaSpec) -> Option<Vec<u8>> {
    let config = ChunkConfig::default()
        .with_compression_level(LEVEL)
        .with_mode_spec(ModeSpec::Classic)
        .with_delta_spec(delta)
        .with_paging_spec(PagingSpec::Exact(vec![numbers.len()]));
    let mut out = Vec::with_capacity(numbers.len() * 2);
    let file = FileCompressor::default();
    file.write_header(&mut out).ok()?;
    let mut chunk = file.chunk_compressor(numbers, &config).ok()?;
    chunk.write_meta(&mut out).ok()?;
    chunk.write_page(0, &mut out).ok()?;
    Some(out)
}

fn unpack<T: Number + Default>(bytes: &[u8], count: usize) -> Option<Vec<T>> {
    if count > COLUMN_MAX {
        return None;
    }
    let (file, rest) = FileDecompressor::new(bytes).ok()?;
    let (mut chunk, rest) = file.chunk_decompressor::<T, _>(rest).ok()?;
    let mut numbers = vec![T::default(); count];
    let progress = chunk.page_decompressor(rest, count).ok()?.read(&mut numbers).ok()?;
    (progress.n_processed == count).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(given: &[f64]) -> usize {
        let mut bytes = Vec::new();
        put_floats(&mut bytes, given);
        let mut back = Vec::new();
        floats(&bytes, given.len(), &mut back).unwrap();
        let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&back), bits(given));
        bytes.len()
    }

    #[test]
    fn each_form_is_taken_where_it_is_smallest() {
        let check = |tag: u8, values: Vec<f64>| {
            let mut bytes = Vec::new();
            put_floats(&mut bytes, &values);
            assert_eq!(bytes.first(), Some(&tag));
            round_trip(&values);
        };
        let noise = |i: i64| (i * 7_919 + i * i * 31) % 101;
        check(OWN, vec![1.5; 400]);
        let mut sum = 0;
        let steps = |i: i64| {
            sum += 1_000 + noise(i);
            sum as f64
        };
        check(ABOVE_LEAST, (0..400).map(steps).collect());
        check(
            PCO_INTEGERS,
            (0..1_000).map(|i| (noise(i) * noise(i + 3) * noise(i * 5) / 1_000) as f64).collect(),
        );
        check(PCO_FLOATS, (0..1_000).map(|i| (1.0 + noise(i) as f64 / 101.0).sqrt()).collect());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_column_comes_back_bit_for_bit(
            bits in prop::collection::vec(any::<u64>(), 0..200),
            steps in prop::collection::vec(-5i64..40, 0..200),
            start in -1_000_000i64..1_000_000,
        ) {
            round_trip(&bits.iter().map(|&bits| f64::from_bits(bits)).collect::<Vec<_>>());
            let sum = |sum: &mut i64, step: &i64| {
                *sum += step;
                Some(*sum as f64 / 100.0)
            };
            round_trip(&steps.iter().scan(start, sum).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_a_column_or_none(
            tag in 0u8..6,
            mut bytes in prop::collection::vec(any::<u8>(), 0..120),
            count in 0usize..300,
        ) {
            bytes.insert(0, tag);
            let mut back = Vec::new();
            if floats(&bytes, count, &mut back).is_some() {
                prop_assert_eq!(back.len(), count);
            }
            let mut back = Vec::new();
            if times(&bytes, count, &mut back).is_some() {
                prop_assert!(back.len() == count && back.is_sorted());
            }
        }

        #[test]
        fn damaged_columns_never_panic(position in 0usize..400, bit in 0u32..8, seed in 1i64..1_000) {
            let values: Vec<f64> = (0..200).map(|i| ((i * seed) as f64).sin()).collect();
            let counts: Vec<f64> = (0..200).map(|i| (i * seed % 37 * (i % 11)) as f64).collect();
            for values in [values, counts] {
                let mut bytes = Vec::new();
                put_floats(&mut bytes, &values);
                let position = position % bytes.len();
                bytes[position] ^= 1 << bit;
                let mut back = Vec::new();
                if floats(&bytes, values.len(), &mut back).is_some() {
                    prop_assert_eq!(back.len(), values.len());
                }
            }
        }
    }
}
