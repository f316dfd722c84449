//! Aggregations.

use super::Evaluator;
use super::context::Context;
use super::error::EvalError;
use super::scalar::Numbers;
use super::signature::{Counting, Groups};
use super::stream::{Computed, Head, Series, Vector, collect};
use super::unify::merge;
use crate::promql::annotation::Annotation;
use crate::promql::functions::ABSENT;
use crate::promql::functions::aggregate::{
    Accumulator, Limit, Quantiles, Ranking, Ratios, ValueCounts, counts, keep_share, share,
};
use crate::promql::functions::label::label_name;
use crate::promql::functions::range::Steps;
use crate::promql::plan::{Node, NodeKind};
use crate::promql::syntax::{AggregateOp, Grouping};

/// An aggregation as the plan has it.
pub(super) struct Aggregation<'a> {
    pub(super) op: AggregateOp,
    pub(super) grouping: Option<&'a Grouping>,
    pub(super) parameter: Option<&'a Node>,
    pub(super) vector: &'a Node,
}

impl<'a> Evaluator<'a> {
    pub(super) fn aggregate(
        &self,
        cx: &mut Context<'a>,
        aggregation: &Aggregation<'a>,
        steps: &Steps,
    ) -> Result<Vector<'a>, EvalError> {
        use AggregateOp as Op;
        let counting = Counting::grouping(aggregation.grouping);
        let count = steps.count;
        let numbers = match aggregation.parameter {
            Some(Node { kind: NodeKind::Text(_), .. }) | None => None,
            Some(parameter) => Some(self.numbers(cx, parameter, steps)?),
        };
        let parameter = numbers.unwrap_or(Numbers::Constant(f64::NAN));
        let vector = self.vector(cx, aggregation.vector, steps)?;
        match aggregation.op {
            Op::Topk | Op::Bottomk => rank(cx, aggregation.op, counting, &parameter, vector, count),
            Op::Limitk => limit(cx, counting, &parameter, vector, count),
            Op::LimitRatio => {
                let ratios = Ratios::new(parameter.parameter(), count)?;
                for &capped in &ratios.capped {
                    let span =
                        aggregation.parameter.map_or(aggregation.vector.span, |one| one.span);
                    cx.annotate(Annotation::ratio_out_of_range(capped, span));
                }
                limit_ratio(cx, &ratios.ratios, vector, count)
            }
            Op::CountValues => {
                let label = match aggregation.parameter.map(|parameter| &parameter.kind) {
                    Some(NodeKind::Text(label)) => label.bytes(),
                    _ => &[],
                };
                count_values(cx, counting, label_name(label)?, vector, count)
            }
            Op::Quantile => {
                for step in 0..count {
                    let phi = parameter.at(step);
                    if !(0.0..=1.0).contains(&phi) {
                        let span =
                            aggregation.parameter.map_or(aggregation.vector.span, |one| one.span);
                        cx.annotate(Annotation::quantile_out_of_range(phi, span));
                    }
                }
                let new = || Quantiles::new(count);
                let finish = |state: Quantiles| state.finish(parameter.parameter());
                fold(cx, counting, vector, count, new, Quantiles::add, finish)
            }
            op => {
                // Every other operator has an accumulator.
                let new = || Accumulator::new(op, count);
                let add = |state: &mut Option<Accumulator>, column: &[f64]| {
                    state.iter_mut().for_each(|state| state.add(column));
                };
                let finish = |state: Option<Accumulator>| {
                    state.map_or_else(|| vec![ABSENT; count], Accumulator::finish)
                };
                fold(cx, counting, vector, count, new, add, finish)
            }
        }
    }
}

/// The groups of a vector: that of each series, and the head of each.
struct Grouped {
    numbers: Vec<usize>,
    heads: Vec<Head>,
}

fn group(vector: &Vector<'_>, counting: Counting) -> Grouped {
    let mut groups = Groups::new(counting);
    let mut drop_name: Vec<bool> = Vec::new();
    let mut numbers = Vec::with_capacity(vector.heads().len());
    for head in vector.heads() {
        let number = groups.number(&head.labels);
        drop_name.resize(groups.len(), false);
        if let Some(drop_name) = drop_name.get_mut(number) {
            *drop_name |= head.drop_name;
        }
        numbers.push(number);
    }
    let heads = groups.labels.into_iter().zip(drop_name);
    let heads = heads.map(|(labels, drop_name)| Head { labels, drop_name }).collect();
    Grouped { numbers, heads }
}

