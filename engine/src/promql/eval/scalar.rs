//! Numbers, one a step.

use super::Evaluator;
use super::context::Context;
use super::error::EvalError;
use crate::promql::functions::instant::{max_of, min_of, scalars};
use crate::promql::functions::range::{Parameter, Steps};
use crate::promql::functions::{ABSENT, Function, is_absent};
use crate::promql::plan::{Node, NodeKind};

/// A number a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Numbers {
    /// The same at every step.
    Constant(f64),
    /// One a step.
    Steps(Vec<f64>),
}

impl Numbers {
    pub(super) fn parameter(&self) -> Parameter<'_> {
        match self {
            Self::Constant(value) => Parameter::Constant(*value),
            Self::Steps(values) => Parameter::Steps(values),
        }
    }

    pub(super) fn at(&self, step: usize) -> f64 {
        self.parameter().at(step)
    }

    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(f(value)),
            Self::Steps(values) => Self::Steps(values.into_iter().map(f).collect()),
        }
    }

    fn with(self, other: &Self, steps: usize, f: impl Fn(f64, f64) -> f64) -> Self {
        match (&self, other) {
            (Self::Constant(left), Self::Constant(right)) => Self::Constant(f(*left, *right)),
            _ => Self::Steps((0..steps).map(|step| f(self.at(step), other.at(step))).collect()),
        }
    }
}

impl<'a> Evaluator<'a> {
    /// Evaluates a node that is a number at each step.
    pub(super) fn numbers(
        &self,
        cx: &mut Context<'a>,
        node: &'a Node,
        steps: &Steps,
    ) -> Result<Numbers, EvalError> {
        let count = steps.count;
        Ok(match &node.kind {
            NodeKind::Number(value) => Numbers::Constant(*value),
            NodeKind::Time => Numbers::Steps((0..count).map(|step| seconds(steps, step)).collect()),
            NodeKind::ScalarNegative(inner) => self.numbers(cx, inner, steps)?.map(|value| -value),
            NodeKind::ScalarBinary { op, left, right } => {
                let left = self.numbers(cx, left, steps)?;
                let right = self.numbers(cx, right, steps)?;
                left.with(&right, count, |left, right| scalars(*op, left, right))
            }
            NodeKind::ScalarExtreme { function, left, right } => {
                let left = self.numbers(cx, left, steps)?;
                let right = self.numbers(cx, right, steps)?;
                let choose = if *function == Function::MinOf { min_of } else { max_of };
                left.with(&right, count, choose)
            }
            NodeKind::ScalarOf(vector) => {
                let vector = self.vector(cx, vector, steps)?;
                Numbers::Steps(self.only(cx, vector, count)?)
            }
            NodeKind::Invariant(inner) => {
                let once = self.numbers(cx, inner, &Steps { count: 1, ..*steps })?;
                Numbers::Constant(once.at(0))
            }
            NodeKind::Shared { node, .. } => self.numbers(cx, node, steps)?,
            // Types were checked: no other node is a number.
            _ => Numbers::Constant(f64::NAN),
        })
    }

    pub(super) fn all_numbers(
        &self,
        cx: &mut Context<'a>,
        nodes: &'a [Node],
        steps: &Steps,
    ) -> Result<Vec<Numbers>, EvalError> {
        nodes.iter().map(|node| self.numbers(cx, node, steps)).collect()
    }

    /// Returns the value of the only series at each step; NaN where there are
    /// several or none.
    fn only(
        &self,
        cx: &mut Context<'a>,
        mut vector: super::stream::Vector<'a>,
        steps: usize,
    ) -> Result<Vec<f64>, EvalError> {
        let mut found = vec![ABSENT; steps];
        let mut several = vec![false; steps];
        let mut column = vec![ABSENT; steps];
        for _ in 0..vector.heads().len() {
            vector.next(cx, &mut column)?;
            for ((found, several), &value) in found.iter_mut().zip(&mut several).zip(&column) {
                if !is_absent(value) {
                    *several |= !is_absent(*found);
                    *found = value;
                }
            }
        }
        let one = |(found, several): (f64, bool)| {
            if several || is_absent(found) { f64::NAN } else { found }
        };
        Ok(found.into_iter().zip(several).map(one).collect())
    }
}

/// Returns the time of a step in seconds.
#[expect(clippy::cast_precision_loss, reason = "times of the next 285,000 years are exact")]
pub(super) fn seconds(steps: &Steps, step: usize) -> f64 {
    steps.at(step) as f64 / 1e3
}
