//! What the registry promises, through its public face.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::instrument::{CounterFamily, Family, GaugeFamily, Handle, HistogramFamily};
use crate::model::{
    DefinitionBuilder, Matcher, MetricDefinition, Record, Sample, TimeRange, Timestamp,
};
use crate::storage::{Selector, Slice};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_millis(NOW.millis() + seconds * 1_000)
}

fn registry(definitions: impl IntoIterator<Item = DefinitionBuilder>) -> Registry {
    let limits = Limits::default();
    let catalogue = Catalogue::with_limits(limits.catalogue());
    for definition in definitions {
        catalogue.register(definition.build().unwrap()).unwrap();
    }
    Registry::new(limits, catalogue, Arc::default())
}

/// One metric of each kind, all with the label `l`.
fn zoo() -> Registry {
    registry([
        MetricDefinition::counter("requests_total").labels(["l"]),
        MetricDefinition::gauge("load").labels(["l"]),
        MetricDefinition::histogram("latency_seconds").labels(["l"]).bounds([1.0]),
        MetricDefinition::summary("size_bytes").labels(["l"]).quantiles([0.5]),
    ])
}

fn family<H: Handle>(registry: &Registry, name: &str) -> Family<H> {
    Family::of(registry.catalogue().get(name).unwrap()).unwrap()
}

/// Reads a metric as lines of name, labels and samples, the timestamps in
/// seconds after [`NOW`].
fn read(registry: &mut Registry, metric: &str, now: Timestamp) -> Vec<String> {
    let all = Selector::metric(metric);
    let decoded = registry.values(&all, TimeRange::ALL, now).unwrap();
    let show = |sample: &Sample| {
        let seconds = (sample.at.millis() - NOW.millis()) as f64 / 1_000.0;
        format!("{}@{seconds}", sample.value)
    };
    let line = |series: &crate::model::SeriesSamples| {
        let samples: Vec<String> = series.samples.iter().map(show).collect();
        format!("{}{} {}", series.name, series.labels, samples.join(" "))
    };
    decoded.iter().map(line).collect()
}

