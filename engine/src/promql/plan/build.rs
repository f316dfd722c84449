//! From a tree to a plan.

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Select;
use super::invariant::is_invariant;
use super::node::{Info, Instant, Node, NodeKind, RangeSource, Ranges, VectorBinary, Wanted};
use crate::model::{MatchOp, Matcher, TimeRange, Timestamp};
use crate::promql::functions::instant::scalars;
use crate::promql::functions::range::{Reach, Steps};
use crate::promql::functions::{Function, absent_labels};
use crate::promql::label_set::NAME;
use crate::promql::query::{EvaluationTimes, PlanError, QueryOptions};
use crate::promql::syntax::{
    Aggregation, AtTime, Binary, Call, Expr, ExprKind, Extension, Modifiers, Operation, Span,
    Subquery, Text, Unary, UnaryOp, VectorSelector,
};
use crate::storage::Selector;

/// The metric whose labels `info` adds where nothing else is asked for.
const INFO_METRIC: &str = "target_info";
/// Those whose labels it adds where only some are ruled out.
const INFO_METRICS: &str = ".+_info";

/// Builds the nodes of one query and collects what they read.
pub(super) struct Builder<'a> {
    times: EvaluationTimes,
    options: &'a QueryOptions,
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

    fn boxed(&mut self, expr: &Expr, steps: &Steps) -> Result<Box<Node>, PlanError> {
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

    fn instant(
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

    fn reach(
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
    fn select(&mut self, conditions: &[Matcher], reach: &Reach, steps: &Steps) -> usize {
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

    fn call(&mut self, call: &Call, span: Span, steps: &Steps) -> Result<NodeKind, PlanError> {
        use Function as F;
        let unknown = || PlanError::Argument {
            message: format!("unknown function with name {:?}", call.function.name),
            span: call.function.span,
        };
        let function = F::by_name(&call.function.name).ok_or_else(unknown)?;
        let argument = |index: usize| {
            let message = format!("{}() misses an argument", call.function.name);
            call.args.get(index).ok_or(PlanError::Argument { message, span })
        };
        let seconds = |ms: i64| {
            #[expect(clippy::cast_precision_loss, reason = "exact for 285,000 years")]
            NodeKind::Number(ms as f64 / 1e3)
        };
        Ok(match function {
            F::Time => NodeKind::Time,
            F::Pi => NodeKind::Number(std::f64::consts::PI),
            F::Start => seconds(self.times.start_ms),
            F::End => seconds(self.times.end_ms),
            F::Range => seconds(self.times.end_ms.saturating_sub(self.times.start_ms)),
            F::Step => seconds(self.times.step_ms),
            F::MinOf | F::MaxOf => {
                let (left, right) =
                    (self.boxed(argument(0)?, steps)?, self.boxed(argument(1)?, steps)?);
                NodeKind::ScalarExtreme { function, left, right }
            }
            F::Scalar => NodeKind::ScalarOf(self.boxed(argument(0)?, steps)?),
            F::Vector => NodeKind::VectorOf(self.boxed(argument(0)?, steps)?),
            F::Timestamp => self.timestamp(argument(0)?, Wanted::Timestamp, steps)?,
            F::StartTimestamp => self.timestamp(argument(0)?, Wanted::StartTimestamp, steps)?,
            F::Absent => NodeKind::Absent {
                vector: self.boxed(argument(0)?, steps)?,
                labels: labels_of_absent(argument(0)?),
            },
            F::AbsentOverTime => {
                let labels = labels_of_absent(argument(0)?);
                let ranges = self.ranges(argument(0)?, steps)?;
                let present = NodeKind::OverRange {
                    function: F::PresentOverTime,
                    ranges,
                    parameters: Vec::new(),
                };
                NodeKind::Absent { vector: Box::new(Node { kind: present, span }), labels }
            }
            F::HistogramQuantile | F::HistogramFraction => {
                let last = call.args.len().saturating_sub(1);
                NodeKind::Histogram {
                    function,
                    vector: self.boxed(argument(last)?, steps)?,
                    parameters: self.nodes(call.args.get(..last).unwrap_or_default(), steps)?,
                    label: None,
                }
            }
            F::HistogramQuantiles => NodeKind::Histogram {
                function,
                vector: self.boxed(argument(0)?, steps)?,
                parameters: self.nodes(call.args.get(2..).unwrap_or_default(), steps)?,
                label: Some(self.text(argument(1)?)?),
            },
            F::LabelReplace | F::LabelJoin => NodeKind::Relabel {
                function,
                vector: self.boxed(argument(0)?, steps)?,
                texts: self.texts(call)?,
            },
            F::Sort | F::SortDesc | F::SortByLabel | F::SortByLabelDesc => NodeKind::Sort {
                function,
                vector: self.boxed(argument(0)?, steps)?,
                labels: self.texts(call)?,
            },
            F::Info => self.info(call, argument(0)?, steps)?,
            F::QuantileOverTime => NodeKind::OverRange {
                function,
                ranges: self.ranges(argument(1)?, steps)?,
                parameters: vec![self.node(argument(0)?, steps)?],
            },
            _ if takes_range(function) => NodeKind::OverRange {
                function,
                ranges: self.ranges(argument(0)?, steps)?,
                parameters: self.nodes(call.args.get(1..).unwrap_or_default(), steps)?,
            },
            _ => {
                let vector = match call.args.first() {
                    Some(vector) => self.boxed(vector, steps)?,
                    // The parts of dates take the time by default.
                    None => {
                        let time = Box::new(Node { kind: NodeKind::Time, span });
                        Box::new(Node { kind: NodeKind::VectorOf(time), span })
                    }
                };
                let parameters = self.nodes(call.args.get(1..).unwrap_or_default(), steps)?;
                NodeKind::Map { function, vector, parameters }
            }
        })
    }

    fn nodes(&mut self, exprs: &[Expr], steps: &Steps) -> Result<Vec<Node>, PlanError> {
        exprs.iter().map(|expr| self.node(expr, steps)).collect()
    }

    /// Returns the arguments behind the first, which are texts.
    fn texts(&self, call: &Call) -> Result<Vec<Text>, PlanError> {
        call.args.iter().skip(1).map(|expr| self.text(expr)).collect()
    }

    /// Builds `timestamp`, which sees the samples of a selector and the steps
    /// of anything else.
    fn timestamp(
        &mut self,
        expr: &Expr,
        wanted: Wanted,
        steps: &Steps,
    ) -> Result<NodeKind, PlanError> {
        match &expr.kind {
            ExprKind::Paren(inner) => self.timestamp(inner, wanted, steps),
            ExprKind::Vector(selector) => self.instant(selector, wanted, steps),
            _ => Ok(NodeKind::Timestamp(self.boxed(expr, steps)?)),
        }
    }

    fn info(&mut self, call: &Call, vector: &Expr, steps: &Steps) -> Result<NodeKind, PlanError> {
        let conditions = match call.args.get(1).map(|expr| &expr.kind) {
            Some(ExprKind::Vector(selector)) => selector.conditions(),
            _ => Vec::new(),
        };
        let (mut names, labels): (Vec<Matcher>, Vec<Matcher>) =
            conditions.into_iter().partition(|matcher| matcher.name() == NAME);
        if names.is_empty() {
            names.push(Matcher::equal(NAME, INFO_METRIC));
        } else if names.iter().all(|matcher| matcher.op().is_negative()) {
            let all = Matcher::new(NAME, MatchOp::Regex, INFO_METRICS);
            // The expression is a constant.
            names.extend(all.ok());
        }
        // At the times at which the vector's selectors read.
        let plain = self.reach(milliseconds(self.options.lookback), &Modifiers::default(), None)?;
        let (at_ms, offset_ms) = self.reference(vector)?.unwrap_or_default();
        let reach = Reach { at_ms, offset_ms, ..plain };
        let all: Vec<Matcher> = names.iter().chain(&labels).cloned().collect();
        let select = self.select(&all, &reach, steps);
        let vector = self.node(vector, steps)?;
        Ok(NodeKind::Info(Box::new(Info { vector, select, reach, names, labels })))
    }
}

impl Builder<'_> {
    /// Returns the fixed time and the offset at which the first selector in
    /// an expression reads, the subqueries around it included.
    fn reference(&self, expr: &Expr) -> Result<Option<(Option<i64>, i64)>, PlanError> {
        let modifiers = match &expr.kind {
            ExprKind::Vector(selector) => &selector.modifiers,
            ExprKind::Matrix(matrix) => &matrix.vector.modifiers,
            ExprKind::Subquery(subquery) => {
                let Some((at, offset)) = self.reference(&subquery.expr)? else { return Ok(None) };
                let own = self.reach(0, &subquery.modifiers, None)?;
                // What is fixed inside does not move with what is around it.
                let outer = (own.at_ms, own.offset_ms.saturating_add(offset));
                return Ok(Some(if at.is_some() { (at, offset) } else { outer }));
            }
            _ => {
                for child in expr.children() {
                    if let Some(found) = self.reference(child)? {
                        return Ok(Some(found));
                    }
                }
                return Ok(None);
            }
        };
        let reach = self.reach(0, modifiers, None)?;
        Ok(Some((reach.at_ms, reach.offset_ms)))
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

fn takes_range(function: Function) -> bool {
    use crate::promql::syntax::ValueType;
    function.signature().argument(0) == Some(ValueType::Matrix)
}

/// Returns the labels that the result of `absent` has: those of a selector.
fn labels_of_absent(expr: &Expr) -> Vec<(String, String)> {
    let conditions = match &expr.kind {
        ExprKind::Paren(inner) => return labels_of_absent(inner),
        ExprKind::Vector(selector) => selector.conditions(),
        ExprKind::Matrix(matrix) => matrix.vector.conditions(),
        _ => return Vec::new(),
    };
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    absent_labels(&conditions).into_iter().map(owned).collect()
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
