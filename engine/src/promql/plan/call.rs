//! Calls of functions.

use super::build::{Builder, milliseconds};
use super::node::{Info, Node, NodeKind, Wanted};
use crate::model::{MatchOp, Matcher};
use crate::promql::functions::range::{Reach, Steps};
use crate::promql::functions::{Function, absent_labels};
use crate::promql::label_set::NAME;
use crate::promql::query::PlanError;
use crate::promql::syntax::{Call, Expr, ExprKind, Modifiers, Span, Text, ValueType};

/// The metric whose labels `info` adds where nothing else is asked for.
const INFO_METRIC: &str = "target_info";
/// Those whose labels it adds where only some are ruled out.
const INFO_METRICS: &str = ".+_info";

impl Builder<'_> {
    pub(super) fn call(
        &mut self,
        call: &Call,
        span: Span,
        steps: &Steps,
    ) -> Result<NodeKind, PlanError> {
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

fn takes_range(function: Function) -> bool {
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
