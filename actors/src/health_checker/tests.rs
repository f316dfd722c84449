//! The health checker through its address, on paused time.

mod series;
mod supervised;

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix::Addr;
use keepwatch_engine::health::{CheckDefinition, CheckReport, HealthError, HealthStatus, Outcome};
use keepwatch_engine::model::TimeRange;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::*;
use crate::Error;
use crate::courier::{Couriers, Subscriber};
use crate::supervisor::testing::{pass, paused, supervisor};
use crate::supervisor::{Address, Keep, Settings, Supervisor, Workshop};
use HealthStatus::{Blocked, Down, Unknown, Up};

const INTERVAL: Duration = Duration::from_secs(10);
const MILLISECOND: Duration = Duration::from_millis(1);

fn check(name: &str) -> CheckDefinition {
    CheckDefinition::new(name).interval(INTERVAL).jitter(0.0)
}

fn seat(supervisor: &mut Supervisor, series: Option<SeriesOutlets>) -> Address<HealthChecker> {
    let keep = Keep::new(HealthState::default());
    let couriers = Couriers::new(Workshop::here());
    supervisor.seat(Settings::default(), move || {
        HealthChecker::new(keep.clone(), couriers.clone(), series.clone())
    })
}

fn open() -> (Address<HealthChecker>, Addr<Supervisor>) {
    let mut supervisor = supervisor();
    let health = seat(&mut supervisor, None);
    (health, supervisor.open())
}

/// A service that tests bring down, and that counts how often it is asked.
#[derive(Clone, Default)]
struct Service {
    is_down: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn probe(&self) -> impl Fn() -> future::Ready<Result<(), &'static str>> + use<> {
        let service = self.clone();
        move || {
            service.asked.fetch_add(1, Ordering::SeqCst);
            let is_down = service.is_down.load(Ordering::SeqCst);
            future::ready(if is_down { Err("no route to host") } else { Ok(()) })
        }
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn report(health: &Address<HealthChecker>, name: &str) -> CheckReport {
    health.send(Health).await.unwrap().check(name).unwrap().clone()
}

async fn status(health: &Address<HealthChecker>, name: &str) -> HealthStatus {
    report(health, name).await.status
}

async fn listen(health: &Address<HealthChecker>) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    let tell = move |event: HealthChanged| {
        future::ready(sender.send(format!("{} {}→{}", event.check, event.from, event.to)))
    };
    health.send(SubscribeHealth(Subscriber::async_closure("test", tell))).await.unwrap();
    receiver
}

fn heard(receiver: &mut UnboundedReceiver<String>) -> Vec<String> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

#[test]
fn a_check_runs_on_its_interval_and_changes_are_told() {
    paused(async {
        let (health, _supervisor) = open();
        let mut told = listen(&health).await;
        let db = Service::default();
        let definition = check("db").fall(2).rise(2);
        health.send(AddCheck::new(definition, db.probe())).await.unwrap();
        pass(MILLISECOND).await;
        assert_eq!(status(&health, "db").await, Up);

        db.set_down(true);
        pass(INTERVAL).await;
        assert_eq!(status(&health, "db").await, Up, "one failure of two");
        pass(INTERVAL).await;
        let down = report(&health, "db").await;
        assert_eq!((down.status, down.consecutive_failures), (Down, 2));
        assert_eq!(down.message.as_deref(), Some("no route to host"));

        db.set_down(false);
        pass(INTERVAL).await;
        assert_eq!(status(&health, "db").await, Down, "one success of two");
        pass(INTERVAL).await;
        assert_eq!(status(&health, "db").await, Up);
        assert_eq!(db.asked(), 5);
        assert_eq!(heard(&mut told), ["db unknown→up", "db up→down", "db down→up"]);
    });
}

