//! The evaluator as a whole: scenarios by table, and laws.

mod laws;

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Labels, Matcher, TimeRange, Timestamp, is_stale};
use crate::registry::DerivedSample;

use super::*;

const STEP: Duration = Duration::from_secs(15);

fn second(number: u64) -> Timestamp {
    Timestamp::from_millis(0) + Duration::from_secs(number)
}

fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

fn rule() -> RuleBuilder {
    Rule::on("HighCpu", "cpu").when(Condition::above(90.0))
}

fn host(name: &str) -> Labels {
    Labels::new([("host", name)]).unwrap()
}

fn with(rule: RuleBuilder) -> Evaluator {
    let mut evaluator = Evaluator::new(STEP);
    evaluator.add_rule(rule.build().unwrap(), second(0)).unwrap();
    evaluator
}

fn told(transitions: &[Arc<Transition>]) -> Vec<String> {
    let word = |transition: &Arc<Transition>| {
        let host = transition.alert.labels.get("host").unwrap_or("");
        let mark = if transition.suppressed_by.is_some() { "~" } else { "" };
        format!("{mark}{host}:{}", transition.to)
    };
    transitions.iter().map(word).collect()
}

fn due(evaluator: &Evaluator, at: u64) -> Due {
    let rule = evaluator.rule("HighCpu").unwrap();
    Due { rule, at: second(at), query_at: second(at) }
}

/// Puts readings under the labels and annotations of their alerts.
pub(super) fn find(due: &Due, readings: Vec<Reading>) -> Vec<Finding> {
    due.rule.find(readings, due.at, &Surroundings::default(), &mut |_| Ok(Vec::new()))
}

fn evaluate(evaluator: &mut Evaluator, values: &[(&str, Option<f64>)], at: u64) -> Vec<String> {
    let readings = values.iter().map(|(name, value)| Reading::new(host(name), *value)).collect();
    let due = due(evaluator, at);
    told(&evaluator.step(&due, Ok(find(&due, readings))))
}

fn fail(evaluator: &mut Evaluator, at: u64) -> Vec<String> {
    let error = EvaluationError::Readings { reason: "storage is gone".into() };
    let due = due(evaluator, at);
    told(&evaluator.step(&due, Err(error)))
}

/// A rule on an expression, which finds only what alerts.
fn expression() -> RuleBuilder {
    Rule::expression("HighCpu", "cpu > 90")
}

/// Runs one series through values, an evaluation every 15 s: a number, `-`
/// for no value, `!` for a failed evaluation, `.` for none at all. Expects
/// the states that it moves to, each with the number of the evaluation.
#[track_caller]
fn check(rule: RuleBuilder, values: &str, expected: &str) {
    let mut evaluator = with(rule);
    let mut seen = Vec::new();
    for (index, value) in (0_u64..).zip(values.split_whitespace()) {
        let at = index * 15;
        let moved = match value {
            "." => Vec::new(),
            "!" => fail(&mut evaluator, at),
            value => evaluate(&mut evaluator, &[("a", value.parse().ok())], at),
        };
        seen.extend(moved.iter().map(|word| format!("{index}{}", word.replace("a:", ":"))));
    }
    assert_eq!(seen.join(" "), expected, "of {values:?}");
}

#[test]
fn without_for_it_fires_and_resolves_at_once() {
    check(rule(), "1 91 92 1 95", "1:firing 3:resolved 4:firing");
}

#[test]
fn it_pends_for_as_long_as_asked() {
    let held = || rule().pending_for(secs(30));
    check(held(), "91 91 91 91", "0:pending 2:firing");
    check(held(), "91 91 1 91 91 91", "0:pending 2:inactive 3:pending 5:firing");
    check(rule().pending_for(secs(31)), "91 91 91 91", "0:pending 3:firing");
}

#[test]
fn time_that_nobody_watched_does_not_count() {
    let held = || rule().pending_for(secs(60));
    check(held(), "91 91 91 91 91", "0:pending 4:firing");
    check(held(), "91 91 . . . 91 91 91", "0:pending 7:firing");
    check(held(), "91 91 ! ! ! 91 91 91", "0:pending 7:firing");
    check(held(), "91 91 - - - 91 91 91", "0:pending 7:firing");
    // One evaluation that failed, or came late, is no outage.
    check(held(), "91 91 ! 91 91", "0:pending 4:firing");
}

