//! The machine as its owner meets it: time passes, runs end, statuses follow.

mod laws;
mod reports;

use std::time::Duration;

use super::{
    CheckDefinition, HealthError, HealthMachine, HealthStatus, HealthTransition, Outcome, Run,
};
use crate::model::{TimeRange, Timestamp};

const INTERVAL: Duration = Duration::from_secs(10);

/// A machine and its time. What a check finds is looked up by name.
struct World {
    machine: HealthMachine,
    now: Timestamp,
    failing: Vec<&'static str>,
    told: Vec<HealthTransition>,
}

fn check(name: &str) -> CheckDefinition {
    CheckDefinition::new(name).interval(INTERVAL).jitter(0.0)
}

impl World {
    fn new(checks: Vec<CheckDefinition>) -> Self {
        let now = Timestamp::from_millis(1_000_000);
        let mut machine = HealthMachine::new();
        machine.add_all(checks, now).unwrap();
        Self { machine, now, failing: Vec::new(), told: Vec::new() }
    }

    fn start(&mut self) -> Vec<Run> {
        let told = self.machine.tick(self.now);
        self.told.extend(told);
        self.machine.due(self.now)
    }

    fn finish(&mut self, run: &Run, outcome: Outcome) {
        let took = Duration::from_millis(5);
        let told = self.machine.finished(&run.check, run.id, outcome, took, self.now);
        self.told.extend(told);
    }

    /// Runs what is due, and what becomes due by it; returns what ran.
    fn run(&mut self) -> Vec<String> {
        let mut ran = Vec::new();
        loop {
            let runs = self.start();
            if runs.is_empty() {
                return ran;
            }
            for run in runs {
                let outcome = Outcome::from(!self.failing.contains(&run.check.as_ref()));
                self.finish(&run, outcome);
                ran.push(run.check.to_string());
            }
        }
    }

    /// Lets an interval pass and runs what is due.
    fn step(&mut self) -> Vec<String> {
        self.now = self.now + INTERVAL;
        self.run()
    }

