//! Metrics of every kind, from their stored series to a value.

use super::*;
use crate::model::{Labels, MetricDefinition, Sample, SeriesSamples, TimeRange, Timestamp};

/// The window in which the tests look: 0 s to 60 s.
fn window() -> TimeRange {
    TimeRange::new(at(0), at(60))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

/// A series with one sample every ten seconds from 10 s on.
fn series(name: &str, labels: &[(&'static str, &'static str)], values: &[f64]) -> SeriesSamples {
    let sample = |(step, value): (usize, &f64)| Sample::new(at(step as i64 * 10 + 10), *value);
    SeriesSamples {
        name: name.into(),
        labels: Labels::new(labels.iter().copied()).unwrap(),
        samples: values.iter().enumerate().map(sample).collect(),
    }
}

fn check(observed: &Observed, table: &[(&str, Option<f64>)]) {
    for (method, expected) in table {
        let value = observed.value(method.parse().unwrap(), window());
        match (value, expected) {
            (Some(value), Some(expected)) => {
                assert!((value - expected).abs() < 1e-9, "{method}: {value}, expected {expected}");
            }
            _ => assert_eq!(value, *expected, "{method}"),
        }
    }
}

#[test]
fn a_gauge() {
    let definition = MetricDefinition::gauge("g").build().unwrap();
    let observed = observe(&definition, vec![series("g", &[], &[4.0, 2.0, f64::NAN, 9.0, 5.0])]);
    let table = [
        ("sum", Some(20.0)),
        ("avg", Some(5.0)),
        ("min", Some(2.0)),
        ("max", Some(9.0)),
        ("count", Some(4.0)),
        ("first", Some(4.0)),
        ("last", Some(5.0)),
        ("delta", Some(1.0)),
        ("increase", Some(1.0)),
        ("rate", Some(1.0 / 60.0)),
        ("variance", Some(6.5)),
        ("stddev", Some(6.5_f64.sqrt())),
        ("median", Some(4.5)),
        ("p100", Some(9.0)),
    ];
    check(&observed[0], &table);
    assert_eq!(observed[0].natural(window()), Some(5.0));
    assert_eq!(observed[0].value(Method::Sum, TimeRange::new(at(100), at(200))), None);
}

#[test]
fn a_counter_with_a_reset() {
    let definition = MetricDefinition::counter("c_total").build().unwrap();
    let observed = observe(&definition, vec![series("c_total", &[], &[10.0, 16.0, 3.0])]);
    check(&observed[0], &[("increase", Some(9.0)), ("rate", Some(0.15)), ("delta", Some(-7.0))]);
    assert_eq!(observed[0].natural(window()), Some(9.0));
}

/// Two histogram series, of which the first measured ten values.
fn histogram() -> Vec<Observed> {
    let definition =
        MetricDefinition::histogram("h").bounds([0.1, 0.5]).labels(["job"]).build().unwrap();
    let parts = vec![
        series("h_sum", &[("job", "a")], &[100.0, 103.0]),
        series("h_count", &[("job", "a")], &[50.0, 60.0]),
        series("h_bucket", &[("job", "a"), ("le", "+Inf")], &[50.0, 60.0]),
        series("h_bucket", &[("job", "a"), ("le", "0.5")], &[40.0, 49.0]),
        series("h_bucket", &[("job", "a"), ("le", "0.1")], &[30.0, 34.0]),
        series("h_count", &[("job", "b")], &[0.0, 10.0]),
        series("h_sum", &[("job", "b")], &[0.0, 7.0]),
    ];
    observe(&definition, parts)
}

#[test]
fn a_histogram_is_put_together_from_its_parts() {
    let observed = histogram();
    assert_eq!(observed.len(), 2);
    assert_eq!(observed[0].labels().to_string(), r#"{job="a"}"#);
    let table = [
        ("sum", Some(3.0)),
        ("count", Some(10.0)),
        ("increase", Some(10.0)),
        ("avg", Some(0.3)),
        ("rate", Some(10.0 / 60.0)),
        ("median", Some(0.1 + 0.4 * (5.0 - 4.0) / 5.0)),
        ("p99", Some(0.5)),
        ("max", None),
        ("last", None),
    ];
    check(&observed[0], &table);
    assert_eq!(observed[0].natural(window()), Some(0.3));
}

#[test]
fn a_digest_has_what_the_kind_has() {
    let histogram = histogram()[0].digest(window());
    assert_eq!((histogram.current, histogram.count), (Some(60.0), 10.0));
    assert_eq!((histogram.min, histogram.mean, histogram.p95), (None, Some(0.3), Some(0.5)));
    let definition = MetricDefinition::gauge("g").build().unwrap();
    let gauge = &observe(&definition, vec![series("g", &[], &[4.0, 2.0, 6.0])])[0];
    let digest = gauge.digest(window());
    assert_eq!((digest.current, digest.count), (Some(6.0), 3.0));
    assert_eq!((digest.min, digest.max, digest.mean), (Some(2.0), Some(6.0), Some(4.0)));
    assert_eq!(gauge.digest(TimeRange::new(at(90), at(99))).count, 0.0);
}

#[test]
fn a_histogram_that_measured_nothing_has_no_mean() {
    let definition = MetricDefinition::histogram("h").build().unwrap();
    let parts = vec![series("h_sum", &[], &[3.0, 3.0]), series("h_count", &[], &[2.0, 2.0])];
    let observed = observe(&definition, parts);
    check(&observed[0], &[("avg", None), ("count", Some(0.0)), ("p50", None)]);
}

#[test]
fn a_sum_of_negative_measurements_is_no_reset() {
    let definition = MetricDefinition::histogram("h").build().unwrap();
    let falling = vec![series("h_sum", &[], &[5.0, -5.0]), series("h_count", &[], &[2.0, 4.0])];
    check(&observe(&definition, falling)[0], &[("avg", Some(-5.0))]);
    let reset = vec![series("h_sum", &[], &[5.0, 1.0]), series("h_count", &[], &[20.0, 4.0])];
    check(&observe(&definition, reset)[0], &[("avg", Some(0.25))]);
}

#[test]
fn a_summary_answers_with_the_quantiles_it_recorded() {
    let definition = MetricDefinition::summary("s").quantiles([0.5, 0.99]).build().unwrap();
    let parts = vec![
        series("s", &[("quantile", "0.5")], &[1.0, 2.0]),
        series("s", &[("quantile", "0.99")], &[8.0, 9.0]),
        series("s_sum", &[], &[10.0, 16.0]),
        series("s_count", &[], &[5.0, 7.0]),
    ];
    let observed = observe(&definition, parts);
    assert_eq!(observed.len(), 1);
    check(
        &observed[0],
        &[("p50", Some(2.0)), ("p99", Some(9.0)), ("p95", None), ("avg", Some(3.0))],
    );
}

#[test]
fn groups_pool_samples_and_add_up_increases() {
    let definition = MetricDefinition::gauge("g").labels(["i"]).build().unwrap();
    let parts = vec![
        series("g", &[("i", "1")], &[1.0, 3.0]),
        series("g", &[("i", "2")], &[5.0, 9.0, 30.0]),
    ];
    let observed = observe(&definition, parts);
    let group: Vec<_> = observed.iter().collect();
    for (method, expected) in
        [("sum", 48.0), ("avg", 9.6), ("max", 30.0), ("count", 5.0), ("last", 33.0), ("p50", 5.0)]
    {
        let value = evaluate(&group, method.parse().unwrap(), window());
        assert_eq!(value, Some(expected), "{method}");
    }
    let histograms = histogram();
    let group: Vec<_> = histograms.iter().collect();
    assert_eq!(evaluate(&group, Method::Avg, window()), Some(0.5));
    assert_eq!(evaluate(&[], Method::Avg, window()), None);
}

#[test]
fn a_histogram_that_ended_keeps_its_sum_with_its_count() {
    let marker = crate::model::stale_marker();
    let definition = MetricDefinition::histogram("h").labels(["i"]).build().unwrap();
    let ended = || {
        vec![
            series("h_sum", &[("i", "1")], &[0.0, 20.0, marker]),
            series("h_count", &[("i", "1")], &[0.0, 10.0, marker]),
        ]
    };
    let alone = observe(&definition, ended());
    check(&alone[0], &[("count", Some(10.0)), ("sum", Some(20.0)), ("avg", Some(2.0))]);
    assert_eq!(alone[0].digest(window()).current, None, "a marker is no running count");
    assert_eq!(alone[0].newest(), Some(at(20)), "a marker is no sample");
    let mut parts = ended();
    parts.push(series("h_sum", &[("i", "2")], &[0.0, 20.0]));
    parts.push(series("h_count", &[("i", "2")], &[0.0, 10.0]));
    let observed = observe(&definition, parts);
    let group: Vec<_> = observed.iter().collect();
    assert_eq!(evaluate(&group, Method::Avg, window()), Some(2.0));
}

#[test]
fn a_histogram_that_came_back_grows_from_before_its_marker() {
    let marker = crate::model::stale_marker();
    let definition = MetricDefinition::histogram("h").build().unwrap();
    let parts = vec![
        series("h_sum", &[], &[4.0, marker, 10.0]),
        series("h_count", &[], &[2.0, marker, 5.0]),
    ];
    let window = TimeRange::new(at(10), at(60));
    assert_eq!(observe(&definition, parts)[0].value(Method::Avg, window), Some(2.0));
}

#[test]
fn an_infinite_neighbour_does_not_spoil_an_exact_rank() {
    let definition = MetricDefinition::gauge("g").build().unwrap();
    let observed = observe(&definition, vec![series("g", &[], &[1.0, 2.0, f64::INFINITY])]);
    check(&observed[0], &[("p0", Some(1.0)), ("median", Some(2.0))]);
}
