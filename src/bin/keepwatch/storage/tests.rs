use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::{Expect, expect};
use keepwatch::model::{
    Labels, MatchOp, Matcher, MetricDefinition, Sample, TimeRange, Timestamp, stale_marker,
};
use keepwatch_engine::exposition::openmetrics::Typing;

use super::export::{Choice, Found, Source, Wish, export};
use super::import::{Format, Imported, Incoming, Reading, Sink, import};

/// Series with their samples as pairs of milliseconds and values.
#[derive(Default)]
struct Memory(Vec<(MetricDefinition, Vec<Stored>)>);

#[derive(Clone)]
struct Stored {
    name: Arc<str>,
    labels: Labels,
    samples: Vec<Sample>,
}

fn stored(name: &str, labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Stored {
    let sample = |&(at, value): &(i64, f64)| Sample::new(Timestamp::from_millis(at), value);
    Stored {
        name: name.into(),
        labels: Labels::new(labels.iter().copied()).unwrap(),
        samples: samples.iter().map(sample).collect(),
    }
}

impl Source for Memory {
    fn metrics(&self) -> anyhow::Result<(Vec<MetricDefinition>, Vec<String>)> {
        Ok((self.0.iter().map(|(definition, _)| definition.clone()).collect(), Vec::new()))
    }

    fn select(
        &self,
        metric: &Arc<str>,
        matchers: &[Matcher],
        range: TimeRange,
    ) -> anyhow::Result<Box<dyn Found + '_>> {
        let own = self.0.iter().filter(|(definition, _)| definition.name() == metric);
        let matching = own
            .flat_map(|(_, series)| series)
            .filter(|series| matchers.iter().all(|m| m.matches(&series.labels)));
        Ok(Box::new(Within(matching.cloned().collect(), range)))
    }
}

struct Within(Vec<Stored>, TimeRange);

impl Found for Within {
    fn identities(&self) -> Vec<(Arc<str>, Labels)> {
        self.0.iter().map(|series| (Arc::clone(&series.name), series.labels.clone())).collect()
    }

    fn read(&mut self, index: usize) -> anyhow::Result<Vec<Sample>> {
        let samples = self.0[index].samples.iter().copied();
        Ok(samples.filter(|sample| self.1.contains(sample.at)).collect())
    }
}

fn source() -> Memory {
    Memory(vec![
        (
            MetricDefinition::gauge("up").help("Whether.").build().unwrap(),
            vec![
                stored("up", &[("job", "b")], &[(2_000, 1.0), (4_000, stale_marker())]),
                stored("up", &[("job", "a")], &[(1_000, 1.0), (3_000, 0.0)]),
            ],
        ),
        (
            MetricDefinition::counter("c_total").build().unwrap(),
            vec![stored("c_total", &[], &[(1_000, 5.0), (2_000, f64::NAN)])],
        ),
        (MetricDefinition::gauge("c").build().unwrap(), vec![stored("c", &[], &[(0, 1.0)])]),
        (MetricDefinition::gauge("c_total_").build().unwrap(), Vec::new()),
    ])
}

fn check_export(wish: Wish, expected: Expect) {
    let (text, report) = export(&source(), &wish, Vec::new()).unwrap();
    expected.assert_eq(&format!("{}{report}", String::from_utf8(text).unwrap()));
}

fn wish() -> Wish {
    Wish { choices: Vec::new(), range: TimeRange::ALL, typing: Typing::Kept }
}

fn choice(metric: Option<&str>, job: &str) -> Choice {
    let matchers = vec![Matcher::new("job", MatchOp::Equal, job).unwrap()];
    Choice { metric: metric.map(Into::into), matchers }
}

