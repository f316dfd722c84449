//! The series that a metric is stored as.

use std::sync::Arc;

use crate::model::{MetricDefinition, MetricKind};

/// One of the series that every set of label values of a metric has.
///
/// A counter, gauge or info has one. A histogram has its cumulative buckets,
/// sum and count; a summary its quantiles, sum and count; a set of states one
/// for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The series' name.
    pub name: Arc<str>,
    /// The label that the part adds, such as `le` or `quantile`, and its
    /// value.
    pub label: Option<(Arc<str>, Arc<str>)>,
    /// Whether the series is a running total, which was 0 before it began.
    pub is_total: bool,
}

impl Part {
    /// Returns the parts of a metric in the order in which a child's values
    /// are read.
    #[must_use]
    pub fn of(definition: &MetricDefinition) -> Vec<Self> {
        let name = definition.name();
        let part = |suffix: &str, is_total| Self {
            name: format!("{name}{suffix}").into(),
            label: None,
            is_total,
        };
        let mut parts = Vec::new();
        match definition.kind() {
            MetricKind::Counter => {
                return vec![Self { name: Arc::clone(name), label: None, is_total: true }];
            }
            MetricKind::Gauge | MetricKind::Info => {
                return vec![Self { name: Arc::clone(name), label: None, is_total: false }];
            }
            MetricKind::StateSet => {
                let state = |state: &Arc<str>| Self {
                    name: Arc::clone(name),
                    label: Some((Arc::clone(name), Arc::clone(state))),
                    is_total: false,
                };
                return definition.states().iter().map(state).collect();
            }
            MetricKind::Histogram => {
                let bucket = part("_bucket", true);
                let le: Arc<str> = "le".into();
                for &bound in definition.bounds().iter().chain(&[f64::INFINITY]) {
                    let label = Some((Arc::clone(&le), float_text(bound).into()));
                    parts.push(Self { label, ..bucket.clone() });
                }
            }
            MetricKind::Summary => {
                let quantile: Arc<str> = "quantile".into();
                for &q in definition.quantiles() {
                    let label = Some((Arc::clone(&quantile), float_text(q).into()));
                    parts.push(Self { name: Arc::clone(name), label, is_total: false });
                }
            }
        }
        parts.push(part("_sum", true));
        parts.push(part("_count", true));
        parts
    }
}

/// Writes a float as the text formats do: the shortest digits that read back
/// the same, `+Inf`, `-Inf`, `NaN`, and an exponent where the digits would be
/// many.
#[must_use]
pub fn float_text(value: f64) -> String {
    let magnitude = value.abs();
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else if magnitude != 0.0 && !(1e-6..1e17).contains(&magnitude) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_text() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.005, "0.005"),
            (2.5, "2.5"),
            (1_000_000.0, "1000000"),
            (1e300, "1e300"),
            (1.5e-9, "1.5e-9"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(float_text(value), expected);
        }
    }

    #[test]
    fn parts_by_kind() {
        let show = |definition: MetricDefinition| -> Vec<String> {
            Part::of(&definition)
                .into_iter()
                .map(|part| match part.label {
                    Some((name, value)) => format!("{}{{{name}={value}}}", part.name),
                    None => part.name.to_string(),
                })
                .collect()
        };
        let histogram = MetricDefinition::histogram("h").bounds([0.5, 1.0]).build().unwrap();
        assert_eq!(
            show(histogram),
            ["h_bucket{le=0.5}", "h_bucket{le=1}", "h_bucket{le=+Inf}", "h_sum", "h_count"]
        );
        let summary = MetricDefinition::summary("s").quantiles([0.5]).build().unwrap();
        assert_eq!(show(summary), ["s{quantile=0.5}", "s_sum", "s_count"]);
        assert_eq!(show(MetricDefinition::counter("c_total").build().unwrap()), ["c_total"]);
        assert_eq!(show(MetricDefinition::info("a_info").build().unwrap()), ["a_info"]);
        let states = MetricDefinition::state_set("s").states(["on", "off"]).build().unwrap();
        assert_eq!(show(states), ["s{s=on}", "s{s=off}"]);
    }
}
