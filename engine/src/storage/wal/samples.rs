//! The payload of a frame of float samples.

use super::blocks::{self, Hint};
use super::commit::Run;
use super::cursor::{Cursor, put_varint, unzigzag, zigzag};
use super::fault::Fault;
use super::serials;
use crate::model::Timestamp;
use crate::storage::Serial;

/// How many samples a frame has at most.
pub(super) const SAMPLES_MAX: usize = 4_096;

/// Columns of samples; the runs add up to the length of the others.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) runs: Vec<Run>,
    pub(super) serials: Vec<Serial>,
    pub(super) values: Vec<f64>,
}

impl Columns {
    pub(super) fn clear(&mut self) {
        self.runs.clear();
        self.serials.clear();
        self.values.clear();
    }
}

/// Appends the payload.
pub(super) fn write(out: &mut Vec<u8>, columns: &Columns, hint: &mut Hint) {
    put_varint(out, columns.serials.len() as u64);
    let mut before = 0;
    for run in &columns.runs {
        put_varint(out, zigzag(run.at.millis().wrapping_sub(before)));
        put_varint(out, u64::from(run.len) << 1 | u64::from(run.amend));
        before = run.at.millis();
    }
    serials::write(out, &columns.serials);
    blocks::write(out, &columns.values, hint);
}

/// Reads a payload and appends to the columns, of which a part may be there
/// after an error.
pub(super) fn read(payload: &[u8], columns: &mut Columns) -> Result<(), Fault> {
    let mut cursor = Cursor::new(payload);
    let count = cursor.count(SAMPLES_MAX)?;
    let (mut left, mut before) = (count, 0_i64);
    while left > 0 {
        before = before.wrapping_add(unzigzag(cursor.varint()?));
        let packed = cursor.count(left << 1 | 1)?;
        let len = packed >> 1;
        // A run of nothing would let a short payload make many of them.
        if len == 0 {
            return Err(Fault::Number);
        }
        let at = Timestamp::from_millis(before);
        columns.runs.push(Run { at, len: len as u32, amend: packed & 1 == 1 });
        left -= len;
    }
    serials::read(&mut cursor, count, &mut columns.serials)?;
    blocks::read(&mut cursor, count, &mut columns.values)?;
    if cursor.is_empty() { Ok(()) } else { Err(Fault::Long(cursor.rest().len())) }
}
