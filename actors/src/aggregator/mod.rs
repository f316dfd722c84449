//! Computes series from other series, on their interval, and stores them.
//!
//! The component owns the definitions, their schedule and what became of the
//! runs (a [`Schedule`](keepwatch_engine::aggregate::Schedule)). Each run is a
//! job of its own: it asks the registry for a snapshot, computes in the
//! workshop and records the results as a gauge, which can be queried, alerted
//! on, exported and aggregated again. One that fails or is slow concerns no
//! other.

mod component;
mod messages;
mod run;
#[cfg(test)]
mod tests;

pub use component::{Aggregator, AggregatorOutlets};
pub use messages::{AddAggregation, Aggregate, AggregateNow, Aggregations, RemoveAggregation};
