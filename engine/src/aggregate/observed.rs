//! A metric's series as users see them, and their values.

use std::collections::BTreeMap;

use statrs::statistics::Statistics;

use super::method::Method;
use super::quantile::{of_buckets, of_sorted};
use super::window::{baseline, increase, inside, last_inside, latest};
use crate::model::{
    Labels, MetricDefinition, MetricKind, Sample, SeriesSamples, TimeRange, Timestamp, is_stale,
};

/// One series of a metric, a histogram's or summary's parts put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    labels: Labels,
    kind: MetricKind,
    parts: Parts,
}

/// The stored series behind one observed series.
#[derive(Debug, Clone, PartialEq, Default)]
struct Parts {
    /// A gauge's or counter's samples.
    samples: Vec<Sample>,
    sum: Vec<Sample>,
    count: Vec<Sample>,
    /// A histogram's cumulative counts by upper bound, upwards.
    buckets: Vec<(f64, Vec<Sample>)>,
    /// A summary's values by quantile, upwards.
    quantiles: Vec<(f64, Vec<Sample>)>,
}

/// Puts the stored series of one metric together, sorted by labels.
///
/// A series whose `le` or `quantile` is no number is left out: nothing that
/// this crate stores has one.
#[must_use]
pub fn observe(definition: &MetricDefinition, series: Vec<SeriesSamples>) -> Vec<Observed> {
    let name = definition.name();
    let mut observed: BTreeMap<Labels, Parts> = BTreeMap::new();
    for SeriesSamples { name: series_name, labels, samples } in series {
        let suffix = series_name.strip_prefix(name.as_ref()).unwrap_or("");
        match (definition.kind(), suffix) {
            (MetricKind::Histogram, "_bucket") => {
                let Some(bound) = number(&labels, "le") else { continue };
                let parts = observed.entry(labels.without("le")).or_default();
                parts.buckets.push((bound, samples));
            }
            (MetricKind::Summary, "") => {
                let Some(quantile) = number(&labels, "quantile") else { continue };
                let parts = observed.entry(labels.without("quantile")).or_default();
                parts.quantiles.push((quantile, samples));
            }
            (MetricKind::Histogram | MetricKind::Summary, "_sum") => {
                observed.entry(labels).or_default().sum = samples;
            }
            (MetricKind::Histogram | MetricKind::Summary, "_count") => {
                observed.entry(labels).or_default().count = samples;
            }
            _ => observed.entry(labels).or_default().samples = samples,
        }
    }
    let finish = |(labels, mut parts): (Labels, Parts)| {
        parts.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        parts.quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        Observed { labels, kind: definition.kind(), parts }
    };
    observed.into_iter().map(finish).collect()
}

/// Reads a label as a number; Prometheus spells infinity `+Inf`.
fn number(labels: &Labels, name: &str) -> Option<f64> {
    labels.get(name)?.parse().ok()
}

impl Observed {
    /// Returns the labels, without `le` and `quantile`.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Returns the metric's kind.
    #[must_use]
    pub const fn kind(&self) -> MetricKind {
        self.kind
    }

    /// Returns the samples of a gauge or counter, or a histogram's or
    /// summary's running count.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        if self.is_distribution() { &self.parts.count } else { &self.parts.samples }
    }

    /// Returns when the newest sample was taken; a staleness marker is none.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        let newest = self.samples().iter().rev().find(|sample| !is_stale(sample.value));
        newest.map(|sample| sample.at)
    }

    /// Returns the value over `window` by `method`; `None` if there is none
    /// in the window, or the method means nothing for the kind.
    #[must_use]
    pub fn value(&self, method: Method, window: TimeRange) -> Option<f64> {
        evaluate(&[self], method, window)
    }

    /// Returns the value that the kind suggests: a counter's increase over
    /// the window, a gauge's latest value, the mean of what a histogram or
    /// summary measured.
    #[must_use]
    pub fn natural(&self, window: TimeRange) -> Option<f64> {
        self.value(natural_method(self.kind), window)
    }

    const fn is_distribution(&self) -> bool {
        self.kind.is_distribution()
    }
}

/// Returns the method behind [`Observed::natural`].
const fn natural_method(kind: MetricKind) -> Method {
    match kind {
        MetricKind::Counter => Method::Increase,
        MetricKind::Gauge | MetricKind::Info | MetricKind::StateSet => Method::Last,
        MetricKind::Histogram | MetricKind::Summary => Method::Avg,
    }
}

