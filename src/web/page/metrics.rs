//! Metrics on the first page.

use keepwatch_actors::summary::MetricDigest;
use keepwatch_engine::aggregate::Digest;
use keepwatch_engine::model::MetricKind;
use maud::{Markup, html};

use super::super::figure::{figure, number};

/// Lists every metric on a line that opens to the figures of its series.
pub(super) fn metrics(metrics: &[MetricDigest], window: &str) -> Markup {
    html! {
        section.metrics {
            h2 { "Metrics" small { (metrics.len()) ", figures of the last " (window) } }
            @for metric in metrics.iter().filter(|metric| !metric.series.is_empty()) {
                (line(metric))
            }
            @let silent: Vec<&str> = metrics
                .iter()
                .filter(|metric| metric.series.is_empty())
                .map(|metric| metric.name.as_ref())
                .collect();
            @if !silent.is_empty() {
                details id="silent" {
                    summary { span.quiet { (silent.len()) " without samples in this time" } }
                    p.quiet { (silent.join(", ")) }
                }
            }
        }
    }
}

fn line(metric: &MetricDigest) -> Markup {
    let now = match metric.series.as_slice() {
        [only] => current(metric, only),
        many => format!("{} series", many.len() + metric.series_left_out),
    };
    html! {
        details id=(format!("metric-{}", metric.name)) {
            summary {
                code { (metric.name) } " "
                strong { (now) } " "
                span.quiet { (metric.kind) ". " (metric.help) }
            }
            (table(metric))
        }
    }
}

fn table(metric: &MetricDigest) -> Markup {
    html! {
        table {
            thead { tr {
                th { "Series" }
                th.number { "Current" } th.number { "Min" } th.number { "Mean" }
                th.number { "Max" } th.number { "p95" } th.number { "Count" }
            } }
            tbody { @for series in &metric.series { (row(metric, series)) } }
        }
        @if metric.series_left_out > 0 {
            p.quiet { "and " (metric.series_left_out) " more series" }
        }
    }
}

fn row(metric: &MetricDigest, series: &Digest) -> Markup {
    html! {
        tr {
            td.labels {
                @if series.labels.is_empty() { "–" }
                @for (name, value) in series.labels.iter() { code { (name) "=" (value) } " " }
            }
            td.number { (current(metric, series)) }
            @for value in [series.min, series.mean, series.max, series.p95] {
                td.number { (shown(metric, value)) }
            }
            td.number { (number(series.count)) }
        }
    }
}

/// The current value: of a histogram or summary it is a count, without unit.
fn current(metric: &MetricDigest, series: &Digest) -> String {
    match (series.current, metric.kind) {
        (Some(count), MetricKind::Histogram | MetricKind::Summary) => number(count),
        (value, _) => shown(metric, value),
    }
}

fn shown(metric: &MetricDigest, value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| figure(value, &metric.unit))
}