#[test]
fn everything_is_exported_sorted_and_what_is_left_out_is_counted() {
    check_export(
        wish(),
        expect![[r##"
            # TYPE c gauge
            c 1 0.000
            # TYPE c_total unknown
            c_total 5 1.000
            c_total NaN 2.000
            # TYPE up gauge
            # HELP up Whether.
            up{job="a"} 1 1.000
            up{job="a"} 0 3.000
            up{job="b"} 1 2.000
            # EOF
            exported 6 samples of 3 metrics
              left out 1 staleness marker, which the format has not
        "##]],
    );
}

#[test]
fn untyped_series_keep_every_value() {
    check_export(
        Wish { typing: Typing::Unknown, ..wish() },
        expect![[r##"
            # TYPE c unknown
            c 1 0.000
            # TYPE c_total unknown
            c_total 5 1.000
            c_total NaN 2.000
            # TYPE up unknown
            # HELP up Whether.
            up{job="a"} 1 1.000
            up{job="a"} 0 3.000
            up{job="b"} 1 2.000
            # EOF
            exported 6 samples of 3 metrics
              left out 1 staleness marker, which the format has not
        "##]],
    );
}

#[test]
fn a_series_that_two_selectors_match_is_exported_once() {
    let choices = vec![choice(None, "a"), choice(Some("up"), "a"), choice(Some("c"), "b")];
    let range = TimeRange::new(Timestamp::from_millis(1_001), Timestamp::MAX);
    check_export(
        Wish { choices, range, ..wish() },
        expect![[r##"
            # TYPE up gauge
            # HELP up Whether.
            up{job="a"} 0 3.000
            # EOF
            exported 1 sample of 1 metric
        "##]],
    );
}

#[test]
fn a_part_of_a_histogram_is_exported_by_its_name_as_of_no_type() {
    let histogram = MetricDefinition::histogram("h").help("Sizes.").bounds([1.0]).build().unwrap();
    let series = |name: &str, labels: &[(&str, &str)]| stored(name, labels, &[(1_000, 2.0)]);
    let source = Memory(vec![(
        histogram,
        vec![
            series("h_bucket", &[("job", "a"), ("le", "+Inf")]),
            series("h_bucket", &[("job", "b"), ("le", "+Inf")]),
            series("h_sum", &[("job", "a")]),
            series("h_count", &[("job", "a")]),
        ],
    )]);
    let check = |choices: Vec<Choice>, expected: Expect| {
        let (text, _) = export(&source, &Wish { choices, ..wish() }, Vec::new()).unwrap();
        expected.assert_eq(&String::from_utf8(text).unwrap());
    };
    check(
        vec![choice(Some("h_bucket"), "a")],
        expect![[r##"
            # TYPE h_bucket unknown
            # HELP h_bucket Sizes.
            h_bucket{job="a",le="+Inf"} 2 1.000
            # EOF
        "##]],
    );
    check(
        vec![choice(Some("h"), "a")],
        expect![[r##"
            # TYPE h histogram
            # HELP h Sizes.
            h_bucket{job="a",le="+Inf"} 2 1.000
            h_sum{job="a"} 2 1.000
            h_count{job="a"} 2 1.000
            # EOF
        "##]],
    );
    check(
        vec![choice(Some("h_total"), "a")],
        expect![[r##"
            # EOF
        "##]],
    );
}

/// Takes all samples but those with a value of 13.
#[derive(Default)]
struct Lucky {
    taken: Vec<String>,
    finished: bool,
}

impl Sink for Lucky {
    fn take(&mut self, batch: Vec<Incoming>) -> anyhow::Result<BTreeMap<String, u64>> {
        let mut refused = BTreeMap::new();
        for incoming in batch {
            let Incoming { metric, kind, name, labels, sample, .. } = incoming;
            if sample.value == 13.0 {
                *refused.entry("unlucky".to_owned()).or_default() += 1;
            } else {
                let at = sample.at.millis();
                self.taken.push(format!("{kind} {metric}: {name}{labels} {} @{at}", sample.value));
            }
        }
        Ok(refused)
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        self.finished = true;
        Ok(())
    }
}

fn check_import(text: &str, reading: Reading, expected: Expect) -> Imported {
    let mut sink = Lucky::default();
    let report = import(text.as_bytes(), &reading, &mut sink).unwrap();
    assert!(sink.finished);
    expected.assert_eq(&format!("{}\n{report}", sink.taken.join("\n")));
    report
}

#[test]
fn openmetrics_is_imported_by_metric_and_refusals_are_counted() {
    let text = "# TYPE c counter\nc_total{a=\"b\"} 1 1 # {t=\"1\"} 1\nc_created 1 1\n\
                # TYPE h histogram\nh_bucket{le=\"+Inf\"} 2 1.5\nh_count 2 1.5\nh_sum 3 1.5\n\
                # TYPE i info\ni_info{v=\"1\"} 1 2\n# TYPE g gauge\ng 13 3\ng 14 4\ng 13 5\n\
                g x\n# TYPE u unknown\nu 1\n# TYPE q gaugehistogram\nq_bucket{le=\"+Inf\"} 1 6\n\
                q_gcount 1 6\nq_gsum 1 6\n# EOF\n";
    let reading = Reading { format: Format::OpenMetrics, at: None };
    let report = check_import(
        text,
        reading,
        expect![[r#"
            counter c_total: c_total{a="b"} 1 @1000
            histogram h: h_bucket{le="+Inf"} 2 @1500
            histogram h: h_count{} 2 @1500
            histogram h: h_sum{} 3 @1500
            gauge i_info: i_info{v="1"} 1 @2000
            gauge g: g{} 14 @4000
            gauge q_bucket: q_bucket{le="+Inf"} 1 @6000
            gauge q_gcount: q_gcount{} 1 @6000
            gauge q_gsum: q_gsum{} 1 @6000
            accepted 9 samples of 6 metrics in 21 lines, from 1970-01-01T00:00:01.000Z to 1970-01-01T00:00:06.000Z
            passed over 1 exemplar
            passed over 1 creation time
              refused       lines or samples
              no timestamp                 1
              syntax                       1
              unlucky                      2
              line 14, column 3: expected a number, found "x"
        "#]],
    );
    assert_eq!(report.refused(), 4);
}

#[test]
fn prometheus_text_is_imported_at_a_time_of_its_own() {
    let text = "# TYPE c counter\nc 1\n{\"a.b\"} 1\ng{\"l.l\"=\"\"} 1 5\n\
                # TYPE s summary\ns{quantile=\"0.5\"} 1 7\ns_sum 1 7\ns_other 2 7\n\
                # TYPE h histogram\nh 1\n";
    let at = Some(Timestamp::from_millis(99));
    check_import(
        text,
        Reading { format: Format::Prometheus, at },
        expect![[r#"
            counter c: c{} 1 @99
            gauge a.b: a.b{} 1 @99
            gauge g: g{} 1 @5
            summary s: s{quantile="0.5"} 1 @7
            summary s: s_sum{} 1 @7
            gauge s_other: s_other{} 2 @7
            accepted 6 samples of 6 metrics in 10 lines, from 1970-01-01T00:00:00.005Z to 1970-01-01T00:00:00.099Z
              refused                       lines or samples
              no part of its family's type                 1
        "#]],
    );
}

#[test]
fn what_was_exported_is_imported() {
    let (text, _) = export(&source(), &wish(), Vec::new()).unwrap();
    let reading = Reading { format: Format::OpenMetrics, at: None };
    check_import(
        &String::from_utf8(text).unwrap(),
        reading,
        expect![[r#"
            gauge c: c{} 1 @0
            gauge c_total: c_total{} 5 @1000
            gauge c_total: c_total{} NaN @2000
            gauge up: up{job="a"} 1 @1000
            gauge up: up{job="a"} 0 @3000
            gauge up: up{job="b"} 1 @2000
            accepted 6 samples of 3 metrics in 11 lines, from 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:03.000Z
        "#]],
    );
}
