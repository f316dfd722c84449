//! What the aggregator is asked.

use std::sync::Arc;

use keepwatch_engine::aggregate::{AggregationState, Definition};
use keepwatch_engine::model::{Labels, Timestamp};

use super::Aggregator;
use crate::request;

request! {
    AddAggregation => (), owner Aggregator;
    RemoveAggregation => (), owner Aggregator;
    Aggregations => Vec<(Arc<Definition>, AggregationState)>, owner Aggregator;
    AggregateNow => usize, owner Aggregator;
    Aggregate => Vec<(Labels, f64)>, owner Aggregator;
}

/// Adds an aggregation; it runs at the next multiple of its interval.
///
/// Refused: a name that is taken.
#[derive(Debug, Clone)]
pub struct AddAggregation(pub Definition);

/// Removes an aggregation. What it has stored stays.
#[derive(Debug, Clone)]
pub struct RemoveAggregation {
    /// The aggregation.
    pub name: Arc<str>,
}

/// Asks for the aggregations and what became of their runs, by name.
#[derive(Debug, Clone, Copy)]
pub struct Aggregations;

/// Runs an aggregation for this moment and stores the results, besides its
/// regular runs; answers how many they are.
#[derive(Debug, Clone)]
pub struct AggregateNow {
    /// The aggregation.
    pub name: Arc<str>,
}

/// Evaluates a definition for one point in time and stores nothing.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// What to evaluate; need not have been added.
    pub definition: Definition,
    /// The end of its window; `None` means now.
    pub at: Option<Timestamp>,
}
