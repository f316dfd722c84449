use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::exposition::parse::{Event, Limits, Parser};
use crate::model::{
    DefinitionBuilder, Labels, MetricDefinition, Sample, SeriesSamples, Timestamp, stale_marker,
};

type Pairs = &'static [(&'static str, &'static str)];

fn series(name: &str, labels: Pairs, samples: &[(i64, f64)]) -> SeriesSamples {
    let samples = samples.iter().map(|&(at, value)| Sample::new(Timestamp::from_millis(at), value));
    SeriesSamples {
        name: name.into(),
        labels: Labels::new(labels.iter().copied()).unwrap(),
        samples: samples.collect(),
    }
}

/// Writes metrics as an exporter does: by family, then by child.
fn write(metrics: &[(MetricDefinition, Vec<SeriesSamples>)], typing: Typing) -> (String, Written) {
    let mut writer = Writer::new(Vec::new());
    for (definition, series) in metrics {
        for family in writer.plan(definition, typing).unwrap() {
            writer.begin(&family).unwrap();
            let own: Vec<_> = series.iter().filter(|s| family.has_series(&s.name)).collect();
            let mut children: Vec<_> = own.iter().map(|s| family.child_labels(&s.labels)).collect();
            children.sort();
            children.dedup();
            for child in children {
                let parts = own.iter().filter(|s| family.child_labels(&s.labels) == child);
                let parts: Vec<SeriesSamples> = parts.map(|s| (*s).clone()).collect();
                writer.child(&family, &parts).unwrap();
            }
        }
    }
    let (text, written) = writer.finish().unwrap();
    (String::from_utf8(text).unwrap(), written)
}

