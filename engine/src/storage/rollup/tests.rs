//! Laws and tables of rollups.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{Sample, Timestamp, stale_marker};

const MINUTE: i64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_700_006_400_000 + minutes * MINUTE)
}

fn samples(values: &[(i64, f64)]) -> Vec<Sample> {
    values.iter().map(|&(minutes, value)| Sample::new(at(minutes), value)).collect()
}

/// What is compared of a bucket: NaN is equal to itself here.
fn shape(bucket: &Bucket) -> (Timestamp, u64, [u64; 5]) {
    let Bucket { at, count, sum, min, max, last, increase } = *bucket;
    // Adding turns −0.0 into 0.0, and which NaN comes out is the processor's.
    let bits = |value: f64| if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() };
    (at, count, [sum, min, max, last, increase].map(bits))
}

fn shapes(buckets: &[Bucket]) -> Vec<(Timestamp, u64, [u64; 5])> {
    buckets.iter().map(shape).collect()
}

#[test]
fn a_span_leaves_out_its_start_and_has_its_end() {
    let given = samples(&[(0, 1.0), (1, 2.0), (5, 4.0), (6, 8.0), (21, 3.0)]);
    let buckets = roll_up(given, None, Resolution::FiveMinutes);
    let expected = [
        Bucket { at: at(0), count: 1, sum: 1.0, min: 1.0, max: 1.0, last: 1.0, increase: 0.0 },
        Bucket { at: at(5), count: 2, sum: 6.0, min: 2.0, max: 4.0, last: 4.0, increase: 3.0 },
        Bucket { at: at(10), count: 1, sum: 8.0, min: 8.0, max: 8.0, last: 8.0, increase: 4.0 },
        Bucket { at: at(25), count: 1, sum: 3.0, min: 3.0, max: 3.0, last: 3.0, increase: 3.0 },
    ];
    assert_eq!(buckets, expected);
    let hours = merge(buckets, Resolution::Hour);
    assert_eq!(hours.len(), 2, "the first sample is the end of the hour before");
    assert_eq!((hours[1].at, hours[1].count, hours[1].increase), (at(60), 4, 10.0));
    assert_eq!((hours[1].min, hours[1].max, hours[1].last), (2.0, 8.0, 3.0));
    assert!((hours[1].mean() - 4.25).abs() < 1e-12);
}

#[test]
fn increases_begin_at_the_sample_before() {
    let check = |before: Option<f64>, values: &[f64], expected: f64| {
        let before = before.map(|value| Sample::new(at(0), value));
        let given: Vec<_> = (1..).zip(values.iter().copied()).collect();
        let buckets = roll_up(samples(&given), before, Resolution::Hour);
        assert_eq!(buckets.len(), 1);
        assert_eq!(buckets[0].increase.to_bits(), expected.to_bits(), "{before:?} {values:?}");
    };
    check(None, &[7.0], 0.0);
    check(Some(5.0), &[7.0], 2.0);
    check(Some(5.0), &[2.0, 3.0], 3.0);
    check(Some(5.0), &[5.0, 5.0], 0.0);
    check(Some(5.0), &[stale_marker(), 9.0], 4.0);
    check(Some(5.0), &[f64::NAN, 9.0], 4.0);
    check(Some(stale_marker()), &[9.0], 0.0);
    check(Some(1.0), &[f64::INFINITY, f64::INFINITY, 3.0], f64::INFINITY);
}

#[test]
fn markers_leave_no_trace_and_other_nan_do() {
    let stale = samples(&[(1, stale_marker()), (2, stale_marker())]);
    assert_eq!(roll_up(stale, None, Resolution::FiveMinutes), []);
    let mixed = samples(&[(1, 4.0), (2, f64::NAN), (3, stale_marker())]);
    let buckets = roll_up(mixed, None, Resolution::FiveMinutes);
    let [Bucket { count: 2, min: 4.0, max: 4.0, increase: 0.0, sum, last, .. }] = buckets[..]
    else {
        panic!("{buckets:?}")
    };
    assert!(sum.is_nan() && last.is_nan());
}

#[test]
fn a_step_asks_for_the_coarsest_that_still_has_a_bucket_for_it() {
    let check = |seconds: u64, expected: Option<Resolution>| {
        assert_eq!(Resolution::for_step(Duration::from_secs(seconds)), expected, "{seconds} s");
    };
    check(0, None);
    check(299, None);
    check(300, Some(Resolution::FiveMinutes));
    check(3_599, Some(Resolution::FiveMinutes));
    check(3_600, Some(Resolution::Hour));
    check(86_400, Some(Resolution::Hour));
}

#[test]
fn spans_are_aligned_on_both_sides_of_the_epoch() {
    let end = |millis| Resolution::FiveMinutes.end_of_span(Timestamp::from_millis(millis)).millis();
    assert_eq!([end(-300_001), end(-300_000), end(-1)], [-300_000, -300_000, 0]);
    assert_eq!([end(0), end(1), end(300_000)], [0, 300_000, 300_000]);
    assert_eq!(end(i64::MAX), i64::MAX);
}

/// Values whose sums are exact, and those that are not numbers.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (-1_000i32..1_000).prop_map(f64::from),
        1 => Just(stale_marker()),
        1 => Just(f64::NAN),
    ]
}

fn series() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::btree_map(-300 * MINUTE..300 * MINUTE, value(), 0..200).prop_map(|series| {
        series
            .into_iter()
            .map(|(ms, value)| Sample::new(Timestamp::from_millis(ms), value))
            .collect()
    })
}

proptest! {
    #[test]
    fn merged_buckets_are_those_of_the_samples(given in series(), before in prop::option::of(value())) {
        let before = before.map(|value| Sample::new(Timestamp::MIN, value));
        let fine = roll_up(given.iter().copied(), before, Resolution::FiveMinutes);
        let merged = merge(fine, Resolution::Hour);
        let whole = roll_up(given, before, Resolution::Hour);
        prop_assert_eq!(shapes(&merged), shapes(&whole));
    }

    #[test]
    fn buckets_add_up_to_the_series(given in series(), cut in 0usize..200) {
        let values: Vec<f64> = given.iter().map(|s| s.value).filter(|value| !value.is_nan()).collect();
        let steps = values.windows(2).map(|pair| if pair[1] < pair[0] { pair[1] } else { pair[1] - pair[0] });
        let increase: f64 = steps.sum();
        let (head, tail) = given.split_at(cut.min(given.len()));
        // What is rolled up in two goes is as in one, if the second knows
        // the last value of the first.
        let last = head.iter().rev().find(|sample| !sample.value.is_nan()).copied();
        let mut buckets = roll_up(head.iter().copied(), None, Resolution::FiveMinutes);
        buckets.extend(roll_up(tail.iter().copied(), last, Resolution::FiveMinutes));
        prop_assert_eq!(buckets.iter().map(|bucket| bucket.increase).sum::<f64>() + 0.0, increase + 0.0);
        let counted: u64 = buckets.iter().map(|bucket| bucket.count).sum();
        let known = given.iter().filter(|sample| !crate::model::is_stale(sample.value)).count();
        prop_assert_eq!(counted, known as u64);
        for bucket in &buckets {
            prop_assert_eq!(Resolution::FiveMinutes.end_of_span(bucket.at), bucket.at);
            prop_assert!(bucket.count > 0);
        }
    }
}