#[test]
fn a_child_is_blocked_and_checked_again_before_its_recovery_is_told() {
    paused(async {
        let (health, _supervisor) = open();
        let (db, api) = (Service::default(), Service::default());
        db.set_down(true);
        health
            .send(AddChecks(vec![
                AddCheck::new(check("api").requires("db"), api.probe()),
                AddCheck::new(check("db").interval(INTERVAL / 2), db.probe()),
            ]))
            .await
            .unwrap();
        pass(MILLISECOND).await;
        let blocked = report(&health, "api").await;
        assert_eq!((blocked.status, blocked.root.as_deref()), (Blocked, Some("db")));
        let asked = api.asked();
        pass(INTERVAL * 3).await;
        assert_eq!(api.asked(), asked, "a blocked check does not run");
        assert_eq!(
            health.send(CheckNow { check: "api".into() }).await,
            Err(Error::Health(HealthError::Blocked { check: "api".into(), root: "db".into() }))
        );

        let mut told = listen(&health).await;
        api.set_down(true);
        db.set_down(false);
        pass(INTERVAL / 2).await;
        assert_eq!(api.asked(), asked + 1, "at once, not at its own interval");
        assert_eq!(heard(&mut told), ["db down→up", "api blocked→down"]);
    });
}

#[test]
fn a_run_that_hangs_is_aborted_and_one_that_panics_fails_alone() {
    paused(async {
        let (health, supervisor) = open();
        let dropped = Arc::new(AtomicUsize::new(0));
        let guard = Arc::clone(&dropped);
        let hangs = move || {
            let guard = CountDrop(Arc::clone(&guard));
            async move {
                let _guard = guard;
                future::pending::<()>().await;
            }
        };
        let db = Service::default();
        let eager = || -> future::Ready<()> { panic!("on being asked") };
        let blocking = || -> bool { panic!("while blocking") };
        for add in [
            AddCheck::new(check("hangs").timeout(Duration::from_secs(2)), hangs),
            AddCheck::new(check("panics"), || async { faints() }),
            AddCheck::new(check("eager"), eager),
            AddCheck::blocking(check("blocking"), blocking),
            AddCheck::new(check("db"), db.probe()),
        ] {
            health.send(add).await.unwrap();
        }
        pass(Duration::from_secs(1)).await;
        assert_eq!(status(&health, "hangs").await, Unknown);
        assert_eq!(status(&health, "db").await, Up);
        pass(Duration::from_secs(1) + MILLISECOND).await;
        let hung = report(&health, "hangs").await;
        assert_eq!(hung.message.as_deref(), Some("timed out after 2s"));
        assert_eq!((hung.status, hung.is_overrun, hung.in_flight_since), (Down, false, None));
        assert_eq!(hung.duration.map(|took| took.as_secs()), Some(2));
        assert_eq!(dropped.load(Ordering::SeqCst), 1, "the future was dropped");
        for (name, message) in [
            ("panics", "panicked: at heart"),
            ("eager", "panicked: on being asked"),
            ("blocking", "panicked: while blocking"),
        ] {
            let report = report(&health, name).await;
            assert_eq!((report.status, report.message.as_deref()), (Down, Some(message)));
        }
        let component = supervisor.send(crate::supervisor::Status).await.unwrap().remove(0);
        assert_eq!(component.faults, 0, "the component itself felt nothing");
    });
}

fn faints() -> bool {
    panic!("at heart")
}