fn parse(text: &str) -> Vec<Event> {
    let events: Result<_, _> = Parser::open_metrics(text.as_bytes(), Limits::default()).collect();
    events.unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

/// Checks the text of a metric, with what was left out, and that it parses.
fn check(definition: DefinitionBuilder, series: &[SeriesSamples], expected: Expect) {
    let (text, written) = write(&[(definition.build().unwrap(), series.to_vec())], Typing::Kept);
    parse(&text);
    let Written { stale, unfit, .. } = written;
    expected.assert_eq(&format!("{text}stale {stale}, unfit {unfit}\n"));
}

#[test]
fn a_counter_keeps_its_kind_by_its_suffix_alone() {
    let help = "A \\ \"b\"\nc.";
    check(
        MetricDefinition::counter("x_seconds_total").unit("seconds").help(help).labels(["l"]),
        &[
            series("x_seconds_total", &[("l", "a\"\\\n")], &[(-1_500, 1.0), (7, 2.5)]),
            series(
                "x_seconds_total",
                &[],
                &[(0, 1.0), (1, f64::NAN), (2, -1.0), (3, stale_marker())],
            ),
        ],
        expect![[r##"
            # TYPE x_seconds counter
            # UNIT x_seconds seconds
            # HELP x_seconds A \\ \"b\"\nc.
            x_seconds_total 1 0.000
            x_seconds_total{l="a\"\\\n"} 1 -1.500
            x_seconds_total{l="a\"\\\n"} 2.5 0.007
            # EOF
            stale 1, unfit 2
        "##]],
    );
    check(
        MetricDefinition::counter("requests").unit("seconds"),
        &[series("requests", &[], &[(0, f64::NAN), (1, f64::NEG_INFINITY), (2, f64::INFINITY)])],
        expect![[r#"
            # TYPE requests unknown
            requests NaN 0.000
            requests -Inf 0.001
            requests +Inf 0.002
            # EOF
            stale 0, unfit 0
        "#]],
    );
}

#[test]
fn the_points_of_a_histogram_stand_together_and_are_whole() {
    check(
        MetricDefinition::histogram("h").labels(["a"]).bounds([2.0, 10.0]),
        &[
            series("h_bucket", &[("le", "10")], &[(0, 1.0), (1, 1.0), (2, 1.0)]),
            series("h_bucket", &[("le", "+Inf")], &[(0, 1.0), (1, 2.0), (2, 2.0), (3, 2.0)]),
            series("h_bucket", &[("le", "2")], &[(0, 0.0), (1, 1.0), (2, 2.0)]),
            series("h_count", &[], &[(0, 1.0), (1, 2.0), (2, 2.0), (3, 2.0), (4, stale_marker())]),
            series("h_sum", &[], &[(0, 3.5), (1, 50.0), (2, 50.0)]),
            series("h_bucket", &[("le", "?")], &[(0, 1.0)]),
            series("h_bucket", &[("le", "+Inf"), ("a", "b")], &[(0, 0.0)]),
            series("h_count", &[("a", "b")], &[(0, 0.0)]),
            series("h_sum", &[("a", "b")], &[(0, 0.0)]),
        ],
        expect![[r##"
            # TYPE h histogram
            h_bucket{le="2"} 0 0.000
            h_bucket{le="10"} 1 0.000
            h_bucket{le="+Inf"} 1 0.000
            h_sum 3.5 0.000
            h_count 1 0.000
            h_bucket{le="2"} 1 0.001
            h_bucket{le="10"} 1 0.001
            h_bucket{le="+Inf"} 2 0.001
            h_sum 50 0.001
            h_count 2 0.001
            h_bucket{a="b",le="+Inf"} 0 0.000
            h_sum{a="b"} 0 0.000
            h_count{a="b"} 0 0.000
            # EOF
            stale 1, unfit 8
        "##]],
    );
    check(
        MetricDefinition::histogram("n").bounds([-1.0]),
        &[
            series("n_bucket", &[("le", "-1")], &[(0, 1.0)]),
            series("n_bucket", &[("le", "+Inf")], &[(0, 1.0)]),
            series("n_count", &[], &[(0, 1.0)]),
            series("n_sum", &[], &[(0, -2.0)]),
        ],
        expect![[r##"
            # TYPE n_bucket unknown
            n_bucket{le="+Inf"} 1 0.000
            n_bucket{le="-1"} 1 0.000
            # TYPE n_sum unknown
            n_sum -2 0.000
            # TYPE n_count unknown
            n_count 1 0.000
            # EOF
            stale 0, unfit 0
        "##]],
    );
}

#[test]
fn a_summary_and_a_gauge() {
    check(
        MetricDefinition::summary("s"),
        &[
            series("s_count", &[], &[(0, 1.0)]),
            series("s", &[("quantile", "0.99")], &[(0, f64::NAN), (1, -1.0)]),
            series("s", &[("quantile", "0.5")], &[(0, 3.0)]),
            series("s_sum", &[], &[(0, 3.0), (1, -1.0)]),
        ],
        expect![[r##"
            # TYPE s summary
            s{quantile="0.5"} 3 0.000
            s{quantile="0.99"} NaN 0.000
            s_sum 3 0.000
            s_count 1 0.000
            # EOF
            stale 0, unfit 2
        "##]],
    );
    check(
        MetricDefinition::gauge("g").unit("seconds"),
        &[series("g", &[], &[(i64::MIN, -1.0), (i64::MAX, 1e300)])],
        expect![[r#"
            # TYPE g gauge
            g -1 -9223372036854775.808
            g 1e300 9223372036854775.807
            # EOF
            stale 0, unfit 0
        "#]],
    );
}

#[test]
fn a_clashing_name_makes_a_metric_unknown_or_refuses_it() {
    let gauge = MetricDefinition::gauge("x").build().unwrap();
    let counter = MetricDefinition::counter("x_total").build().unwrap();
    let mut writer = Writer::new(Vec::new());
    writer.plan(&gauge, Typing::Kept).unwrap();
    let families = writer.plan(&counter, Typing::Kept).unwrap();
    let names: Vec<String> = families
        .iter()
        .map(|family| format!("{} {}", family.family().kind, family.family().name))
        .collect();
    assert_eq!(names, ["unknown x_total"]);
    assert_eq!(
        writer.plan(&counter, Typing::Kept).unwrap_err().to_string(),
        "metric \"x_total\" has name \"x_total\", which a family written before has, too"
    );
}

/// A definition of each kind, the i-th of a text.
fn definition(index: usize, kind: usize) -> MetricDefinition {
    let builder = match kind {
        0 => MetricDefinition::counter(format!("m{index}_bytes_total")).unit("bytes"),
        1 => MetricDefinition::counter(format!("m{index}")),
        2 => MetricDefinition::gauge(format!("m{index}")),
        3 => MetricDefinition::histogram(format!("m{index}")).bounds([0.5, 20.0]),
        _ => MetricDefinition::summary(format!("m{index}")).quantiles([0.5, 1.0]),
    };
    builder.help("a \\n \"b\" \n\\").build().unwrap()
}

/// Series of a metric, values of which many do not fit its kind.
fn stored(definition: &MetricDefinition, rows: &[(String, i64, [u8; 5])]) -> Vec<SeriesSamples> {
    let mut out: Vec<SeriesSamples> = Vec::new();
    let mut rows: Vec<_> = rows.to_vec();
    rows.sort();
    rows.dedup_by(|a, b| (&a.0, a.1) == (&b.0, b.1));
    for (label, at, values) in rows {
        let base = Labels::new([("l", label.as_str())]).unwrap();
        for (part, value) in crate::instrument::Part::of(definition).into_iter().zip(values) {
            let value = match value {
                0 => continue,
                1 => f64::NAN,
                2 => stale_marker(),
                3 => -0.25,
                4 => f64::INFINITY,
                other => f64::from(other / 64),
            };
            let labels = match &part.label {
                Some((name, text)) => base.with(name, text),
                None => base.clone(),
            };
            let sample = Sample::new(Timestamp::from_millis(at), value);
            let own = |s: &&mut SeriesSamples| s.name == part.name && s.labels == labels;
            match out.iter_mut().find(own) {
                Some(series) => series.samples.push(sample),
                None => out.push(SeriesSamples { name: part.name, labels, samples: vec![sample] }),
            }
        }
    }
    out
}

/// Names, labels, times and the bits of values, in order.
type Rows = Vec<(String, Labels, i64, u64)>;

fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

fn parsed_rows(events: &[Event]) -> Rows {
    let mut rows: Rows = events
        .iter()
        .filter_map(|event| match event {
            Event::Sample(s) => {
                let (labels, at) = (s.label_set().unwrap(), s.at.unwrap().millis());
                Some((s.name.clone(), labels, at, bits(s.value)))
            }
            Event::Family(_) => None,
        })
        .collect();
    rows.sort();
    rows
}

fn stored_rows(metrics: &[(MetricDefinition, Vec<SeriesSamples>)]) -> Rows {
    let mut rows: Rows = metrics
        .iter()
        .flat_map(|(_, series)| series)
        .flat_map(|s| s.samples.iter().map(move |sample| (s, sample)))
        .filter(|(_, sample)| !crate::model::is_stale(sample.value))
        .map(|(s, sample)| {
            (s.name.to_string(), s.labels.clone(), sample.at.millis(), bits(sample.value))
        })
        .collect();
    rows.sort();
    rows
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        metrics in prop::collection::vec(
            (
                0_usize..5,
                prop::collection::vec(
                    ("[a\\\\\"\n]{0,2}", prop_oneof![-3_i64..9, any::<i64>()], any::<[u8; 5]>()),
                    0..8,
                ),
            ),
            0..4,
        ),
    ) {
        let metrics: Vec<_> = metrics
            .iter()
            .enumerate()
            .map(|(index, (kind, rows))| {
                let definition = definition(index, *kind);
                let series = stored(&definition, rows);
                (definition, series)
            })
            .collect();
        let all = stored_rows(&metrics);

        // Without types nothing but staleness markers is lost.
        let (text, written) = write(&metrics, Typing::Unknown);
        prop_assert_eq!(written.unfit, 0);
        prop_assert_eq!(parsed_rows(&parse(&text)), all.clone());

        // With types what is written is valid, true and counted.
        let (text, written) = write(&metrics, Typing::Kept);
        let read = parsed_rows(&parse(&text));
        prop_assert_eq!(read.len() as u64, written.samples);
        prop_assert_eq!(all.len() as u64, written.samples + written.unfit);
        prop_assert!(read.iter().all(|row| all.binary_search(row).is_ok()));
        let families = parse(&text).into_iter().filter_map(|event| match event {
            Event::Family(family) => Some(family),
            Event::Sample(_) => None,
        });
        let families: Vec<_> = families.collect();
        prop_assert_eq!(families.len(), metrics.len());
        for (family, (definition, _)) in families.iter().zip(&metrics) {
            prop_assert_eq!(&*family.help, definition.help());
            prop_assert_eq!(&*family.unit, definition.unit());
        }
    }
}
