use std::sync::Arc;
use std::time::Duration;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::model::Timestamp;
use crate::storage::Removed;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn refused(builder: PolicyBuilder, expected: Expect) {
    expected.assert_eq(&builder.build().unwrap_err().to_string());
}

#[test]
fn a_policy_says_what_is_out_of_range() {
    let builder = Policy::builder;
    let (second, century) = (Duration::from_secs(1), 100 * 365 * DAY);
    refused(
        builder().samples(second),
        expect!["retention.samples = 1s; expected 60s to 315360000s"],
    );
    refused(
        builder().metric("load", century),
        expect!["retention.metrics.load = 3153600000s; expected 60s to 315360000s"],
    );
    refused(
        builder().idle_after(Duration::ZERO),
        expect!["retention.idle = 0ns; expected 60s to 315360000s"],
    );
    refused(
        builder().alert_history(century),
        expect!["retention.alerts = 3153600000s; expected 60s to 315360000s"],
    );
    refused(
        builder().health_history(second),
        expect!["retention.health = 1s; expected 60s to 315360000s"],
    );
    let error = builder().metric("9 lives", DAY).build().unwrap_err().to_string();
    assert!(error.starts_with("retention by metric: ") && error.contains("9 lives"), "{error}");
    for edge in [KEPT_MIN, KEPT_MAX] {
        let policy = builder().samples(edge).metric("m", edge).idle_after(edge).build().unwrap();
        assert_eq!((policy.samples(), policy.by_metric()["m"]), (edge, edge));
    }
}

#[test]
fn histories_are_kept_as_samples_unless_they_have_their_own() {
    assert_eq!(Policy::builder().build().unwrap(), Policy::default());
    let policy = Policy::builder().samples(2 * DAY).health_history(DAY).build().unwrap();
    assert_eq!((policy.alert_history(), policy.health_history()), (2 * DAY, DAY));
    assert_eq!(policy.alert_history_before(NOW), NOW - 2 * DAY);
    assert_eq!(policy.health_history_before(NOW), NOW - DAY);
}

