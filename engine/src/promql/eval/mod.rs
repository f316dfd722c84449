//! From a plan and series to a result.
//!
//! Evaluation is series-major: a part of a plan knows the labels of all its
//! series before the first sample and then gives one series after the other,
//! a column with a value a step ([`ABSENT`] where there is none). What has to
//! see all series at once keeps columns; a range function, an operator with a
//! scalar and a sum over both keep one.

mod aggregate;
mod binary;
mod context;
mod error;
mod histogram;
mod info;
mod ranges;
mod relabel;
mod scalar;
mod select;
mod set;
mod signature;
mod sort;
mod stream;
mod unify;

use std::rc::Rc;

pub use self::context::Cancellation;
pub use self::error::EvalError;

use self::aggregate::Aggregation;
use self::context::Context;
use self::scalar::{Numbers, seconds};
use self::select::Selected;
use self::stream::{
    Computed, Head, Mapped, Repeated, Series, SharedSeries, Vector, collect, nameless,
};
use self::unify::{merge, unify};
use super::annotation::Annotation;
use super::functions::instant::{Comparison, Operand, apply, column_with, with_column};
use super::functions::label::label_name;
use super::functions::range::{Parameter, Steps};
use super::functions::{ABSENT, Presence, is_absent};
use super::label_set::LabelSet;
use super::plan::{Node, NodeKind, Plan, Ranges, Root};
use super::source::{Points, SeriesSet};
use super::value::{Answer, Point, PointSeries, PointValue, Value};

impl Plan {
    /// Evaluates the plan over the series that its
    /// [selects](Plan::selects) found, in their order.
    ///
    /// # Errors
    /// See [`EvalError`].
    pub fn evaluate(
        &self,
        inputs: &[&dyn SeriesSet],
        cancellation: &Cancellation,
    ) -> Result<Answer, EvalError> {
        if inputs.len() != self.selects().len() {
            let (expected, found) = (self.selects().len(), inputs.len());
            return Err(EvalError::Inputs { expected, found });
        }
        let evaluator = Evaluator { plan: self };
        let mut cx = Context::new(inputs, &self.options, cancellation);
        let value = evaluator.root(&mut cx)?;
        let samples_read = cx.samples();
        Ok(Answer { value, annotations: cx.annotations, samples_read })
    }
}

/// Evaluates the nodes of one plan.
#[derive(Clone, Copy)]
struct Evaluator<'a> {
    plan: &'a Plan,
}

impl<'a> Evaluator<'a> {
    fn root(&self, cx: &mut Context<'a>) -> Result<Value, EvalError> {
        let steps = self.plan.steps;
        let is_instant = self.plan.times.is_instant();
        match &self.plan.root {
            Root::Text(text) => {
                Ok(Value::String(String::from_utf8_lossy(text.bytes()).into_owned()))
            }
            Root::Scalar(node) => {
                let numbers = self.numbers(cx, node, &steps)?;
                if is_instant {
                    return Ok(Value::Scalar(point(&steps, 0, numbers.at(0))));
                }
                let points = (0..steps.count).map(|step| point(&steps, step, numbers.at(step)));
                let labels = LabelSet::default();
                Ok(Value::Matrix(vec![PointSeries { labels, points: points.collect() }]))
            }
            Root::Vector(node) => {
                let vector = self.vector(cx, node, &steps)?;
                let series = collect(cx, vector, steps.count)?;
                let series = self.finish(cx, series)?;
                Ok(if is_instant { instant(&steps, series) } else { matrix(&steps, series) })
            }
            Root::Matrix(ranges) => self.windows(cx, ranges, &steps).map(Value::Matrix),
        }
    }

    /// Removes the names that are to be removed at the end.
    fn finish(&self, cx: &Context<'_>, mut series: Vec<Series>) -> Result<Vec<Series>, EvalError> {
        let type_and_unit = cx.options.type_and_unit_labels;
        for one in &mut series {
            if std::mem::take(&mut one.head.drop_name) {
                one.head.labels = one.head.labels.without_name(type_and_unit);
            }
        }
        merge(series, &EvalError::SameLabels)
    }

    /// Returns the samples of a range vector at one time.
    fn windows(
        &self,
        cx: &mut Context<'a>,
        ranges: &'a Ranges,
        steps: &Steps,
    ) -> Result<Vec<PointSeries>, EvalError> {
        let mut vector = self.ranges(cx, ranges, steps)?;
        let heads = std::mem::take(&mut vector.heads);
        let reach = &ranges.reach;
        let end = reach.at_ms.unwrap_or(steps.start_ms).saturating_sub(reach.offset_ms);
        let start = end.saturating_sub(reach.range_ms);
        let mut points = Points::default();
        let mut all = Vec::new();
        for head in heads {
            vector.next(cx, &mut points)?;
            let samples = points.times.iter().zip(&points.values);
            let samples = samples.filter(|(at, _)| **at > start && **at <= end);
            let samples =
                samples.map(|(&at_ms, &value)| Point { at_ms, value: PointValue::Float(value) });
            let points: Vec<Point> = samples.collect();
            if points.is_empty() {
                continue;
            }
            let mut labels = head.labels;
            if head.drop_name {
                labels = labels.without_name(cx.options.type_and_unit_labels);
            }
            all.push(PointSeries { labels, points });
        }
        all.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(all)
    }

