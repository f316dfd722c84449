//! Definitions of metrics that only their series are left of.

use std::collections::BTreeSet;
use std::sync::Arc;

use keepwatch::model::{DefinitionError, Labels, MetricDefinition, MetricKind};

/// Returns the definition that series of this metric most likely have: a
/// histogram by its buckets, a summary by its sum, a counter by its suffix, a
/// gauge otherwise.
///
/// # Errors
/// A name that no metric can have.
pub(crate) fn definition(
    metric: &Arc<str>,
    series: &[(Arc<str>, Labels)],
) -> Result<MetricDefinition, DefinitionError> {
    let has = |suffix: &str| {
        let part = |name: &str| name.strip_prefix(&**metric) == Some(suffix);
        series.iter().any(|(name, _)| part(name))
    };
    let kind = if has("_bucket") {
        MetricKind::Histogram
    } else if has("_sum") {
        MetricKind::Summary
    } else if metric.ends_with("_total") {
        MetricKind::Counter
    } else {
        MetricKind::Gauge
    };
    let own = match kind {
        MetricKind::Histogram => "le",
        MetricKind::Summary => "quantile",
        _ => "",
    };
    let all = || series.iter().flat_map(|(_, labels)| labels.iter());
    let names: BTreeSet<&str> = all().map(|(name, _)| name).filter(|name| *name != own).collect();
    let mut numbers: Vec<f64> =
        all().filter(|(name, _)| *name == own).filter_map(|(_, text)| text.parse().ok()).collect();
    numbers.retain(|number| number.is_finite());
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
    let builder = MetricDefinition::of_kind(kind, Arc::clone(metric)).labels(names);
    match kind {
        MetricKind::Histogram => builder.bounds(numbers),
        MetricKind::Summary => {
            numbers.retain(|number| (0.0..=1.0).contains(number));
            builder.quantiles(numbers)
        }
        _ => builder,
    }
    .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_their_series() {
        let show = |metric: &str, series: &[(&str, &[(&str, &str)])]| {
            let series: Vec<(Arc<str>, Labels)> = series
                .iter()
                .map(|(name, labels)| {
                    ((*name).into(), Labels::new(labels.iter().copied()).unwrap())
                })
                .collect();
            definition(&metric.into(), &series).unwrap()
        };
        let histogram = show(
            "h",
            &[
                ("h_bucket", &[("le", "+Inf"), ("a", "b")]),
                ("h_bucket", &[("le", "10"), ("a", "b")]),
                ("h_bucket", &[("le", "2.5"), ("a", "c")]),
                ("h_sum", &[("a", "b")]),
            ],
        );
        assert_eq!(histogram.kind(), MetricKind::Histogram);
        assert_eq!(histogram.bounds(), [2.5, 10.0]);
        assert_eq!(histogram.label_names(), ["a".into()]);
        let summary = show("s", &[("s", &[("quantile", "0.5")]), ("s_sum", &[])]);
        assert_eq!((summary.kind(), summary.quantiles()), (MetricKind::Summary, &[0.5][..]));
        assert_eq!(show("c_total", &[("c_total", &[])]).kind(), MetricKind::Counter);
        assert_eq!(show("g", &[("g", &[("le", "1")])]).kind(), MetricKind::Gauge);
    }
}
