//! What the kernels compute over many steps is what the definition gives for
//! each window alone.

use proptest::prelude::*;

use super::*;
use crate::promql::functions::{ABSENT, Function, is_absent};

/// Functions whose kernel keeps something from window to window.
const KEEPING: [Function; 11] = [
    Function::Delta,
    Function::TsOfMinOverTime,
    Function::TsOfMaxOverTime,
    Function::Rate,
    Function::Increase,
    Function::Changes,
    Function::Resets,
    Function::SumOverTime,
    Function::AvgOverTime,
    Function::MinOverTime,
    Function::MaxOverTime,
];

fn same(a: f64, b: f64) -> bool {
    if is_absent(a) || is_absent(b) {
        return is_absent(a) && is_absent(b);
    }
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

/// A value of a counter or a gauge; now and then one that is hard to sum.
fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => 0.0..1000.0,
        4 => (0_u32..50).prop_map(f64::from),
        2 => -1000.0..1000.0,
        1 => prop::sample::select(vec![
            f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 1e-300, 1e17, -1e17, 1e100,
        ]),
    ]
}

fn series() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    prop::collection::vec((1_i64..20_000, value()), 0..200).prop_map(|samples| {
        let mut time = 0;
        samples
            .into_iter()
            .map(|(gap, value)| {
                time += gap;
                (time, value)
            })
            .unzip()
    })
}

fn evaluate(function: Function, samples: &Samples<'_>, reach: &Reach, steps: &Steps) -> Vec<f64> {
    let mut out = vec![ABSENT; steps.count];
    let mut kernel = RangeKernel::new(function).unwrap();
    // A kernel that has seen other series, with the same times or others,
    // gives the same.
    let others: Vec<f64> = samples.values.iter().rev().copied().collect();
    for seen in [Samples::new(&[5, 7, 9], &[3.0, 2.0, 7.0]), Samples::new(samples.times, &others)] {
        kernel.evaluate(&seen, reach, steps, &[], &mut out).unwrap();
    }
    kernel.evaluate(samples, reach, steps, &[], &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn many_steps_are_as_one_by_one(
        (times, values) in series(),
        range_ms in 1_i64..600_000,
        start_ms in -100_000_i64..200_000,
        step_ms in 0_i64..40_000,
    ) {
        let samples = Samples::new(&times, &values);
        let reach = Reach::new(range_ms);
        let steps = Steps { start_ms, step_ms, count: 24 };
        for function in KEEPING {
            let together = evaluate(function, &samples, &reach, &steps);
            for (index, &value) in together.iter().enumerate() {
                let at = steps.at(index);
                // The window alone, with nothing around it to keep.
                let lo = times.partition_point(|&time| time <= at - range_ms);
                let hi = times.partition_point(|&time| time <= at);
                let window = Samples::new(&times[lo..hi], &values[lo..hi]);
                let alone = Steps { start_ms: at, step_ms: 0, count: 1 };
                let expected = evaluate(function, &window, &reach, &alone)[0];
                prop_assert!(same(value, expected), "{} at {}: {} and {}", function, at, value, expected);
            }
        }
    }

    #[test]
    fn an_increase_is_what_the_counter_gained(
        gains in prop::collection::vec((1_i64..30_000, 0_u32..100, prop::bool::weighted(0.2)), 2..60),
    ) {
        // The window begins and ends at a sample, so nothing is extrapolated.
        let (mut time, mut value, mut gained) = (0, 0.0, 0.0);
        let (mut times, mut values) = (vec![0], vec![0.0]);
        for &(gap, gain, reset) in &gains {
            time += gap;
            // A restart is seen if the counter is below where it was.
            value = if reset && f64::from(gain) < value { 0.0 } else { value } + f64::from(gain);
            gained += f64::from(gain);
            times.push(time);
            values.push(value);
        }
        let samples = Samples::new(&times, &values);
        let steps = Steps { start_ms: time, step_ms: 0, count: 1 };
        // One millisecond takes in the first sample.
        let reach = Reach::new(time + 1);
        let increase = evaluate(Function::Increase, &samples, &reach, &steps)[0];
        prop_assert!((increase - gained).abs() <= 1e-9 * gained, "{} of {}", increase, gained);
    }

    #[test]
    fn anchored_increases_of_adjacent_windows_add_up(
        values in prop::collection::vec(0.0_f64..100.0, 12),
        first in 1_i64..60, second in 1_i64..60,
    ) {
        let times: Vec<i64> = (0..12).map(|index| index * 10_000).collect();
        let samples = Samples::new(&times, &values);
        let increase = |end: i64, range: i64| {
            let extension = Some(crate::promql::syntax::Extension::Anchored);
            let reach = Reach { extension, ..Reach::new(range * 1000) };
            let steps = Steps { start_ms: end * 1000, step_ms: 0, count: 1 };
            let value = evaluate(Function::Increase, &samples, &reach, &steps)[0];
            // A window without a sample gained nothing.
            if is_absent(value) { 0.0 } else { value }
        };
        let whole = increase(first + second, first + second - 1);
        let parts = increase(first, first - 1) + increase(first + second, second);
        prop_assert!((whole - parts).abs() <= 1e-9 * whole.abs().max(1.0), "{} and {}", whole, parts);
    }
}
