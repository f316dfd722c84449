//! What is made again when the set of series changes, and what is not.

use super::*;
use crate::exposition::layout::Layout;
use crate::instrument::{Counter, Gauge};
use crate::model::{MetricDefinition, Record};
use crate::registry::SampleRetention;
use crate::storage::Slice;

/// Returns the layout behind the last scrape, and whose blocks are other than
/// those of `before`.
fn changed(before: &Layout, after: &Layout) -> Vec<String> {
    let is_kept = |name: &str| {
        let block = |layout: &Layout| {
            layout.blocks().iter().find(|b| **b.definition().name() == *name).cloned()
        };
        match (block(before), block(after)) {
            (Some(one), Some(other)) => one.shows_as(&other),
            _ => false,
        }
    };
    let names = after.blocks().iter().map(|block| block.definition().name().to_string());
    names.filter(|name| !is_kept(name)).collect()
}

#[test]
fn a_new_series_renews_its_metric_alone() {
    let mut house = House::new();
    let many = MetricDefinition::counter("many_total").labels(["l"]);
    let few = MetricDefinition::gauge("few").labels(["l"]);
    for index in 0..1_000 {
        house.handle::<Counter>(many.clone(), &[&index.to_string()]).increment();
    }
    house.handle::<Gauge>(few.clone(), &["a"]).set(1.0);
    let first = house.exposition.layout();
    assert!(Arc::ptr_eq(&first, &house.exposition.layout()), "nothing changed");

    // A child.
    house.handle::<Gauge>(few, &["b"]).set(2.0);
    let second = house.exposition.layout();
    assert_eq!(changed(&first, &second), ["few"]);
    // The store's own series of what is in cells change nothing that is shown.
    house.registry.collect(NOW);
    let third = house.exposition.layout();
    assert_eq!(changed(&second, &third), [""; 0]);
    house.registry.collect(NOW + MINUTE);
    assert!(Arc::ptr_eq(&third, &house.exposition.layout()), "samples are no series");

    // A series without a cell.
    let record = |house: &mut House, label: &str| {
        let record = Record::set_at("few", 3.0, NOW + MINUTE).label("l", label);
        house.registry.record(&record, NOW + MINUTE).unwrap();
    };
    record(&mut house, "c");
    let fourth = house.exposition.layout();
    assert_eq!(changed(&third, &fourth), ["few"]);
    assert_eq!(house.text(TEXT, &["few"]).lines().count(), 1 + 3);
    record(&mut house, "c");
    assert!(Arc::ptr_eq(&fourth, &house.exposition.layout()));

    // A metric that came after its series.
    let late = MetricDefinition::gauge("late").build().unwrap();
    house.catalogue.register(late).unwrap();
    assert_eq!(changed(&fourth, &house.exposition.layout()), ["late"]);
}

#[test]
fn what_is_gone_is_not_shown() {
    let mut house = House::new();
    let load = MetricDefinition::gauge("load").labels(["l"]).build().unwrap();
    house.catalogue.register(load).unwrap();
    house.registry.record(&Record::set_at("load", 1.0, NOW).label("l", "a"), NOW).unwrap();
    assert_eq!(house.text(TEXT, &["load"]).lines().count(), 2);
    let retention = SampleRetention { samples: MINUTE, ..SampleRetention::default() };
    let whole = Slice { cursor: 0, budget: 1_000, dry_run: false };
    let later = NOW + 60 * 24 * 90 * MINUTE;
    let pruned = house.registry.prune(whole, &retention, later);
    assert_eq!(pruned.series, 1, "{pruned:?}");
    assert_eq!(house.text(TEXT, &["load"]), "");
}

#[test]
fn a_successor_of_the_registry_is_read_on() {
    let mut house = House::new();
    let load = MetricDefinition::gauge("load").labels(["l"]).build().unwrap();
    house.catalogue.register(load).unwrap();
    let record = |label: &'static str| Record::set_at("load", 1.0, NOW).label("l", label);
    house.registry.record(&record("a"), NOW).unwrap();
    let before = house.text(TEXT, &["load"]);
    house.succeed();
    assert_eq!(house.text(TEXT, &["load"]), before);
    house.registry.record(&record("b"), NOW).unwrap();
    assert_eq!(house.text(TEXT, &["load"]).lines().count(), 3);
}

#[test]
fn a_scrape_keeps_no_series_from_expiring() {
    let mut house = House::new();
    let jobs = MetricDefinition::counter("jobs_total").labels(["l"]);
    drop(house.handle::<Counter>(jobs.clone(), &["a"]));
    let held: Counter = house.handle(jobs, &["b"]);
    house.registry.collect(NOW);
    assert_eq!(house.text(TEXT, &["jobs_total"]).lines().count(), 3);
    let later = NOW + 60 * MINUTE;
    house.registry.collect(later);
    let retention = SampleRetention { idle_after: Some(MINUTE), ..SampleRetention::default() };
    let whole = Slice { cursor: 0, budget: 1_000, dry_run: false };
    let before = house.exposition.layout();
    assert_eq!(house.registry.prune(whole, &retention, later).series, 1);
    // Even a layout from before does not show it.
    drop(before);
    assert_eq!(
        house.text(TEXT, &["jobs_total"]),
        "# TYPE jobs_total counter\njobs_total{l=\"b\"} 0\n"
    );
    drop(held);
}
