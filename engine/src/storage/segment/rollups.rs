//! The values of buckets as columns.
//!
//! ```text
//! buckets  column{6}    count, sum, minimum, maximum, last, increase
//! column   length:number floats
//! ```

use super::wire::{self, Reader};
use crate::model::Timestamp;
use crate::storage::codec::dense;
use crate::storage::rollup::Bucket;

/// Appends the values of buckets, without the ends of their spans.
#[expect(clippy::cast_precision_loss, reason = "a bucket has fewer than 2^53 samples")]
pub(super) fn put(out: &mut Vec<u8>, buckets: &[Bucket]) {
    let columns: [fn(&Bucket) -> f64; 6] = [
        |bucket| bucket.count as f64,
        |bucket| bucket.sum,
        |bucket| bucket.min,
        |bucket| bucket.max,
        |bucket| bucket.last,
        |bucket| bucket.increase,
    ];
    let mut column = Vec::new();
    for field in columns {
        let floats: Vec<f64> = buckets.iter().map(field).collect();
        column.clear();
        dense::put_floats(&mut column, &floats);
        wire::put_text(out, &column);
    }
}

/// Reads the buckets that end at `times`; `None` if the bytes are not such.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a count that cannot be one saturates"
)]
pub(super) fn get(bytes: &[u8], times: &[i64]) -> Option<Vec<Bucket>> {
    let mut reader = Reader::new(bytes);
    let mut columns: [Vec<f64>; 6] = Default::default();
    for column in &mut columns {
        dense::floats(reader.text()?, times.len(), column)?;
    }
    let [counts, sums, mins, maxs, lasts, increases] = columns;
    let values = counts.into_iter().zip(sums).zip(mins).zip(maxs).zip(lasts).zip(increases);
    let bucket = |(&at, (((((count, sum), min), max), last), increase))| Bucket {
        at: Timestamp::from_millis(at),
        count: count as u64,
        sum,
        min,
        max,
        last,
        increase,
    };
    reader.is_empty().then(|| times.iter().zip(values).map(bucket).collect())
}
