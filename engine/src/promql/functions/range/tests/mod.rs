//! Functions of a range on small series, against values worked out by hand or
//! given by the conformance cases of Prometheus.

mod counters;

use super::*;
use crate::promql::functions::{ABSENT, Function, FunctionError, is_absent};
use crate::promql::syntax::Extension;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

/// A series with a sample each `every` seconds from 0 on, where it is not
/// absent.
struct Series {
    times: Vec<i64>,
    values: Vec<f64>,
    starts: Vec<i64>,
}

fn series(every: i64, values: &[f64]) -> Series {
    let times = (0..).map(|index| index * every * 1000);
    let (times, values): (Vec<_>, Vec<_>) =
        times.zip(values.iter().copied()).filter(|(_, value)| !is_absent(*value)).unzip();
    Series { starts: vec![0; times.len()], times, values }
}

impl Series {
    /// Sets the starts, in milliseconds relative to each sample; `None` where
    /// it is unknown.
    fn started(mut self, relative: &[Option<i64>]) -> Self {
        let starts = self.times.iter().zip(relative);
        self.starts = starts.map(|(time, start)| start.map_or(0, |start| time + start)).collect();
        self
    }

    fn samples(&self) -> Samples<'_> {
        let samples = Samples::new(&self.times, &self.values);
        if self.starts.iter().any(|&start| start != 0) {
            samples.with_starts(&self.starts)
        } else {
            samples
        }
    }

    fn at(&self, name: &str, at: f64, reach: Reach, parameters: &[f64]) -> f64 {
        let function = Function::by_name(name).unwrap();
        let steps = Steps { start_ms: (at * 1000.0) as i64, step_ms: 0, count: 1 };
        let parameters: Vec<_> =
            parameters.iter().map(|&value| Parameter::Constant(value)).collect();
        let mut out = [42.0];
        RangeKernel::new(function)
            .unwrap()
            .evaluate(&self.samples(), &reach, &steps, &parameters, &mut out)
            .unwrap();
        out[0]
    }
}

fn near(value: f64, expected: f64, told: &str) {
    let equal = match (is_absent(value), is_absent(expected)) {
        (false, false) => {
            value == expected
                || (value.is_nan() && expected.is_nan())
                || (value - expected).abs() <= 1e-9 * expected.abs()
        }
        (absent, other) => absent == other,
    };
    assert!(equal, "{told}: {value}, expected {expected}");
}

/// Checks a function at `at` seconds over `range` seconds.
fn check(series: &Series, name: &str, at: f64, range: i64, expected: f64) {
    let value = series.at(name, at, Reach::new(range * 1000), &[]);
    near(value, expected, &format!("{name}[{range}s] at {at}"));
}

fn check_with(series: &Series, name: &str, parameters: &[f64], expected: f64) {
    let value = series.at(name, 60.0, Reach::new(120_000), parameters);
    near(value, expected, &format!("{name} with {parameters:?}"));
}

#[test]
fn sums_and_means_keep_small_values_beside_large_ones() {
    let check = |values: &[f64], sum: f64, mean: f64| {
        let series = series(10, values);
        check(&series, "sum_over_time", 60.0, 120, sum);
        check(&series, "avg_over_time", 60.0, 120, mean);
    };
    check(&[1.0, 2.0, 3.0, 4.0, 5.0], 15.0, 3.0);
    check(&[1.0, 1e100, 1.0, -1e100], 2.0, 0.5);
    check(&[1.0, 2.0, 3.0, 4.0, INF], INF, INF);
    check(&[INF, 0.0, INF], INF, INF);
    check(&[1.0, 2.0, INF, -INF], NAN, NAN);
    check(&[-INF, -INF, -INF, INF], NAN, NAN);
    check(&[1.0, 2.0, NAN], NAN, NAN);
    let big = f64::MAX / 1.8;
    check(&[big, big], INF, big);
    check(&[-big, -big, -big], -INF, -big);
    check(&[-big, big], 0.0, 0.0);
    check(&[52.0; 5], 260.0, 52.0);
}