#[test]
fn each_refusal_has_its_own_error_and_is_counted() {
    let mut registry = zoo();
    let ok = |metric: &'static str, value| Record::set_at(metric, value, NOW).label("l", "a");
    registry.record(&ok("load", 1.0), NOW).unwrap();
    let mut check = |record: Record, reason: DropReason, expected: &str| {
        let before = registry.drops().of(reason);
        let error = registry.record(&record, NOW).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.reason(), Some(reason));
        assert_eq!(registry.drops().of(reason), before + 1);
    };
    check(
        Record::add("request_total", 1.0),
        DropReason::UnknownMetric,
        "unknown metric \"request_total\"; did you mean \"requests_total\"?",
    );
    check(Record::set("zebra", 1.0), DropReason::UnknownMetric, "unknown metric \"zebra\"");
    check(
        Record::set("load", 1.0),
        DropReason::Labels,
        "metric \"load\" needs a value for label \"l\"",
    );
    check(
        Record::set("load", 1.0).label("l", "a").label("x", "b"),
        DropReason::Labels,
        "metric \"load\" has no label \"x\"; it has {l}",
    );
    check(
        Record::set("load", 1.0).label("l", "a").label("l", "b"),
        DropReason::Labels,
        "metric \"load\": label \"l\" is given twice",
    );
    check(
        Record::set("load", 1.0).label("l", "x".repeat(1_025)),
        DropReason::LabelValue,
        "metric \"load\": label \"l\" has a value of 1025 bytes; at most 1024",
    );
    check(
        ok("latency_seconds", 1.0),
        DropReason::WrongKind,
        "metric \"latency_seconds\" is a histogram: it takes observed measurements, not a set value",
    );
    check(
        Record::add("size_bytes", 1.0).label("l", "a"),
        DropReason::WrongKind,
        "metric \"size_bytes\" is a summary: it takes observed measurements, not an added amount",
    );
    check(
        Record::observe("load", 1.0).label("l", "a"),
        DropReason::WrongKind,
        "metric \"load\" is a gauge: it takes set values and added amounts, not an observed measurement",
    );
    check(
        Record::add("requests_total", -1.0).label("l", "a"),
        DropReason::Negative,
        "metric \"requests_total\": a counter's step must not be negative, got -1",
    );
    check(
        ok("requests_total", -1.0),
        DropReason::Negative,
        "metric \"requests_total\": a counter's total must not be negative, got -1",
    );
    check(
        ok("requests_total", f64::NAN),
        DropReason::NotANumber,
        "metric \"requests_total\": NaN is no running total",
    );
    check(
        Record::add("load", f64::INFINITY).label("l", "a"),
        DropReason::NotANumber,
        "metric \"load\": inf is no step",
    );
    check(
        Record::observe("latency_seconds", f64::NAN).label("l", "a"),
        DropReason::NotANumber,
        "metric \"latency_seconds\": NaN is no measurement",
    );
    check(
        ok("load", 2.0),
        DropReason::Duplicate,
        "metric \"load\" already has 1 at 2023-11-14T22:13:20.000Z for these labels; got 2",
    );
    check(
        Record::set_at("load", 1.0, after(-301)).label("l", "a"),
        DropReason::TooOld,
        "metric \"load\": timestamp 2023-11-14T22:08:19.000Z is more than 300s older than the \
         newest sample at 2023-11-14T22:13:20.000Z",
    );
    check(
        Record::set_at("load", 1.0, after(-604_801)).label("l", "b"),
        DropReason::TooOld,
        "metric \"load\": timestamp 2023-11-07T22:13:19.000Z is more than 604800s behind \
         2023-11-14T22:13:20.000Z",
    );
    check(
        Record::set_at("load", 1.0, after(601)).label("l", "a"),
        DropReason::TooFarInFuture,
        "metric \"load\": timestamp 2023-11-14T22:23:21.000Z is more than 600s ahead of \
         2023-11-14T22:13:20.000Z",
    );
    assert_eq!(registry.drops().total(), 18);
    assert_eq!(read(&mut registry, "load", NOW), ["load{l=\"a\"} 1@0"]);
}

#[test]
fn of_values_without_a_time_of_their_own_the_last_holds() {
    let mut registry = zoo();
    for value in [1.0, 2.0, 3.0] {
        registry.record(&Record::set("load", value).label("l", "a"), NOW).unwrap();
    }
    assert_eq!(read(&mut registry, "load", NOW), ["load{l=\"a\"} 3@0"]);
}

#[test]
fn a_gauge_may_be_nan_and_the_same_sample_twice_is_one() {
    let mut registry = zoo();
    for _ in 0..2 {
        registry.record(&Record::set_at("load", f64::NAN, NOW).label("l", "a"), NOW).unwrap();
    }
    assert_eq!(read(&mut registry, "load", NOW), ["load{l=\"a\"} NaN@0"]);
    assert_eq!(registry.drops().total(), 0);
}

#[test]
fn totals_begin_at_zero_at_the_collection_before() {
    let mut registry = zoo();
    let requests: CounterFamily = family(&registry, "requests_total");
    requests.with(&["a"]).unwrap().increment_by(5);
    registry.collect(after(10));
    requests.with(&["b"]).unwrap().increment();
    let collected = registry.collect(after(20));
    assert_eq!(collected, Collected { samples: 2, refused: 0 });
    assert_eq!(
        read(&mut registry, "requests_total", after(20)),
        ["requests_total{l=\"a\"} 0@9.999 5@10 5@20", "requests_total{l=\"b\"} 0@10 1@20",]
    );
}

