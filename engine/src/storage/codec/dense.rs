//! Columns of about a thousand numbers for files: the smaller of two codecs.
//!
//! A column is a tag and what the codec wrote:
//!
//! ```text
//! times    0  first:i64 times           (as this room's own codec has them)
//!          1  pco of the timestamps as i64
//! floats   0  floats                    (as this room's own codec has them)
//!          1  exponent:u8 pco of the values × 10^exponent as i64
//!          2  pco of the values as f64
//! ```
//!
//! pco is the wrapped format of the crate of that name: a header, the chunk's
//! metadata and one page. It models where the numbers lie and comes close to
//! their entropy, at several times the cost of encoding; so a column that the
//! own codec makes tiny is not offered to it.

use pco::data_types::Number;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec, PagingSpec};

use super::{COLUMN_MAX, decode_floats, decode_times, encode_floats, encode_times, values};

const OWN: u8 = 0;
const PCO_INTEGERS: u8 = 1;
const PCO_FLOATS: u8 = 2;
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
    let dense = pack(times, ModeSpec::Classic, DeltaSpec::TryConsecutive(1));
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
            let dense = pack(&integers, ModeSpec::Classic, DeltaSpec::Auto);
            replace(out, start, &[PCO_INTEGERS, exponent], &integers, dense);
        }
        None => {
            let dense = pack(floats, ModeSpec::Auto, DeltaSpec::Auto);
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
        PCO_FLOATS => {
            out.extend(unpack::<f64>(rest, count)?);
            Some(())
        }
        _ => None,
    }
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

fn pack<T: Number>(numbers: &[T], mode: ModeSpec, delta: DeltaSpec) -> Option<Vec<u8>> {
    let config = ChunkConfig::default()
        .with_mode_spec(mode)
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
