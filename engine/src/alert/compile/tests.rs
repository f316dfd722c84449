use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::aggregate::{Method, Observed, observe};
use crate::alert::{Condition, Question, Rule, RuleBuilder};
use crate::model::{
    MatchOp, Matcher, MetricDefinition, Sample, SeriesSamples, TimeRange, Timestamp, is_stale,
    stale_marker,
};
use crate::promql::{
    Cancellation, EvaluationTimes, LabelSet, Points, QueryOptions, SeriesReader, SeriesSet,
};

const MINUTE_MS: i64 = 60_000;
/// When questions are asked; their window is five minutes.
const NOW: Timestamp = Timestamp::from_millis(15 * MINUTE_MS);
const ALL: Wanted = Wanted { change: true, silent: true };

/// Series in memory.
#[derive(Clone)]
struct Stored(Vec<SeriesSamples>);

impl SeriesSet for Stored {
    fn labels(&self) -> Vec<LabelSet> {
        let set = |one: &SeriesSamples| LabelSet {
            name: Arc::clone(&one.name),
            labels: one.labels.clone(),
        };
        self.0.iter().map(set).collect()
    }

    fn reader(&self, range: TimeRange) -> Box<dyn SeriesReader + '_> {
        Box::new(Reader { stored: self, range })
    }
}

struct Reader<'a> {
    stored: &'a Stored,
    range: TimeRange,
}

impl SeriesReader for Reader<'_> {
    fn read(&mut self, index: usize, points: &mut Points) {
        points.clear();
        let samples = &self.stored.0[index].samples;
        for sample in samples.iter().filter(|sample| self.range.contains(sample.at)) {
            points.times.push(sample.at.millis());
            points.values.push(sample.value);
        }
    }
}

fn answer(query: &MetricQuery, stored: &[SeriesSamples]) -> Answer {
    let options = QueryOptions { lookback: query.lookback(), ..QueryOptions::default() };
    let times = EvaluationTimes::instant(NOW.millis());
    let plan = query.expression().query().plan(times, &options).unwrap();
    let matching = |matcher: &Matcher, one: &SeriesSamples| match matcher.name() {
        "__name__" => matcher.matches_value(&one.name),
        _ => matcher.matches(&one.labels),
    };
    let select = |matchers: &[Matcher]| {
        let found = stored.iter().filter(|one| matchers.iter().all(|m| matching(m, one)));
        Stored(found.cloned().collect())
    };
    let sets: Vec<_> = plan.selects().iter().map(|s| select(&s.selector.matchers)).collect();
    let inputs: Vec<&dyn SeriesSet> = sets.iter().map(|set| set as &dyn SeriesSet).collect();
    plan.evaluate(&inputs, &Cancellation::default()).unwrap()
}

fn compiled(question: &MetricQuestion, kind: MetricKind, stored: &[SeriesSamples]) -> Vec<Reading> {
    let queries = question.queries(kind, ALL).unwrap();
    let answers = queries.queries().iter().map(|query| answer(query, stored)).collect();
    queries.readings(answers).unwrap()
}

fn question(rule: RuleBuilder) -> MetricQuestion {
    let rule = rule.when(Condition::absent()).build().unwrap();
    let Question::Metric(question) = rule.question() else { panic!("{rule:?}") };
    question.clone()
}

/// What of a metric is observed at [`NOW`], by the meaning that aggregations
/// give it.
fn observed(
    question: &MetricQuestion,
    kind: MetricKind,
    stored: Vec<SeriesSamples>,
) -> Vec<Reading> {
    let window = TimeRange::last(question.window, NOW);
    let read = |one: &Observed| {
        let value = match question.method {
            Some(method) => one.value(method, window),
            None => one.natural(window),
        };
        let (first, last) = (one.value(Method::First, window), one.value(Method::Last, window));
        let change = first.zip(last).map(|(first, last)| relative_change(first, last));
        Reading { value, change, ..Reading::new(one.labels().clone(), None) }
    };
    observe(&definition(kind), stored).iter().map(read).collect()
}

fn asked(method: Option<&str>) -> MetricQuestion {
    let rule = Rule::on("r", "m");
    question(match method {
        Some(method) => rule.method(method.parse().unwrap()),
        None => rule,
    })
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().fold(Labels::EMPTY, |labels, (name, value)| labels.with(name, value))
}