/// Returns the value of a group of series of one metric over `window`; see
/// the table of the module. `None` if no member has one.
#[must_use]
pub fn evaluate(group: &[&Observed], method: Method, window: TimeRange) -> Option<f64> {
    if group.first()?.is_distribution() {
        return of_distributions(group, method, window);
    }
    match method {
        Method::First => total(group, |one| inside(&one.parts.samples, window).next().map(value)),
        Method::Last => total(group, |one| latest(&one.parts.samples, window).map(value)),
        Method::Delta => total(group, |one| difference(one, window)),
        Method::Increase => total(group, |one| grown(one, window)),
        Method::Rate => total(group, |one| grown(one, window)).map(|grown| grown / seconds(window)),
        _ => {
            let samples = group.iter().flat_map(|one| inside(&one.parts.samples, window));
            of_values(samples.map(value).filter(|value| !value.is_nan()).collect(), method)
        }
    }
}

fn value(sample: Sample) -> f64 {
    sample.value
}

/// Returns the window's length in seconds, at least a millisecond.
fn seconds(window: TimeRange) -> f64 {
    window.end.since(window.start).as_secs_f64().max(0.001)
}

/// Adds up what the members have.
fn total(group: &[&Observed], of: impl Fn(&Observed) -> Option<f64>) -> Option<f64> {
    group.iter().filter_map(|one| of(one)).reduce(|sum, value| sum + value)
}

fn difference(one: &Observed, window: TimeRange) -> Option<f64> {
    let mut samples = inside(&one.parts.samples, window);
    let first = samples.next()?;
    Some(samples.last().map_or(0.0, |last| last.value - first.value))
}

fn grown(one: &Observed, window: TimeRange) -> Option<f64> {
    match one.kind {
        MetricKind::Counter => increase(&one.parts.samples, window),
        _ => difference(one, window),
    }
}

/// Evaluates a method over plain values, none of them NaN.
fn of_values(mut values: Vec<f64>, method: Method) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    match method {
        Method::Sum => Some(values.iter().sum()),
        Method::Avg => Some(Statistics::mean(&values)),
        Method::Min => Some(Statistics::min(&values)),
        Method::Max => Some(Statistics::max(&values)),
        Method::Count => Some(values.len() as f64),
        Method::StdDev => Some(Statistics::population_std_dev(&values)),
        Method::Variance => Some(Statistics::population_variance(&values)),
        Method::Quantile(q) => {
            values.sort_by(f64::total_cmp);
            of_sorted(&values, q)
        }
        // These look at the order of one series' samples, not at a pool.
        Method::First | Method::Last | Method::Delta | Method::Increase | Method::Rate => None,
    }
}

/// Evaluates a method over what histograms or summaries measured.
fn of_distributions(group: &[&Observed], method: Method, window: TimeRange) -> Option<f64> {
    let count = || total(group, |one| increase(&one.parts.count, window));
    let sum = || total(group, |one| increase_of_sum(one, window));
    match method {
        Method::Sum => sum(),
        Method::Count | Method::Increase => count(),
        Method::Rate => count().map(|count| count / seconds(window)),
        Method::Avg => {
            let count = count().filter(|count| *count > 0.0)?;
            sum().map(|sum| sum / count)
        }
        Method::Quantile(q) if group.first()?.kind == MetricKind::Histogram => {
            of_buckets(&bucket_increases(group, window), q)
        }
        // Quantiles of different series cannot be joined into one.
        Method::Quantile(q) => match group {
            [one] => recorded_quantile(one, q, window),
            _ => None,
        },
        _ => None,
    }
}

/// Returns by how much a running sum changed. Measurements may be negative,
/// so a sum that falls is no reset; the count says whether there was one.
fn increase_of_sum(one: &Observed, window: TimeRange) -> Option<f64> {
    let falls = one.parts.count.windows(2).any(|pair| match pair {
        [earlier, later] => later.value < earlier.value && window.contains(later.at),
        _ => false,
    });
    if falls {
        return increase(&one.parts.sum, window);
    }
    let samples = &one.parts.sum;
    let last = last_inside(samples, window)?;
    let first = baseline(samples, window)
        .or_else(|| inside(samples, window).find(|sample| !sample.value.is_nan()))?;
    Some(last.value - first.value)
}

fn bucket_increases(group: &[&Observed], window: TimeRange) -> Vec<(f64, f64)> {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (bound, samples) in group.iter().flat_map(|one| &one.parts.buckets) {
        let grown = increase(samples, window).unwrap_or(0.0);
        match buckets.binary_search_by(|(known, _)| known.total_cmp(bound)) {
            Ok(index) => {
                if let Some((_, count)) = buckets.get_mut(index) {
                    *count += grown;
                }
            }
            Err(index) => buckets.insert(index, (*bound, grown)),
        }
    }
    buckets
}

/// Returns the latest value of the recorded quantile `q`, to one in a million.
fn recorded_quantile(one: &Observed, q: f64, window: TimeRange) -> Option<f64> {
    let same = |known: f64| (known - q).abs() < 1e-6;
    let (_, samples) = one.parts.quantiles.iter().find(|(known, _)| same(*known))?;
    latest(samples, window).map(value).filter(|value| !value.is_nan())
}
