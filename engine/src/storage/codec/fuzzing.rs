//! Columns from any bytes.

use super::{decode_floats, decode_times, dense, encode_floats, encode_times};

/// Reads a column of times and one of values in both forms from `bytes`,
/// whose first two say how many numbers there should be, and checks that what
/// is read is written and read again the same.
pub(crate) fn check(bytes: &[u8]) {
    let Some((count, bytes)) = bytes.split_first_chunk() else { return };
    let count = usize::from(u16::from_le_bytes(*count));
    let (mut times, mut floats) = (Vec::new(), Vec::new());
    if decode_times(bytes, count, 0, &mut times).is_ok() {
        assert_eq!(times.len(), count, "as many times as were asked for");
        let mut again = Vec::new();
        decode_times(&encode_times(&times), count, 0, &mut again).expect("own bytes decode");
        assert_eq!(times, again);
    } else {
        assert!(times.is_empty(), "what failed leaves nothing behind");
    }
    if decode_floats(bytes, count, &mut floats).is_ok() {
        assert_eq!(floats.len(), count, "as many values as were asked for");
        let mut again = Vec::new();
        decode_floats(&encode_floats(&floats), count, &mut again).expect("own bytes decode");
        assert_eq!(bits(&floats), bits(&again));
    } else {
        assert!(floats.is_empty(), "what failed leaves nothing behind");
    }
    (times, floats) = (Vec::new(), Vec::new());
    if dense::times(bytes, count, &mut times).is_some() {
        assert_eq!(times.len(), count, "as many times as were asked for");
        let (mut out, mut again) = (Vec::new(), Vec::new());
        dense::put_times(&mut out, &times);
        dense::times(&out, count, &mut again).expect("own bytes decode");
        assert_eq!(times, again);
    }
    if dense::floats(bytes, count, &mut floats).is_some() {
        assert_eq!(floats.len(), count, "as many values as were asked for");
        let (mut out, mut again) = (Vec::new(), Vec::new());
        dense::put_floats(&mut out, &floats);
        dense::floats(&out, count, &mut again).expect("own bytes decode");
        assert_eq!(bits(&floats), bits(&again));
    }
}

/// Returns columns of every form.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for count in [1_u16, 5, 120, 400] {
        let seed = |column: &[u8]| [&count.to_le_bytes(), column].concat();
        let times: Vec<i64> = (0..i64::from(count)).map(|n| n * 10_000 + n * n % 7).collect();
        seeds.push(seed(&encode_times(&times)));
        let mut dense = Vec::new();
        dense::put_times(&mut dense, &times);
        seeds.push(seed(&dense));
        let shapes: [fn(u16) -> f64; 4] = [
            |_| 0.5,
            |n| f64::from(n * 3),
            |n| f64::from(u32::from(n) * 7_919 % 10_007) / 100.0,
            |n| f64::from(n).sqrt(),
        ];
        for shape in shapes {
            let floats: Vec<f64> = (0..count).map(shape).collect();
            seeds.push(seed(&encode_floats(&floats)));
            dense.clear();
            dense::put_floats(&mut dense, &floats);
            seeds.push(seed(&dense));
        }
    }
    seeds
}

fn bits(floats: &[f64]) -> Vec<u64> {
    floats.iter().map(|float| float.to_bits()).collect()
}
