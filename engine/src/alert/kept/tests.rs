//! What is kept, and what becomes of it.

use proptest::prelude::*;

use super::*;
use crate::alert::tests::find;
use crate::alert::{
    Acknowledgement, AlertFilter, AlertKey, AlertState, Condition, HistoryFilter, Reading,
    RuleBuilder, Severity, SilenceRequest,
};
use crate::model::Matcher;

const MINUTE: Duration = Duration::from_secs(60);

fn minute(count: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_040_000 + count * 60_000)
}

fn rule() -> RuleBuilder {
    Rule::on("Hot", "m").when(Condition::above(90.0)).interval(MINUTE)
}

fn evaluator(rule: RuleBuilder) -> Evaluator {
    let mut evaluator = Evaluator::default();
    evaluator.add_rule(rule.build().unwrap(), minute(0)).unwrap();
    evaluator
}

/// Evaluates every rule at a minute, with one value for host `a`.
fn step(evaluator: &mut Evaluator, at: i64, value: f64) -> Vec<String> {
    let host = Labels::new([("host", "a")]).unwrap();
    let mut told = Vec::new();
    for due in evaluator.due_now(None, minute(at)).unwrap() {
        let readings = vec![Reading::new(host.clone(), Some(value))];
        let transitions = evaluator.step(&due, Ok(find(&due, readings)));
        told.extend(transitions.iter().map(|one| format!("{} -> {}", one.from, one.to)));
    }
    told
}

/// Returns what a new process finds.
fn kept(evaluator: &Evaluator, at: i64) -> Evaluator {
    let mut batch = Batch::new();
    evaluator.changes_since(&Evaluator::default(), &mut batch);
    let mut contents = Contents::from(batch);
    let kept = Evaluator::restore(crate::alert::INTERVAL_DEFAULT, &mut contents, minute(at));
    assert_eq!(contents.left_out(), []);
    assert!(contents.is_empty());
    kept
}

fn restarted(evaluator: &Evaluator, at: i64) -> Evaluator {
    let mut restarted = kept(evaluator, at);
    restarted.resume(minute(at));
    restarted
}

fn changes(now: &Evaluator, before: &Evaluator) -> Batch {
    let mut batch = Batch::new();
    now.changes_since(before, &mut batch);
    batch
}

fn silence(from: i64, to: i64) -> SilenceRequest {
    SilenceRequest {
        matchers: vec![Matcher::equal("host", "b")],
        starts_at: minute(from),
        ends_at: minute(to),
        created_by: "ann".into(),
        comment: "".into(),
    }
}

#[test]
fn a_raised_alert_goes_on_as_it_was_and_nobody_is_told_twice() {
    let mut before = evaluator(rule().pending_for(MINUTE));
    step(&mut before, 1, 95.0);
    assert_eq!(step(&mut before, 2, 96.5), ["pending -> firing"]);
    let key = AlertKey::Labels { rule: "Hot".into(), labels: Labels::EMPTY };
    let by = Acknowledgement { by: "ann".into(), comment: "on it".into(), at: minute(2) };
    before.acknowledge(&key, by).unwrap();
    before.add_silence(silence(2, 90), minute(2)).unwrap();

    let saved = kept(&before, 30);
    let mut after = saved.clone();
    after.resume(minute(30));
    assert!(changes(&after, &saved).is_empty());
    assert_eq!(after.active(&AlertFilter::default()), before.active(&AlertFilter::default()));
    assert_eq!(after.silences(), before.silences());
    let all = HistoryFilter::default();
    assert_eq!(after.history(&all), before.history(&all));

    assert_eq!(step(&mut after, 30, 95.0), [""; 0]);
    let alert = after.active(&AlertFilter::default()).remove(0);
    assert_eq!((alert.active_at, alert.fired_at), (minute(1), Some(minute(2))));
    assert_eq!(after.add_silence(silence(31, 90), minute(31)).unwrap().id.to_string(), "2");
    assert_eq!(step(&mut after, 31, 5.0), ["firing -> resolved"]);
    assert_eq!(after.history(&all).len(), 3, "what happens next is added");
}

