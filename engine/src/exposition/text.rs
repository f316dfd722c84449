//! Writing the format.

use std::cmp::Ordering;

use super::Current;
use crate::instrument::float_text;
use crate::model::{Labels, MetricKind};

/// The media type of what [`text`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Writes metrics as Prometheus text: sorted by name, the series of a metric
/// by labels, the buckets of a histogram by bound, then sum and count. A
/// metric without a series is left out.
#[must_use]
pub fn text(metrics: &[Current]) -> String {
    let mut sorted: Vec<&Current> = metrics.iter().filter(|m| !m.series.is_empty()).collect();
    sorted.sort_by(|a, b| a.definition.name().cmp(b.definition.name()));
    let mut out = String::with_capacity(metrics.iter().map(|m| 128 + m.series.len() * 64).sum());
    for metric in sorted {
        write_metric(metric, &mut out);
    }
    out
}

fn write_metric(metric: &Current, out: &mut String) {
    let definition = &metric.definition;
    if !definition.help().is_empty() {
        out.push_str("# HELP ");
        out.push_str(definition.name());
        out.push(' ');
        push_escaped(definition.help(), false, out);
        out.push('\n');
    }
    out.push_str("# TYPE ");
    out.push_str(definition.name());
    out.push(' ');
    out.push_str(definition.kind().as_str());
    out.push('\n');
    let mut lines: Vec<Line<'_>> = metric
        .series
        .iter()
        .map(|(name, labels, value)| Line::new(definition.kind(), name, labels, *value))
        .collect();
    lines.sort_by(Line::order);
    for line in lines {
        line.write(out);
    }
}

/// One series, with what it is sorted by.
struct Line<'a> {
    name: &'a str,
    labels: &'a Labels,
    value: f64,
    /// The label of a bucket or quantile, which is sorted as a number and
    /// written last.
    part: Option<(&'a str, &'a str, f64)>,
}

impl<'a> Line<'a> {
    fn new(kind: MetricKind, name: &'a str, labels: &'a Labels, value: f64) -> Self {
        let label = match kind {
            MetricKind::Histogram => "le",
            MetricKind::Summary => "quantile",
            _ => "",
        };
        let part = labels.get(label).and_then(|text| {
            // `+Inf` is a float for Rust, too.
            Some((label, text, text.parse().ok()?))
        });
        Self { name, labels, value, part }
    }

    fn base(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let part = self.part.map(|(label, _, _)| label);
        self.labels.iter().filter(move |(name, _)| Some(*name) != part)
    }

    /// Buckets and quantiles come first, then `_sum` and `_count`.
    fn rank(&self) -> u8 {
        match self.part {
            Some(_) => 0,
            None if self.name.ends_with("_count") => 2,
            None => 1,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let number = |line: &Self| line.part.map_or(0.0, |(_, _, number)| number);
        self.base()
            .cmp(other.base())
            .then(self.rank().cmp(&other.rank()))
            .then(number(self).total_cmp(&number(other)))
            .then(self.name.cmp(other.name))
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.name);
        let part = self.part.map(|(label, text, _)| (label, text));
        let mut opening = '{';
        for (name, value) in self.base().chain(part) {
            out.push(opening);
            opening = ',';
            out.push_str(name);
            out.push_str("=\"");
            push_escaped(value, true, out);
            out.push('"');
        }
        out.push_str(if opening == '{' { " " } else { "} " });
        out.push_str(&float_text(self.value));
        out.push('\n');
    }
}

