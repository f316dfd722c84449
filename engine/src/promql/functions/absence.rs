//! The value that stands for "no sample at this step".

use crate::model::{is_stale, stale_marker};

/// No sample at this step: the bits of the staleness marker. Arithmetic never
/// makes them, as it gives quiet NaNs only.
pub const ABSENT: f64 = stale_marker();

/// Says whether there is no sample. A NaN is a sample.
#[must_use]
pub const fn is_absent(value: f64) -> bool {
    is_stale(value)
}

/// Replaces each sample of a column by `f` of it; absent ones stay.
pub(super) fn map(column: &mut [f64], f: impl Fn(f64) -> f64) {
    for value in column {
        if !is_absent(*value) {
            *value = f(*value);
        }
    }
}