#[test]
fn a_pending_alert_does_not_outlive_a_long_outage() {
    let mut evaluator = with(rule().pending_for(secs(30)));
    evaluate(&mut evaluator, &[("a", Some(91.0))], 0);
    assert_eq!(fail(&mut evaluator, 3_600), [""; 0]);
    assert_eq!(fail(&mut evaluator, 3_615), ["a:inactive"]);
}

#[test]
fn it_keeps_firing_from_the_first_evaluation_that_does_not_match() {
    let kept = || rule().keep_firing_for(secs(30));
    check(kept(), "91 1 1 1", "0:firing 3:resolved");
    check(kept(), "91 1 1 91 1 1 1", "0:firing 6:resolved");
    check(kept(), "91 1 ! ! 1", "0:firing 4:resolved");
}

#[test]
fn the_alert_of_a_series_that_is_gone_for_a_day_ends() {
    let mut evaluator = with(rule());
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 0), ["a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[], 15), ["a:no_data"]);
    assert_eq!(evaluate(&mut evaluator, &[], 86_400), [""; 0]);
    assert_eq!(evaluate(&mut evaluator, &[], 86_415), ["a:resolved"]);
}

#[test]
fn hysteresis() {
    let rule = || rule().clear_when(Condition::below(80.0));
    check(rule(), "85 91 85 79 85", "1:firing 3:resolved");
    check(
        rule().pending_for(secs(15)),
        "91 85 91 91 85 80 79",
        "0:pending 1:inactive 2:pending 3:firing 6:resolved",
    );
}

#[test]
fn a_clear_condition_that_overlaps_does_not_make_the_alert_flap() {
    let rule = rule().clear_when(Condition::above(0.0));
    check(rule, "91 91 91 85 85", "0:firing 3:resolved");
}

#[test]
fn failed_evaluations_hold_the_state() {
    check(rule(), "91 ! ! 91 1", "0:firing 4:resolved");
    check(rule(), "1 ! ! 1", "");
}

#[test]
fn policies_for_no_data() {
    let rule = |policy| rule().no_data(policy);
    check(
        rule(NoDataPolicy::NoData),
        "91 - - 91 - 1",
        "0:firing 1:no_data 3:firing 4:no_data 5:resolved",
    );
    check(rule(NoDataPolicy::NoData), "1 - -", "");
    check(rule(NoDataPolicy::Normal), "91 - 91", "0:firing 1:resolved 2:firing");
    check(rule(NoDataPolicy::KeepLast), "91 - - 1", "0:firing 3:resolved");
    check(rule(NoDataPolicy::Alerting), "1 - - 1", "1:firing 3:resolved");
    check(
        rule(NoDataPolicy::Alerting).pending_for(secs(15)),
        "1 - - 1",
        "1:pending 2:firing 3:resolved",
    );
}

