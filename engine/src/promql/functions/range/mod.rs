//! Functions of a range vector: one series in, a value a step out.
//!
//! A [`RangeKernel`] is asked once a series for all steps of a query. It
//! prepares what the windows share (where a counter was reset, prefix sums,
//! counts) and then moves both ends of the window over the series once, so
//! that a step costs no more than a few operations wherever that is exact.
//! What windows take from times alone is kept for the next series, which often
//! has the same: give series that were collected together one after another.
//!
//! Values are those of Prometheus 3.14 to the last place or two: sums of long
//! ranges are differences of prefix sums where the error of that is below the
//! error of a sum over the window, and sums over the window elsewhere.
//!
//! Histogram samples have no part in this yet.

mod extended;
mod extremes;
mod kernel;
mod layout;
mod parameter;
mod rate;
mod regression;
mod resets;
mod window;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use extended::{check_extension, smoothed_instants};
pub use kernel::{Observed, RangeKernel};
pub use parameter::Parameter;
pub use window::{Reach, Samples, Steps, Window};