#[test]
fn cells_are_sampled_at_collections_and_before_reads_of_the_present() {
    let mut registry = zoo();
    let load: GaugeFamily = family(&registry, "load");
    let load = load.with(&["a"]).unwrap();
    load.set(1.0);
    registry.collect(NOW);
    load.set(2.0);
    assert_eq!(read(&mut registry, "load", after(3)), ["load{l=\"a\"} 1@0 2@3"]);
    // What has not changed needs no sample.
    assert_eq!(read(&mut registry, "load", after(4)), ["load{l=\"a\"} 1@0 2@3"]);
    // A second change within the millisecond is what the next read sees.
    load.set(3.0);
    assert_eq!(read(&mut registry, "load", after(3)), ["load{l=\"a\"} 1@0 3@3"]);
    // A read of the past changes nothing.
    load.set(4.0);
    let past = TimeRange::new(NOW, after(5));
    registry.values(&Selector::metric("load"), past, after(60)).unwrap();
    assert_eq!(registry.statistics().samples, 2);
    // A read that ends a moment ago is one of the present, and never stores
    // what was read later before what was read earlier.
    registry.collect(after(100));
    load.set(5.0);
    let present = TimeRange::new(NOW, Timestamp::from_millis(after(100).millis() - 5));
    registry.values(&Selector::metric("load"), present, after(100)).unwrap();
    assert_eq!(read(&mut registry, "load", after(101)), ["load{l=\"a\"} 1@0 3@3 4@100 5@101"]);
}

#[test]
fn a_punctual_collection_carries_the_time_that_was_due() {
    let mut registry = zoo();
    let interval = Duration::from_secs(10);
    let load: GaugeFamily = family(&registry, "load");
    let load = load.with(&["a"]).unwrap();
    let mut collect = |at_ms: i64, value: f64| {
        load.set(value);
        let now = Timestamp::from_millis(NOW.millis() + at_ms);
        assert_eq!(registry.collect_on_grid(interval, now).refused, 0);
    };
    collect(10_003, 1.0);
    collect(20_050, 2.0);
    collect(30_051, 3.0);
    // Twice within the same instant: the later reading is not stored before
    // the earlier one.
    collect(40_010, 4.0);
    collect(40_020, 5.0);
    assert_eq!(read(&mut registry, "load", after(100)), ["load{l=\"a\"} 1@10 2@20 3@30.051 5@40"]);
    let late = Record::set_at("load", 6.0, Timestamp::from_millis(after(50).millis() + 5));
    registry.record(&late.label("l", "a"), after(50) + Duration::from_millis(5)).unwrap();
    load.set(7.0);
    registry.collect_on_grid(interval, after(50) + Duration::from_millis(6));
    let lines = read(&mut registry, "load", after(100));
    assert!(lines[0].ends_with("6@50.005 7@50.006"), "{lines:?}");
}

#[test]
fn adds_and_sets_go_on_from_one_another() {
    let mut registry = zoo();
    let mut record = |record: Record, seconds: i64| {
        registry.record(&record.label("l", "a"), after(seconds)).unwrap();
    };
    record(Record::set("load", 5.0), 0);
    record(Record::add("load", 2.0), 1);
    record(Record::add("load", -1.0), 2);
    record(Record::set("load", 10.0), 3);
    record(Record::add("load", 1.0), 4);
    record(Record::set_at("load", 99.0, after(1)), 5);
    record(Record::set("requests_total", 100.0), 0);
    record(Record::add("requests_total", 1.0), 1);
    registry.collect(after(10));
    assert_eq!(read(&mut registry, "load", after(10)), ["load{l=\"a\"} 5@0 99@1 10@3 11@10"]);
    assert_eq!(
        read(&mut registry, "requests_total", after(10)),
        ["requests_total{l=\"a\"} 100@0 101@10"]
    );
}

