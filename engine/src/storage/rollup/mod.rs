//! Rollups: what remains of old samples, a few numbers for a span of time.
//!
//! A [`Bucket`] holds what the samples of one series in `(at − length, at]`
//! amount to: like every window of the engine it leaves out its start and
//! has its end. Spans are aligned to multiples of their length since the
//! epoch, so five-minute buckets [`merge`] into hours, and buckets without a
//! sample do not exist.
//!
//! What counts as a value:
//! - a staleness marker is no value and leaves no trace;
//! - any other NaN is a value: it counts, makes the sum NaN and can be the
//!   last; the minimum and the maximum are those of the other values (NaN if
//!   there are none), and the increase passes over it;
//! - the increase is the sum of the steps from value to value, the step from
//!   the last value before the span included. A fall is a counter that began
//!   again from 0, so the new value is the step (Prometheus' `increase`
//!   before it extrapolates).
//!
//! Counts, minima, maxima and last values of merged buckets are exactly those
//! of the samples; sums and increases are added in another order, so they are
//! exact where the numbers are whole and below 2^53, and else may differ in
//! the last bits.

mod bucket;
mod resolution;

pub use bucket::{Bucket, SeriesRollups, merge, roll_up};
pub use resolution::Resolution;

#[cfg(test)]
mod tests;
