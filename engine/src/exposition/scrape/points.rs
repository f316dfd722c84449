//! Values of several members, read before they are written.

use std::ops::Range;

use crate::exposition::layout::Block;
use crate::model::Timestamp;

/// How many members are read at once. Reading waits for memory: what is read
/// in a row, with nothing between, waits together.
const MEMBERS: usize = 128;

/// Reads the values of members in batches.
#[derive(Debug)]
pub(in crate::exposition) struct Points {
    /// The first time that a stored sample may have, and the present.
    times: (Timestamp, Timestamp),
    totals: Vec<u64>,
    one: Vec<f64>,
    values: Vec<f64>,
    /// How many values a member has.
    stride: usize,
}

impl Points {
    pub(super) fn new(times: (Timestamp, Timestamp)) -> Self {
        let (totals, one, values) = (Vec::new(), Vec::new(), Vec::new());
        Self { times, totals, one, values, stride: 1 }
    }

    /// Reads members of a block from `first` on, and returns which they are;
    /// none at the end.
    pub(in crate::exposition) fn read(&mut self, block: &Block, first: usize) -> Range<usize> {
        self.values.clear();
        self.stride = block.metric().parts().len().max(1);
        // A batch of histograms would not fit the cache.
        let behind =
            first.saturating_add((MEMBERS / self.stride).max(1)).min(block.members().len());
        let members = block.members().get(first..behind).unwrap_or_default();
        let read = first..first + members.len();
        self.totals.clear();
        if block.read_totals(read.clone(), &mut self.totals) {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
            let value = |total: &u64| total.cast_signed() as f64;
            self.values.extend(self.totals.iter().map(value));
            return read;
        }
        for member in members {
            let (one, values) = (&mut self.one, &mut self.values);
            member.read(block.definition(), self.stride, self.times, one, values);
        }
        read
    }

    /// Returns the values of each member that was read.
    pub(in crate::exposition) fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.stride)
    }

    /// Returns the values, if each member has one.
    pub(in crate::exposition) fn single(&self) -> &[f64] {
        &self.values
    }
}