    fn input(&self, cx: &Context<'a>, select: usize) -> Result<&'a dyn SeriesSet, EvalError> {
        let (expected, found) = (self.plan.selects().len(), cx.inputs.len());
        cx.inputs.get(select).copied().ok_or(EvalError::Inputs { expected, found })
    }

    /// Evaluates a node that is an instant vector.
    fn vector(
        &self,
        cx: &mut Context<'a>,
        node: &'a Node,
        steps: &Steps,
    ) -> Result<Vector<'a>, EvalError> {
        let count = steps.count;
        match &node.kind {
            NodeKind::Instant(selector) => {
                let set = self.input(cx, selector.select)?;
                let selected = Selected::new(set, selector, steps);
                if selector.wanted == super::plan::Wanted::Value {
                    return Ok(Box::new(selected));
                }
                let vector: Vector<'a> = Box::new(selected);
                let heads = nameless(&vector, cx.options);
                self.unified(cx, Mapped::boxed(vector, heads, |_: &mut [f64]| {}), count)
            }
            NodeKind::OverRange { function, ranges, parameters } => {
                let vector = self.over_range(cx, *function, ranges, parameters, steps)?;
                self.unified(cx, vector, count)
            }
            NodeKind::VectorOf(number) => {
                let numbers = self.numbers(cx, number, steps)?;
                let column = (0..count).map(|step| numbers.at(step)).collect();
                let head = Head::new(LabelSet::default());
                Ok(Computed::boxed(vec![Series { head, column }]))
            }
            NodeKind::Absent { vector, labels } => {
                let mut vector = self.vector(cx, vector, steps)?;
                let mut presence = Presence::new(count);
                let mut column = vec![ABSENT; count];
                for _ in 0..vector.heads().len() {
                    vector.next(cx, &mut column)?;
                    presence.add(&column);
                }
                let none = LabelSet::default();
                let labels = labels.iter().fold(none, |set, (label, value)| set.with(label, value));
                let series = Series { head: Head::new(labels), column: presence.absence() };
                Ok(Computed::boxed(vec![series]))
            }
            NodeKind::Map { function, vector, parameters } => {
                let parameters = self.all_numbers(cx, parameters, steps)?;
                let vector = self.vector(cx, vector, steps)?;
                let heads = nameless(&vector, cx.options);
                let function = *function;
                let mapped = Mapped::boxed(vector, heads, move |column: &mut [f64]| {
                    let parameters: Vec<Parameter<'_>> =
                        parameters.iter().map(Numbers::parameter).collect();
                    if !apply(function, column, &parameters) {
                        // The functions of native histograms leave floats out.
                        column.fill(ABSENT);
                    }
                });
                self.unified(cx, mapped, count)
            }
            NodeKind::Negative(vector) => {
                let vector = self.vector(cx, vector, steps)?;
                let heads = nameless(&vector, cx.options);
                let negate = |column: &mut [f64]| {
                    column
                        .iter_mut()
                        .filter(|value| !is_absent(**value))
                        .for_each(|value| *value = -*value);
                };
                self.unified(cx, Mapped::boxed(vector, heads, negate), count)
            }
            NodeKind::WithScalar { op, return_bool, vector, scalar, swapped } => {
                let numbers = self.numbers(cx, scalar, steps)?;
                let vector = self.vector(cx, vector, steps)?;
                let (op, swapped) = (*op, *swapped);
                let comparison = if *return_bool { Comparison::Bool } else { Comparison::Filter };
                let keeps_name = op.is_comparison() && !return_bool;
                let heads = if keeps_name {
                    vector.heads().to_vec()
                } else {
                    nameless(&vector, cx.options)
                };
                let mapped = Mapped::boxed(vector, heads, move |column: &mut [f64]| {
                    let scalar = Operand::Scalar(numbers.parameter());
                    if swapped {
                        with_column(op, comparison, scalar, column);
                    } else {
                        column_with(op, comparison, column, scalar);
                    }
                });
                self.unified(cx, mapped, count)
            }
            NodeKind::Binary(pair) => {
                let left = self.vector(cx, &pair.left, steps)?;
                let right = self.vector(cx, &pair.right, steps)?;
                binary::combine(cx, pair, left, right, count)
            }
            NodeKind::Set { op, matching, left, right } => {
                let left = self.vector(cx, left, steps)?;
                let right = self.vector(cx, right, steps)?;
                let combined = set::combine(cx, *op, matching.as_ref(), left, right, count)?;
                self.unified(cx, combined, count)
            }
            NodeKind::Aggregate { op, grouping, parameter, vector } => {
                let aggregation = Aggregation {
                    op: *op,
                    grouping: grouping.as_ref(),
                    parameter: parameter.as_deref(),
                    vector,
                };
                self.aggregate(cx, &aggregation, steps)
            }
            NodeKind::Histogram { function, vector, parameters, label } => {
                let numbers = self.all_numbers(cx, parameters, steps)?;
                let spans = parameters.iter().map(|parameter| parameter.span);
                let call = histogram::Call {
                    function: *function,
                    parameters: numbers.into_iter().zip(spans).collect(),
                    label: label.as_ref(),
                    span: vector.span,
                };
                let vector = self.vector(cx, vector, steps)?;
                let result = histogram::evaluate(cx, &call, vector, steps)?;
                self.unified(cx, result, count)
            }
            NodeKind::Relabel { function, vector, texts } => {
                let vector = self.vector(cx, vector, steps)?;
                let heads = relabel::relabel(*function, texts, vector.heads())?;
                let relabelled = Mapped::boxed(vector, heads, |_: &mut [f64]| {});
                unify(cx, relabelled, count, &EvalError::SameLabels)
            }
            NodeKind::Sort { function, vector, labels } => {
                let vector = self.vector(cx, vector, steps)?;
                if !self.plan.times.is_instant() {
                    cx.annotate(Annotation::sort_without_effect(node.span));
                    return Ok(vector);
                }
                let mut series = collect(cx, vector, count)?;
                let labels = labels.iter().map(|label| label_name(label.bytes()));
                let labels = labels.collect::<Result<Vec<&str>, _>>()?;
                sort::sort(*function, &labels, &mut series);
                Ok(Computed::boxed(series))
            }
            NodeKind::Info(info) => self.info(cx, info, steps),
            NodeKind::Timestamp(vector) => {
                let vector = self.vector(cx, vector, steps)?;
                let heads = nameless(&vector, cx.options);
                let steps = *steps;
                let stamp = move |column: &mut [f64]| {
                    for (step, value) in column.iter_mut().enumerate() {
                        if !is_absent(*value) {
                            *value = seconds(&steps, step);
                        }
                    }
                };
                self.unified(cx, Mapped::boxed(vector, heads, stamp), count)
            }
            NodeKind::Invariant(inner) => {
                let once = self.vector(cx, inner, &Steps { count: 1, ..*steps })?;
                Ok(Box::new(Repeated { once }))
            }
            NodeKind::Shared { number, node } => self.shared(cx, *number, node, steps),
            // Types were checked: the others are no vectors.
            NodeKind::Number(_)
            | NodeKind::Text(_)
            | NodeKind::Time
            | NodeKind::ScalarOf(_)
            | NodeKind::ScalarBinary { .. }
            | NodeKind::ScalarNegative(_)
            | NodeKind::ScalarExtreme { .. } => Ok(Computed::boxed(Vec::new())),
        }
    }

