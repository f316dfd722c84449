//! Differences of counters and gauges: extrapolated, with start times, and with
//! extended windows.

use super::*;

fn check_extended(
    series: &Series,
    name: &str,
    extension: Extension,
    at: f64,
    range: i64,
    expected: f64,
) {
    let reach = Reach { extension: Some(extension), ..Reach::new(range * 1000) };
    let value = series.at(name, at, reach, &[]);
    near(value, expected, &format!("{name}[{range}s] {extension:?} at {at}"));
}

#[test]
fn a_counter_is_extrapolated_to_the_edges_but_not_below_zero() {
    let foo = series(300, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0]);
    check(&foo, "increase", 3000.0, 3000, 100.0);
    check(&foo, "increase", 3000.0, 6000, 100.0);
    check(&foo, "rate", 3000.0, 3000, 100.0 / 3000.0);
    let bumms: Vec<f64> = foo.values.iter().map(|value| value + 1.0).collect();
    check(&series(300, &bumms), "increase", 3000.0, 6000, 101.0);
    let dings: Vec<f64> = foo.values.iter().map(|value| value + 10.0).collect();
    check(&series(300, &dings), "increase", 3000.0, 6000, 105.0);
    let reset = series(300, &[0.0, 1.0, 2.0, 3.0, 2.0, 3.0, 4.0]);
    check(&reset, "increase", 1800.0, 1800, 7.0);
    check(&series(300, &[0.0, 5.0]), "rate", 0.0, 600, ABSENT);
    let gauge = series(300, &[200.0, 150.0, 100.0, 50.0, 0.0]);
    check(&gauge, "delta", 1200.0, 1200, -200.0);
    let metric = series(15, &[1.0, 2.0, 3.0, 4.0, 5.0, 9.0, 10.0, 11.0, 12.0, 13.0]);
    check(&metric, "increase", 5.0, 60, ABSENT);
    check(&metric, "increase", 20.0, 60, 11.0 / 6.0);
    check(&metric, "increase", 80.0, 60, 8.0);
}

#[test]
fn a_gap_of_an_interval_and_a_tenth_is_not_filled() {
    let series = series(10, &[ABSENT, ABSENT, 100.0, 110.0, 120.0]);
    // 10.9 s before and 10 s behind 20 s; then half of 10 s for 11.1 s.
    let of = |from_ms: i64, end_ms: i64| {
        let steps = Steps { start_ms: end_ms, step_ms: 0, count: 1 };
        let mut out = [0.0];
        let mut kernel = RangeKernel::new(Function::Delta).unwrap();
        let reach = Reach::new(end_ms - from_ms);
        kernel.evaluate(&series.samples(), &reach, &steps, &[], &mut out).unwrap();
        out[0]
    };
    near(of(9_100, 50_000), 40.9, "both filled");
    near(of(8_900, 50_000), 35.0, "the start is too far");
    near(of(9_100, 51_100), 35.9, "the end is too far");
    // In doubles 10 × 1.1 is 11, but 10,000 × 1.1 is more than 11,000.
    near(of(9_000, 50_000), 35.0, "at the bound");
}

#[test]
fn the_last_two_samples_give_the_instant_rate() {
    let reset = series(300, &[0.0, 10.0, 20.0, 5.0]);
    check(&reset, "irate", 600.0, 3000, 10.0 / 300.0);
    check(&reset, "irate", 900.0, 3000, 5.0 / 300.0);
    check(&reset, "idelta", 900.0, 3000, -15.0);
    check(&reset, "irate", 0.0, 3000, ABSENT);
    check(&series(300, &[1.0, NAN, NAN, 5.0, 11.0]), "irate", 900.0, 901, NAN);
}

#[test]
fn a_start_within_the_window_is_a_zero() {
    let flat = [ABSENT, ABSENT, 1.0, 2.0, 3.0, 4.0];
    let with = |first: i64, count: usize| {
        let starts: Vec<_> = (0..count as i64).map(|index| Some(first - index * 60_000)).collect();
        series(60, &flat[..2 + count]).started(&starts)
    };
    check(&with(-60_000, 4), "increase", 360.0, 300, 5.0);
    check(&with(-30_000, 4), "increase", 360.0, 300, 36.0 / 7.0);
    check(&with(0, 4), "increase", 360.0, 300, 5.0);
    check(&with(1, 4), "increase", 360.0, 300, 19.0 / 3.0);
    let single = series(60, &[ABSENT, ABSENT, ABSENT, ABSENT, 3.0]);
    check(&single.started(&[Some(-150_000)]), "increase", 360.0, 300, 3.0);
    let single = series(60, &[ABSENT, ABSENT, ABSENT, ABSENT, 3.0]);
    check(&single.started(&[Some(-180_000)]), "increase", 360.0, 300, ABSENT);
    let mixed = series(60, &[ABSENT, ABSENT, 5.0, 5.0, 2.0]);
    let mixed = mixed.started(&[Some(-60_000), Some(-1_000), None]);
    check(&mixed, "increase", 300.0, 300, 16.0);
}

