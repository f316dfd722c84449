//! What is to be read and computed for a query at given times.
//!
//! A [`Plan`] names each set of series that is to be read once, with the span
//! of time that all parts of the query need of it; whoever owns the series
//! finds them, and [`Plan::evaluate`] does the rest on any thread. Lengths and
//! times that the query computes (`[step() * 2]`, `@ end()`) are known here.
//! What is the same at every step is evaluated at one, and what occurs twice
//! is evaluated once.

mod build;
mod call;
mod invariant;
mod node;
mod share;

pub(crate) use node::{Info, Instant, Node, NodeKind, RangeSource, Ranges, VectorBinary, Wanted};

use self::build::Builder;
use super::functions::range::Steps;
use super::query::{EvaluationTimes, PlanError, QueryOptions};
use super::syntax::{Expr, Text, ValueType};
use crate::model::TimeRange;
use crate::storage::Selector;

/// Series that a query reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// Which series.
    pub selector: Selector,
    /// The samples that are needed of them.
    pub range: TimeRange,
}

/// What is to be read and computed.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub(super) root: Root,
    selects: Vec<Select>,
    pub(super) times: EvaluationTimes,
    pub(super) steps: Steps,
    pub(super) options: QueryOptions,
}

/// The outermost part of a plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Root {
    Scalar(Node),
    Text(Text),
    Vector(Node),
    Matrix(Ranges),
}

impl Plan {
    pub(super) fn new(
        expr: &Expr,
        value_type: ValueType,
        times: EvaluationTimes,
        options: &QueryOptions,
    ) -> Result<Self, PlanError> {
        let steps = steps_of(times, options)?;
        if !times.is_instant() && matches!(value_type, ValueType::Matrix | ValueType::String) {
            return Err(PlanError::RangeOf { found: value_type });
        }
        let mut builder = Builder::new(times, options);
        let root = match value_type {
            ValueType::Scalar => Root::Scalar(builder.node(expr, &steps)?),
            ValueType::String => Root::Text(builder.text(expr)?),
            ValueType::Vector => Root::Vector(builder.node(expr, &steps)?),
            ValueType::Matrix => Root::Matrix(builder.ranges(expr, &steps)?),
        };
        let (selects, occurrences) = builder.finish();
        let mut root = root;
        share::keep_shared(&mut root, &occurrences);
        Ok(Self { root, selects, times, steps, options: options.clone() })
    }

    /// Returns the series that are to be found before the evaluation, in the
    /// order in which it wants them.
    #[must_use]
    pub fn selects(&self) -> &[Select] {
        &self.selects
    }
}

/// Returns the steps of a query.
fn steps_of(times: EvaluationTimes, options: &QueryOptions) -> Result<Steps, PlanError> {
    let EvaluationTimes { start_ms, end_ms, step_ms } = times;
    if times.is_instant() {
        return Ok(Steps { start_ms, step_ms: 0, count: 1 });
    }
    let length = end_ms.checked_sub(start_ms).filter(|length| *length >= 0);
    let length = length.ok_or(PlanError::EndBeforeStart)?;
    let count = usize::try_from(length / step_ms.max(1)).unwrap_or(usize::MAX).saturating_add(1);
    if count > options.samples_max {
        return Err(PlanError::TooManySteps { steps: count, max: options.samples_max });
    }
    Ok(Steps { start_ms, step_ms, count })
}