#[test]
fn extremes_pass_over_nan() {
    let check = |values: &[f64], min: f64, max: f64| {
        check(&series(10, values), "min_over_time", 60.0, 120, min);
        check(&series(10, values), "max_over_time", 60.0, 120, max);
    };
    check(&[2.0, 0.0, 3.0], 0.0, 3.0);
    check(&[NAN, 0.0, 1.0], 0.0, 1.0);
    check(&[2.0, NAN, 1.0], 1.0, 2.0);
    check(&[NAN, NAN], NAN, NAN);
    check(&[], ABSENT, ABSENT);
}

#[test]
fn times_are_in_seconds_and_ties_are_the_last() {
    let times: Vec<i64> = (0..6).map(|index| index * 10_053).collect();
    let values = [1.0, 0.0, 5.0, 0.0, 5.0, 1.0];
    let series = Series { times, values: values.to_vec(), starts: Vec::new() };
    check(&series, "ts_of_min_over_time", 90.0, 91, 30.159);
    check(&series, "ts_of_max_over_time", 90.0, 91, 40.212);
    check(&series, "ts_of_first_over_time", 90.0, 90, 10.053);
    check(&series, "ts_of_last_over_time", 90.0, 90, 50.265);
    check(&series, "ts_of_last_over_time", 900.0, 90, ABSENT);
}

#[test]
fn first_last_count_and_presence() {
    let series = series(10, &[ABSENT, 5.0, NAN, ABSENT, 4.0]);
    for (name, expected) in [
        ("first_over_time", 5.0),
        ("last_over_time", 4.0),
        ("count_over_time", 3.0),
        ("present_over_time", 1.0),
    ] {
        check(&series, name, 60.0, 120, expected);
        check(&series, name, 600.0, 120, ABSENT);
    }
    // The start is left out, the end is not.
    check(&series, "count_over_time", 20.0, 10, 1.0);
    check(&series, "last_over_time", 10.0, 10, 5.0);
}

#[test]
fn spread_and_quantiles() {
    let metric = series(10, &[0.0, 8.0, 8.0, 2.0, 3.0]);
    check(&metric, "stdvar_over_time", 60.0, 120, 10.56);
    check(&metric, "stddev_over_time", 60.0, 120, 10.56_f64.sqrt());
    let same = series(10, &[1.599_050_563_727_786_8; 3]);
    check(&same, "stdvar_over_time", 55.0, 60, 0.0);
    let uneven = series(10, &[0.0, 1.0, 4.0]);
    for (phi, expected) in [(0.0, 0.0), (0.5, 1.0), (0.75, 2.5), (0.8, 2.8), (1.0, 4.0)] {
        check_with(&uneven, "quantile_over_time", &[phi], expected);
    }
    check_with(&uneven, "quantile_over_time", &[-1.0], -INF);
    check_with(&uneven, "quantile_over_time", &[2.0], INF);
    check_with(&uneven, "quantile_over_time", &[NAN], NAN);
    check_with(&uneven, "quantile_over_time", &[], NAN);
    check_with(&series(10, &[4.0, 6.0, 2.0, 1.0, 999.0, 1.0, 2.0]), "mad_over_time", &[], 1.0);
    check_with(&series(10, &[7.0]), "mad_over_time", &[], 0.0);
    check_with(&series(10, &[1.0, 2.0, NAN, 4.0]), "mad_over_time", &[], NAN);
}

#[test]
fn lines_are_fitted() {
    let values = [0.0, 10.0, 20.0, 30.0, 40.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0];
    let middle = series(300, &values);
    check(&middle, "deriv", 3000.0, 6000, 0.010_606_060_606_060_607);
    let predicted = |at: f64, at_ms: Option<i64>, range: i64| {
        middle.at("predict_linear", at, Reach { at_ms, ..Reach::new(range * 1000) }, &[3600.0])
    };
    near(predicted(3000.0, None, 3000), 70.0, "left-open");
    near(predicted(3000.0, Some(3_000_000), 3300), 76.818_181_818_181_81, "with @");
    near(predicted(600.0, Some(3_000_000), 3300), 51.363_636_363_636_37, "earlier with @");
    check(&series(300, &[7.0; 4]), "deriv", 900.0, 901, 0.0);
    check(&series(300, &[INF; 4]), "deriv", 900.0, 901, NAN);
    check(&series(300, &[-INF, 0.0, 80.0]), "deriv", 900.0, 901, NAN);
    check(&series(300, &[7.0]), "deriv", 900.0, 901, ABSENT);
}

