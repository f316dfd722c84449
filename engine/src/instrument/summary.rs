//! Summaries: quantiles over a sliding window.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::atomic::AtomicF64;
use super::refusals::RefusalCells;
use crate::model::Timestamp;

/// The window that a summary's quantiles cover.
pub const SUMMARY_WINDOW: Duration = Duration::from_secs(10 * 60);

/// The window moves by this fraction of itself.
const SLICES: usize = 5;

/// Measurements with quantiles; cheap to clone, usable on any thread.
///
/// Quantiles cover the last 8 to 10 minutes ([`SUMMARY_WINDOW`]), move on
/// when the metric is read, and are off by at most 0.8 % of their value
/// between 2^-64 and 2^64. Sum and count cover everything.
#[derive(Debug, Clone)]
pub struct Summary(pub(super) Arc<SummaryCell>);

#[derive(Debug)]
pub(super) struct SummaryCell {
    count: AtomicU64,
    sum: AtomicF64,
    slices: [Sketch; SLICES],
    current: AtomicUsize,
    /// When the current slice began, in milliseconds; `i64::MIN` before the
    /// first reading.
    began_ms: AtomicI64,
    refusals: Arc<RefusalCells>,
}

impl Summary {
    /// Counts a measurement, in the metric's unit.
    ///
    /// A NaN is left out and counted as refused. An infinite measurement
    /// moves count and quantiles and is left out of the sum.
    pub fn observe(&self, value: f64) {
        self.0.observe(value);
    }

    /// Returns how many measurements were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count.load(Ordering::Relaxed)
    }

    /// Returns the sum of the finite measurements.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.0.sum.load()
    }
}

impl SummaryCell {
    pub(super) fn new(refusals: Arc<RefusalCells>) -> Self {
        Self {
            count: AtomicU64::new(0),
            sum: AtomicF64::default(),
            slices: std::array::from_fn(|_| Sketch::new()),
            current: AtomicUsize::new(0),
            began_ms: AtomicI64::new(i64::MIN),
            refusals,
        }
    }

    fn observe(&self, value: f64) {
        if value.is_nan() {
            self.refusals.not_a_number.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        if value.is_finite() {
            self.sum.add(value);
        }
        if let Some(slice) = self.slices.get(self.current.load(Ordering::Relaxed)) {
            slice.add(value);
        }
    }

    /// Appends the quantiles, NaN if the window is empty, the sum and the
    /// count.
    #[expect(clippy::cast_precision_loss, reason = "a sample is a float; exact up to 2^53")]
    pub(super) fn read(&self, quantiles: &[f64], now: Timestamp, into: &mut Vec<f64>) {
        self.advance(now);
        let window = Window::over(&self.slices);
        into.extend(quantiles.iter().map(|&quantile| window.quantile(quantile)));
        into.push(self.sum.load());
        into.push(self.count.load(Ordering::Relaxed) as f64);
    }

    /// Empties the slices that have left the window. Of several readers, such
    /// as a collection and scrapes, one moves it; a measurement that meets its
    /// slice being emptied misses the quantiles, never the count.
    fn advance(&self, now: Timestamp) {
        let slice = SUMMARY_WINDOW / SLICES as u32;
        let began_ms = self.began_ms.load(Ordering::Relaxed);
        // A clock that was ahead once must not hold the window for as long.
        if began_ms == i64::MIN || now.millis() < began_ms {
            self.began_ms.store(now.millis(), Ordering::Relaxed);
            return;
        }
        let mut began = Timestamp::from_millis(began_ms);
        let mut ended = 0;
        while ended < SLICES && now.since(began) >= slice {
            began = began + slice;
            ended += 1;
        }
        if now.since(began) >= slice {
            began = now;
        }
        let (order, after) = (Ordering::Relaxed, began.millis());
        if ended == 0 || self.began_ms.compare_exchange(began_ms, after, order, order).is_err() {
            return;
        }
        for _ in 0..ended {
            let next = (self.current.load(Ordering::Relaxed) + 1) % SLICES;
            if let Some(oldest) = self.slices.get(next) {
                oldest.clear();
            }
            self.current.store(next, Ordering::Relaxed);
        }
    }
}

/// Buckets an octave, and so the accuracy: half a bucket is 1/128 of a value.
const STEPS: usize = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Octaves of magnitude on either side of zero; what is beyond counts in the
/// outermost.
const OCTAVES: usize = 128;
/// The biased exponent of the first octave: 2^-64.
const FIRST_EXPONENT: u64 = 1023 - 64;

type Octave = [AtomicU32; STEPS];
type Scale = Box<[OnceLock<Box<Octave>>]>;

/// Counts by magnitude on a scale that is linear within each power of two, as
/// in an HDR histogram. Octaves are allocated when they are first needed, so
/// that the size is bounded by the scale and grows with the spread.
#[derive(Debug)]
struct Sketch {
    positive: OnceLock<Scale>,
    negative: OnceLock<Scale>,
    zeros: AtomicU32,
    min: AtomicF64,
    max: AtomicF64,
}

fn scale() -> Scale {
    (0..OCTAVES).map(|_| OnceLock::new()).collect()
}

impl Sketch {
    fn new() -> Self {
        Self {
            positive: OnceLock::new(),
            negative: OnceLock::new(),
            zeros: AtomicU32::new(0),
            min: AtomicF64::new(f64::INFINITY),
            max: AtomicF64::new(f64::NEG_INFINITY),
        }
    }

