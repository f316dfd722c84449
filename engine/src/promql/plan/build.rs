//! From a tree to a plan.

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Select;
use super::invariant::is_invariant;
use super::node::{Instant, Node, NodeKind, RangeSource, Ranges, VectorBinary, Wanted};
use crate::model::{Matcher, TimeRange, Timestamp};
use crate::promql::functions::instant::scalars;
use crate::promql::functions::range::{Reach, Steps};
use crate::promql::query::{EvaluationTimes, PlanError, QueryOptions};
use crate::promql::syntax::{
    Aggregation, AtTime, Binary, Expr, ExprKind, Extension, Modifiers, Operation, Span, Subquery,
    Text, Unary, UnaryOp, VectorSelector,
};
use crate::storage::Selector;

/// Builds the nodes of one query and collects what they read.
pub(super) struct Builder<'a> {
    pub(super) times: EvaluationTimes,
    pub(super) options: &'a QueryOptions,
    selects: Vec<Select>,
    /// The place of each select by its conditions.
    places: HashMap<String, usize, RandomState>,
    /// The number of each expression at given steps that is worth sharing.
    numbers: HashMap<(String, Steps), usize, RandomState>,
    /// How often each of them occurs.
    occurrences: Vec<usize>,
}

/// A longer chain of operators, numbers aside, is refused: its nodes lie as
/// deep in each other.
const CHAIN_MAX: usize = 1_000;

impl<'a> Builder<'a> {
    pub(super) fn new(times: EvaluationTimes, options: &'a QueryOptions) -> Self {
        Self {
            times,
            options,
            selects: Vec::new(),
            places: HashMap::default(),
            numbers: HashMap::default(),
            occurrences: Vec::new(),
        }
    }

    /// Returns what is to be read, and how often each shared node occurs.
    pub(super) fn finish(self) -> (Vec<Select>, Vec<usize>) {
        (self.selects, self.occurrences)
    }

