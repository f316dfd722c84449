use proptest::prelude::*;

use super::scale::Scale;
use super::*;
use crate::model::{Labels, NativeBuckets};

fn histogram(builder: crate::model::DefinitionBuilder) -> Histogram {
    let definition = builder.build().unwrap();
    let guide = Guide::new(definition.bounds());
    Histogram(Arc::new(HistogramCell::new(&definition, guide, Arc::default())))
}

fn native(buckets: NativeBuckets) -> Histogram {
    histogram(MetricDefinition::histogram("h").native(buckets))
}

#[test]
fn many_of_one_value_are_as_each_of_them() {
    let both = || histogram(MetricDefinition::histogram("h").native(NativeBuckets::default()));
    let (many, each) = (both(), both());
    for value in [0.0, 0.3, -7.0, f64::INFINITY, f64::NAN] {
        many.observe_many(value, 3);
        (0..3).for_each(|_| each.observe(value));
    }
    let read = |histogram: &Histogram| {
        let native = histogram.0.native.as_ref().map(|native| native.read(histogram.sum()));
        (histogram.count(), histogram.sum(), native)
    };
    assert_eq!(read(&many).0, 12);
    assert_eq!(read(&many), read(&each));
}

#[test]
fn bounds_that_lead_and_bounds_that_do_not_give_the_same_buckets() {
    let many: Vec<f64> = (1..3_000).map(f64::from).collect();
    let near: Vec<f64> = (0..9).map(|step| 1.0 + f64::from(step) * 1e-9).collect();
    let default: &[f64] = &crate::model::DEFAULT_BOUNDS;
    for (bounds, leads) in [
        (default, true),
        (&[1.0, 2.0, 4.0], true),
        (&[5e-324, 1e-308, 1.0], false),
        (&[1.0, 1e300], true),
        (&[-1.0, 0.0, 1.0], false),
        (&[0.0, 1.0], false),
        (&[], false),
        (&many, false),
        (&near, false),
    ] {
        let guide = Guide::new(bounds);
        assert_eq!(format!("{guide:?}").contains("cells: Some"), leads, "{bounds:?}");
        let odd = [f64::NEG_INFINITY, -1e9, -0.0, 0.0, 5e-324, 3.0, f64::MAX, f64::INFINITY];
        let edges = bounds.iter().flat_map(|bound| [bound.next_down(), *bound, bound.next_up()]);
        for value in edges.chain(odd) {
            let expected = bounds.iter().filter(|bound| **bound < value).count();
            assert_eq!(guide.bucket(value), expected, "{value} in {bounds:?}");
        }
    }
}

#[test]
fn exponential_buckets_begin_after_one_bound_and_end_at_the_next() {
    for (schema, value, bucket) in [
        (0, 1.0, 0),
        (0, 1.0_f64.next_up(), 1),
        (0, 2.0, 1),
        (0, 0.5, -1),
        (0, 3.0, 2),
        (3, 1.0, 0),
        (3, 1.0_f64.next_up(), 1),
        (3, 2.0, 8),
        (3, 2.0_f64.next_up(), 9),
        (3, 0.75, -3),
        (-1, 4.0, 1),
        (-1, 4.0_f64.next_up(), 2),
        (-1, 1.0, 0),
        (-1, 0.3, 0),
        (-1, 0.25, -1),
        (-4, 65_536.0, 1),
        (-4, 1e-300, -62),
        (8, f64::MAX, 262_144),
        (8, f64::INFINITY, 262_145),
        (0, 5e-324, -1_074),
        (0, f64::MIN_POSITIVE, -1_022),
    ] {
        assert_eq!(Scale::new(schema).bucket(value), bucket, "{value} of schema {schema}");
    }
}