#[test]
fn histograms_and_summaries_are_stored_by_part() {
    let mut registry = zoo();
    registry.collect(NOW);
    for value in [0.5, 3.0] {
        registry.record(&Record::observe("latency_seconds", value).label("l", "a"), NOW).unwrap();
        registry.record(&Record::observe("size_bytes", value).label("l", "a"), NOW).unwrap();
    }
    registry.collect(after(10));
    assert_eq!(
        read(&mut registry, "latency_seconds", after(10)),
        [
            "latency_seconds_bucket{l=\"a\",le=\"+Inf\"} 0@0 2@10",
            "latency_seconds_bucket{l=\"a\",le=\"1\"} 0@0 1@10",
            "latency_seconds_count{l=\"a\"} 0@0 2@10",
            "latency_seconds_sum{l=\"a\"} 0@0 3.5@10",
        ]
    );
    assert_eq!(
        read(&mut registry, "latency_seconds_count", after(10)),
        ["latency_seconds_count{l=\"a\"} 0@0 2@10"]
    );
    let summary = read(&mut registry, "size_bytes", after(10));
    assert!(summary[0].starts_with("size_bytes{l=\"a\",quantile=\"0.5\"} 0.5"), "{summary:?}");
    assert_eq!(
        summary[1..],
        ["size_bytes_count{l=\"a\"} 0@0 2@10", "size_bytes_sum{l=\"a\"} 0@0 3.5@10",]
    );
}

#[test]
fn a_batch_keeps_what_is_good_and_names_what_is_not() {
    let mut registry = zoo();
    let mut batch: Vec<Record> = (0..300)
        .map(|second| Record::set_at("load", 1.0, after(second - 300)).label("l", "a"))
        .collect();
    batch[7] = Record::set("load", 1.0);
    batch[9] = Record::set("nothing", 1.0);
    let outcome = registry.record_batch(&batch, NOW);
    assert_eq!((outcome.accepted, outcome.refused), (298, 2));
    let places: Vec<usize> = outcome.errors.iter().map(|(place, _)| *place).collect();
    assert_eq!(places, [7, 9]);
    let nonsense = vec![Record::set("nothing", 1.0); 150];
    let outcome = registry.record_batch(&nonsense, NOW);
    assert_eq!((outcome.refused, outcome.errors.len()), (150, REFUSALS_MAX));
}

#[test]
fn resolved_series_take_samples_without_a_look_up() {
    let mut registry = zoo();
    let labels = |value: &'static str| [("l".into(), value.into())];
    let a = registry.resolve("load", &labels("a"), NOW).unwrap();
    let b = registry.resolve("requests_total", &labels("b"), NOW).unwrap();
    assert_eq!(registry.resolve("load", &labels("a"), NOW), Ok(a));
    let outcome = registry.append_batch(NOW, &[(a, 1.0), (b, 2.0), (a, 3.0)], NOW);
    assert_eq!((outcome.accepted, outcome.refused), (2, 1));
    assert_eq!(
        outcome.errors[0].1.to_string(),
        "metric \"load\" already has 1 at 2023-11-14T22:13:20.000Z for these labels; got 3"
    );
    assert_eq!(registry.drops().of(DropReason::Duplicate), 1);
    assert_eq!(
        registry.resolve("latency_seconds", &labels("a"), NOW).unwrap_err().to_string(),
        "metric \"latency_seconds\" is a histogram: it takes observed measurements, not an \
         appended value"
    );
}

#[test]
fn series_are_capped_by_metric_and_in_all() {
    let limits = Limits { series_per_metric: 2, series_total: 5, ..Limits::default() };
    let catalogue = Catalogue::with_limits(limits.catalogue());
    for builder in [
        MetricDefinition::gauge("g").labels(["l"]),
        MetricDefinition::gauge("own").labels(["l"]).series_max(3),
        MetricDefinition::histogram("h").bounds([1.0]),
    ] {
        catalogue.register(builder.build().unwrap()).unwrap();
    }
    let mut registry = Registry::new(limits, catalogue, Arc::default());
    let mut set = |metric: &'static str, label: &'static str| {
        let result = registry.record(&Record::set(metric, 1.0).label("l", label), NOW);
        result.map_err(|error| error.to_string())
    };
    let full = |metric, max: usize| {
        Err(format!("metric {metric:?} has {max} sets of label values, which is its limit"))
    };
    assert_eq!(set("g", "a"), Ok(()));
    assert_eq!(set("g", "b"), Ok(()));
    assert_eq!(set("g", "c"), full("g", 2));
    assert_eq!(set("g", "a"), Ok(()));
    assert_eq!(set("own", "a"), Ok(()));
    // A histogram of four series finds two places only; none is taken.
    registry.record(&Record::observe("h", 1.0), NOW).unwrap();
    assert_eq!(registry.collect(after(1)).refused, 1);
    assert_eq!(registry.drops().of(DropReason::SeriesTotal), 1);
    assert_eq!(registry.drops().of(DropReason::SeriesOfMetric), 1);
    assert_eq!(registry.statistics().by_metric.get("h"), None);
}