    fn add(&self, value: f64) {
        self.min.lower_to(value);
        self.max.raise_to(value);
        if value == 0.0 {
            self.zeros.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let side = if value > 0.0 { &self.positive } else { &self.negative };
        let (octave, step) = place(value.abs());
        let Some(octave) = side.get_or_init(scale).get(octave) else { return };
        let octave = octave.get_or_init(|| Box::new([const { AtomicU32::new(0) }; STEPS]));
        if let Some(count) = octave.get(step) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        let sides = [self.positive.get(), self.negative.get()];
        for octave in sides.into_iter().flatten().flat_map(|side| side.iter()) {
            for count in octave.get().into_iter().flat_map(|octave| octave.iter()) {
                count.store(0, Ordering::Relaxed);
            }
        }
        self.zeros.store(0, Ordering::Relaxed);
        self.min.store(f64::INFINITY);
        self.max.store(f64::NEG_INFINITY);
    }
}

/// Returns the octave and step of a positive magnitude.
fn place(magnitude: f64) -> (usize, usize) {
    let bits = magnitude.to_bits();
    let exponent = bits >> 52;
    if exponent < FIRST_EXPONENT {
        return (0, 0);
    }
    let octave = usize::try_from(exponent - FIRST_EXPONENT).unwrap_or(usize::MAX);
    if octave >= OCTAVES {
        return (OCTAVES - 1, STEPS - 1);
    }
    let step = (bits >> (52 - STEP_BITS)) & (STEPS as u64 - 1);
    (octave, usize::try_from(step).unwrap_or(0))
}

/// Returns the middle of a step.
fn middle(octave: usize, step: usize) -> f64 {
    let bits = ((FIRST_EXPONENT + octave as u64) << 52)
        | ((step as u64) << (52 - STEP_BITS))
        | (1 << (51 - STEP_BITS));
    f64::from_bits(bits)
}

/// Adds up one side of several sketches: the steps that have a count, from
/// the smallest magnitude to the largest.
fn counts<'a>(sides: impl Iterator<Item = &'a Scale>) -> Vec<(f64, u64)> {
    let sides: Vec<&Scale> = sides.collect();
    let mut counts = Vec::new();
    for octave in 0..OCTAVES {
        let pages: Vec<&Octave> =
            sides.iter().filter_map(|side| side.get(octave)?.get().map(Box::as_ref)).collect();
        for step in 0..if pages.is_empty() { 0 } else { STEPS } {
            let cells = pages.iter().filter_map(|page| page.get(step));
            let count = cells.map(|cell| u64::from(cell.load(Ordering::Relaxed))).sum();
            if count > 0 {
                counts.push((middle(octave, step), count));
            }
        }
    }
    counts
}

/// The counts of all slices together, from the lowest value to the highest.
struct Window {
    counts: Vec<(f64, u64)>,
    total: u64,
    min: f64,
    max: f64,
}

impl Window {
    fn over(slices: &[Sketch]) -> Self {
        let mut counts: Vec<(f64, u64)> =
            counts(slices.iter().filter_map(|slice| slice.negative.get()))
                .into_iter()
                .rev()
                .map(|(value, count)| (-value, count))
                .collect();
        let zeros: u64 =
            slices.iter().map(|slice| u64::from(slice.zeros.load(Ordering::Relaxed))).sum();
        counts.push((0.0, zeros));
        counts.extend(self::counts(slices.iter().filter_map(|slice| slice.positive.get())));
        Self {
            total: counts.iter().map(|(_, count)| count).sum(),
            counts,
            min: slices.iter().map(|slice| slice.min.load()).fold(f64::INFINITY, f64::min),
            max: slices.iter().map(|slice| slice.max.load()).fold(f64::NEG_INFINITY, f64::max),
        }
    }