/// A series with samples at these minutes.
fn series(name: &str, pairs: &[(&str, &str)], samples: &[(i64, f64)]) -> SeriesSamples {
    let at = |minute: i64| Timestamp::from_millis(minute * MINUTE_MS);
    let samples = samples.iter().map(|&(minute, value)| Sample::new(at(minute), value)).collect();
    SeriesSamples { name: name.into(), labels: labels(pairs), samples }
}

fn definition(kind: MetricKind) -> MetricDefinition {
    let built = match kind {
        MetricKind::Counter => MetricDefinition::counter("m").labels(["i"]).build(),
        MetricKind::Gauge | MetricKind::Info | MetricKind::StateSet => {
            MetricDefinition::gauge("m").labels(["i"]).build()
        }
        MetricKind::Histogram => MetricDefinition::histogram("m").labels(["i"]).build(),
        MetricKind::Summary => MetricDefinition::summary("m").labels(["i"]).build(),
    };
    built.unwrap()
}

#[test]
fn a_question_has_a_text() {
    let check = |kind, method: Option<&str>, expected: &[&str]| {
        let queries = asked(method).queries(kind, ALL).unwrap();
        let texts: Vec<String> =
            queries.queries().iter().map(|query| query.expression().to_string()).collect();
        assert_eq!(texts, expected);
    };
    let change = [r#"first_over_time({__name__="m"}[5m])"#, r#"{__name__="m"}"#];
    let known = r#"present_over_time({__name__="m"}[10m])"#;
    let gauge = |value| [value, change[0], change[1], known];
    check(MetricKind::Gauge, None, &gauge(r#"{__name__="m"}"#));
    check(MetricKind::Counter, Some("rate"), &gauge(r#"rate({__name__="m"}[5m] anchored)"#));
    check(
        MetricKind::Histogram,
        Some("p99"),
        &[
            r#"histogram_quantile(0.99, increase({__name__="m_bucket"}[5m] anchored)) >= -Inf"#,
            r#"present_over_time({__name__="m_count"}[10m])"#,
        ],
    );
}

#[test]
fn names_and_values_may_be_anything() {
    let nasty = "a \"b\"\\c\n{}é";
    let matcher = Matcher::new("a.b \"c\"", MatchOp::NotEqual, nasty).unwrap();
    let mut question = asked(None);
    (question.metric, question.matchers) = ("sum.of \"all\"".into(), vec![matcher.clone()]);
    let queries = question.queries(MetricKind::Gauge, Wanted::default()).unwrap();
    let times = EvaluationTimes::instant(0);
    let query = &queries.queries()[0];
    let plan = query.expression().query().plan(times, &QueryOptions::default()).unwrap();
    let name = Matcher::equal("__name__", "sum.of \"all\"");
    assert_eq!(plan.selects()[0].selector.matchers, [name, matcher]);
}

#[test]
fn a_method_that_means_nothing_for_the_kind_is_an_error() {
    for kind in [MetricKind::Histogram, MetricKind::Summary] {
        let error = asked(Some("max")).queries(kind, ALL).unwrap_err().to_string();
        assert_eq!(error, format!("method max means nothing for a {kind}"));
    }
}

#[test]
fn answers_are_told_apart_by_their_order() {
    let queries = asked(None).queries(MetricKind::Gauge, ALL).unwrap();
    let error = queries.readings(Vec::new()).unwrap_err().to_string();
    assert_eq!(error, "expected 4 answers, found 0");
    let stored = [
        series("m", &[("i", "1")], &[(11, 4.0), (14, 6.0)]),
        series("m", &[("i", "2")], &[(11, 4.0), (14, stale_marker())]),
        series("m", &[("i", "3")], &[(8, 4.0)]),
        series("m", &[("i", "4")], &[(2, 4.0)]),
    ];
    let read = compiled(&asked(None), MetricKind::Gauge, &stored);
    let expected = [("1", Some(6.0), Some(0.5)), ("2", None, None), ("3", None, None)];
    let named = |i| LabelSet { name: "m".into(), labels: labels(&[("i", i)]) };
    let expected = expected.map(|(i, value, change)| Reading { series: named(i), value, change });
    assert_eq!(read, expected);
}

#[test]
fn where_promql_differs() {
    let check = |kind, method: &str, stored: &[SeriesSamples], before, now: Option<f64>| {
        let asked = asked(Some(method));
        let observed = observed(&asked, kind, stored.to_vec());
        assert_eq!(observed[0].value, before, "observed {method}");
        let read = compiled(&asked, kind, stored);
        assert_eq!(read[0].value.map(f64::to_bits), now.map(f64::to_bits), "{method}");
    };
    let nan = [series("m", &[], &[(11, f64::NAN), (12, 1.0), (13, 3.0)])];
    let value = |method| compiled(&asked(Some(method)), MetricKind::Gauge, &nan)[0].value.unwrap();
    assert!(["sum", "avg", "stddev", "variance"].into_iter().all(|method| value(method).is_nan()));
    check(MetricKind::Gauge, "count", &nan, Some(2.0), Some(3.0));
    check(MetricKind::Gauge, "median", &nan, Some(2.0), Some(1.0));
    let restarted = |name, values: [f64; 2]| {
        series(name, &[], &[(11, values[0]), (12, stale_marker()), (13, values[1])])
    };
    let restarted = [restarted("m_sum", [50.0, 4.0]), restarted("m_count", [9.0, 2.0])];
    check(MetricKind::Histogram, "sum", &restarted, Some(-46.0), Some(4.0));
    let bucket = |le, value| series("m_bucket", &[("le", le)], &[(8, 0.0), (13, value)]);
    let above =
        [bucket("1", 0.0), bucket("+Inf", 2.0), series("m_count", &[], &[(8, 0.0), (13, 2.0)])];
    check(MetricKind::Histogram, "p0", &above, Some(1.0), None);
}

#[test]
fn a_recorded_quantile_is_found_by_its_number() {
    for (quantile, method) in
        [("0.99", "p99"), (".990", "p99"), ("1.0", "p100"), ("0", "p0"), ("0.999", "p99.9")]
    {
        let stored = [
            series("m", &[("quantile", quantile)], &[(12, 7.0)]),
            series("m", &[("quantile", "0.5")], &[(12, 1.0)]),
        ];
        let read = compiled(&asked(Some(method)), MetricKind::Summary, &stored);
        assert_eq!(read[0].series.to_string(), "m", "{method}");
        assert_eq!((read.len(), read[0].value), (1, Some(7.0)), "{method}");
    }
}

/// How the values of a series come about.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Up and down, now and then NaN.
    Level { nan: bool },
    /// Upwards, now and then from zero again.
    Total,
}

/// A series' samples at random times within fifteen minutes, whole numbers.
fn samples(shape: Shape, markers: bool) -> impl Strategy<Value = Vec<Sample>> {
    let step = (1_000_i64..200_000, -50_i32..50, 0_u8..12);
    prop::collection::vec(step, 0..20).prop_map(move |steps| {
        let (mut at, mut level) = (0, 0.0);
        let mut samples = Vec::new();
        for (gap, value, chance) in steps {
            at += gap;
            let value = f64::from(value);
            level = match shape {
                Shape::Level { .. } => value,
                Shape::Total if chance == 1 => value.abs(),
                Shape::Total => level + value.abs(),
            };
            let value = match shape {
                _ if markers && chance == 0 => stale_marker(),
                Shape::Level { nan: true } if chance == 2 => f64::NAN,
                _ => level,
            };
            samples.push(Sample::new(Timestamp::from_millis(at), value));
        }
        samples
    })
}

/// A histogram or summary: at each of its times so many measurements of
/// whole numbers, between restarts.
fn measured() -> impl Strategy<Value = Vec<SeriesSamples>> {
    let values = prop::collection::vec(-5_i32..15, 0..5);
    let step = (1_000_i64..200_000, values, 0_u8..12);
    prop::collection::vec(step, 0..20).prop_map(|steps| {
        let mut at = 0;
        let (mut sum, mut count, mut below) = (0.0, 0.0, [0.0; 3]);
        let mut parts: Vec<SeriesSamples> = ["2", "6", "+Inf"]
            .iter()
            .map(|le| series("m_bucket", &[("le", le)], &[]))
            .chain([series("m_sum", &[], &[]), series("m_count", &[], &[])])
            .chain([series("m", &[("quantile", "0.9")], &[])])
            .collect();
        for (gap, values, chance) in steps {
            at += gap;
            if chance == 0 {
                (sum, count, below) = (0.0, 0.0, [0.0; 3]);
            }
            for value in values {
                let value = f64::from(value);
                (sum, count) = (sum + value, count + 1.0);
                for (bound, below) in [2.0, 6.0, f64::INFINITY].into_iter().zip(&mut below) {
                    *below += f64::from(u8::from(value <= bound));
                }
            }
            let quantile = match chance {
                1 => stale_marker(),
                2 => f64::NAN,
                _ => sum,
            };
            let now = below.into_iter().chain([sum, count, quantile]);
            for (part, value) in parts.iter_mut().zip(now) {
                part.samples.push(Sample::new(Timestamp::from_millis(at), value));
            }
        }
        parts
    })
}

fn near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => {
            a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(1.0)
        }
        (a, b) => a == b,
    }
}

/// Holds the compiled question to what is observed of the samples that both
/// can see.
fn check_law(method: Option<&str>, kind: MetricKind, mut stored: Vec<SeriesSamples>) {
    let question = asked(method);
    let reach = question.window + BASELINE;
    let seen = |sample: &Sample| NOW - reach < sample.at && sample.at <= NOW;
    for one in &mut stored {
        one.samples.retain(seen);
    }
    let known = |one: &SeriesSamples| one.samples.iter().any(|sample| !is_stale(sample.value));
    stored.retain(known);
    let observed = observed(&question, kind, stored.clone());
    let read = compiled(&question, kind, &stored);
    let told = || format!("{method:?} of {kind}: {stored:?}");
    assert_eq!(read.len(), observed.len(), "{}", told());
    for (read, observed) in read.iter().zip(&observed) {
        assert_eq!(read.series.labels, observed.series.labels, "{}", told());
        assert!(near(read.value, observed.value), "{read:?} {observed:?} {}", told());
        assert!(near(read.change, observed.change), "{read:?} {observed:?} {}", told());
    }
}

fn of_two(one: Vec<Sample>, other: Vec<Sample>) -> Vec<SeriesSamples> {
    let series = |i, samples| SeriesSamples { samples, ..series("m", &[("i", i)], &[]) };
    vec![series("1", one), series("2", other)]
}

const BY_SAMPLE: [&str; 13] = [
    "sum", "avg", "min", "max", "count", "first", "last", "delta", "increase", "rate", "stddev",
    "variance", "p90",
];

proptest! {
    #[test]
    fn a_gauge_is_read_as_it_is_observed(
        one in samples(Shape::Level { nan: false }, true),
        other in samples(Shape::Level { nan: false }, true),
        method in prop::sample::select(&BY_SAMPLE[..]),
    ) {
        let stored = of_two(one, other);
        check_law(Some(method), MetricKind::Gauge, stored.clone());
        check_law(None, MetricKind::Gauge, stored);
    }

    #[test]
    fn a_gauge_that_is_nan_is_read_as_it_is_observed(
        one in samples(Shape::Level { nan: true }, true),
        method in prop::sample::select(vec![None, Some("first"), Some("last")]),
    ) {
        check_law(method, MetricKind::Gauge, of_two(one, Vec::new()));
    }

    #[test]
    fn a_counter_is_read_as_it_is_observed(
        one in samples(Shape::Total, true),
        other in samples(Shape::Total, true),
        method in prop::sample::select(&BY_SAMPLE[..]),
    ) {
        let stored = of_two(one, other);
        check_law(Some(method), MetricKind::Counter, stored.clone());
        check_law(None, MetricKind::Counter, stored);
    }

    #[test]
    fn measurements_are_read_as_they_are_observed(
        stored in measured(),
        method in prop::sample::select(
            vec![None, Some("sum"), Some("avg"), Some("count"), Some("increase"), Some("rate"),
                 Some("p10"), Some("p90"), Some("p100")],
        ),
        kind in prop::sample::select(vec![MetricKind::Histogram, MetricKind::Summary]),
    ) {
        let of_kind = |one: &SeriesSamples| match kind {
            MetricKind::Histogram => &*one.name != "m",
            _ => &*one.name != "m_bucket",
        };
        check_law(method, kind, stored.into_iter().filter(of_kind).collect());
    }
}