/// Three minutes of `for`, of which one has passed when the process goes.
#[test]
fn of_the_time_nobody_watched_one_interval_counts_toward_for() {
    for (gap, first, fires_at) in [
        (1, "", 2),
        // One minute was known, the gap counts as one, so one is missing.
        (30, "", 31),
        (60, "", 61),
        // Too long: the alert is forgotten, and `for` begins anew.
        (61, "inactive -> pending", 64),
    ] {
        let mut before = evaluator(rule().pending_for(3 * MINUTE));
        step(&mut before, -1, 95.0);
        step(&mut before, 0, 95.0);
        let mut after = restarted(&before, gap);
        let told = step(&mut after, gap, 95.0).join(";");
        assert_eq!(told, first, "after {gap} minutes");
        let fired = (gap + 1..gap + 9).find(|at| !step(&mut after, *at, 95.0).is_empty());
        assert_eq!(fired, Some(fires_at), "after {gap} minutes");
    }
}

#[test]
fn keep_firing_runs_on_through_the_gap() {
    for (gap, expected) in [(2, ""), (5, "firing -> resolved")] {
        let mut before = evaluator(rule().keep_firing_for(5 * MINUTE));
        step(&mut before, -1, 95.0);
        step(&mut before, 0, 5.0);
        let mut after = restarted(&before, gap);
        assert_eq!(step(&mut after, gap, 5.0).join(";"), expected, "after {gap} minutes");
    }
}

#[test]
fn a_rule_that_is_added_again_takes_over_the_alerts_that_are_its_own() {
    let mut before = evaluator(rule());
    step(&mut before, 1, 95.0);
    let saved = kept(&before, 2);
    for (again, alerts) in [
        (rule().description("new"), 1),
        // It would not give its alerts these labels any more.
        (rule().severity(Severity::Critical), 0),
    ] {
        let mut added = saved.clone();
        added.resume(minute(2));
        added.add_rule(again.clone().build().unwrap(), minute(2)).unwrap();
        let twice = added.add_rule(rule().build().unwrap(), minute(2));
        assert!(twice.is_err(), "only what was restored gives way");
        assert_eq!(added.active(&AlertFilter::default()).len(), alerts);

        // The configuration goes before, and comes anew with each start.
        let mut configured = saved.clone();
        configured.resume(minute(2));
        configured.configure_rule(again.build().unwrap(), minute(2)).unwrap();
        assert_eq!(configured.active(&AlertFilter::default()).len(), alerts);
        let next = kept(&configured, 3);
        assert_eq!(next.rules().len(), 0);
        assert_eq!(next.unclaimed.len(), alerts, "its alerts wait for it");
    }
}

#[test]
fn what_nobody_claims_goes_with_the_retention() {
    let mut before = Evaluator::default();
    before.configure_rule(rule().build().unwrap(), minute(0)).unwrap();
    step(&mut before, 1, 95.0);
    let saved = kept(&before, 2);
    let mut after = saved.clone();
    after.resume(minute(2));
    after.prune_history(minute(1), usize::MAX);
    assert!(changes(&after, &saved).is_empty(), "not yet");
    after.prune_history(minute(2), usize::MAX);
    assert_eq!(changes(&after, &saved).len(), 2, "the alert and its transition");
}

#[test]
fn a_rule_that_was_switched_off_stays_off_and_silence_is_remembered() {
    let mut before = evaluator(rule().no_data(crate::alert::NoDataPolicy::Alerting));
    step(&mut before, 1, 5.0);
    let mut after = restarted(&before, 2);
    let due = after.due_now(None, minute(3)).unwrap().remove(0);
    let told = after.step(&due, Ok(Vec::new()));
    assert_eq!(told[0].to, AlertState::Firing, "the series that spoke has fallen silent");
    assert_eq!(told[0].alert.labels.get("host"), Some("a"));
    after.disable_rule("Hot", minute(4)).unwrap();
    assert!(!restarted(&after, 5).rules()[0].enabled);
}