    /// Evaluates what several parts need, at the first of them.
    fn shared(
        &self,
        cx: &mut Context<'a>,
        number: usize,
        node: &'a Node,
        steps: &Steps,
    ) -> Result<Vector<'a>, EvalError> {
        if let Some(Some(known)) = cx.shared.get(number) {
            return Ok(SharedSeries::boxed(Rc::clone(known)));
        }
        let vector = self.vector(cx, node, steps)?;
        let series = Rc::new(collect(cx, vector, steps.count)?);
        if cx.shared.len() <= number {
            cx.shared.resize(number + 1, None);
        }
        if let Some(place) = cx.shared.get_mut(number) {
            *place = Some(Rc::clone(&series));
        }
        Ok(SharedSeries::boxed(series))
    }

    /// Makes series one that have become the same; with names removed at the
    /// end that is done there.
    fn unified(
        &self,
        cx: &mut Context<'_>,
        vector: Vector<'a>,
        steps: usize,
    ) -> Result<Vector<'a>, EvalError> {
        if cx.options.delayed_name_removal {
            return Ok(vector);
        }
        unify(cx, vector, steps, &EvalError::SameLabels)
    }
}

fn point(steps: &Steps, step: usize, value: f64) -> Point {
    Point { at_ms: steps.at(step), value: PointValue::Float(value) }
}

fn instant(steps: &Steps, series: Vec<Series>) -> Value {
    let value = |one: &Series| one.column.first().copied().unwrap_or(ABSENT);
    Value::Vector(
        series
            .into_iter()
            .map(|one| (one.head.labels.clone(), point(steps, 0, value(&one))))
            .collect(),
    )
}

fn matrix(steps: &Steps, series: Vec<Series>) -> Value {
    let points = |column: &[f64]| {
        let present = column.iter().enumerate().filter(|(_, value)| !is_absent(**value));
        present.map(|(step, &value)| point(steps, step, value)).collect()
    };
    let mut all: Vec<PointSeries> = series
        .into_iter()
        .map(|one| PointSeries { points: points(&one.column), labels: one.head.labels })
        .collect();
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    Value::Matrix(all)
}
