//! Turns the samples of a window into one value, and keeps what is computed
//! regularly.
//!
//! A [`Definition`] says what is computed: a [`Measure`] of a metric, or a
//! [`Recording`] of what PromQL finds; a [`Schedule`] says when.
//!
//! [`observe`] puts the stored parts of each metric together again: a
//! histogram's buckets, sum and count become one [`Observed`]. A [`Method`]
//! then gives its value over a window, for one observed series or for a group
//! of them.
//!
//! | method | gauge, counter: samples in the window | histogram, summary: what was measured in the window |
//! |---|---|---|
//! | `sum` `avg` `min` `max` `count` `stddev` `variance` `pNN` | over the samples; a group's are pooled | `sum`, `avg`, `count` from the increases of `_sum` and `_count`; `pNN` from the buckets or the recorded quantiles; else none |
//! | `first` `last` `delta` | the first, the last, their difference; a group's are added | none |
//! | `increase` `rate` | of a counter with resets handled, of a gauge the difference; a group's are added | of `_count` |
//!
//! A window leaves its start out and takes its end in, as in Prometheus. A
//! staleness marker is no sample. A NaN is left out of everything but
//! `first`, `last` and `delta`. `rate` is the increase divided by the window's
//! length, in units a second; nothing is extrapolated.

mod definition;
mod digest;
mod error;
mod measure;
mod method;
mod observed;
mod quantile;
mod recording;
mod schedule;
#[cfg(test)]
mod tests;
mod window;

pub use definition::{Builder, Definition, Source, WINDOW_DEFAULT};
pub use digest::Digest;
pub use error::AggregateError;
pub use measure::{Grouping, Measure};
pub use method::Method;
pub use observed::{Observed, evaluate, observe};
pub use recording::{Recording, recorded};
pub use schedule::{AggregationState, Due, Results, Schedule};
