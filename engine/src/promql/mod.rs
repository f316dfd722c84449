//! PromQL, the query language of Prometheus 3.14.
//!
//! A query goes through the rooms in this order: [`syntax`] turns text into a
//! tree with the position of every node, [`types`] checks its calls and
//! operands against the table of [`functions`], [`plan`] finds out what is to
//! be read and computed at given times, and `eval` does it with the code of
//! [`functions`]:
//!
//! ```text
//! Query::parse(text) → Query::plan(times) → Plan::selects() → Plan::evaluate(series) → Answer
//! ```
//!
//! Between the last two somebody else finds the series: this room knows no
//! owner of series, no thread and no clock.

pub mod annotation;
mod eval;
mod expression;
pub mod functions;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod label_set;
pub mod plan;
mod query;
mod source;
pub mod syntax;
pub mod types;
mod value;

pub use eval::{Cancellation, EvalError};
pub use expression::Expression;
pub use label_set::{LabelSet, NAME};
pub use query::{EvaluationTimes, PlanError, Query, QueryError, QueryOptions};
pub use source::{Points, SeriesReader, SeriesSet};
pub use value::{Answer, Point, PointSeries, PointValue, Value};