#[test]
fn values_are_smoothed_with_their_trend() {
    let rising = series(10, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
    check_with(&rising, "double_exponential_smoothing", &[0.01, 0.1], 60.0);
    // By hand: levels 2, 4 · ½ + (2 + 2) · ½ = 4, 0 · ½ + (4 + 2) · ½ = 3.
    let turning = series(10, &[2.0, 4.0, 0.0]);
    check_with(&turning, "double_exponential_smoothing", &[0.5, 0.5], 3.0);
    check_with(&series(10, &[2.0]), "double_exponential_smoothing", &[0.5, 0.5], ABSENT);
    let refused = |smoothing: f64, trend: f64| {
        let steps = Steps { start_ms: 60_000, step_ms: 0, count: 1 };
        let factors = [Parameter::Constant(smoothing), Parameter::Constant(trend)];
        RangeKernel::new(Function::DoubleExponentialSmoothing)
            .unwrap()
            .evaluate(&rising.samples(), &Reach::new(120_000), &steps, &factors, &mut [0.0])
            .unwrap_err()
    };
    assert_eq!(refused(0.0, 0.5), FunctionError::SmoothingFactor(0.0));
    assert_eq!(
        refused(0.5, 1.0).to_string(),
        "invalid trend factor. Expected: 0 < tf < 1, got: 1.000000"
    );
}

#[test]
fn windows_move_with_offset_and_stand_still_with_at() {
    let metric = series(10, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let steps = Steps { start_ms: 20_000, step_ms: 10_000, count: 3 };
    let last = |reach: Reach| {
        let mut out = [0.0; 3];
        let mut kernel = RangeKernel::new(Function::LastOverTime).unwrap();
        kernel.evaluate(&metric.samples(), &reach, &steps, &[], &mut out).unwrap();
        out
    };
    assert_eq!(last(Reach::new(10_000)), [2.0, 3.0, 4.0]);
    assert_eq!(last(Reach { offset_ms: 10_000, ..Reach::new(10_000) }), [1.0, 2.0, 3.0]);
    assert_eq!(last(Reach { offset_ms: -10_000, ..Reach::new(10_000) }), [3.0, 4.0, 5.0]);
    let at = Reach { at_ms: Some(20_000), offset_ms: 10_000, ..Reach::new(10_000) };
    assert_eq!(last(at), [1.0; 3]);
    assert_eq!(at.bounds(&steps), (0, 10_000));
    let smoothed = Reach { extension: Some(Extension::Smoothed), ..Reach::new(10_000) };
    assert_eq!(smoothed.bounds(&steps), (-290_000, 340_000));
}

#[test]
fn times_at_the_end_of_the_world_do_no_harm() {
    let times = [i64::MIN, -1, 0, i64::MAX];
    let values = [1.0, 2.0, 1.0, 3.0];
    let samples = Samples::new(&times, &values);
    let reaches = [
        Reach::new(i64::MAX),
        Reach { offset_ms: i64::MIN, ..Reach::new(1) },
        Reach { at_ms: Some(i64::MAX), offset_ms: -1, ..Reach::new(-5) },
        Reach { at_ms: Some(i64::MIN), ..Reach::new(i64::MAX) },
    ];
    for &function in Function::all() {
        let Some(mut kernel) = RangeKernel::new(function) else { continue };
        for reach in reaches {
            for start_ms in [i64::MIN, 0, i64::MAX] {
                let steps = Steps { start_ms, step_ms: i64::MAX, count: usize::MAX };
                let factors = [Parameter::Constant(0.5); 2];
                let mut out = [0.0; 3];
                let _ = kernel.evaluate(&samples, &reach, &steps, &factors, &mut out);
            }
        }
    }
}
