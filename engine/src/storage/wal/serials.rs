//! Numbers of series, as jumps and runs.
//!
//! A tick writes thousands of series in the order of their numbers, so a run
//! of consecutive ones costs two numbers, whatever its length.

use super::cursor::{Cursor, put_varint, unzigzag, zigzag};
use super::fault::Fault;
use crate::storage::Serial;

pub(super) fn write(out: &mut Vec<u8>, serials: &[Serial]) {
    let mut expected = 0_u32;
    let mut rest = serials;
    while let Some((&Serial(first), behind)) = rest.split_first() {
        let mut next = first.wrapping_add(1);
        let mut run = 0;
        for &Serial(serial) in behind {
            if serial != next {
                break;
            }
            next = next.wrapping_add(1);
            run += 1;
        }
        let jump = zigzag(i64::from(first) - i64::from(expected));
        put_varint(out, jump << 1 | u64::from(run > 0));
        if run > 0 {
            put_varint(out, run as u64 - 1);
        }
        expected = next;
        rest = behind.get(run..).unwrap_or_default();
    }
}

/// Reads `count` numbers and appends them; `count` is bounded by the caller.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    count: usize,
    serials: &mut Vec<Serial>,
) -> Result<(), Fault> {
    let mut expected = 0_u32;
    let mut left = count;
    while left > 0 {
        let head = cursor.varint()?;
        let first = i64::from(expected).checked_add(unzigzag(head >> 1));
        let first = first.and_then(|first| u32::try_from(first).ok()).ok_or(Fault::Number)?;
        serials.push(Serial(first));
        left -= 1;
        expected = first.wrapping_add(1);
        if head & 1 == 1 {
            let run = left.checked_sub(1).ok_or(Fault::Short)?;
            let run = cursor.count(run)? + 1;
            serials.extend((0..run as u32).map(|step| Serial(expected.wrapping_add(step))));
            expected = expected.wrapping_add(run as u32);
            left -= run;
        }
    }
    Ok(())
}