    /// Returns the value below or at which the fraction `quantile` of the
    /// measurements lies (nearest rank).
    #[expect(clippy::cast_precision_loss, reason = "ranks need no more than 53 bits")]
    fn quantile(&self, quantile: f64) -> f64 {
        if self.total == 0 {
            return f64::NAN;
        }
        let rank = (quantile * self.total as f64).ceil().max(1.0);
        let mut seen = 0;
        for &(value, count) in &self.counts {
            seen += count;
            if seen as f64 >= rank {
                // The extremes are known exactly.
                if seen == self.total && quantile >= 1.0 {
                    return self.max;
                }
                return value.max(self.min).min(self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(seconds)
    }

    fn summary() -> Summary {
        Summary(Arc::new(SummaryCell::new(Arc::default())))
    }

    fn read(summary: &Summary, quantile: f64, seconds: u64) -> f64 {
        let mut into = Vec::new();
        summary.0.read(&[quantile], at(seconds), &mut into);
        into[0]
    }

    #[test]
    fn measurements_leave_with_the_window() {
        let summary = summary();
        assert!(read(&summary, 0.5, 0).is_nan());
        summary.observe(8.0);
        assert_eq!(read(&summary, 0.5, 1), 8.0);
        for seconds in (0..600).step_by(10) {
            assert_eq!(read(&summary, 0.5, seconds), 8.0, "after {seconds} s");
        }
        assert!(read(&summary, 0.5, 600).is_nan());
        assert_eq!((summary.count(), summary.sum()), (1, 8.0));
        summary.observe(2.0);
        assert!(read(&summary, 0.5, 86_400).is_nan());
    }

    #[test]
    fn a_clock_that_was_ahead_does_not_hold_the_window() {
        let summary = summary();
        summary.observe(8.0);
        assert_eq!(read(&summary, 0.5, 1_000_000), 8.0);
        assert_eq!(read(&summary, 0.5, 0), 8.0);
        for seconds in (0..600).step_by(10) {
            assert_eq!(read(&summary, 0.5, seconds), 8.0, "after {seconds} s");
        }
        assert!(read(&summary, 0.5, 600).is_nan());
    }

    #[test]
    fn odd_measurements_have_an_answer() {
        let summary = summary();
        for value in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0, -0.0, 5e-324, f64::INFINITY] {
            summary.observe(value);
        }
        assert_eq!((summary.count(), summary.sum()), (6, -1.0));
        assert_eq!(read(&summary, 0.5, 0), 0.0);
        assert_eq!(read(&summary, 1.0, 0), f64::INFINITY);
        assert_eq!(summary.0.refusals.not_a_number.load(Ordering::Relaxed), 1);
    }

    proptest! {
        #[test]
        fn quantiles_are_near_the_exact_ones(
            mut values in prop::collection::vec(prop_oneof![-1e6f64..1e6, 1e-6f64..1.0], 1..300),
            quantile in 0.0f64..=1.0,
        ) {
            let summary = summary();
            for &value in &values {
                summary.observe(value);
            }
            values.sort_by(f64::total_cmp);
            let rank = (quantile * values.len() as f64).ceil().max(1.0) as usize;
            let exact = values[rank - 1];
            let got = read(&summary, quantile, 0);
            prop_assert!((got - exact).abs() <= exact.abs() / 120.0, "{got} for {exact}");
        }
    }
}