#[test]
fn a_successor_loses_nothing_and_begins_no_total_anew() {
    let ledger = Arc::new(Ledger::new());
    let first = zoo();
    let catalogue = first.catalogue().clone();
    let mut first = Registry::new(Limits::default(), catalogue.clone(), Arc::clone(&ledger));
    let requests: CounterFamily = family(&first, "requests_total");
    requests.with(&["a"]).unwrap().increment_by(3);
    first.collect(NOW);
    let load = first.resolve("load", &[("l".into(), "a".into())], NOW).unwrap();
    first.append(load, Sample::new(NOW, 1.0), NOW).unwrap();
    requests.with(&["a"]).unwrap().increment();
    drop(first);

    let mut second = Registry::new(Limits::default(), catalogue, ledger);
    assert_eq!((second.recovery().series, second.recovery().samples), (2, 3));
    second.collect(after(10));
    second.append(load, Sample::new(after(10), 2.0), after(10)).unwrap();
    assert_eq!(
        read(&mut second, "requests_total", after(10)),
        ["requests_total{l=\"a\"} 0@-0.001 3@0 4@10"]
    );
    assert_eq!(read(&mut second, "load", after(10)), ["load{l=\"a\"} 1@0 2@10"]);
}

#[test]
fn matchers_select_and_an_unknown_metric_is_named() {
    let mut registry = zoo();
    for value in ["a", "b"] {
        registry.record(&Record::set("load", 1.0).label("l", value), NOW).unwrap();
    }
    let selector = Selector::metric("load").matching(Matcher::equal("l", "b"));
    let selected = registry.select(&selector, TimeRange::ALL, NOW).unwrap();
    assert_eq!((selected.snapshot().len(), selected.definition.name().as_ref()), (1, "load"));
    let error = registry.select(&Selector::metric("laod"), TimeRange::ALL, NOW).unwrap_err();
    assert_eq!(error.to_string(), "unknown metric \"laod\"");
    let error = registry.select(&Selector::metric("loads"), TimeRange::ALL, NOW).unwrap_err();
    assert_eq!(error.to_string(), "unknown metric \"loads\"; did you mean \"load\"?");
    let all = registry.select_all(Duration::from_secs(300), NOW);
    let with_series = all.iter().filter(|selected| !selected.snapshot().is_empty());
    let names: Vec<&str> = with_series.map(|s| s.definition.name().as_ref()).collect();
    assert_eq!((all.len(), names), (5, vec!["load"]), "four metrics and the registry's own");
}