struct CountDrop(Arc<AtomicUsize>);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn one_run_is_in_flight_however_often_it_is_asked_for() {
    paused(async {
        let (health, _supervisor) = open();
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
        let slow = move || {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let now = Arc::clone(&now);
            async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            }
        };
        let often = check("slow").interval(Duration::from_secs(1));
        health.send(AddCheck::new(often, slow)).await.unwrap();
        let asked = futures_util::future::join_all(
            (0..20).map(|_| health.send(CheckNow { check: "slow".into() })),
        );
        for answer in asked.await {
            let report = answer.unwrap();
            assert_eq!((report.status, report.runs_total), (Up, 1));
        }
        pass(Duration::from_secs(30)).await;
        assert_eq!(most.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_heartbeat_expires_on_time_and_a_beat_revives_it() {
    paused(async {
        let (health, _supervisor) = open();
        let mut told = listen(&health).await;
        let ttl = Duration::from_secs(60);
        health.send(AddCheck::heartbeat("backup", ttl)).await.unwrap();
        health.send(Beat { check: "backup".into() }).await.unwrap();
        pass(ttl - MILLISECOND).await;
        assert_eq!(heard(&mut told), ["backup unknown→up"]);
        pass(MILLISECOND * 2).await;
        assert_eq!(heard(&mut told), ["backup up→down"], "nobody asked; the timer told");
        health.send(Beat { check: "backup".into() }).await.unwrap();
        assert_eq!(status(&health, "backup").await, Up);
    });
}

#[test]
fn what_is_refused_is_named_and_leaves_nothing_behind() {
    paused(async {
        let (health, _supervisor) = open();
        let probe = || Service::default().probe();
        let refused = |add: Vec<AddCheck>| {
            let health = health.clone();
            async move { health.send(AddChecks(add)).await.unwrap_err().to_string() }
        };
        assert_eq!(
            refused(vec![
                AddCheck::new(check("a").requires("b"), probe()),
                AddCheck::new(check("b").requires("a"), probe()),
            ])
            .await,
            "checks depend on each other in a cycle: a → b → a"
        );
        assert_eq!(
            refused(vec![AddCheck::waiting(check("a"))]).await,
            "check \"a\" needs a probe, or a time to live for heartbeats"
        );
        let beats = CheckDefinition::heartbeat("a", INTERVAL);
        assert_eq!(
            refused(vec![AddCheck::new(beats, probe())]).await,
            "check \"a\" waits for heartbeats and takes no probe"
        );
        assert!(health.send(Health).await.unwrap().checks.is_empty());

        health.send(AddCheck::new(check("db"), probe())).await.unwrap();
        health.send(AddCheck::new(check("api").optional("db"), probe())).await.unwrap();
        let remove = |check: &str| health.send(RemoveCheck { check: check.into() });
        assert_eq!(
            remove("db").await.unwrap_err().to_string(),
            "check \"db\" can't be removed: \"api\" depend on it"
        );
        remove("api").await.unwrap();
        remove("db").await.unwrap();
        assert!(health.send(CheckNow { check: "db".into() }).await.is_err());
    });
}

#[test]
fn draining_takes_readiness_down() {
    paused(async {
        let (health, _supervisor) = open();
        health.send(AddCheck::new(check("db"), Service::default().probe())).await.unwrap();
        pass(MILLISECOND).await;
        assert_eq!(health.send(Health).await.unwrap().readiness.status, Up);
        health.send(DrainHealth).await.unwrap();
        let report = health.send(Health).await.unwrap();
        assert_eq!((report.readiness.status, report.liveness.status), (Down, Up));
    });
}

#[test]
fn history_is_selected_and_pruned() {
    paused(async {
        let (health, _supervisor) = open();
        let db = Service::default();
        health.send(AddCheck::new(check("db"), db.probe())).await.unwrap();
        pass(MILLISECOND).await;
        db.set_down(true);
        pass(INTERVAL).await;
        let query = HealthHistory { range: TimeRange::ALL, check: None, limit: 10 };
        let all = health.send(query.clone()).await.unwrap();
        assert_eq!(all.iter().map(|told| told.to).collect::<Vec<_>>(), [Up, Down]);
        let before = all[1].at;
        for (dry_run, left) in [(true, 2), (false, 1)] {
            assert_eq!(health.send(PruneHealthHistory { before, dry_run }).await, Ok(1));
            assert_eq!(health.send(query.clone()).await.unwrap().len(), left);
        }
    });
}
