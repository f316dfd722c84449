//! Vectors, one series after the other.

use std::rc::Rc;

use super::context::Context;
use super::error::EvalError;
use crate::promql::functions::{ABSENT, is_absent};
use crate::promql::label_set::LabelSet;
use crate::promql::query::QueryOptions;

/// What is known of a series before its samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    pub(super) labels: LabelSet,
    /// Whether the name is to be removed at the end of the query.
    pub(super) drop_name: bool,
}

impl Head {
    pub(super) const fn new(labels: LabelSet) -> Self {
        Self { labels, drop_name: false }
    }

    /// Takes the name away, now or at the end of the query.
    pub(super) fn without_name(mut self, options: &QueryOptions) -> Self {
        if options.delayed_name_removal {
            self.drop_name = true;
            return self;
        }
        self.labels = self.labels.without_name(options.type_and_unit_labels);
        self
    }
}

/// A series with a value a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) head: Head,
    pub(super) column: Vec<f64>,
}

impl Series {
    pub(super) fn is_absent(&self) -> bool {
        self.column.iter().all(|&value| is_absent(value))
    }
}

/// An instant vector at all steps. All heads are known before the first
/// sample; a series may turn out to have no sample at any step.
pub(super) trait Stream {
    /// Returns the heads of all series, in the order of the columns.
    fn heads(&self) -> &[Head];

    /// Fills `column`, which has a place a step, with the next series.
    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError>;
}

/// A vector whose type is nobody's concern.
pub(super) type Vector<'a> = Box<dyn Stream + 'a>;

/// Series that were computed before.
pub(super) struct Computed {
    heads: Vec<Head>,
    columns: std::vec::IntoIter<Vec<f64>>,
}

impl Computed {
    pub(super) fn boxed<'a>(series: Vec<Series>) -> Vector<'a> {
        let (heads, columns): (Vec<Head>, Vec<Vec<f64>>) =
            series.into_iter().map(|one| (one.head, one.column)).unzip();
        Box::new(Self { heads, columns: columns.into_iter() })
    }
}

impl Stream for Computed {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, _: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        fill(column, self.columns.next().as_deref().unwrap_or_default());
        Ok(())
    }
}

/// Series that several parts of a query read.
pub(super) struct SharedSeries {
    heads: Vec<Head>,
    series: Rc<Vec<Series>>,
    next: usize,
}

impl SharedSeries {
    pub(super) fn boxed<'a>(series: Rc<Vec<Series>>) -> Vector<'a> {
        let heads = series.iter().map(|one| one.head.clone()).collect();
        Box::new(Self { heads, series, next: 0 })
    }
}

impl Stream for SharedSeries {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, _: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        let series = self.series.get(self.next);
        fill(column, series.map(|one| one.column.as_slice()).unwrap_or_default());
        self.next += 1;
        Ok(())
    }
}

/// A vector that is the same at every step.
pub(super) struct Repeated<'a> {
    pub(super) once: Vector<'a>,
}

impl Stream for Repeated<'_> {
    fn heads(&self) -> &[Head] {
        self.once.heads()
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        let mut once = [ABSENT];
        self.once.next(cx, &mut once)?;
        column.fill(once[0]);
        Ok(())
    }
}

/// A vector of which each series is changed on its own.
pub(super) struct Mapped<'a, F> {
    heads: Vec<Head>,
    vector: Vector<'a>,
    change: F,
}

impl<'a, F: FnMut(&mut [f64]) + 'a> Mapped<'a, F> {
    /// Lets `change` change the columns; the heads are those given.
    pub(super) fn boxed(vector: Vector<'a>, heads: Vec<Head>, change: F) -> Vector<'a> {
        Box::new(Self { heads, vector, change })
    }
}

impl<F: FnMut(&mut [f64])> Stream for Mapped<'_, F> {
    fn heads(&self) -> &[Head] {
        &self.heads
    }

    fn next(&mut self, cx: &mut Context<'_>, column: &mut [f64]) -> Result<(), EvalError> {
        self.vector.next(cx, column)?;
        (self.change)(column);
        Ok(())
    }
}

fn fill(column: &mut [f64], from: &[f64]) {
    column.fill(ABSENT);
    column.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
}

/// Reads a vector to its end; series without a sample are left out.
pub(super) fn collect(
    cx: &mut Context<'_>,
    mut vector: Vector<'_>,
    steps: usize,
) -> Result<Vec<Series>, EvalError> {
    let heads = vector.heads().to_vec();
    let mut all = Vec::new();
    for head in heads {
        let mut column = vec![ABSENT; steps];
        vector.next(cx, &mut column)?;
        let series = Series { head, column };
        if !series.is_absent() {
            cx.count(steps)?;
            all.push(series);
        }
    }
    Ok(all)
}

/// Returns the heads of a vector without names.
pub(super) fn nameless(vector: &Vector<'_>, options: &QueryOptions) -> Vec<Head> {
    vector.heads().iter().map(|head| head.clone().without_name(options)).collect()
}
