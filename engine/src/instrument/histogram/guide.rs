//! Which bucket a value is in.
//!
//! A search by halves mispredicts half of its branches when values come in no
//! order. The first bits of a float (its exponent, and some of the mantissa)
//! grow with its value, so they can lead to the only bound that is near.

use std::sync::Arc;

/// The most bits of the mantissa that lead.
const MANTISSA_BITS_MAX: u32 = 7;
/// The most cells of a guide.
const CELLS_MAX: i64 = 2_048;

/// The bounds of buckets, and how to find the one of a value. Clones share
/// them.
#[derive(Debug, Clone)]
pub(in crate::instrument) struct Guide {
    bounds: Arc<[f64]>,
    cells: Option<Cells>,
}

/// Runs of values that start with the same bits, each with one bound at most.
#[derive(Debug, Clone)]
struct Cells {
    /// How many of the last bits do not lead.
    shift: u32,
    /// The leading bits of the first bound.
    first: i64,
    /// Of each run, how many bounds are below it, and the next one.
    runs: Arc<[(u16, f64)]>,
}

impl Guide {
    /// Takes finite bounds that grow.
    pub(in crate::instrument) fn new(bounds: &[f64]) -> Self {
        Self { cells: Cells::new(bounds), bounds: bounds.into() }
    }

    pub(super) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// Returns how many bounds are below a value that is a number: bounds are
    /// inclusive, `le`.
    #[inline]
    pub(super) fn bucket(&self, value: f64) -> usize {
        match &self.cells {
            Some(cells) => cells.bucket(value).unwrap_or(self.bounds.len()),
            None => self.bounds.partition_point(|bound| *bound < value),
        }
    }
}

impl Cells {
    /// Returns `None` for bounds that are not positive, or too many, or too
    /// near to each other.
    fn new(bounds: &[f64]) -> Option<Self> {
        let (lowest, highest) = (*bounds.first()?, *bounds.last()?);
        if lowest <= 0.0 {
            return None;
        }
        let mut mantissa_bits = 0..=MANTISSA_BITS_MAX;
        let shift = mantissa_bits.find_map(|bits| {
            let shift = f64::MANTISSA_DIGITS - 1 - bits;
            let apart = |pair: &[f64]| lead(pair[0], shift) != lead(pair[1], shift);
            bounds.windows(2).all(apart).then_some(shift)
        })?;
        let (first, last) = (lead(lowest, shift), lead(highest, shift));
        if last - first >= CELLS_MAX {
            return None;
        }
        let runs = (first..=last).map(|run| {
            let below = bounds.partition_point(|bound| lead(*bound, shift) < run);
            let next = bounds.get(below).copied().unwrap_or(f64::INFINITY);
            Some((u16::try_from(below).ok()?, next))
        });
        Some(Self { shift, first, runs: runs.collect::<Option<_>>()? })
    }

    /// Returns how many bounds are below a value; `None` means all.
    #[inline]
    fn bucket(&self, value: f64) -> Option<usize> {
        // What is negative has the first bit set, which makes the number so.
        let Ok(run) = usize::try_from(lead(value, self.shift) - self.first) else {
            return Some(0);
        };
        let &(below, next) = self.runs.get(run)?;
        Some(usize::from(below) + usize::from(next < value))
    }
}

#[inline]
const fn lead(value: f64, shift: u32) -> i64 {
    value.to_bits().cast_signed() >> shift
}
