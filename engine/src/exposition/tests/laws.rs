//! What is written reads back.

use proptest::prelude::*;

use super::*;
use crate::exposition::parse::{Event, FamilyKind, Limits as ParseLimits, Parser, Role};
use crate::instrument::Exemplar;
use crate::model::{Labels, MetricDefinition, MetricKind};

/// A series as every format can say it: its name, its labels with the one of
/// its part, and the bits of its value.
pub(in crate::exposition) type Row = (String, Vec<(String, String)>, u64);

/// What was measured of a set of labels.
pub(in crate::exposition) type Seed = (String, Vec<f64>);

const KINDS: [MetricKind; 6] = [
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
];

fn definition(index: usize, kind: MetricKind) -> MetricDefinition {
    let name = |suffix: &str| format!("m{index}{suffix}");
    let builder = match kind {
        MetricKind::Counter => MetricDefinition::counter(name("_total")),
        MetricKind::Histogram => MetricDefinition::histogram(name("_s")).bounds([-0.5, 1e-7, 4.0]),
        MetricKind::Summary => MetricDefinition::summary(name("_s")).quantiles([0.25, 1.0]),
        MetricKind::Info => MetricDefinition::info(name("_info")),
        MetricKind::StateSet => MetricDefinition::state_set(name("")).states(["on", "o\"f"]),
        _ => MetricDefinition::gauge(name("_s")).unit("s"),
    };
    // Without a bound below zero every other histogram has its type.
    let builder = match kind {
        MetricKind::Histogram if index.is_multiple_of(2) => builder.bounds([1e-7, 4.0]),
        _ => builder,
    };
    builder.labels(["l"]).help("a \\ \"b\"\nc ü").build().unwrap()
}

/// Writes what was measured to a house, and returns the rows of it.
pub(in crate::exposition) fn furnish(
    house: &mut House,
    metrics: &[(usize, Vec<Seed>)],
) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, (kind, seeds)) in metrics.iter().enumerate() {
        let definition = definition(index, KINDS[*kind]);
        let metric = house.catalogue.register(definition.clone()).unwrap();
        for (label, values) in seeds {
            let child = metric.child(&[label]).unwrap();
            for &value in values {
                write(&child, value);
            }
            drop(child);
        }
        let mut values = Vec::new();
        for child in metric.all_children() {
            child.read(&definition, NOW, &mut values);
            for (part, value) in metric.parts().iter().zip(&values) {
                let mut labels: Vec<_> =
                    child.labels().iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                labels.extend(part.label.iter().map(|(k, v)| (k.to_string(), v.to_string())));
                labels.sort();
                rows.push((part.name.to_string(), labels, bits(*value)));
            }
        }
    }
    rows.sort();
    rows
}

fn write(child: &crate::instrument::Child, value: f64) {
    let example = || {
        let labels = Labels::new([("trace_id", "\"\\")]).unwrap();
        Some(Exemplar { labels, value, at: Some(BEGAN) })
    };
    if let Some(counter) = child.counter() {
        counter.add(value.abs());
        counter.increment_with(example);
    }
    if let Some(gauge) = child.gauge() {
        gauge.set(value);
    }
    if let Some(histogram) = child.histogram() {
        histogram.observe_with(value, example);
    }
    if let Some(summary) = child.summary() {
        summary.observe(value);
    }
    if let Some(states) = child.state_set() {
        states.set("on", value > 0.0);
    }
}

/// Returns the bits of a value; all NaNs are one to a text.
pub(in crate::exposition) fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// Returns the samples of a text that are rows, and checks the others.
fn rows(events: Vec<Event>) -> Vec<Row> {
    let mut rows = Vec::new();
    for event in events {
        let Event::Sample(sample) = event else { continue };
        if let Some(exemplar) = &sample.exemplar {
            assert_eq!(exemplar.labels, [("trace_id".to_owned(), "\"\\".to_owned())]);
            assert_eq!(exemplar.at, Some(BEGAN));
        }
        if sample.role == Role::Created {
            assert_eq!(sample.value, 1_700_000_000.249);
            continue;
        }
        let mut labels = sample.labels;
        labels.sort();
        rows.push((sample.name, labels, bits(sample.value)));
    }
    rows.sort();
    rows
}

pub(in crate::exposition) fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let value = prop_oneof![
        Just(0.0),
        Just(f64::INFINITY),
        -5.0_f64..5.0,
        1e-9_f64..1e-3,
        (0_u32..1 << 30).prop_map(f64::from),
        any::<f64>().prop_filter("a number", |value| value.is_finite()),
    ];
    let labels = prop::collection::btree_map(
        "[a-c\\\\\"\nü]{0,3}",
        prop::collection::vec(value, 0..4),
        0..5,
    );
    labels.prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_reads_back(metrics in prop::collection::vec((0_usize..6, seeds()), 0..5)) {
        let mut house = House::new();
        let expected = furnish(&mut house, &metrics);
        let text = house.text(TEXT, &[]);
        let events: Result<Vec<_>, _> =
            Parser::prometheus(text.as_bytes(), ParseLimits::default()).collect();
        prop_assert_eq!(rows(events.unwrap()), expected);
    }

    /// What is written is valid to a strict parser, whatever was measured, and
    /// lacks only what the format cannot say: sums below zero with what
    /// depends on them.
    #[test]
    fn open_metrics_reads_back(metrics in prop::collection::vec((0_usize..6, seeds()), 0..5)) {
        let mut house = House::new();
        let expected = furnish(&mut house, &metrics);
        house.registry.collect(BEGAN);
        let names: Vec<_> = (0..metrics.len())
            .map(|index| definition(index, KINDS[metrics[index].0]).name().to_string())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = if names.is_empty() { "# EOF\n".into() } else { house.text(OPEN, &names) };
        let events: Result<Vec<_>, _> =
            Parser::open_metrics(text.as_bytes(), ParseLimits::default()).collect();
        let events = events.unwrap();
        for event in &events {
            let Event::Family(family) = event else { continue };
            prop_assert_eq!(family.help.as_str(), "a \\ \"b\"\nc ü");
            prop_assert!(family.kind != FamilyKind::Gauge || family.unit == "s");
        }
        let read = rows(events);
        prop_assert!(read.iter().all(|row| expected.binary_search(row).is_ok()));
        let lacks = |row: &&Row| read.binary_search(row).is_err();
        for (name, _, value) in expected.iter().filter(lacks) {
            let value = f64::from_bits(*value);
            let follows = name.ends_with("_count");
            prop_assert!(value.is_nan() || value < 0.0 || follows, "{name} {value} is not there");
        }
    }
}
