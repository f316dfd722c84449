//! Aggregations of small groups.

use proptest::prelude::*;

use super::*;
use crate::promql::functions::range::Parameter;
use crate::promql::functions::{ABSENT, Compensated, FunctionError, is_absent};
use crate::promql::syntax::AggregateOp;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn check(op: AggregateOp, values: &[f64], expected: f64) {
    // The first step has no sample at all.
    let mut accumulator = Accumulator::new(op, 2).unwrap();
    values.iter().for_each(|&value| accumulator.add(&[ABSENT, value]));
    let result = accumulator.finish();
    assert!(is_absent(result[0]), "{} of nothing: {}", op.name(), result[0]);
    let value = result[1];
    let equal = is_absent(value) == is_absent(expected)
        && (value == expected
            || (value.is_nan() && expected.is_nan())
            || (value - expected).abs() <= 1e-12 * expected.abs());
    assert!(equal, "{} of {values:?}: {value}, expected {expected}", op.name());
}

#[test]
fn sums_and_means() {
    use AggregateOp::{Avg, Sum};
    check(Sum, &[2.0, 8.0, 1e100, -1e100], 10.0);
    check(Sum, &[INF, 2.0], INF);
    check(Sum, &[2.0, -INF], -INF);
    check(Sum, &[INF, -INF], NAN);
    check(Sum, &[NAN, 2.0], NAN);
    check(Sum, &[ABSENT, 2.0], 2.0);
    check(Sum, &[ABSENT], ABSENT);
    check(Avg, &[2.0, 8.0, 1e100, -1e100], 2.5);
    check(Avg, &[8.0, 10.0, 12.0], 10.0);
    check(Avg, &[0.0, INF, INF, 0.0], INF);
    check(Avg, &[INF, INF, -INF], NAN);
    let big = f64::MAX / 1.8;
    check(Avg, &[big; 4], big);
    check(Avg, &[-big, -big, big, big], 0.0);
    check(Avg, &[52.0; 12], 52.0);
}

#[test]
fn extremes_counts_and_spread() {
    use AggregateOp::{Count, Group, Max, Min, Stddev, Stdvar};
    check(Max, &[1.0, NAN, 3.0], 3.0);
    check(Max, &[NAN, 1.0], 1.0);
    check(Max, &[NAN], NAN);
    check(Min, &[NAN, 1.0, -INF], -INF);
    check(Min, &[2.0, 1.0, ABSENT], 1.0);
    check(Count, &[NAN, ABSENT, 2.0], 2.0);
    check(Group, &[NAN, 7.0], 1.0);
    check(Stdvar, &[1.0, 2.0], 0.25);
    check(Stddev, &[1.0, 2.0, ABSENT], 0.5);
    check(Stddev, &[13.3; 3], 0.0);
    check(Stddev, &[1.0, 2.0, NAN], NAN);
    check(Stdvar, &[1.0, 2.0, INF], NAN);
    check(Stdvar, &[INF], NAN);
    assert!(Accumulator::new(AggregateOp::Topk, 1).is_none());
}

#[test]
fn quantiles_take_nan_for_the_least() {
    let mut quantiles = Quantiles::new(3);
    quantiles.add(&[0.0, 0.0]);
    quantiles.add(&[1.0, 1.0, ABSENT]);
    quantiles.add(&[4.0, NAN, ABSENT]);
    let result = quantiles.clone().finish(Parameter::Constant(0.8));
    assert!((result[0] - 2.8).abs() < 1e-12 && (result[1] - 0.6).abs() < 1e-12);
    assert!(is_absent(result[2]));
    let result = quantiles.finish(Parameter::Steps(&[0.2, 0.2]));
    assert!((result[0] - 0.4).abs() < 1e-12 && result[1].is_nan() && !is_absent(result[1]));
}