#[test]
fn starts_tell_resets_from_what_is_unknown() {
    let delta = |start: Option<i64>| {
        let values: Vec<f64> =
            [ABSENT; 2].into_iter().chain(std::iter::repeat_n(60.0, 14)).collect();
        series(60, &values).started(&[start; 14])
    };
    for (start, increase) in
        [(None, 0.0), (Some(-60_000), 300.0), (Some(-1), 300.0), (Some(0), 0.0)]
    {
        check(&delta(start), "increase", 600.0, 300, increase);
        check(&delta(start), "irate", 600.0, 300, if increase > 0.0 { 1.0 } else { 0.0 });
    }
    let at_last = |first: Option<i64>| {
        series(60, &[ABSENT, ABSENT, 1.0, 1.0]).started(&[first, Some(-60_000)])
    };
    check(&at_last(None), "resets", 180.0, 61, 0.0);
    check(&at_last(Some(0)), "resets", 180.0, 61, 0.0);
    check(&at_last(Some(60_000)), "resets", 180.0, 61, 0.0);
    check(&at_last(Some(-60_000)), "resets", 180.0, 61, 1.0);
}

#[test]
fn a_counter_that_says_when_it_began_needs_not_fall() {
    // Begun anew each three minutes: 30 s, 1 min, 59.999 s, 1 s and 1 ms before
    // the sample that follows.
    let values: Vec<f64> =
        [ABSENT; 2].into_iter().chain((0..15).map(|index| f64::from(index) * 60.0)).collect();
    let starts: Vec<Option<i64>> = [30_000, 60_000, 59_999, 1_000, 1]
        .into_iter()
        .flat_map(|first| (0..3).map(move |index| Some(-first - index * 60_000)))
        .collect();
    let series = series(60, &values).started(&starts);
    let steps = Steps { start_ms: 420_000, step_ms: 60_000, count: 9 };
    let check = |name: &str, expected: [f64; 9]| {
        let mut out = [0.0; 9];
        let mut kernel = RangeKernel::new(Function::by_name(name).unwrap()).unwrap();
        kernel.evaluate(&series.samples(), &Reach::new(300_000), &steps, &[], &mut out).unwrap();
        for (index, (value, expected)) in out.into_iter().zip(expected).enumerate() {
            let told = format!("{name} at {} min: {value}, expected {expected}", index + 7);
            assert!((value - expected).abs() <= 1e-6 * expected, "{told}");
        }
    };
    check("increase", [420.0, 780.0, 675.0, 675.0, 1275.0, 1080.0, 900.0, 1725.0, 1440.0]);
    check("rate", [1.4, 2.6, 2.25, 2.25, 4.25, 3.6, 3.0, 5.75, 4.8]);
    check("irate", [1.0, 6.0, 1.0, 1.0, 9.0, 1.0, 1.0, 12.0, 1.0]);
    check("resets", [1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
}

#[test]
fn overlapping_starts_are_told() {
    let overlaps = |starts: &[Option<i64>], from_s: i64| {
        let series = series(60, &[ABSENT, ABSENT, 60.0, 120.0, 180.0]).started(starts);
        let steps = Steps { start_ms: 240_000, step_ms: 0, count: 1 };
        let reach = Reach::new(240_000 - from_s * 1000);
        let mut out = [0.0];
        let mut kernel = RangeKernel::new(Function::Rate).unwrap();
        let seen = kernel.evaluate(&series.samples(), &reach, &steps, &[], &mut out).unwrap();
        near(out[0], 1.0, "rate");
        seen.overlapping_starts
    };
    assert!(overlaps(&[Some(-120_000); 3], 60));
    assert!(!overlaps(&[Some(-30_000), Some(-90_000), Some(-150_000)], 60));
    assert!(!overlaps(&[None; 3], 60));
}

#[test]
fn changes_and_resets_are_counted() {
    let foo = series(300, &[1.0, 2.0, 3.0, 0.0, 1.0, 0.0, 0.0, 1.0, 2.0, 0.0]);
    check(&foo, "resets", 3000.0, 300, ABSENT);
    check(&foo, "resets", 3000.0, 1200, 1.0);
    check(&foo, "resets", 3000.0, 1920, 2.0);
    check(&foo, "resets", 3000.0, 3001, 3.0);
    check(&foo, "changes", 3000.0, 1800, 3.0);
    check(&foo, "changes", 3000.0, 3001, 8.0);
    check(&series(300, &[NAN, NAN, NAN]), "changes", 900.0, 1200, 0.0);
    check(&series(300, &[0.0, NAN, 0.0]), "changes", 900.0, 1200, 2.0);
}

#[test]
fn an_anchored_window_begins_with_the_sample_before_it() {
    use Extension::Anchored;
    let metric = series(15, &[1.0, 2.0, 3.0, ABSENT, ABSENT, 9.0, 10.0, 11.0, 12.0, 13.0]);
    for (at, expected) in [(5.0, 0.0), (20.0, 1.0), (50.0, 2.0), (80.0, 7.0), (110.0, 8.0)] {
        check_extended(&metric, "increase", Anchored, at, 60, expected);
    }
    check_extended(&metric, "increase", Anchored, 500.0, 60, ABSENT);
    let metric = series(60, &[2.0, ABSENT, 1.0, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, 0.0]);
    check_extended(&metric, "changes", Anchored, 120.0, 60, 1.0);
    check_extended(&metric, "changes", Anchored, 180.0, 60, ABSENT);
    check_extended(&metric, "resets", Anchored, 480.0, 60, 0.0);
    check_extended(&metric, "resets", Anchored, 480.0, 61, 1.0);
    let falling = series(60, &[5.0, 8.0, 11.0, 3.0]);
    check_extended(&falling, "delta", Anchored, 180.0, 60, -8.0);
    check_extended(&falling, "increase", Anchored, 180.0, 60, 3.0);
    check_extended(&falling, "rate", Anchored, 180.0, 60, 0.05);
}

#[test]
fn a_smoothed_window_is_interpolated_at_its_edges() {
    use Extension::Smoothed;
    let metric = series(15, &[1.0, 2.0, 3.0, ABSENT, ABSENT, 9.0, 10.0, 11.0, 12.0, 13.0]);
    for (at, expected) in [(5.0, 1.0), (35.0, 8.0), (65.0, 19.0), (95.0, 20.0), (125.0, 14.0)] {
        check_extended(&metric, "increase", Smoothed, at, 60, expected / 3.0);
    }
    check_extended(&series(60, &[1.0, 2.0, ABSENT, 4.0]), "increase", Smoothed, 120.0, 60, 1.0);
    check_extended(&series(60, &[9.0, 8.0, 5.0, 4.0]), "increase", Smoothed, 135.0, 120, 12.0);
    check_extended(&series(15, &[100.0, 10.0]), "rate", Smoothed, 12.0, 10, 2.0 / 3.0);
    let late = series(10, &[ABSENT, 5.0, 6.0, 7.0]);
    check_extended(&late, "rate", Smoothed, 5.0, 5, ABSENT);
    check_extended(&late, "increase", Smoothed, 15.0, 10, 0.5);
    check_extended(&late, "rate", Smoothed, 60.0, 5, ABSENT);
    let wild = series(60, &[11.0, -1.0, 100.0, 0.0]);
    check_extended(&wild, "delta", Smoothed, 330.0, 300, -5.0);
    check_extended(&wild, "delta", Smoothed, 345.0, 300, -2.0);
}

#[test]
fn a_smoothed_instant_lies_on_the_line() {
    let metric = series(10, &[1.0, 2.0, 3.0, 0.0]);
    let value = |at: i64| {
        let mut out = [42.0];
        let steps = Steps { start_ms: at, step_ms: 0, count: 1 };
        smoothed_instants(&metric.samples(), &Reach::new(0), &steps, &mut out);
        out[0]
    };
    near(value(10_000), 2.0, "on a sample");
    near(value(15_000), 2.5, "between two");
    near(value(25_000), 1.5, "falling");
    near(value(100_000), 0.0, "behind the last");
    near(value(-5_000), ABSENT, "before the first");
    near(value(400_000), ABSENT, "too far behind the last");
}

#[test]
fn only_some_functions_may_be_extended() {
    let refused = |name: &str, extension| {
        check_extension(Function::by_name(name).unwrap(), extension).unwrap_err().to_string()
    };
    assert_eq!(
        refused("deriv", Extension::Smoothed),
        "smoothed modifier can only be used with: delta, increase, rate - not with deriv"
    );
    assert_eq!(
        refused("max_over_time", Extension::Anchored),
        "anchored modifier can only be used with: changes, delta, increase, rate, resets - not \
         with max_over_time"
    );
    assert!(check_extension(Function::Resets, Extension::Anchored).is_ok());
    assert!(check_extension(Function::Resets, Extension::Smoothed).is_err());
}