#[test]
fn absence() {
    let absent = || Rule::on("HighCpu", "cpu").when(Condition::absent());
    check(absent(), "1 - 1", "1:firing 2:resolved");
    // A series that is not even listed any more is remembered.
    let mut evaluator = with(absent());
    evaluate(&mut evaluator, &[("a", Some(1.0)), ("b", Some(1.0))], 0);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 15), ["b:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[], 30), ["a:firing"]);
    // Without any series the rule itself alerts, by what its matchers ask.
    let mut evaluator = with(absent().label_is("host", "x"));
    assert_eq!(evaluate(&mut evaluator, &[], 0), ["x:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 15), ["x:resolved"]);
}

#[test]
fn a_series_that_vanishes_is_one_without_a_value() {
    for (policy, expected) in [
        (NoDataPolicy::NoData, vec!["a:no_data"]),
        (NoDataPolicy::Normal, vec!["a:resolved"]),
        (NoDataPolicy::KeepLast, vec![]),
        (NoDataPolicy::Alerting, vec![]),
    ] {
        let mut evaluator = with(rule().no_data(policy));
        evaluate(&mut evaluator, &[("a", Some(91.0))], 0);
        let moved = evaluate(&mut evaluator, &[("b", Some(1.0))], 15);
        assert_eq!(moved, expected, "{policy}");
    }
}

#[test]
fn what_an_expression_finds_alerts_until_it_is_not_found() {
    let mut evaluator = with(expression().pending_for(secs(15)));
    for (at, found, expected) in [
        (0, vec![("a", Some(0.0)), ("b", Some(f64::NAN))], vec!["a:pending", "b:pending"]),
        (15, vec![("a", Some(1.0))], vec!["a:firing", "b:inactive"]),
        (30, vec![], vec!["a:resolved"]),
    ] {
        assert_eq!(evaluate(&mut evaluator, &found, at), expected, "at {at} s");
    }
    // With a condition on its values it is like any other rule.
    let above = expression().when(Condition::above(90.0));
    check(above, "91 - 91 80", "0:firing 1:no_data 2:firing 3:resolved");
}

#[test]
fn an_error_alerts_by_the_rule_itself_if_asked() {
    let mut evaluator = with(rule().on_error(ErrorPolicy::Alerting).pending_for(secs(15)));
    evaluate(&mut evaluator, &[("a", Some(91.0))], 0);
    evaluate(&mut evaluator, &[("a", Some(91.0))], 15);
    assert_eq!(fail(&mut evaluator, 30), [":pending"]);
    assert_eq!(fail(&mut evaluator, 45), [":firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 60), [":resolved"]);
    assert_eq!(evaluator.active(&AlertFilter::default()).len(), 1);
}

#[test]
fn each_series_has_an_alert_of_its_own() {
    let mut evaluator =
        with(rule().label("team", "ops").description("{{ $labels.host }}: {{ $value }}"));
    let moved =
        evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(1.0)), ("c", Some(99.5))], 0);
    assert_eq!(moved, ["a:firing", "c:firing"]);
    let active = evaluator.active(&AlertFilter::default());
    assert_eq!(
        active[1].labels.to_string(),
        r#"{alertname="HighCpu",host="c",severity="warning",team="ops"}"#
    );
    assert_eq!(active[1].description(), "c: 99.5");
    let only =
        AlertFilter { matchers: vec![Matcher::equal("host", "a")], ..AlertFilter::default() };
    assert_eq!(evaluator.active(&only).len(), 1);
    let critical = AlertFilter { severity: Some(Severity::Critical), ..AlertFilter::default() };
    assert_eq!(evaluator.active(&critical), []);
}

#[test]
fn duplicates_and_the_cap_make_an_evaluation_fail() {
    let status = |evaluator: &Evaluator| evaluator.rules()[0].last_error.clone();
    let mut evaluator = with(rule().label("host", ""));
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0)), ("b", Some(91.0))], 0), [""; 0]);
    assert_eq!(
        status(&evaluator).unwrap(),
        r#"two series become the same alert {alertname="HighCpu",severity="warning"}"#
    );
    let mut evaluator = with(rule().cap(1));
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(1.0))], 0), ["a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(91.0))], 15), [""; 0]);
    assert_eq!(status(&evaluator).unwrap(), "2 series would alert; the rule's cap is 1");
    assert_eq!(evaluator.active(&AlertFilter::default()).len(), 1);
    assert_eq!(
        evaluate(&mut evaluator, &[("a", Some(1.0)), ("b", Some(91.0))], 30),
        ["a:resolved", "b:firing"]
    );
    assert_eq!(status(&evaluator), None);
}

#[test]
fn alerts_are_series_until_they_are_over() {
    let mut evaluator = with(expression().pending_for(secs(15)).label("team", "ops"));
    let mut shown = |found: &[(&str, Option<f64>)], at: u64| {
        evaluate(&mut evaluator, found, at);
        let samples = evaluator.show("HighCpu", second(at));
        let told = |one: &DerivedSample| {
            assert_eq!(one.sample.at, second(at));
            assert_eq!(one.labels.get("team"), Some("ops"));
            let value = if is_stale(one.sample.value) { f64::NAN } else { one.sample.value };
            format!("{} {} {value}", one.name, one.labels.get("alertstate").unwrap_or("-"))
        };
        samples.iter().map(told).collect::<Vec<_>>()
    };
    let found = [("a", Some(1.0))];
    assert_eq!(shown(&[], 15), [""; 0]);
    assert_eq!(shown(&found, 30), ["ALERTS pending 1", "ALERTS_FOR_STATE - 30"]);
    let firing = ["ALERTS firing 1", "ALERTS_FOR_STATE - 30", "ALERTS pending NaN"];
    assert_eq!(shown(&found, 45), firing);
    assert_eq!(shown(&found, 60), firing[..2]);
    assert_eq!(shown(&[], 75), ["ALERTS firing NaN", "ALERTS_FOR_STATE - NaN"]);
    assert_eq!(shown(&[], 90), [""; 0]);
    assert_eq!(shown(&found, 105).len(), 2);
    assert_eq!(evaluator.hide("HighCpu", second(110)).len(), 2);
    assert_eq!(evaluator.hide("HighCpu", second(111)).len(), 0);
}