#[test]
fn values_are_counted_by_their_text() {
    let mut counts = ValueCounts::new(2);
    for column in [[6.0, 6.0], [6.0, NAN], [0.5, ABSENT], [1e21, -NAN]] {
        counts.add(&column);
    }
    assert_eq!(counts.series(), 4);
    let series = counts.finish();
    let told: Vec<_> = series.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(told, ["0.5", "1000000000000000000000", "6", "NaN"]);
    assert_eq!(series[2].1, [2.0, 1.0]);
    assert_eq!(series[3].1[1], 2.0);
    assert!(is_absent(series[3].1[0]));
}

fn ranked(op: AggregateOp, count: usize, values: &[f64]) -> Vec<usize> {
    let mut ranking = Ranking::new(op, &[count]).unwrap();
    values.iter().enumerate().for_each(|(series, &value)| ranking.add(series, &[value]));
    ranking.finish().into_iter().map(|chosen| chosen.series).collect()
}

#[test]
fn the_best_are_ranked_with_nan_last_and_ties_by_order() {
    use AggregateOp::{Bottomk, Topk};
    let values = [100.0, NAN, 300.0, 200.0, 300.0];
    assert_eq!(ranked(Topk, 3, &values), [2, 4, 3]);
    assert_eq!(ranked(Topk, 1, &values), [2]);
    assert_eq!(ranked(Bottomk, 2, &values), [0, 3]);
    assert_eq!(ranked(Bottomk, 99, &values), [0, 3, 2, 4, 1]);
    assert_eq!(ranked(Topk, 99, &values), [2, 4, 3, 0, 1]);
    assert_eq!(ranked(Topk, 2, &[NAN, NAN, 1.0]), [2, 0]);
    assert_eq!(ranked(Topk, 0, &values), [0; 0]);
}

#[test]
fn who_is_best_may_change_from_step_to_step() {
    let mut ranking = Ranking::new(AggregateOp::Topk, &[1, 1, 2]).unwrap();
    ranking.add(0, &[5.0, 1.0, -1.0]);
    ranking.add(1, &[4.0, 2.0, -2.0]);
    ranking.add(2, &[3.0, ABSENT, -3.0]);
    let chosen = ranking.finish();
    assert_eq!(chosen.len(), 2);
    assert_eq!((chosen[0].series, chosen[1].series), (0, 1));
    assert_eq!((chosen[0].column[0], chosen[0].column[2]), (5.0, -1.0));
    assert!(is_absent(chosen[0].column[1]));
    assert_eq!(chosen[1].column[1..], [2.0, -2.0]);
}

#[test]
fn parameters_are_checked_at_every_step() {
    let of = |values: &[f64]| counts(Parameter::Steps(values), values.len());
    assert_eq!(of(&[2.9, 0.5, -3.0, -INF / 2.0 + INF]), Err(FunctionError::CountIsNan));
    assert_eq!(of(&[2.9, 0.5, -3.0, 9_999_999_999.0]), Ok(vec![2, 0, 0, 9_999_999_999]));
    assert_eq!(of(&[1.0, INF]), Err(FunctionError::CountOverflow(INF)));
    assert_eq!(of(&[-1e19]), Err(FunctionError::CountUnderflow(-1e19)));
    assert_eq!(of(&[NAN]).unwrap_err().to_string(), "Parameter value is NaN");
    let ratios = Ratios::new(Parameter::Steps(&[1.1, 0.5, -2.0, 1.1]), 4).unwrap();
    assert_eq!(ratios.ratios, [1.0, 0.5, -1.0, 1.0]);
    assert_eq!(ratios.capped, [-2.0, 1.1]);
    let error = Ratios::new(Parameter::Constant(NAN), 1).unwrap_err();
    assert_eq!(error.to_string(), "Ratio value is NaN");
}

#[test]
fn the_first_series_are_kept() {
    let mut limit = Limit::new(vec![1, 2, 0]);
    let mut columns = [[1.0, 1.0, 1.0], [ABSENT, 2.0, 2.0], [3.0, 3.0, 3.0]];
    let kept: Vec<bool> = columns.iter_mut().map(|column| limit.keep(column)).collect();
    assert_eq!(kept, [true, true, false]);
    assert!(limit.is_full());
    assert_eq!((columns[0][0], columns[0][1], columns[1][1]), (1.0, 1.0, 2.0));
    assert!(is_absent(columns[0][2]) && columns[2].iter().all(|&value| is_absent(value)));
}

