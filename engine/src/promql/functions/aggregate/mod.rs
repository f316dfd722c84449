//! Aggregations: many series of a group in, one column or a choice out.
//!
//! Each takes the columns of a group one after the other, so that no more than
//! one input series has to be in memory. [`Accumulator`] is for the operators
//! with one result, [`Quantiles`] and [`ValueCounts`] for those that need the
//! values themselves, [`Ranking`], [`limitk`](Limit) and
//! [`limit_ratio`](keep_share) choose series at each step.

mod accumulator;
mod choice;
mod ranking;
mod values;

#[cfg(test)]
mod tests;

pub use accumulator::Accumulator;
pub use choice::{Limit, Ratios, keep_share, share};
pub use ranking::{Chosen, Ranking, counts};
pub use values::{Quantiles, ValueCounts};