fn silence(evaluator: &mut Evaluator, from: u64, to: u64) -> SilenceId {
    let request = SilenceRequest {
        matchers: vec![Matcher::equal("alertname", "HighCpu")],
        starts_at: second(from),
        ends_at: second(to),
        created_by: "ann".into(),
        comment: "".into(),
    };
    evaluator.add_silence(request, second(from)).unwrap().id
}

#[test]
fn a_silence_marks_what_it_keeps_back_but_never_the_end_of_what_was_told() {
    // Fires and ends under the silence.
    let mut evaluator = with(rule());
    silence(&mut evaluator, 0, 60);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 0), ["~a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 15), ["~a:resolved"]);
    // Fires under the silence and outlives it: told then, and of its end.
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 30), ["~a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 60), ["a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 75), [""; 0]);
    // Told of before the silence, and ends under it.
    silence(&mut evaluator, 80, 200);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 90), ["a:resolved"]);
    // Fires under a silence that is over when it ends: nobody was told.
    let id = silence(&mut evaluator, 90, 200);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 105), ["~a:firing"]);
    for id in [SilenceId::new(2), id] {
        evaluator.expire_silence(id, second(110)).unwrap();
    }
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 120), ["~a:resolved"]);
}

#[test]
fn a_silence_that_ends_while_data_is_missing_tells_of_the_alert() {
    let mut evaluator = with(rule());
    silence(&mut evaluator, 0, 20);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 0), ["~a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", None)], 15), ["~a:no_data"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", None)], 30), ["a:no_data"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(1.0))], 45), ["a:resolved"]);
}

#[test]
fn an_alert_of_the_rule_that_becomes_one_of_a_series_is_judged_as_one() {
    let mut evaluator = with(rule().on_error(ErrorPolicy::Alerting).label_is("host", "a"));
    assert_eq!(fail(&mut evaluator, 0), ["a:firing"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 15), [""; 0]);
    assert_eq!(evaluate(&mut evaluator, &[], 30), ["a:no_data"]);
}

#[test]
fn an_acknowledgement_lasts_as_long_as_the_episode() {
    let mut evaluator = with(rule());
    evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(91.0))], 0);
    let ack = |by: &str| Acknowledgement { by: by.into(), comment: "".into(), at: second(1) };
    let key = AlertKey::Labels { rule: "HighCpu".into(), labels: host("b") };
    let alert = evaluator.acknowledge(&key, ack("ann")).unwrap();
    assert_eq!(alert.labels.get("host"), Some("b"));
    let by_fingerprint = AlertKey::Fingerprint(alert.fingerprint);
    assert_eq!(
        evaluator.acknowledge(&by_fingerprint, ack(" ")).unwrap_err().to_string(),
        "an acknowledgement must name who makes it"
    );
    let acknowledged = |evaluator: &Evaluator| {
        let active = evaluator.active(&AlertFilter::default());
        active.iter().filter(|alert| alert.acknowledged.is_some()).count()
    };
    evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(92.0))], 15);
    assert_eq!(acknowledged(&evaluator), 1);
    evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(1.0))], 30);
    assert!(evaluator.acknowledge(&by_fingerprint, ack("ann")).is_err());
    evaluate(&mut evaluator, &[("a", Some(91.0)), ("b", Some(91.0))], 45);
    assert_eq!(acknowledged(&evaluator), 0);
}