#[test]
fn shares_of_series_are_spread_evenly() {
    let name = |index: usize| index.to_string();
    let shares: Vec<f64> = (0..10_000)
        .map(|index| share([("__name__", "x"), ("instance", name(index).as_str())]))
        .collect();
    for tenth in 0..10 {
        let (low, high) = (f64::from(tenth) / 10.0, f64::from(tenth + 1) / 10.0);
        let within = shares.iter().filter(|&&share| share >= low && share < high).count();
        assert!((850..1150).contains(&within), "{within} from {low} to {high}");
    }
    assert_ne!(share([("a", "bc")]), share([("ab", "c")]));
    // The eight series of the conformance cases, which ask for about half of
    // them, and for halves that are alike, by the value of the first six.
    let series = [
        ("production", "0", 10.0),
        ("production", "1", 20.0),
        ("canary", "0", 30.0),
        ("canary", "1", 40.0),
        ("canary", "2", 50.0),
        ("canary", "3", 60.0),
        ("canary", "histogram_1", NAN),
        ("canary", "histogram_2", NAN),
    ];
    let is_low = |(group, instance, _): &(&str, &str, f64)| {
        let name = ("__name__", "http_requests");
        let job = ("job", "api-server");
        share([name, ("group", group), ("instance", instance), job]) < 0.5
    };
    let low = series.iter().filter(|one| is_low(one)).count();
    assert!((3..=5).contains(&low), "{low} of 8");
    let mean = |wanted: bool| {
        let half = series[..6].iter().filter(|one| is_low(one) == wanted);
        let values: Vec<f64> = half.map(|one| one.2).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!((mean(true) - mean(false)).abs() <= 17.0, "{} and {}", mean(true), mean(false));
}

proptest! {
    #[test]
    fn a_ratio_and_its_complement_share_the_series(share in 0.0_f64..1.0, ratio in 0.0_f64..=1.0) {
        let mut left = [1.0];
        let mut right = [1.0];
        let complement = -(1.0 - ratio);
        let first = keep_share(share, &[ratio], &mut left);
        let second = keep_share(share, &[complement], &mut right);
        // With a ratio of 1 the complement is −0, which takes nothing either.
        prop_assert!(first != second || (1.0 + complement - ratio).abs() > 0.0);
        prop_assert_eq!(first, !is_absent(left[0]));
    }

    #[test]
    fn a_compensated_sum_is_the_exact_one_rounded(
        values in prop::collection::vec((-1_i64 << 52..1 << 52, -20_i32..20), 0..50),
    ) {
        // Every value is a multiple of 2⁻²⁰ below 2⁷², so the sum is exact in
        // 128 bits.
        let exact: i128 = values.iter().map(|&(part, shift)| i128::from(part) << (shift + 20)).sum();
        let floats = values.iter().map(|&(part, shift)| part as f64 * 2.0_f64.powi(shift));
        let sum = floats.clone().collect::<Compensated>().total();
        let expected = exact as f64 * 2.0_f64.powi(-20);
        let magnitude: f64 = floats.map(f64::abs).sum();
        let allowed = expected.abs() * 2.0_f64.powi(-52) + magnitude * 2.0_f64.powi(-90);
        prop_assert!((sum - expected).abs() <= allowed, "{} instead of {}", sum, expected);
    }

    #[test]
    fn the_best_are_those_of_a_sort(
        values in prop::collection::vec(prop_oneof![Just(NAN), (0_u8..9).prop_map(f64::from)], 0..30),
        count in 0_usize..12,
    ) {
        let mut sorted: Vec<usize> = (0..values.len()).collect();
        sorted.sort_by(|&a, &b| {
            let (a, b) = (values[a], values[b]);
            a.is_nan().cmp(&b.is_nan()).then(b.partial_cmp(&a).unwrap_or(std::cmp::Ordering::Equal))
        });
        sorted.truncate(count);
        prop_assert_eq!(ranked(AggregateOp::Topk, count, &values), sorted);
    }
}
