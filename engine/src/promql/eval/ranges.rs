//! Range vectors and what functions make of them.

use std::sync::Arc;

use super::Evaluator;
use super::context::Context;
use super::error::EvalError;
use super::scalar::Numbers;
use super::select::{leave_out_stale, needed};
use super::stream::{Head, Stream, Vector};
use super::unify::unify;
use crate::promql::annotation::{Annotation, is_counter_name};
use crate::promql::functions::range::{Parameter, RangeKernel, Reach, Samples, Steps};
use crate::promql::functions::{ABSENT, Function, is_absent};
use crate::promql::plan::{Node, RangeSource, Ranges};
use crate::promql::source::{Points, SeriesReader};
use crate::promql::syntax::Span;

/// The samples of a range vector, one series after the other.
pub(super) struct RangeVector<'a> {
    pub(super) heads: Vec<Head>,
    next: usize,
    from: From<'a>,
}

enum From<'a> {
    Reader(Box<dyn SeriesReader + 'a>),
    Vector { vector: Vector<'a>, steps: Steps, column: Vec<f64> },
}

impl RangeVector<'_> {
    /// Reads the next series, without staleness markers.
    pub(super) fn next(
        &mut self,
        cx: &mut Context<'_>,
        points: &mut Points,
    ) -> Result<(), EvalError> {
        match &mut self.from {
            From::Reader(reader) => {
                reader.read(self.next, points);
                leave_out_stale(points);
            }
            From::Vector { vector, steps, column } => {
                vector.next(cx, column)?;
                points.clear();
                for (step, &value) in column.iter().enumerate() {
                    if !is_absent(value) {
                        points.times.push(steps.at(step));
                        points.values.push(value);
                    }
                }
            }
        }
        self.next += 1;
        cx.count(points.times.len())
    }
}

impl<'a> Evaluator<'a> {
    /// Prepares to read a range vector.
    pub(super) fn ranges(
        &self,
        cx: &mut Context<'a>,
        ranges: &'a Ranges,
        steps: &Steps,
    ) -> Result<RangeVector<'a>, EvalError> {
        match &ranges.source {
            RangeSource::Select(select) => {
                let set = self.input(cx, *select)?;
                let heads = set.labels().into_iter().map(Head::new).collect();
                let from = From::Reader(set.reader(needed(&ranges.reach, steps)));
                Ok(RangeVector { heads, next: 0, from })
            }
            RangeSource::Subquery { vector, steps } => {
                let vector = self.vector(cx, vector, steps)?;
                let error = EvalError::SameLabels;
                let vector = unify(cx, vector, steps.count, &error)?;
                let heads = vector.heads().to_vec();
                let column = vec![ABSENT; steps.count];
                Ok(RangeVector {
                    heads,
                    next: 0,
                    from: From::Vector { vector, steps: *steps, column },
                })
            }
        }
    }

    /// Evaluates a function of a range vector.
    pub(super) fn over_range(
        &self,
        cx: &mut Context<'a>,
        function: Function,
        ranges: &'a Ranges,
        parameters: &'a [Node],
        steps: &Steps,
    ) -> Result<Vector<'a>, EvalError> {
        let parameters = self.all_numbers(cx, parameters, steps)?;
        if function == Function::QuantileOverTime {
            for step in 0..steps.count {
                let phi = parameters.first().map_or(f64::NAN, |phi| phi.at(step));
                if !(0.0..=1.0).contains(&phi) {
                    cx.annotate(Annotation::quantile_out_of_range(phi, ranges.span));
                }
            }
        }
        let vector = self.ranges(cx, ranges, steps)?;
        let keeps_name = matches!(function, Function::LastOverTime | Function::FirstOverTime);
        let names = vector.heads.iter().map(|head| Arc::clone(&head.labels.name)).collect();
        let heads = vector.heads.iter().cloned();
        let heads = if keeps_name {
            heads.collect()
        } else {
            heads.map(|head| head.without_name(cx.options)).collect()
        };
        let Some(kernel) = RangeKernel::new(function) else {
            return Ok(super::stream::Computed::boxed(Vec::new()));
        };
        Ok(Box::new(OverRange {
            function,
            heads,
            names,
            vector,
            kernel,
            parameters,
            reach: ranges.reach,
            steps: *steps,
            span: ranges.span,
            points: Points::default(),
            next: 0,
        }))
    }
}

/// A function of a range vector.
struct OverRange<'a> {
    function: Function,
    heads: Vec<Head>,
    /// The names that the series have in the range vector, for annotations.
    names: Vec<Arc<str>>,
    vector: RangeVector<'a>,
    kernel: RangeKernel,
    parameters: Vec<Numbers>,
    reach: Reach,
    steps: Steps,
    span: Span,
    points: Points,
    next: usize,
}

impl Stream for OverRange<'_> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        self.vector.next(cx, &mut self.points)?;
        let points = &self.points;
        let samples = Samples::new(&points.times, &points.values).with_starts(&points.starts);
        let parameters: Vec<Parameter<'_>> =
            self.parameters.iter().map(Numbers::parameter).collect();
        let observed =
            self.kernel.evaluate(&samples, &self.reach, &self.steps, &parameters, column)?;
        let name = self.names.get(self.next).map_or("", |name| &**name);
        self.next += 1;
        if observed.overlapping_starts {
            cx.annotate(Annotation::overlapping_starts(name, self.span));
        }
        let for_counters = matches!(self.function, Function::Rate | Function::Increase);
        if for_counters
            && !name.is_empty()
            && !is_counter_name(name)
            && column.iter().any(|&value| !is_absent(value))
        {
            cx.annotate(Annotation::maybe_no_counter(name, self.span));
        }
        Ok(())
    }
}