#[test]
fn a_policy_is_shown_in_seconds() {
    let policy = Policy::builder().metric("load", DAY / 2).never_idle().build().unwrap();
    let text = serde_json::to_string_pretty(&policy).unwrap();
    expect![[r#"
        {
          "samples_seconds": 604800.0,
          "by_metric_seconds": {
            "load": 43200.0
          },
          "idle_after_seconds": null,
          "alert_history_seconds": 604800.0,
          "health_history_seconds": 604800.0
        }"#]]
    .assert_eq(&text);
}

fn pass(dry_run: bool) -> Pass {
    let policy = Policy::builder().samples(DAY).alert_history(2 * DAY).build().unwrap();
    Pass::new(Arc::new(policy), Target::ALL, 10, NOW, dry_run)
}

fn series(metric: &str, series: usize, next: Option<u32>) -> Result<SliceOutcome, String> {
    let removed = Removed { series, samples: 2 * series, bytes: 100 * series };
    Ok(SliceOutcome { next, by_metric: [(metric.into(), removed)].into(), entries: 0 })
}

fn named(step: Option<Step>) -> String {
    match step {
        None => "over".to_owned(),
        Some(Step::Samples { slice, .. }) => {
            format!("samples from {} dry={}", slice.cursor, slice.dry_run)
        }
        Some(Step::AlertHistory { before, dry_run }) => {
            format!("alert history {:?} dry={dry_run}", NOW.since(before))
        }
        Some(Step::HealthHistory { before, dry_run }) => {
            format!("health history {:?} dry={dry_run}", NOW.since(before))
        }
    }
}

#[test]
fn a_pass_goes_through_its_targets_slice_by_slice() {
    for dry_run in [false, true] {
        let mut pass = pass(dry_run);
        let table = [
            ("samples from 0", series("load", 1, Some(10))),
            ("samples from 10", series("heat", 2, Some(20))),
            ("samples from 20", series("load", 3, None)),
            ("alert history 172800s", Ok(SliceOutcome::history(4))),
            ("health history 86400s", Ok(SliceOutcome::history(5))),
        ];
        for (step, outcome) in table {
            assert_eq!(named(pass.next_slice()), format!("{step} dry={dry_run}"));
            pass.slice_done(outcome);
        }
        assert_eq!(named(pass.next_slice()), "over");
        pass.slice_done(Ok::<_, String>(SliceOutcome::history(9)));
        let report = pass.finish(Duration::from_millis(1_500));
        assert_eq!(report.removed, Removed { series: 6, samples: 12, bytes: 600 });
        assert_eq!(report.by_metric["load"], Removed { series: 4, samples: 8, bytes: 400 });
        assert_eq!((report.alert_history, report.health_history, report.slices), (4, 5, 5));
    }
}

#[test]
fn a_target_that_fails_does_not_end_the_pass() {
    let mut pass = pass(false);
    pass.slice_done(series("load", 1, Some(10)));
    pass.slice_done(Err("registry is down"));
    pass.slice_done(Err("alert_evaluator is overloaded"));
    pass.slice_done(Ok::<_, String>(SliceOutcome::history(3)));
    let report = pass.finish(Duration::from_millis(20));
    expect![
        "removed 2 samples and 1 series (100 bytes), 0 alert and 3 health history entries in 20ms \
         and 4 slices; samples: registry is down; alert history: alert_evaluator is overloaded"
    ]
    .assert_eq(&report.to_string());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["took_seconds"], 0.02);
    assert_eq!(json["by_metric"]["load"]["samples"], 2);
    assert_eq!(json["failures"][1]["target"], "alert_history");
}

fn answer() -> impl Strategy<Value = Result<SliceOutcome, String>> {
    let fine = (0_u32..40, any::<bool>(), 0_usize..5, "[ab]").prop_map(|(next, more, n, name)| {
        let removed = Removed { series: n, samples: n, bytes: n };
        let by_metric = [(Arc::from(name), removed)].into();
        Ok(SliceOutcome { next: more.then_some(next), by_metric, entries: n })
    });
    prop_oneof![9 => fine, 1 => Just(Err("no".to_owned()))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is answered, a pass ends, its totals are the sums by metric,
    /// and each target fails once at most.
    #[test]
    fn a_pass_ends_and_adds_up(answers in prop::collection::vec(answer(), 60)) {
        let mut pass = pass(false);
        let mut asked = 0;
        for answer in answers {
            if pass.next_slice().is_none() {
                break;
            }
            asked += 1;
            pass.slice_done(answer);
        }
        prop_assert!(pass.next_slice().is_none(), "cursors below 40 grow 40 times at most");
        let report = pass.finish(Duration::ZERO);
        prop_assert_eq!(report.slices, asked);
        let mut sum = Removed::default();
        report.by_metric.values().for_each(|&removed| sum += removed);
        prop_assert_eq!(sum, report.removed);
        let mut failed: Vec<_> = report.failures.iter().map(|failure| failure.target).collect();
        failed.dedup();
        prop_assert_eq!(failed.len(), report.failures.len());
    }
}

#[test]
fn a_policy_survives_serialisation_and_its_checks_apply_on_the_way_in() {
    let policy = Policy::builder()
        .samples(Duration::from_millis(86_400_123))
        .metric("m", 3 * DAY)
        .never_idle()
        .alert_history(30 * DAY)
        .build()
        .unwrap();
    let text = serde_json::to_string(&policy).unwrap();
    assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), policy);
    for (good, bad) in [("86400.123", "1.0"), ("86400.123", "-1e300"), ("\"m\"", "\"9m\"")] {
        assert!(serde_json::from_str::<Policy>(&text.replace(good, bad)).is_err(), "{bad}");
    }
}