    /// Returns a literal text, parentheses aside.
    pub(super) fn text(&self, expr: &Expr) -> Result<Text, PlanError> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.text(inner),
            ExprKind::Text(text) => Ok(text.clone()),
            _ => {
                Err(PlanError::Argument { message: "expected a text".to_owned(), span: expr.span })
            }
        }
    }

    /// Builds the node of an expression that is no range vector.
    pub(super) fn node(&mut self, expr: &Expr, steps: &Steps) -> Result<Node, PlanError> {
        let literal = matches!(expr.kind, ExprKind::Number(_) | ExprKind::Text(_));
        if literal || steps.count < 2 || !is_invariant(expr) {
            return self.numbered(expr, steps);
        }
        let once = self.numbered(expr, &Steps { count: 1, ..*steps })?;
        Ok(Node { kind: NodeKind::Invariant(Box::new(once)), span: expr.span })
    }

    /// Builds a node; one that is worth sharing gets the number of its like.
    fn numbered(&mut self, expr: &Expr, steps: &Steps) -> Result<Node, PlanError> {
        let node = self.varying(expr, steps)?;
        let worth = matches!(
            node.kind,
            NodeKind::OverRange { .. } | NodeKind::Aggregate { .. } | NodeKind::Histogram { .. }
        );
        if !worth {
            return Ok(node);
        }
        let next = self.occurrences.len();
        let number = *self.numbers.entry((expr.to_string(), *steps)).or_insert(next);
        if number == next {
            self.occurrences.push(0);
        }
        if let Some(count) = self.occurrences.get_mut(number) {
            *count += 1;
        }
        let span = node.span;
        Ok(Node { kind: NodeKind::Shared { number, node: Box::new(node) }, span })
    }

    pub(super) fn boxed(&mut self, expr: &Expr, steps: &Steps) -> Result<Box<Node>, PlanError> {
        self.node(expr, steps).map(Box::new)
    }

    fn varying(&mut self, expr: &Expr, steps: &Steps) -> Result<Node, PlanError> {
        let kind = match &expr.kind {
            ExprKind::Number(number) => NodeKind::Number(number.value),
            ExprKind::Text(_) => NodeKind::Text(self.text(expr)?),
            ExprKind::Vector(selector) => self.instant(selector, Wanted::Value, steps)?,
            ExprKind::Call(call) => self.call(call, expr.span, steps)?,
            ExprKind::Aggregation(aggregation) => self.aggregation(aggregation, steps)?,
            ExprKind::Binary(binary) => return self.binary(binary, steps),
            ExprKind::Unary(unary) => return self.unary(unary, expr.span, steps),
            // Annotations are about what is in the parentheses.
            ExprKind::Paren(inner) => return self.varying(inner, steps),
            ExprKind::Matrix(_) | ExprKind::Subquery(_) => {
                let message = "expected a vector, got a range vector".to_owned();
                return Err(PlanError::Argument { message, span: expr.span });
            }
        };
        Ok(Node { kind, span: expr.span })
    }

    pub(super) fn instant(
        &mut self,
        selector: &VectorSelector,
        wanted: Wanted,
        steps: &Steps,
    ) -> Result<NodeKind, PlanError> {
        let lookback = milliseconds(self.options.lookback);
        let reach = self.reach(lookback, &selector.modifiers, selector.extension)?;
        let select = self.select(&selector.conditions(), &reach, steps);
        Ok(NodeKind::Instant(Instant { select, reach, wanted }))
    }

    /// Builds a range vector.
    pub(super) fn ranges(&mut self, expr: &Expr, steps: &Steps) -> Result<Ranges, PlanError> {
        let EvaluationTimes { start_ms, end_ms, step_ms } = self.times;
        let length = end_ms.saturating_sub(start_ms);
        match &expr.kind {
            ExprKind::Paren(inner) => self.ranges(inner, steps),
            ExprKind::Matrix(matrix) => {
                let range_ms = matrix.range.positive_millis(step_ms, length)?;
                let selector = &matrix.vector;
                let reach = self.reach(range_ms, &selector.modifiers, selector.extension)?;
                let select = self.select(&selector.conditions(), &reach, steps);
                Ok(Ranges { source: RangeSource::Select(select), reach, span: expr.span })
            }
            ExprKind::Subquery(subquery) => {
                let range_ms = subquery.range.positive_millis(step_ms, length)?;
                let reach = self.reach(range_ms, &subquery.modifiers, None)?;
                let inner = self.subquery_steps(subquery, &reach, steps)?;
                let vector = self.boxed(&subquery.expr, &inner)?;
                let source = RangeSource::Subquery { vector, steps: inner };
                Ok(Ranges { source, reach, span: expr.span })
            }
            _ => {
                let message = "expected a range vector".to_owned();
                Err(PlanError::Argument { message, span: expr.span })
            }
        }
    }

    /// Returns the steps at which the inside of a subquery is evaluated:
    /// multiples of its own step within all windows of the outer steps.
    fn subquery_steps(
        &self,
        subquery: &Subquery,
        reach: &Reach,
        outer: &Steps,
    ) -> Result<Steps, PlanError> {
        let EvaluationTimes { start_ms, end_ms, step_ms } = self.times;
        let step = match &subquery.step {
            Some(step) => step.positive_millis(step_ms, end_ms.saturating_sub(start_ms))?,
            None => milliseconds(self.options.subquery_step).max(1),
        };
        let (after, last) = reach.bounds(outer);
        let first = after.div_euclid(step).saturating_add(1).saturating_mul(step);
        let count = match last.checked_sub(first).filter(|length| *length >= 0) {
            Some(length) => usize::try_from(length / step).unwrap_or(usize::MAX).saturating_add(1),
            None => 0,
        };
        if count > self.options.samples_max {
            return Err(PlanError::TooManySteps { steps: count, max: self.options.samples_max });
        }
        Ok(Steps { start_ms: first, step_ms: step, count })
    }

    pub(super) fn reach(
        &self,
        range_ms: i64,
        modifiers: &Modifiers,
        extension: Option<Extension>,
    ) -> Result<Reach, PlanError> {
        let EvaluationTimes { start_ms, end_ms, step_ms } = self.times;
        let offset_ms = match &modifiers.offset {
            Some(offset) => offset.millis(step_ms, end_ms.saturating_sub(start_ms))?,
            None => 0,
        };
        let at_ms = modifiers.at.map(|at| match at.time {
            AtTime::Millis(at) => at,
            AtTime::Start => start_ms,
            AtTime::End => end_ms,
        });
        let lookback_ms = milliseconds(self.options.lookback);
        Ok(Reach { range_ms, offset_ms, at_ms, extension, lookback_ms })
    }

    /// Notes what is to be read; what is read twice is noted once.
    pub(super) fn select(&mut self, conditions: &[Matcher], reach: &Reach, steps: &Steps) -> usize {
        let (after, last) = reach.bounds(steps);
        let first = Timestamp::from_millis(after.saturating_add(1));
        let range = TimeRange::new(first, Timestamp::from_millis(last));
        let mut texts: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        texts.sort_unstable();
        let selects = &mut self.selects;
        let place = *self.places.entry(texts.join(",")).or_insert_with(|| {
            let matching = |selector: Selector, one: &Matcher| selector.matching(one.clone());
            let selector = conditions.iter().fold(Selector::any(), matching);
            selects.push(Select { selector, range });
            selects.len() - 1
        });
        if let Some(select) = selects.get_mut(place) {
            let (start, end) =
                (select.range.start.min(range.start), select.range.end.max(range.end));
            select.range = TimeRange::new(start, end);
        }
        place
    }

    fn unary(&mut self, unary: &Unary, span: Span, steps: &Steps) -> Result<Node, PlanError> {
        let inner = self.node(&unary.expr, steps)?;
        let kind = match (unary.op, &inner.kind) {
            (UnaryOp::Plus, _) => return Ok(inner),
            (UnaryOp::Minus, NodeKind::Number(value)) => NodeKind::Number(-value),
            (UnaryOp::Minus, _) if inner.is_scalar() => NodeKind::ScalarNegative(Box::new(inner)),
            (UnaryOp::Minus, _) => NodeKind::Negative(Box::new(inner)),
        };
        Ok(Node { kind, span })
    }

    fn binary(&mut self, binary: &Binary, steps: &Steps) -> Result<Node, PlanError> {
        let mut left = self.node(&binary.first, steps)?;
        let mut deep = 0;
        for (index, operation) in binary.rest.iter().enumerate() {
            let right = self.node(&operation.right, steps)?;
            let kind = operation_of(operation, left, right);
            let span = binary.span_through(index);
            deep += usize::from(!matches!(kind, NodeKind::Number(_)));
            if deep > CHAIN_MAX {
                let message = format!("a chain of more than {CHAIN_MAX} operators");
                return Err(PlanError::Argument { message, span });
            }
            left = Node { kind, span };
        }
        Ok(left)
    }

    fn aggregation(
        &mut self,
        aggregation: &Aggregation,
        steps: &Steps,
    ) -> Result<NodeKind, PlanError> {
        let parameter = match &aggregation.param {
            Some(parameter) => Some(self.boxed(parameter, steps)?),
            None => None,
        };
        Ok(NodeKind::Aggregate {
            op: aggregation.op,
            grouping: aggregation.grouping.clone(),
            parameter,
            vector: self.boxed(&aggregation.expr, steps)?,
        })
    }
}

