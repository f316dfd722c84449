//! The functions and aggregations of PromQL, as pure code on slices.
//!
//! [`Function`] is the table that calls are checked against. What a function
//! computes is in one of these:
//!
//! - [`range`]: functions of a range vector, for one series over all steps;
//! - [`instant`]: functions of an instant vector and operators, on the column
//!   of one series over all steps;
//! - [`aggregate`]: aggregations, which take in one such column after another;
//! - [`histogram`]: classic histograms, the buckets of one group at one step;
//! - [`label`] and [`order`]: what is made of labels.
//!
//! A column is one `f64` a step, in which [`ABSENT`] says that there is no
//! sample at that step. No kernel knows of labels, plans or storage, none can
//! panic on any input, and parameters that Prometheus refuses are a
//! [`FunctionError`].
//!
//! Histogram samples will be columns of their own; nothing here is for them.

pub mod aggregate;
pub mod histogram;
pub mod instant;
pub mod label;
pub mod number;
pub mod order;
pub mod range;

mod absence;
mod absent;
mod error;
mod quantile;
mod signature;
mod sum;
mod variance;

pub use absence::{ABSENT, is_absent};
pub use absent::{Presence, absent_labels};
pub use error::FunctionError;
pub use quantile::quantile;
pub use signature::{Function, Signature};
pub use sum::{Compensated, Mean};
