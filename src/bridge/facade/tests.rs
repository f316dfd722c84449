use keepwatch_engine::instrument::{Catalogue, OVERFLOW};
use metrics::{Unit, counter, describe_histogram, gauge, histogram, with_local_recorder};

use super::*;

fn recorded(recorder: &Recorder, work: impl FnOnce()) {
    with_local_recorder(recorder, work);
}

/// Returns the series of a metric as text, sorted.
fn lines(catalogue: &Catalogue, metric: &str) -> Vec<String> {
    let Some(metric) = catalogue.get(metric) else { return Vec::new() };
    let mut lines: Vec<String> = metric
        .all_children()
        .iter()
        .map(|child| {
            let mut values = Vec::new();
            child.read(metric.definition(), keepwatch_engine::model::Timestamp::MIN, &mut values);
            format!("{} {values:?}", child.labels())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn what_the_facade_counts_is_counted() {
    let catalogue = Catalogue::new();
    let recorder =
        Recorder::builder(&catalogue).bounds_of("query.seconds", [0.5]).bounds([2.0]).build();
    recorded(&recorder, || {
        describe_histogram!("query.seconds", Unit::Seconds, "How long queries take.");
        for round in 0..3 {
            counter!("queries_total", "table" => "users").increment(2);
            counter!("synced").absolute(10 - round);
            histogram!("query.seconds").record(f64::from(round as u32) * 0.4);
        }
        gauge!("pool").set(5.0);
        gauge!("pool").increment(2.0);
        gauge!("pool").decrement(0.5);
        histogram!("other").record(1.0);
    });
    assert_eq!(lines(&catalogue, "queries_total"), [r#"{table="users"} [6.0]"#]);
    assert_eq!(lines(&catalogue, "synced"), ["{} [10.0]"]);
    assert_eq!(lines(&catalogue, "pool"), ["{} [6.5]"]);
    assert_eq!(lines(&catalogue, "query_seconds"), ["{} [2.0, 3.0, 1.2000000000000002, 3.0]"]);
    assert_eq!(lines(&catalogue, "other"), ["{} [1.0, 1.0, 1.0, 1.0]"]);
    let query = catalogue.get("query_seconds").unwrap();
    assert_eq!(
        (query.definition().unit(), query.definition().help()),
        ("seconds", "How long queries take.")
    );
}

#[test]
fn labels_that_are_absent_are_empty_and_others_make_a_metric_of_their_own() {
    let catalogue = Catalogue::new();
    let recorder = Recorder::builder(&catalogue).labels_of("declared", ["b", "c"]).build();
    recorded(&recorder, || {
        counter!("m", "a" => "1", "b" => "2").increment(1);
        counter!("m", "b" => "2").increment(1);
        counter!("m").increment(1);
        counter!("m", "a" => "1", "z" => "9").increment(1);
        counter!("declared", "a" => "1").increment(1);
        counter!("declared", "c" => "3").increment(1);
        counter!("twice", "x-y" => "1", "x.y" => "2").increment(1);
    });
    assert_eq!(lines(&catalogue, "m"), [r#"{a="1",b="2"} [1.0]"#, r#"{b="2"} [1.0]"#, "{} [1.0]"]);
    assert_eq!(lines(&catalogue, "m_by_a_z"), [r#"{a="1",z="9"} [1.0]"#]);
    assert_eq!(lines(&catalogue, "declared"), [r#"{a="1"} [1.0]"#, r#"{c="3"} [1.0]"#]);
    assert_eq!(lines(&catalogue, "twice"), [r#"{x_y="2"} [1.0]"#]);
}

#[test]
fn names_that_become_one_and_kinds_that_share_one_stay_apart() {
    let catalogue = Catalogue::new();
    let recorder = Recorder::builder(&catalogue).build();
    catalogue.gauge("taken").labels(["own"]).register().unwrap();
    recorded(&recorder, || {
        for _ in 0..2 {
            counter!("a_b").increment(1);
            counter!("a.b").increment(10);
            gauge!("a_b").set(100.0);
            counter!("taken").increment(1);
        }
    });
    assert_eq!(lines(&catalogue, "a_b"), ["{} [2.0]"]);
    assert_eq!(lines(&catalogue, &format!("a_b{}", names::suffix("a.b"))), ["{} [20.0]"]);
    let gauge = format!("a_b{}", names::suffix("a_b"));
    assert_eq!(lines(&catalogue, &gauge), ["{} [100.0]"]);
    assert_eq!(lines(&catalogue, &format!("taken{}", names::suffix("taken"))), ["{} [2.0]"]);
    assert_eq!(lines(&catalogue, "keepwatch_facade_refused_total"), ["{} [0.0]"]);
}

#[test]
fn what_cannot_be_or_has_no_room_is_counted() {
    let catalogue = Catalogue::with_limits(keepwatch_engine::instrument::CatalogueLimits {
        series_per_metric: 2,
        labels_per_series: 1,
        ..Default::default()
    });
    let recorder = Recorder::builder(&catalogue).build();
    recorded(&recorder, || {
        for _ in 0..3 {
            counter!("wide", "a" => "1", "b" => "2").increment(1);
        }
        // A name that was tried in vain is free for another.
        counter!("wide", "a" => "1").increment(1);
        for round in 0..4 {
            counter!("many", "id" => round.to_string()).increment(1);
        }
    });
    assert_eq!(lines(&catalogue, "wide"), [r#"{a="1"} [1.0]"#]);
    assert_eq!(lines(&catalogue, "keepwatch_facade_refused_total"), ["{} [3.0]"]);
    let overflow = format!("{{id=\"{OVERFLOW}\"}} [2.0]");
    assert_eq!(lines(&catalogue, "many"), [r#"{id="0"} [1.0]"#, r#"{id="1"} [1.0]"#, &overflow]);
}