#[test]
fn every_measurement_has_a_bucket_of_its_sign() {
    let one = native(NativeBuckets::default());
    for value in [1.0, 1.05, 2.0, -1.0, 0.0, -0.0, 1e-300, 1e300, f64::INFINITY, f64::NAN] {
        one.observe(value);
    }
    let counts = one.0.native().unwrap();
    assert_eq!((counts.schema, counts.zero_threshold), (3, 2.0_f64.powi(-128)));
    assert_eq!((counts.zeros, counts.count), (3, 9));
    assert_eq!(counts.negative, [(0, 1)]);
    assert_eq!(counts.positive, [(0, 1), (1, 1), (8, 1), (7_973, 1), (8_193, 1)]);
    assert_eq!((one.count(), one.0.refusals.not_a_number.load(Ordering::Relaxed)), (9, 1));
}

#[test]
fn too_many_buckets_are_shown_as_wider_ones() {
    let one = native(NativeBuckets { buckets_max: 10, ..NativeBuckets::default() });
    (1..=100).for_each(|value| one.observe(f64::from(value)));
    let counts = one.0.native().unwrap();
    // 1 to 100 are 53 buckets of schema 3 at most, 7 powers of two and 1.
    assert_eq!((counts.schema, counts.count), (0, 100));
    let expected = [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 36)];
    assert_eq!(counts.positive, expected);
}

#[test]
fn an_exemplar_is_asked_for_once_a_bucket_until_it_is_shown() {
    let one = histogram(MetricDefinition::histogram("h").bounds([1.0]));
    let exemplar = |id: &'static str| {
        let labels = Labels::new([("trace_id", id)]).unwrap();
        move || Some(Exemplar { labels, value: 0.0, at: None })
    };
    let shown = || -> Vec<(usize, String, f64)> {
        let text = |labels: &Labels| labels.get("trace_id").unwrap_or_default().to_owned();
        let all = one.0.exemplars().into_iter();
        all.map(|(place, one)| (place, text(&one.labels), one.value)).collect()
    };
    assert!(shown().is_empty());
    one.observe_with(0.5, exemplar("a"));
    one.observe_with(0.6, || panic!("there is one"));
    one.observe_with(2.0, exemplar("b"));
    assert_eq!(shown(), [(0, "a".to_owned(), 0.5), (1, "b".to_owned(), 2.0)]);
    one.observe_with(0.7, exemplar("c"));
    one.observe_with(3.0, || None);
    assert_eq!(shown(), [(0, "c".to_owned(), 0.7), (1, "b".to_owned(), 2.0)]);
    let long = Labels::new([("trace_id", "x".repeat(121))]).unwrap();
    one.observe_with(0.1, || Some(Exemplar { labels: long, value: 0.0, at: None }));
    assert_eq!(shown()[0].1, "c");
    assert_eq!(one.0.refusals.exemplars.load(Ordering::Relaxed), 1);
    assert_eq!(one.count(), 6);
}

proptest! {
    #[test]
    fn a_value_lies_between_the_bounds_of_its_bucket(value in prop::num::f64::POSITIVE, schema in -4i8..=8) {
        prop_assume!(value.is_finite() && value > 0.0);
        let bucket = f64::from(Scale::new(schema).bucket(value));
        let logarithm = value.log2() * f64::exp2(f64::from(schema));
        // Logarithms are rounded.
        prop_assert!(logarithm <= bucket + 1e-6 * bucket.abs().max(1.0), "{logarithm} {bucket}");
        prop_assert!(logarithm > bucket - 1.0 - 1e-6 * bucket.abs().max(1.0), "{logarithm} {bucket}");
    }

    #[test]
    fn guides_find_what_a_search_finds(
        mut bounds in prop::collection::vec(prop::num::f64::NORMAL, 0..40),
        values in prop::collection::vec(prop::num::f64::ANY, 0..40),
    ) {
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let guide = Guide::new(&bounds);
        for value in values.into_iter().chain(bounds.clone()).filter(|value| !value.is_nan()) {
            let expected = bounds.partition_point(|bound| *bound < value);
            prop_assert_eq!(guide.bucket(value), expected, "{}", value);
        }
    }
}