/// Folds each group to one series; the input is read one series at a time.
fn fold<'a, S>(
    cx: &mut Context<'_>,
    counting: Counting,
    mut vector: Vector<'_>,
    steps: usize,
    new: impl Fn() -> S,
    add: impl Fn(&mut S, &[f64]),
    finish: impl Fn(S) -> Vec<f64>,
) -> Result<Vector<'a>, EvalError> {
    let Grouped { numbers, heads } = group(&vector, counting);
    cx.count(heads.len().saturating_mul(steps))?;
    let mut states: Vec<S> = heads.iter().map(|_| new()).collect();
    let mut column = vec![ABSENT; steps];
    for number in numbers {
        vector.next(cx, &mut column)?;
        if let Some(state) = states.get_mut(number) {
            add(state, &column);
        }
    }
    let columns = states.into_iter().map(finish);
    let series = heads.into_iter().zip(columns).map(|(head, column)| Series { head, column });
    let series = series.filter(|series| !series.is_absent()).collect();
    Ok(Computed::boxed(series))
}

fn rank<'a>(
    cx: &mut Context<'_>,
    op: AggregateOp,
    counting: Counting,
    parameter: &Numbers,
    mut vector: Vector<'_>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    let counts = counts(parameter.parameter(), steps)?;
    let heads = vector.heads().to_vec();
    let Grouped { numbers, heads: groups } = group(&vector, counting);
    let mut rankings: Vec<Option<Ranking>> =
        groups.iter().map(|_| Ranking::new(op, &counts)).collect();
    let mut column = vec![ABSENT; steps];
    for (series, number) in numbers.into_iter().enumerate() {
        vector.next(cx, &mut column)?;
        if let Some(Some(ranking)) = rankings.get_mut(number) {
            ranking.add(series, &column);
        }
    }
    let mut chosen = Vec::new();
    for one in rankings.into_iter().flatten().flat_map(Ranking::finish) {
        if let Some(head) = heads.get(one.series) {
            cx.count(steps)?;
            chosen.push(Series { head: head.clone(), column: one.column });
        }
    }
    Ok(Computed::boxed(chosen))
}

fn limit<'a>(
    cx: &mut Context<'_>,
    counting: Counting,
    parameter: &Numbers,
    vector: Vector<'_>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    let counts = counts(parameter.parameter(), steps)?;
    let mut series = collect(cx, vector, steps)?;
    // So that the choice is the same from query to query.
    series.sort_by(|a, b| a.head.labels.cmp(&b.head.labels));
    let mut groups = Groups::new(counting);
    let mut limits: Vec<Limit> = Vec::new();
    series.retain_mut(|one| {
        let number = groups.number(&one.head.labels);
        if limits.len() < groups.len() {
            limits.push(Limit::new(counts.clone()));
        }
        limits.get_mut(number).is_some_and(|limit| limit.keep(&mut one.column))
    });
    Ok(Computed::boxed(series))
}

fn limit_ratio<'a>(
    cx: &mut Context<'_>,
    ratios: &[f64],
    vector: Vector<'_>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    let mut series = collect(cx, vector, steps)?;
    series.retain_mut(|one| keep_share(share(one.head.labels.iter()), ratios, &mut one.column));
    Ok(Computed::boxed(series))
}

fn count_values<'a>(
    cx: &mut Context<'_>,
    counting: Counting,
    label: &str,
    mut vector: Vector<'_>,
    steps: usize,
) -> Result<Vector<'a>, EvalError> {
    // The new label takes the place of one by which series are grouped.
    let Grouped { numbers, heads } = group(&vector, counting);
    let mut states: Vec<ValueCounts> = heads.iter().map(|_| ValueCounts::new(steps)).collect();
    let mut column = vec![ABSENT; steps];
    for number in numbers {
        vector.next(cx, &mut column)?;
        if let Some(state) = states.get_mut(number) {
            state.add(&column);
        }
    }
    let mut series = Vec::new();
    for (head, state) in heads.into_iter().zip(states) {
        for (value, column) in state.finish() {
            cx.count(steps)?;
            let labels = head.labels.with(label, &value);
            series.push(Series { head: Head { labels, ..head.clone() }, column });
        }
    }
    merge(series, &EvalError::SameLabels).map(Computed::boxed)
}
