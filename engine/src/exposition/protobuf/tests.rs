//! What is written, read by another decoder.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use prost::Message as _;

use super::message::{Exemplar, LabelPair, Metric, MetricFamily, MetricType, Time};
use crate::exposition::tests::laws::{Row, bits, furnish, seeds};
use crate::exposition::tests::{BEGAN, House, PROTO, furnished};
use crate::instrument::{self, Histogram, float_text};
use crate::model::{Labels, MetricDefinition, NativeBuckets};

/// Decodes families that each have their length before them.
fn decode(mut bytes: &[u8]) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    while !bytes.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut bytes).unwrap());
    }
    families
}

fn labels(labels: &[LabelPair]) -> String {
    let pairs: Vec<_> = labels.iter().map(|one| format!("{}={:?}", one.name, one.value)).collect();
    format!("{{{}}}", pairs.join(","))
}

fn time(at: Option<Time>) -> String {
    at.map_or_else(String::new, |at| format!(" @{}.{:09}", at.seconds, at.nanos))
}

fn example(exemplar: Option<&Exemplar>) -> String {
    exemplar.map_or_else(String::new, |one| {
        format!(" # {} {}{}", labels(&one.label), one.value, time(one.at))
    })
}

/// Shows families, a metric a line.
fn show(families: &[MetricFamily]) -> String {
    let mut out = String::new();
    for family in families {
        let MetricFamily { name, help, kind, metric, unit } = family;
        let kind = MetricType::try_from(*kind).unwrap();
        writeln!(out, "{kind:?} {name} unit={unit:?} help={help:?}").unwrap();
        for metric in metric {
            writeln!(out, "  {}", show_metric(metric)).unwrap();
        }
    }
    out
}

fn show_metric(metric: &Metric) -> String {
    let mut out = labels(&metric.label);
    if let Some(gauge) = &metric.gauge {
        write!(out, " gauge {}", gauge.value).unwrap();
    }
    if let Some(counter) = &metric.counter {
        let (example, created) = (example(counter.exemplar.as_ref()), time(counter.created));
        write!(out, " counter {}{example}{created}", counter.value).unwrap();
    }
    if let Some(summary) = &metric.summary {
        write!(out, " summary {} in {}", summary.sum, summary.count).unwrap();
        for one in &summary.quantile {
            write!(out, " {}:{}", one.quantile, one.value).unwrap();
        }
        out.push_str(&time(summary.created));
    }
    if let Some(histogram) = &metric.histogram {
        write!(out, " histogram {} in {}", histogram.sum, histogram.count).unwrap();
        for one in &histogram.bucket {
            let example = example(one.exemplar.as_ref());
            write!(out, " {}:{}{example}", one.upper_bound, one.cumulative_count).unwrap();
        }
        if histogram.zero_threshold > 0.0 || !histogram.positive_span.is_empty() {
            let one = histogram;
            write!(out, " schema {} zero {}:{}", one.schema, one.zero_threshold, one.zero_count)
                .unwrap();
            for (sign, spans, deltas) in [
                ('-', &one.negative_span, &one.negative_delta),
                ('+', &one.positive_span, &one.positive_delta),
            ] {
                let spans: Vec<_> = spans.iter().map(|span| (span.offset, span.length)).collect();
                write!(out, " {sign}{spans:?}{deltas:?}").unwrap();
            }
        }
        histogram.exemplar.iter().for_each(|one| out.push_str(&example(Some(one))));
        out.push_str(&time(histogram.created));
    }
    out
}

#[track_caller]
fn check(house: &House, names: &[&str], expected: Expect) {
    expected.assert_eq(&show(&decode(&house.bytes(PROTO, names))));
}

