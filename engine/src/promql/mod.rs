//! PromQL, the query language of Prometheus 3.14.
//!
//! A query goes through the rooms in this order: [`syntax`] turns text into a
//! tree with the position of every node; [`types`] checks its calls and
//! operands against the table of [`functions`].

pub mod functions;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
pub mod syntax;
pub mod types;
