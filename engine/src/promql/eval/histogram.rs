//! The functions of classic histograms.

use super::context::Context;
use super::error::EvalError;
use super::scalar::Numbers;
use super::signature::{Counting, Groups};
use super::stream::{Computed, Head, Series, Vector};
use crate::promql::annotation::{Annotation, Raised};
use crate::promql::functions::histogram::{Buckets, Loaded, parse_bound};
use crate::promql::functions::label::label_name;
use crate::promql::functions::number::openmetrics;
use crate::promql::functions::range::Steps;
use crate::promql::functions::{ABSENT, Function, is_absent};
use crate::promql::syntax::{Span, Text};

/// The label of a bucket's upper bound.
const LE: &str = "le";

/// A call of a function of classic histograms.
pub(super) struct Call<'a> {
    pub(super) function: Function,
    /// Scalar arguments and where they stand.
    pub(super) parameters: Vec<(Numbers, Span)>,
    /// The label that `histogram_quantiles` adds.
    pub(super) label: Option<&'a Text>,
    /// Where the vector stands.
    pub(super) span: Span,
}

/// The buckets of one histogram.
struct Histogram {
    head: Head,
    bounds: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

/// Evaluates a function of classic histograms.
pub(super) fn evaluate<'a>(
    cx: &mut Context<'_>,
    call: &Call<'_>,
    vector: Vector<'_>,
    steps: &Steps,
) -> Result<Vector<'a>, EvalError> {
    let histograms = read(cx, call, vector, steps)?;
    if call.function != Function::HistogramFraction {
        for (phi, span) in &call.parameters {
            for step in 0..steps.count {
                if !(0.0..=1.0).contains(&phi.at(step)) {
                    cx.annotate(Annotation::quantile_out_of_range(phi.at(step), *span));
                }
            }
        }
    }
    let mut series = Vec::new();
    for histogram in &histograms {
        let mut buckets = Buckets::new(histogram.bounds.iter().copied());
        match call.function {
            Function::HistogramFraction => {
                let column = fraction(call, histogram, &mut buckets, steps);
                series.push(Series { head: histogram.head.clone(), column });
            }
            Function::HistogramQuantiles => {
                let label = label_name(call.label.map(Text::bytes).unwrap_or_default())?;
                for (phi, _) in &call.parameters {
                    cx.count(steps.count)?;
                    let column = quantile(cx, call, histogram, &mut buckets, phi, steps);
                    let mut head = histogram.head.clone();
                    head.labels = head.labels.with(label, &openmetrics(phi.at(0)));
                    series.push(Series { head, column });
                }
            }
            _ => {
                let Some((phi, _)) = call.parameters.first() else { continue };
                let column = quantile(cx, call, histogram, &mut buckets, phi, steps);
                series.push(Series { head: histogram.head.clone(), column });
            }
        }
    }
    series.retain(|one| !one.is_absent());
    Ok(Computed::boxed(series))
}

/// Reads all buckets, by histogram.
fn read(
    cx: &mut Context<'_>,
    call: &Call<'_>,
    mut vector: Vector<'_>,
    steps: &Steps,
) -> Result<Vec<Histogram>, EvalError> {
    let mut groups = Groups::new(Counting::AllBut(vec![LE.to_owned()]));
    let mut histograms: Vec<Histogram> = Vec::new();
    let heads = vector.heads().to_vec();
    for head in heads {
        let mut column = vec![ABSENT; steps.count];
        vector.next(cx, &mut column)?;
        if column.iter().all(|&value| is_absent(value)) {
            continue;
        }
        cx.count(steps.count)?;
        let le = head.labels.get(LE);
        let Some(bound) = parse_bound(le) else {
            cx.annotate(Annotation::bad_bucket_label(&head.labels.name, le, call.span));
            continue;
        };
        let number = groups.number(&head.labels);
        if number == histograms.len() {
            let labels = head.labels.with(LE, "");
            let head = Head { labels, ..head }.without_name(cx.options);
            histograms.push(Histogram { head, bounds: Vec::new(), columns: Vec::new() });
        }
        if let Some(histogram) = histograms.get_mut(number) {
            histogram.bounds.push(bound);
            histogram.columns.push(column);
        }
    }
    Ok(histograms)
}

fn quantile(
    cx: &mut Context<'_>,
    call: &Call<'_>,
    histogram: &Histogram,
    buckets: &mut Buckets,
    phi: &Numbers,
    steps: &Steps,
) -> Vec<f64> {
    let mut raised: Option<Raised> = None;
    let column = each(histogram, buckets, steps, |step, loaded| {
        if let Some(forced) = loaded.forced {
            let new = Raised::new(forced, steps.at(step));
            match &mut raised {
                Some(raised) => raised.merge(&new),
                None => raised = Some(new),
            }
        }
        loaded.quantile(phi.at(step))
    });
    if let Some(raised) = raised {
        cx.annotate(Annotation::raised_buckets(&histogram.head.labels.name, raised, call.span));
    }
    column
}

fn fraction(
    call: &Call<'_>,
    histogram: &Histogram,
    buckets: &mut Buckets,
    steps: &Steps,
) -> Vec<f64> {
    let bound = |index: usize, step: usize| {
        call.parameters.get(index).map_or(f64::NAN, |(bound, _)| bound.at(step))
    };
    each(histogram, buckets, steps, |step, loaded| loaded.fraction(bound(0, step), bound(1, step)))
}

fn each(
    histogram: &Histogram,
    buckets: &mut Buckets,
    steps: &Steps,
    mut f: impl FnMut(usize, &Loaded<'_>) -> f64,
) -> Vec<f64> {
    let count = |step: usize| {
        move |index: usize| {
            let column = histogram.columns.get(index);
            column.and_then(|column| column.get(step)).copied().unwrap_or(ABSENT)
        }
    };
    (0..steps.count)
        .map(|step| buckets.load(count(step)).map_or(ABSENT, |loaded| f(step, &loaded)))
        .collect()
}
