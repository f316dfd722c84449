//! Series that have become the same.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::context::Context;
use super::error::EvalError;
use super::stream::{Computed, Series, Vector, collect};
use crate::promql::functions::is_absent;
use crate::promql::label_set::LabelSet;

/// Says whether two heads have the same labels.
fn has_twins(vector: &Vector<'_>) -> bool {
    let mut known: HashMap<&LabelSet, (), RandomState> = HashMap::default();
    vector.heads().iter().any(|head| known.insert(&head.labels, ()).is_some())
}

/// Makes series with the same labels one, which must not have two samples at
/// a step. Where labels are told apart it costs a look at each.
pub(super) fn unify<'a>(
    cx: &mut Context<'_>,
    vector: Vector<'a>,
    steps: usize,
    error: &EvalError,
) -> Result<Vector<'a>, EvalError> {
    if !has_twins(&vector) {
        return Ok(vector);
    }
    let series = collect(cx, vector, steps)?;
    merge(series, error).map(Computed::boxed)
}

/// Makes series with the same labels one.
pub(super) fn merge(series: Vec<Series>, error: &EvalError) -> Result<Vec<Series>, EvalError> {
    let mut places: HashMap<LabelSet, usize, RandomState> = HashMap::default();
    let mut merged: Vec<Series> = Vec::with_capacity(series.len());
    for one in series {
        let place = *places.entry(one.head.labels.clone()).or_insert(merged.len());
        let Some(known) = merged.get_mut(place) else {
            merged.push(one);
            continue;
        };
        for (to, &from) in known.column.iter_mut().zip(&one.column) {
            match (is_absent(*to), is_absent(from)) {
                (_, true) => {}
                (true, false) => *to = from,
                (false, false) => return Err(error.clone()),
            }
        }
        known.head.drop_name |= one.head.drop_name;
    }
    Ok(merged)
}