#[test]
fn pruning_follows_each_metric_and_expires_what_is_idle() {
    let hour = Duration::from_secs(3_600);
    let mut registry = registry([
        MetricDefinition::gauge("short").retention(hour),
        MetricDefinition::gauge("long"),
        MetricDefinition::counter("held_total").labels(["l"]),
    ]);
    let held: CounterFamily = family(&registry, "held_total");
    let handle = held.with(&["handle"]).unwrap();
    registry.record(&Record::add("held_total", 1.0).label("l", "record"), NOW).unwrap();
    for minute in 0..600 {
        let now = after(minute * 60);
        registry.record(&Record::set("short", 1.0), now).unwrap();
        registry.record(&Record::set("long", 1.0), now).unwrap();
        registry.collect(now);
    }
    let now = after(600 * 60);
    let run = |registry: &mut Registry, dry_run| {
        let slice = Slice { cursor: 0, budget: 100, dry_run };
        let retention = SampleRetention { idle_after: Some(hour), ..SampleRetention::default() };
        registry.prune(slice, &retention, now)
    };
    let foretold = run(&mut registry, true);
    let done = run(&mut registry, false);
    assert_eq!(foretold, done);
    assert_eq!((done.next, done.series), (None, 1));
    let statistics = registry.statistics();
    // An hour, and what is in one chunk with it.
    assert!((60..60 + 120).contains(&statistics.by_metric["short"].samples), "{statistics:?}");
    assert_eq!(statistics.by_metric["long"].samples, 600);
    assert_eq!(statistics.by_metric["held_total"].series, 1);
    // What comes back starts anew.
    handle.increment();
    registry.record(&Record::add("held_total", 2.0).label("l", "record"), now).unwrap();
    registry.collect(now);
    let lines = read(&mut registry, "held_total", now);
    assert!(lines[0].starts_with("held_total{l=\"handle\"} 0@-0.001 0@0"), "{lines:?}");
    assert_eq!(lines[1], "held_total{l=\"record\"} 0@35940 2@36000");
}

#[test]
fn retention_by_name_goes_before_the_definition_and_the_default() {
    let minutes = |count| Duration::from_secs(count * 60);
    let retention = SampleRetention {
        samples: minutes(60),
        by_metric: [("m".into(), minutes(5))].into(),
        idle_after: Some(minutes(30)),
    };
    let check = |metric: &str, own: Option<Duration>, samples: u64, idle: u64| {
        let cutoffs = retention.cutoffs(metric, own, NOW);
        assert_eq!(cutoffs.samples_before, NOW - minutes(samples), "{metric}");
        assert_eq!(cutoffs.idle_before, NOW - minutes(idle), "{metric}");
    };
    check("other", None, 60, 30);
    check("other", Some(minutes(10)), 10, 10);
    check("m", Some(minutes(10)), 5, 5);
}

#[test]
fn series_that_were_removed_come_back_when_they_are_written() {
    let mut registry = zoo();
    let labels: Vec<(Arc<str>, Arc<str>)> = vec![("l".into(), "a".into())];
    let old = registry.resolve("load", &labels, NOW).unwrap();
    registry.append(old, Sample::new(NOW, 1.0), NOW).unwrap();
    let histogram: HistogramFamily = family(&registry, "latency_seconds");
    let histogram = histogram.with(&["a"]).unwrap();
    histogram.observe(1.0);
    registry.collect(NOW);
    let slice = Slice { cursor: 0, budget: 100, dry_run: false };
    let minute = Duration::from_secs(60);
    let retention = SampleRetention { samples: minute, ..SampleRetention::default() };
    let pruned = registry.prune(slice, &retention, after(61));
    assert_eq!((pruned.series, pruned.samples), (5, 9));
    let by_metric: Vec<_> =
        pruned.by_metric.iter().map(|(name, gone)| (&**name, gone.series, gone.samples)).collect();
    assert_eq!(by_metric, [("latency_seconds", 4, 8), ("load", 1, 1)]);
    let error = registry.append(old, Sample::new(after(60), 1.0), after(60)).unwrap_err();
    assert_eq!(error, RegistryError::UnknownSeries);
    registry.record(&Record::set("load", 2.0).label("l", "a"), after(60)).unwrap();
    registry.collect(after(60));
    assert_eq!(read(&mut registry, "load", after(60)), ["load{l=\"a\"} 2@60"]);
    // The cells did not begin anew, so nothing says that they were at zero.
    assert_eq!(
        read(&mut registry, "latency_seconds_count", after(60)),
        ["latency_seconds_count{l=\"a\"} 1@60"]
    );
}