#[test]
fn every_kind_is_a_message() {
    check(
        &furnished(),
        &[],
        expect![[r#"
        Gauge build_info unit="" help="What runs."
          {version="1.2"} gauge 1
        Histogram call_seconds unit="seconds" help=""
          {to="a"} histogram -3 in 1 0.5:1 2.5:1 10:1 inf:1 @1700000000.249000000
          {to="b"} histogram 303.25 in 4 0.5:1 2.5:3 # {span_id="00f0",trace_id="4bf9\"2f"} 2 @1700000010.250000000 10:3 inf:4 @1700000000.249000000
        Gauge door unit="" help=""
          {room="hall",door="open"} gauge 0
          {room="hall",door="shut"} gauge 1
        Gauge heat_celsius unit="celsius" help="Heat."
          {} gauge -0.25
        Counter http_requests_total unit="" help="Requests \\ \"all\"\nof them."
          {method="GET",path="/a\\\"\n"} counter 1000001 # {span_id="00f0",trace_id="4bf9\"2f"} 1 @1700000010.250000000 @1700000000.249000000
          {path="/b"} counter 2.5 @1700000000.249000000
        Summary size_bytes unit="" help=""
          {} summary 0 in 0 0.5:NaN 0.99:NaN @1700000000.249000000
    "#]],
    );
}

#[test]
fn native_buckets_are_spans_and_deltas() {
    let mut house = House::new();
    let native = NativeBuckets { schema: 0, zero_threshold: 0.5, ..NativeBuckets::default() };
    let only = MetricDefinition::histogram("only").native(native);
    let only: Histogram = house.handle(only, &[]);
    for value in [0.25, 1.0, 1.5, 1.75, 3.0, 100.0, -1.5, -60.0] {
        only.observe(value);
    }
    let at = [Some(BEGAN), None];
    for (value, at) in [4.0, 0.75].into_iter().zip(at) {
        let labels = Labels::new([("trace_id", "x")]).unwrap();
        only.observe_with(value, || Some(instrument::Exemplar { labels, value, at }));
    }
    let both = MetricDefinition::histogram("two").native(native).bounds([2.0]);
    house.handle::<Histogram>(both, &[]).observe(1.0);
    // One that has seen nothing is known as native nonetheless.
    let unused = NativeBuckets { zero_threshold: 0.0, ..native };
    house.handle::<Histogram>(MetricDefinition::histogram("unused").native(unused), &[]);
    house.registry.collect(BEGAN);
    check(
        &house,
        &["only", "two", "unused"],
        expect![[r#"
        Histogram only unit="" help=""
          {} histogram 50.75 in 10 schema 0 zero 0.5:1 -[(1, 1), (4, 1)][1, 0] +[(0, 3), (4, 1)][2, 0, 0, -1] # {trace_id="x"} 4 @1700000000.250000000 @1700000000.249000000
        Histogram two unit="" help=""
          {} histogram 1 in 1 2:1 inf:1 schema 0 zero 0.5:0 -[][] +[(0, 1)][1] @1700000000.249000000
        Histogram unused unit="" help=""
          {} histogram 0 in 0 schema 0 zero 0:0 -[][] +[(0, 0)][] @1700000000.249000000
    "#]],
    );
}

#[test]
fn a_family_longer_than_a_batch_is_whole() {
    let house = House::new();
    let long = "x".repeat(200);
    let metric = MetricDefinition::gauge("g").labels(["l"]).help(long.as_str());
    for index in 0..1_000 {
        house.handle::<instrument::Gauge>(metric.clone(), &[&format!("{index:04}{long}")]).set(0.5);
    }
    let families = decode(&house.bytes(PROTO, &["g"]));
    let [family] = families.as_slice() else { panic!("{} families", families.len()) };
    assert_eq!((family.metric.len(), family.help.len()), (1_000, 200));
    for (index, metric) in family.metric.iter().enumerate() {
        assert_eq!(metric.label[0].value, format!("{index:04}{long}"));
        assert_eq!(metric.gauge.as_ref().map(|gauge| gauge.value), Some(0.5));
    }
}

/// Returns what the families say as the series that the text formats write.
fn rows(families: &[MetricFamily]) -> Vec<Row> {
    let mut rows = Vec::new();
    for family in families {
        for metric in &family.metric {
            let mut row = |suffix: &str, part: Option<(&str, f64)>, value: f64| {
                let pairs = metric.label.iter().map(|one| (one.name.clone(), one.value.clone()));
                let part = part.map(|(name, number)| (name.to_owned(), float_text(number)));
                let mut labels: Vec<_> = pairs.chain(part).collect();
                labels.sort();
                rows.push((format!("{}{suffix}", family.name), labels, bits(value)));
            };
            if let Some(gauge) = &metric.gauge {
                row("", None, gauge.value);
            }
            if let Some(counter) = &metric.counter {
                row("", None, counter.value);
            }
            if let Some(summary) = &metric.summary {
                for one in &summary.quantile {
                    row("", Some(("quantile", one.quantile)), one.value);
                }
                row("_sum", None, summary.sum);
                row("_count", None, summary.count as f64);
            }
            if let Some(histogram) = &metric.histogram {
                for one in &histogram.bucket {
                    row("_bucket", Some(("le", one.upper_bound)), one.cumulative_count as f64);
                }
                row("_sum", None, histogram.sum);
                row("_count", None, histogram.count as f64);
            }
        }
    }
    rows.sort();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn protobuf_reads_back(metrics in prop::collection::vec((0_usize..6, seeds()), 0..5)) {
        let mut house = House::new();
        let expected = furnish(&mut house, &metrics);
        prop_assert_eq!(rows(&decode(&house.bytes(PROTO, &[]))), expected);
    }
}