impl Node {
    /// Says whether the node is a number a step.
    pub(crate) fn is_scalar(&self) -> bool {
        match &self.kind {
            NodeKind::Number(_)
            | NodeKind::Time
            | NodeKind::ScalarOf(_)
            | NodeKind::ScalarBinary { .. }
            | NodeKind::ScalarNegative(_)
            | NodeKind::ScalarExtreme { .. } => true,
            NodeKind::Invariant(inner) | NodeKind::Shared { node: inner, .. } => inner.is_scalar(),
            _ => false,
        }
    }
}

fn operation_of(operation: &Operation, left: Node, right: Node) -> NodeKind {
    let (op, return_bool) = (operation.op, operation.return_bool);
    if let (NodeKind::Number(left), NodeKind::Number(right)) = (&left.kind, &right.kind) {
        return NodeKind::Number(scalars(op, *left, *right));
    }
    match (left.is_scalar(), right.is_scalar()) {
        (true, true) => NodeKind::ScalarBinary { op, left: Box::new(left), right: Box::new(right) },
        (false, true) => NodeKind::WithScalar {
            op,
            return_bool,
            vector: Box::new(left),
            scalar: Box::new(right),
            swapped: false,
        },
        (true, false) => NodeKind::WithScalar {
            op,
            return_bool,
            vector: Box::new(right),
            scalar: Box::new(left),
            swapped: true,
        },
        (false, false) if op.is_set() => NodeKind::Set {
            op,
            matching: operation.matching.clone(),
            left: Box::new(left),
            right: Box::new(right),
        },
        (false, false) => NodeKind::Binary(Box::new(VectorBinary {
            op,
            return_bool,
            matching: operation.matching.clone(),
            fill: operation.fill,
            left,
            right,
        })),
    }
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