/// Escapes backslashes and line feeds, and quotes within label values.
pub(super) fn push_escaped(text: &str, quoted: bool, out: &mut String) {
    for piece in text.split_inclusive(['\\', '\n', '"']) {
        match piece.as_bytes().last() {
            Some(b'\\') => {
                out.push_str(piece);
                out.push('\\');
            }
            Some(b'\n') => {
                out.push_str(piece.trim_end_matches('\n'));
                out.push_str("\\n");
            }
            Some(b'"') if quoted => {
                out.push_str(piece.trim_end_matches('"'));
                out.push_str("\\\"");
            }
            _ => out.push_str(piece),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::{DefinitionBuilder, MetricDefinition, TimeRange, Timestamp, stale_marker};
    use crate::storage::{Selector, Store, StoreConfig};

    type Pairs = &'static [(&'static str, &'static str)];

    /// Checks the text of a metric whose series are given as name, labels
    /// and value.
    fn check(
        definition: DefinitionBuilder,
        series: &[(&'static str, Pairs, f64)],
        expected: Expect,
    ) {
        let series = series.iter().map(|&(name, labels, value)| {
            (Arc::from(name), Labels::new(labels.iter().copied()).unwrap(), value)
        });
        let definition = Arc::new(definition.build().unwrap());
        expected.assert_eq(&text(&[Current { definition, series: series.collect() }]));
    }

    #[test]
    fn series_are_sorted_and_text_is_escaped() {
        check(
            MetricDefinition::counter("c_total").help("a \\ b \"c\"\nd").labels(["path", "x"]),
            &[
                ("c_total", &[("path", "b"), ("x", "2")], 2.0),
                ("c_total", &[("path", "b"), ("x", "1")], 1.5),
                ("c_total", &[("path", "a\\\"\n\"\"z")], 1e300),
            ],
            expect![[r#"
                # HELP c_total a \\ b "c"\nd
                # TYPE c_total counter
                c_total{path="a\\\"\n\"\"z"} 1e300
                c_total{path="b",x="1"} 1.5
                c_total{path="b",x="2"} 2
            "#]],
        );
    }

    #[test]
    fn odd_values_have_their_spelling() {
        check(
            MetricDefinition::gauge("g").labels(["l"]),
            &[
                ("g", &[], f64::NAN),
                ("g", &[("l", "1")], f64::INFINITY),
                ("g", &[("l", "2")], f64::NEG_INFINITY),
                ("g", &[("l", "3")], -0.25),
            ],
            expect![[r#"
                # TYPE g gauge
                g NaN
                g{l="1"} +Inf
                g{l="2"} -Inf
                g{l="3"} -0.25
            "#]],
        );
    }

    #[test]
    fn buckets_grow_and_stand_before_sum_and_count() {
        check(
            MetricDefinition::histogram("h").labels(["m", "z"]),
            &[
                ("h_count", &[("m", "b")], 3.0),
                ("h_bucket", &[("le", "+Inf"), ("m", "b")], 3.0),
                ("h_bucket", &[("le", "10"), ("m", "b")], 2.0),
                ("h_bucket", &[("le", "2.5"), ("m", "b")], 1.0),
                ("h_sum", &[("m", "b")], 30.5),
                ("h_bucket", &[("le", "+Inf"), ("m", "a"), ("z", "y")], 0.0),
            ],
            expect![[r#"
                # TYPE h histogram
                h_bucket{m="a",z="y",le="+Inf"} 0
                h_bucket{m="b",le="2.5"} 1
                h_bucket{m="b",le="10"} 2
                h_bucket{m="b",le="+Inf"} 3
                h_sum{m="b"} 30.5
                h_count{m="b"} 3
            "#]],
        );
    }

    #[test]
    fn quantiles_grow_and_stand_before_sum_and_count() {
        check(
            MetricDefinition::summary("s").help("S."),
            &[
                ("s_count", &[], 2.0),
                ("s", &[("quantile", "0.99")], f64::NAN),
                ("s_sum", &[], 3.0),
                ("s", &[("quantile", "0.5")], 1.0),
            ],
            expect![[r#"
                # HELP s S.
                # TYPE s summary
                s{quantile="0.5"} 1
                s{quantile="0.99"} NaN
                s_sum 3
                s_count 2
            "#]],
        );
    }

    #[test]
    fn a_snapshot_gives_the_newest_values_of_series_that_have_not_ended() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut store = Store::new(StoreConfig::default());
        let metric: Arc<str> = "g".into();
        for (index, value) in [1.0, stale_marker()].into_iter().enumerate() {
            let labels = Labels::new([("i", index.to_string())]).unwrap();
            let series = store.resolve(&metric, &metric, &labels).unwrap();
            store.append(series, crate::model::Sample::new(now, value), now).unwrap();
        }
        let snapshot = store.snapshot(&Selector::metric("g"), TimeRange::ALL);
        let definition = Arc::new(MetricDefinition::gauge("g").labels(["i"]).build().unwrap());
        let empty = Arc::new(MetricDefinition::gauge("empty").build().unwrap());
        let metrics = [
            Current::newest(definition, &snapshot),
            Current { definition: empty, series: Vec::new() },
        ];
        expect![[r#"
            # TYPE g gauge
            g{i="0"} 1
        "#]]
        .assert_eq(&text(&metrics));
    }
}
