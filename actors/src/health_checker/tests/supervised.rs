//! What a restart of the component, and a run that can't be aborted, cost.

use std::sync::OnceLock;

use super::*;
use crate::supervisor::testing::{TokioClock, threaded};
use crate::supervisor::{Answer, Placement, Receive, Scope};

/// Makes the component panic in a timer.
struct Fail;

crate::request! { Fail => (), owner HealthChecker }

impl Receive<Fail> for HealthChecker {
    fn receive(&mut self, _: Fail, scope: &mut Scope<Self>) -> Answer<()> {
        scope.after(MILLISECOND, |_, _| panic!("on command"));
        Answer::ok(())
    }
}

#[test]
fn a_restart_keeps_definitions_states_history_and_subscribers() {
    paused(async {
        let (health, supervisor) = open();
        let mut told = listen(&health).await;
        let (db, api) = (Service::default(), Service::default());
        health.send(AddCheck::new(check("db").fall(2), db.probe())).await.unwrap();
        health.send(AddCheck::new(check("api").requires("db"), api.probe())).await.unwrap();
        health.send(AddCheck::heartbeat("backup", INTERVAL * 100)).await.unwrap();
        health.send(Beat { check: "backup".into() }).await.unwrap();
        pass(MILLISECOND).await;
        db.set_down(true);
        pass(INTERVAL).await;
        assert_eq!(report(&health, "db").await.consecutive_failures, 1);

        health.send(Fail).await.unwrap();
        pass(Duration::from_secs(5)).await;
        let faulted = supervisor.send(crate::supervisor::Status).await.unwrap().remove(0);
        assert_eq!((faulted.faults, faulted.restarts), (1, 1));
        let kept = report(&health, "db").await;
        assert_eq!((kept.status, kept.consecutive_failures), (Up, 1));
        assert_eq!(status(&health, "backup").await, Up);

        pass(INTERVAL).await;
        assert_eq!(status(&health, "db").await, Down, "the failure before the restart counts");
        assert_eq!(status(&health, "api").await, Blocked);
        let mut changes = heard(&mut told);
        changes.sort();
        assert_eq!(
            changes,
            [
                "api unknown→up",
                "api up→blocked",
                "backup unknown→up",
                "db unknown→up",
                "db up→down"
            ],
            "each told once"
        );
        let query = HealthHistory { range: TimeRange::ALL, check: None, limit: 10 };
        assert_eq!(health.send(query).await.unwrap().len(), 5);
    });
}

#[test]
fn a_run_that_a_restart_cut_off_is_made_again_alone() {
    paused(async {
        let (health, supervisor) = open();
        let begun = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&begun);
        let slow = move || {
            counter.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(3))
        };
        health.send(AddCheck::new(check("slow"), slow)).await.unwrap();
        pass(Duration::from_secs(1)).await;
        health.send(Fail).await.unwrap();
        health.send(AddCheck::heartbeat("backup", INTERVAL)).await.unwrap();
        health.send(Beat { check: "backup".into() }).await.unwrap();
        pass(Duration::from_secs(4)).await;
        let component = supervisor.send(crate::supervisor::Status).await.unwrap().remove(0);
        assert_eq!(component.restarts, 1);
        let slow = report(&health, "slow").await;
        assert_eq!((slow.status, slow.runs_total, slow.failures_total), (Up, 1, 0));
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_report_needs_no_component() {
    paused(async {
        let keep = Keep::new(HealthState::default());
        let kept = keep.clone();
        let couriers = Couriers::new(Workshop::here());
        let mut supervisor = supervisor();
        let health = supervisor.seat(Settings::default(), move || {
            HealthChecker::new(kept.clone(), couriers.clone(), None)
        });
        let _supervisor = supervisor.open();
        health.send(AddCheck::new(check("db"), Service::default().probe())).await.unwrap();
        pass(MILLISECOND).await;
        let now = health.send(Health).await.unwrap().at;
        assert_eq!(keep.load().report(now).check("db").unwrap().status, Up);
        let late = keep.load().report(now + INTERVAL * 10);
        let db = late.check("db").unwrap();
        assert_eq!((db.status, db.is_stale), (Unknown, true));
    });
}

#[test]
fn a_run_that_cannot_be_aborted_stays_in_flight_until_it_ends() {
    let (workshop, runtime) = Workshop::start().unwrap();
    threaded(async {
        let clock = Arc::new(TokioClock::new());
        let mut supervisor = Supervisor::new(clock, workshop, Placement::Together);
        let health = seat(&mut supervisor, None);
        let _supervisor = supervisor.open();
        let mut told = listen(&health).await;
        let gate = Arc::new(OnceLock::new());
        let shut = Arc::clone(&gate);
        let definition = check("disk").timeout(Duration::from_millis(10));
        health.send(AddCheck::blocking(definition, move || *shut.wait())).await.unwrap();
        assert_eq!(told.recv().await.as_deref(), Some("disk unknown→down"));
        let disk = report(&health, "disk").await;
        assert!(disk.is_overrun && disk.in_flight_since.is_some());
        assert_eq!(disk.message.as_deref(), Some("timed out after 10ms and could not be aborted"));
        gate.set(()).expect("nobody else opens it");
        assert_eq!(told.recv().await.as_deref(), Some("disk down→up"), "it ran again at once");
        assert!(!report(&health, "disk").await.is_overrun);
    });
    runtime.shutdown_background();
}

#[test]
fn tcp_is_checked_by_connecting() {
    use crate::health_checker::probe::{Probe as _, TcpProbe};

    threaded(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let probe = TcpProbe::new(address.as_str());
        assert_eq!(probe.run().await, Outcome::healthy());
        drop(listener);
        assert!(probe.run().await.is_failed());
        assert!(TcpProbe::new("no port").run().await.is_failed());
    });
}