    fn fail(&mut self, failing: &[&'static str]) -> &mut Self {
        self.failing = failing.to_vec();
        self
    }

    fn status(&self, name: &str) -> HealthStatus {
        self.machine.report(self.now).check(name).unwrap().status
    }

    fn root(&self, name: &str) -> Option<String> {
        self.machine.report(self.now).check(name).unwrap().root.as_deref().map(str::to_owned)
    }

    fn take_told(&mut self) -> Vec<String> {
        self.told.drain(..).map(|t| format!("{} {}→{}", t.check, t.from, t.to)).collect()
    }
}

use HealthStatus::{Blocked, Degraded, Down, Unknown, Up};

#[test]
fn one_success_is_enough_after_the_start() {
    let mut world = World::new(vec![check("db").rise(3)]);
    assert_eq!(world.status("db"), Unknown);
    world.run();
    assert_eq!(world.status("db"), Up);
    assert_eq!(world.take_told(), ["db unknown→up"]);
}

#[test]
fn falls_after_n_failures_and_rises_after_m_successes() {
    let mut world = World::new(vec![check("db").fall(3).rise(2)]);
    world.run();
    let statuses = |world: &mut World, steps: usize| -> Vec<HealthStatus> {
        (0..steps)
            .map(|_| {
                world.step();
                world.status("db")
            })
            .collect()
    };
    world.fail(&["db"]);
    assert_eq!(statuses(&mut world, 3), [Up, Up, Down]);
    world.fail(&[]);
    assert_eq!(statuses(&mut world, 1), [Down]);
    world.fail(&["db"]);
    assert_eq!(statuses(&mut world, 1), [Down]);
    world.fail(&[]);
    assert_eq!(statuses(&mut world, 2), [Down, Up]);
    assert_eq!(world.take_told(), ["db unknown→up", "db up→down", "db down→up"]);
}

#[test]
fn is_down_only_after_the_least_time_in_error() {
    let mut world = World::new(vec![check("db").error_time_min(Duration::from_secs(15))]);
    world.run();
    world.fail(&["db"]);
    world.step();
    assert_eq!(world.status("db"), Up);
    world.step();
    assert_eq!(world.status("db"), Up, "in error for 10 s");
    world.step();
    assert_eq!(world.status("db"), Down, "in error for 20 s");
}

#[test]
fn runs_faster_while_results_and_status_disagree() {
    let fast = Duration::from_secs(2);
    let mut world = World::new(vec![check("db").fall(3).fast_interval(fast)]);
    world.run();
    assert_eq!(world.machine.next_due(world.now), Some(world.now + INTERVAL));
    world.fail(&["db"]).step();
    assert_eq!(world.machine.next_due(world.now), Some(world.now + fast));
    for _ in 0..2 {
        world.now = world.now + fast;
        world.run();
    }
    assert_eq!(world.status("db"), Down);
    assert_eq!(world.machine.next_due(world.now), Some(world.now + INTERVAL));
}

#[test]
fn a_child_is_blocked_by_the_root_and_does_not_run() {
    let mut world =
        World::new(vec![check("shop").requires("api"), check("api").requires("db"), check("db")]);
    assert_eq!(world.run(), ["api", "db", "shop"]);
    world.take_told();
    world.fail(&["db"]);
    // All three were due together; what they found under a failed database
    // does not count.
    world.step();
    assert_eq!(
        (world.status("db"), world.status("api"), world.status("shop")),
        (Down, Blocked, Blocked)
    );
    assert_eq!(world.root("shop").as_deref(), Some("db"));
    assert_eq!(world.take_told(), ["db up→down", "api up→blocked", "shop up→blocked"]);
    assert_eq!(world.step(), ["db"]);
    assert_eq!(
        world.machine.check_now("shop", world.now).unwrap_err().to_string(),
        "check \"shop\" does not run while \"db\" is down"
    );
}

#[test]
fn a_child_is_checked_again_before_its_recovery_is_told() {
    let mut world = World::new(vec![check("api").requires("db"), check("db")]);
    world.fail(&["db"]).run();
    assert_eq!(world.status("api"), Blocked);
    world.take_told();

    world.fail(&[]);
    world.now = world.now + INTERVAL;
    let runs = world.start();
    assert_eq!(runs.iter().map(|run| run.check.as_ref()).collect::<Vec<_>>(), ["db"]);
    world.finish(&runs[0], Outcome::healthy());
    assert_eq!(world.take_told(), ["db down→up"]);
    assert_eq!(world.status("api"), Blocked, "not yet checked again");

    let runs = world.start();
    assert_eq!(runs.iter().map(|run| run.check.as_ref()).collect::<Vec<_>>(), ["api"]);
    world.finish(&runs[0], Outcome::failed("still broken"));
    assert_eq!(world.take_told(), ["api blocked→down"]);
}

#[test]
fn what_a_run_finds_under_a_failed_parent_does_not_count() {
    let mut world = World::new(vec![check("api").requires("db"), check("db")]);
    world.run();
    world.now = world.now + INTERVAL;
    let runs = world.start();
    world.finish(&runs[1], Outcome::failed("down"));
    assert_eq!(world.status("api"), Blocked);
    world.now = world.now + INTERVAL;
    let again = world.start();
    world.finish(&again[0], Outcome::healthy());
    // The parent is back while the old run is still in flight.
    world.finish(&runs[0], Outcome::healthy());
    assert_eq!(world.status("api"), Blocked);
    assert_eq!(world.run(), ["api"]);
    assert_eq!(world.status("api"), Up);
}

#[test]
fn an_optional_parent_degrades() {
    let mut world = World::new(vec![check("api").optional("cache"), check("cache")]);
    world.fail(&["cache"]).run();
    assert_eq!(world.status("api"), Degraded);
    let report = world.machine.report(world.now);
    assert_eq!(
        report.check("api").unwrap().message.as_deref(),
        Some("the optional dependency \"cache\" is down")
    );
    world.fail(&[]).step();
    assert_eq!(world.status("api"), Up);
}

#[test]
fn any_of_a_group_blocks_only_when_all_failed() {
    let mut world =
        World::new(vec![check("api").any_of("replicas", ["a", "b"]), check("a"), check("b")]);
    world.run();
    world.fail(&["a"]).step();
    assert_eq!(world.status("api"), Up);
    world.fail(&["a", "b"]).step();
    assert_eq!(world.status("api"), Blocked);
    assert_eq!(world.root("api").as_deref(), Some("a"));
    world.fail(&["a"]).step();
    assert_eq!(world.status("api"), Up);
}

#[test]
fn a_stale_result_is_unknown_and_frees_no_dependent() {
    let mut world = World::new(vec![check("api").requires("db"), check("db")]);
    world.fail(&["db"]).run();
    let run = {
        world.now = world.now + INTERVAL;
        world.start()
    };
    // The run hangs: three intervals and a timeout after the last result.
    world.now = world.now + Duration::from_millis(25_000);
    assert!(world.start().is_empty());
    assert_eq!(world.status("db"), Down);
    world.now = world.now + Duration::from_millis(1);
    assert!(world.start().is_empty());
    assert_eq!((world.status("db"), world.status("api")), (Unknown, Blocked));
    world.finish(&run[0], Outcome::healthy());
    world.fail(&[]).run();
    assert_eq!((world.status("db"), world.status("api")), (Up, Up));
}

#[test]
fn a_run_that_cannot_be_aborted_stays_in_flight_and_keeps_failing() {
    let mut world = World::new(vec![check("disk").fall(2)]);
    world.run();
    world.now = world.now + INTERVAL;
    let run = world.start().remove(0);
    world.now = world.now + Duration::from_secs(5);
    let told = world.machine.overran(&run.check, run.id, world.now);
    assert!(told.is_empty(), "one failure of two");
    world.now = world.now + Duration::from_secs(5);
    assert!(world.start().is_empty(), "one in flight");
    assert_eq!(world.status("disk"), Down);
    let report = world.machine.report(world.now);
    let disk = report.check("disk").unwrap();
    assert!(disk.is_overrun);
    assert_eq!(
        disk.message.as_deref(),
        Some("a run could not be aborted and is in flight for 10s")
    );
    world.machine.released("disk", world.now);
    assert_eq!(world.run(), ["disk"]);
    assert_eq!(world.status("disk"), Up);
}

#[test]
fn a_heartbeat_holds_for_its_time_to_live() {
    let ttl = Duration::from_secs(30);
    let mut world = World::new(vec![CheckDefinition::heartbeat("job", ttl), check("db")]);
    world.run();
    assert_eq!(world.status("job"), Unknown);
    let told = world.machine.beat("job", world.now).unwrap();
    assert_eq!(told.len(), 1);
    world.now = world.now + Duration::from_millis(29_999);
    world.run();
    assert_eq!(world.status("job"), Up);
    world.now = world.now + Duration::from_millis(1);
    world.run();
    assert_eq!(world.status("job"), Down);
    assert!(matches!(world.machine.beat("db", world.now), Err(HealthError::NotHeartbeat { .. })));
    assert!(matches!(
        world.machine.check_now("job", world.now),
        Err(HealthError::NotRunnable { .. })
    ));
    assert!(matches!(
        world.machine.beat("nobody", world.now),
        Err(HealthError::UnknownCheck { .. })
    ));
}

#[test]
fn a_heartbeat_that_never_came_fails_after_its_time_to_live() {
    let mut world = World::new(vec![CheckDefinition::heartbeat("job", INTERVAL)]);
    world.run();
    assert_eq!(world.machine.next_due(world.now), Some(world.now + INTERVAL));
    world.step();
    assert_eq!(world.status("job"), Down);
}

#[test]
fn a_heartbeat_that_was_blocked_gets_its_time_to_live_again() {
    let ttl = Duration::from_secs(15);
    for (beats, expected) in [(false, Unknown), (true, Up)] {
        let job = CheckDefinition::heartbeat("job", ttl).requires("db");
        let mut world = World::new(vec![job, check("db")]);
        world.fail(&["db"]).run();
        world.step();
        world.step();
        if beats {
            assert!(world.machine.beat("job", world.now).unwrap().is_empty(), "still blocked");
        }
        assert_eq!(world.status("job"), Blocked);
        world.fail(&[]).step();
        assert_eq!(world.status("job"), expected);
        world.step();
        world.step();
        assert_eq!(world.status("job"), Down, "no beat since");
    }
}

#[test]
fn a_clock_that_was_set_back_stops_no_check() {
    let mut world = World::new(vec![check("db")]);
    world.run();
    world.now = world.now - Duration::from_secs(3_600);
    assert_eq!(world.run(), ["db"]);
}

#[test]
fn an_owner_that_was_restarted_goes_on() {
    let mut world = World::new(vec![check("db").fall(2), check("disk")]);
    world.run();
    world.fail(&["db"]).step();
    world.now = world.now + INTERVAL;
    assert_eq!(world.start().len(), 2);
    world.machine = world.machine.clone();
    world.machine.resume(world.now, |name| name == "disk");
    assert_eq!(world.run(), ["db"]);
    assert_eq!(world.status("db"), Down, "the failure before the restart counts");
    assert_eq!(world.machine.overrunning().map(|name| name.as_ref()).collect::<Vec<_>>(), ["disk"]);
}

#[test]
fn removal_and_history() {
    let mut world = World::new(vec![check("api").requires("db"), check("db")]);
    let runs = world.start();
    assert!(matches!(world.machine.remove("db"), Err(HealthError::DependedOn { .. })));
    world.machine.remove("api").unwrap();
    for run in &runs {
        world.finish(run, Outcome::healthy());
    }
    world.fail(&["db"]).step();
    assert_eq!(world.take_told(), ["db unknown→up", "db up→down"]);
    assert_eq!(world.machine.history(TimeRange::ALL, Some("db"), 10).len(), 2);
    assert_eq!(world.machine.history_before(world.now), 1);
    assert_eq!(world.machine.prune_history(world.now), 1);
    assert_eq!(world.machine.history_len(), 1);
}