#[test]
fn evaluations_are_aligned_and_late_ones_are_missed() {
    let mut evaluator = Evaluator::new(STEP);
    let slow = Rule::on("Slow", "m").when(Condition::absent()).interval(secs(60));
    for rule in [rule(), slow] {
        evaluator.add_rule(rule.build().unwrap(), second(50)).unwrap();
    }
    let idle = |_: &str| false;
    let ask = |evaluator: &mut Evaluator, at_ms: i64, busy: bool| {
        let due = evaluator.due(Timestamp::from_millis(at_ms), |name| busy && name == "HighCpu");
        due.iter().map(|due| format!("{}@{}", due.rule.name(), due.at.millis())).collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut evaluator, 59_000, false), [""; 0]);
    assert_eq!(ask(&mut evaluator, 60_007, false), ["HighCpu@60000", "Slow@60000"]);
    assert_eq!(ask(&mut evaluator, 61_000, false), [""; 0]);
    assert_eq!(evaluator.next_due(Timestamp::from_millis(60_007)), Some(second(75)));
    assert_eq!(ask(&mut evaluator, 75_000, false), ["HighCpu@75000"]);
    assert_eq!(ask(&mut evaluator, 121_000, false), ["HighCpu@120000", "Slow@120000"]);
    assert_eq!(evaluator.rules()[0].missed, 2);
    assert_eq!(ask(&mut evaluator, 135_000, true), [""; 0]);
    assert_eq!(ask(&mut evaluator, 150_000, false), ["HighCpu@150000"]);
    assert_eq!(evaluator.rules()[0].missed, 3);
    evaluator.disable_rule("HighCpu", second(150)).unwrap();
    assert!(evaluator.due(second(165), idle).is_empty());
    evaluator.enable_rule("HighCpu", second(175)).unwrap();
    assert!(evaluator.due(second(179), idle).is_empty());
    // A clock that is set back far starts the grid anew.
    assert_eq!(ask(&mut evaluator, 100_000, false), ["HighCpu@90000"]);
    assert_eq!(evaluator.rules()[0].missed, 3);
}

#[test]
fn a_rule_that_goes_resolves_its_alerts() {
    let mut evaluator = with(rule());
    evaluate(&mut evaluator, &[("a", Some(91.0))], 0);
    let gone = evaluator.disable_rule("HighCpu", second(5)).unwrap();
    assert_eq!(told(&gone), ["a:resolved"]);
    assert_eq!(evaluate(&mut evaluator, &[("a", Some(91.0))], 15), [""; 0]);
    evaluator.enable_rule("HighCpu", second(16)).unwrap();
    evaluate(&mut evaluator, &[("a", Some(91.0))], 30);
    let gone = evaluator.remove_rule("HighCpu", second(40)).unwrap();
    assert_eq!((told(&gone), gone[0].cause), (vec!["a:resolved".into()], Cause::RuleRemoved));
    assert_eq!(
        evaluator.remove_rule("HighCpu", second(41)).unwrap_err().to_string(),
        "there is no rule \"HighCpu\""
    );
}

#[test]
fn history_is_filtered_bounded_and_pruned() {
    let mut evaluator = with(rule());
    for turn in 0..6_000 {
        let value = if turn % 2 == 0 { 91.0 } else { 1.0 };
        evaluate(&mut evaluator, &[("a", Some(value)), ("b", Some(value))], turn * 15);
    }
    assert_eq!(evaluator.history_len(), HISTORY_MAX);
    let all = HistoryFilter { limit: usize::MAX, ..HistoryFilter::default() };
    let kept = evaluator.history(&all);
    assert_eq!((kept.len(), kept[0].at), (HISTORY_MAX, second(1_000 * 15)));
    assert!(kept.is_sorted_by_key(|transition| transition.at));
    let last = HistoryFilter { limit: 3, ..all.clone() };
    assert_eq!(evaluator.history(&last), kept[HISTORY_MAX - 3..]);
    let range = TimeRange::new(second(75_000), second(75_015));
    assert_eq!(evaluator.history(&HistoryFilter { range, ..all.clone() }).len(), 4);
    let other = HistoryFilter { rule: Some("Other".into()), ..all.clone() };
    assert_eq!(evaluator.history(&other), []);
    let grave = HistoryFilter { severity: Some(Severity::Critical), ..all.clone() };
    assert_eq!(evaluator.history(&grave), []);
    let before = second(80_000);
    let count = evaluator.prunable_history(before, 10_000);
    assert_eq!(evaluator.prune_history(before, 10_000), count);
    let rest = evaluator.history(&all);
    assert!(
        rest.iter().all(|transition| transition.at >= before) && rest.len() + count == HISTORY_MAX
    );
    assert_eq!(evaluator.prune_history(Timestamp::MIN, 7), rest.len() - 7);
    assert_eq!(evaluator.history(&all), rest[rest.len() - 7..]);
}
