//! How checks go on in a new process.

use std::time::Duration;

use super::*;
use crate::health::{CheckDefinition, CheckReport, Outcome};
use crate::model::TimeRange;

const INTERVAL: Duration = Duration::from_secs(10);

fn second(count: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(count)
}

fn check(name: &str) -> CheckDefinition {
    CheckDefinition::new(name).interval(INTERVAL).jitter(0.0)
}

fn checks() -> Vec<CheckDefinition> {
    vec![check("db"), check("orders").requires("db"), check("cache").rise(2)]
}

fn machine(mut machine: HealthMachine, now: u64) -> HealthMachine {
    machine.add_all(checks(), second(now)).unwrap();
    machine
}

/// Runs what is due, and what becomes due by it; returns what was told.
fn run(machine: &mut HealthMachine, now: u64, failing: &[&str]) -> Vec<String> {
    let mut told = machine.tick(second(now));
    loop {
        let runs = machine.due(second(now));
        if runs.is_empty() {
            return told
                .iter()
                .map(|one| format!("{} {} {}", one.check, one.from, one.to))
                .collect();
        }
        for run in runs {
            let outcome = Outcome::from(!failing.contains(&run.check.as_ref()));
            let took = Duration::from_millis(5);
            told.extend(machine.finished(&run.check, run.id, outcome, took, second(now)));
        }
    }
}

fn kept(machine: &HealthMachine) -> HealthMachine {
    let mut batch = Batch::new();
    machine.changes_since(&HealthMachine::new(), &mut batch);
    let mut contents = Contents::from(batch);
    let mut kept = HealthMachine::new();
    kept.restore(&mut contents);
    assert!(contents.left_out().is_empty() && contents.is_empty());
    kept
}

fn changes(now: &HealthMachine, before: &HealthMachine) -> usize {
    let mut batch = Batch::new();
    now.changes_since(before, &mut batch);
    batch.len()
}

fn report(machine: &HealthMachine, now: u64, name: &str) -> CheckReport {
    machine.report(second(now)).check(name).unwrap().clone()
}

#[test]
fn what_is_as_it_was_keeps_its_time_and_is_told_to_nobody() {
    let mut before = machine(HealthMachine::new(), 0);
    assert_eq!(run(&mut before, 1, &[]).len(), 3);
    let mut after = machine(kept(&before), 100);
    assert_eq!(report(&after, 100, "db").status, HealthStatus::Unknown, "nothing is proved yet");
    assert_eq!(run(&mut after, 101, &[]), [""; 0]);
    let db = report(&after, 101, "db");
    assert_eq!((db.status, db.since), (HealthStatus::Up, second(1)));
    assert_eq!(after.history(TimeRange::ALL, None, 100).len(), 3);
    assert_eq!(run(&mut after, 111, &["cache"]), ["cache up down"]);
    assert_eq!(after.history(TimeRange::ALL, None, 100).len(), 4, "history goes on");
}

#[test]
fn what_failed_meanwhile_is_told_as_a_change_from_what_was_known() {
    let mut before = machine(HealthMachine::new(), 0);
    run(&mut before, 1, &[]);
    let mut after = machine(kept(&before), 100);
    assert_eq!(run(&mut after, 101, &["db"]), ["db up down", "orders up blocked"]);
}

#[test]
fn a_fresh_failure_goes_on_and_a_stale_one_is_forgotten() {
    let mut before = machine(HealthMachine::new(), 0);
    run(&mut before, 1, &[]);
    run(&mut before, 11, &["db", "cache"]);
    run(&mut before, 21, &["db", "cache"]);

    let mut after = machine(kept(&before), 30);
    let db = report(&after, 30, "db");
    assert_eq!((db.status, db.since), (HealthStatus::Down, second(11)));
    assert_eq!(db.consecutive_failures, 2);
    assert_eq!(run(&mut after, 31, &["cache"]), ["db down up", "orders blocked up"]);
    assert_eq!(run(&mut after, 41, &[]), [""; 0], "it has to rise");
    assert_eq!(run(&mut after, 51, &[]), ["cache down up"]);

    // Three intervals and a timeout later the failure says nothing any more.
    let mut late = machine(kept(&before), 60);
    assert_eq!(report(&late, 60, "cache").status, HealthStatus::Unknown);
    assert_eq!(run(&mut late, 61, &[]), ["cache down up", "db down up", "orders blocked up"]);
}

#[test]
fn a_sender_of_heartbeats_gets_a_whole_time_to_live() {
    let heartbeat = || CheckDefinition::heartbeat("worker", INTERVAL);
    let mut before = HealthMachine::new();
    before.add(heartbeat(), second(0)).unwrap();
    assert_eq!(before.tick(second(10)).len(), 1);
    let mut after = kept(&before);
    after.add(heartbeat(), second(20)).unwrap();
    assert!(after.tick(second(29)).is_empty());
    assert!(after.tick(second(30)).is_empty(), "down as before");
    assert_eq!(report(&after, 30, "worker").since, second(10));
}

#[test]
fn only_what_changed_is_written_and_what_nobody_claims_goes() {
    let mut now = machine(HealthMachine::new(), 0);
    run(&mut now, 1, &[]);
    let mut before = now.clone();
    run(&mut now, 11, &[]);
    assert_eq!(changes(&now, &before), 0, "runs that find nothing new");
    before = now.clone();
    run(&mut now, 21, &["cache"]);
    assert_eq!(changes(&now, &before), 2, "one check, one transition");
    before = now.clone();
    now.remove("cache").unwrap();
    assert_eq!(changes(&now, &before), 1);

    let saved = kept(&now);
    let mut after = saved.clone();
    after.prune_history(second(1));
    assert_eq!(changes(&after, &saved), 0);
    after.prune_history(second(2));
    assert_eq!(changes(&after, &saved), 5, "two checks and the transitions from before");
    assert_eq!(after.history_len(), 1);
}