#[test]
fn only_what_changed_is_written() {
    let mut now = evaluator(rule());
    for name in ["B", "C"] {
        let other = Rule::on(name, "m").when(Condition::above(90.0));
        now.add_rule(other.build().unwrap(), minute(0)).unwrap();
    }
    let mut before = now.clone();
    step(&mut now, 1, 5.0);
    assert!(changes(&now, &before).is_empty(), "an evaluation that finds nothing");
    before = now.clone();
    step(&mut now, 2, 95.0);
    assert_eq!(changes(&now, &before).len(), 6, "three alerts, three transitions");
    before = now.clone();
    step(&mut now, 3, 95.0);
    assert_eq!(changes(&now, &before).len(), 3, "for how long they hold");
    before = now.clone();
    now.remove_rule("B", minute(4)).unwrap();
    assert_eq!(changes(&now, &before).len(), 3, "the rule, its alert, a transition");
}

#[test]
fn values_that_are_no_json_numbers_come_back() {
    for value in [f64::INFINITY, f64::NEG_INFINITY, 0.1 + 0.2, -0.0] {
        let rule = Rule::on("Any", "m").when(Condition::not_equal(1.0));
        let mut before = evaluator(rule);
        step(&mut before, 1, value);
        let after = restarted(&before, 2);
        let read = after.active(&AlertFilter::default())[0].value;
        assert_eq!(read.map(f64::to_bits), Some(value.to_bits()));
    }
}

#[test]
fn an_alert_that_contradicts_itself_is_left_out() {
    let mut batch = Batch::new();
    let alert = serde_json::json!({
        "labels": {"host": "a"}, "state": "firing",
        "active_at": "2023-11-14T22:13:20.000Z", "matched_at": "2023-11-14T22:13:20.000Z",
    });
    batch.put(Table::Alerts, "Hot\n0", &alert);
    batch.put(Table::AlertHistory, "first", &alert);
    batch.put(Table::AlertRules, "Other", &rule().build().unwrap());
    let mut contents = Contents::from(batch);
    let restored = Evaluator::restore(MINUTE, &mut contents, minute(0));
    assert_eq!((restored.rules().len(), restored.unclaimed.len()), (0, 0));
    assert_eq!(contents.left_out().len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Writing each difference leaves the file as writing everything at once.
    #[test]
    fn differences_add_up(operations in prop::collection::vec((0..9_u8, 0..120_u8), 1..40)) {
        let mut now = evaluator(rule().keep_firing_for(MINUTE));
        let mut before = Evaluator::default();
        let mut file = Batch::new();
        for (at, (operation, value)) in (1_i64..).zip(operations) {
            match operation {
                0 => drop(now.add_silence(silence(at, at + i64::from(value) + 1), minute(at))),
                1 => drop(now.expire_silence(crate::alert::SilenceId::new(1), minute(at))),
                2 => drop(now.disable_rule("Hot", minute(at))),
                3 => drop(now.enable_rule("Hot", minute(at))),
                4 => drop(now.remove_rule("B", minute(at))),
                5 => {
                    let other = Rule::on("B", "m").when(Condition::above(f64::from(value)));
                    drop(now.add_rule(other.build().unwrap(), minute(at)));
                }
                6 => drop(now.prune_history(minute(at - 5), usize::from(value))),
                _ => drop(step(&mut now, at, f64::from(value))),
            }
            // A write that fails now and then is made up for by the next.
            if value % 4 != 0 {
                file.append(changes(&now, &before));
                before = now.clone();
            }
        }
        file.append(changes(&now, &before));
        let whole = changes(&now, &Evaluator::default());
        prop_assert_eq!(file.remaining(), whole.remaining());
        let after = restarted(&now, 40);
        let again = changes(&after, &Evaluator::default());
        prop_assert_eq!(again.remaining(), whole.remaining());
    }
}
