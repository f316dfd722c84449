//! A panic costs one message its answer, wherever it happens.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use keepwatch_actors::Error;
use keepwatch_actors::supervisor::testing::{pass, paused, supervisor};
use keepwatch_actors::supervisor::{ComponentState, ComponentStatus, Settings, Status};

use super::probe::{Add, Panic, Place, Probe, Strings, Ticks};

type Supervisor = actix::Addr<keepwatch_actors::supervisor::Supervisor>;
type Address = keepwatch_actors::supervisor::Address<Probe>;

fn open() -> (Strings, Address, Supervisor) {
    let strings = Strings::new();
    let mut supervisor = supervisor();
    let address = strings.seat(&mut supervisor, Settings::default());
    (strings, address, supervisor.open())
}

async fn status(supervisor: &Supervisor) -> ComponentStatus {
    supervisor.send(Status).await.expect("the supervisor runs").remove(0)
}

/// Panics once at `place`, with messages queued behind it.
fn check(place: Place, message: &str, answer: Result<(), Error>) {
    paused(async {
        let (strings, address, supervisor) = open();
        assert_eq!(address.send(Add(1)).await, Ok(1));
        let asked = address.send(Panic(place));
        let behind = join_all((0..10).map(|_| address.send(Add(1))));
        let (asked, behind) = tokio::join!(asked, behind);
        assert_eq!(asked, answer, "{place:?}");
        assert!(behind.iter().all(Result::is_ok), "{place:?} lost what was queued: {behind:?}");

        pass(Duration::from_millis(1)).await;
        assert_eq!(address.send(Add(0)).await, Ok(11), "{place:?}: the kept total");
        let status = status(&supervisor).await;
        assert_eq!(status.state, ComponentState::Running);
        assert_eq!((status.faults, status.restarts), (1, 1), "{place:?}");
        assert_eq!(status.last_fault.as_deref(), Some(message));
        assert_eq!(strings.built(), 2);
        pass(Duration::from_secs(3)).await;
        assert_eq!(address.send(Ticks).await, Ok(3), "{place:?}: one set of timers");
    });
}

#[test]
fn in_a_handler() {
    check(Place::Handler, "in the handler", Err(Error::Faulted { component: "probe" }));
}

#[test]
fn in_a_timer() {
    check(Place::Timer, "in the timer", Ok(()));
}

#[test]
fn in_a_job() {
    check(Place::Job, "in the job", Err(Error::Faulted { component: "probe" }));
}

#[test]
fn in_a_continuation() {
    check(Place::Continuation, "in the continuation", Err(Error::Faulted { component: "probe" }));
}

#[test]
fn in_a_destructor_after_another() {
    check(Place::Drop, "before the destructor", Err(Error::Faulted { component: "probe" }));
}

#[test]
fn past_the_intensity_the_mailbox_rests_and_then_goes_on() {
    paused(async {
        let (strings, address, supervisor) = open();
        for _ in 0..6 {
            assert!(address.send(Panic(Place::Handler)).await.is_err());
        }
        assert_eq!(status(&supervisor).await.state, ComponentState::Resting);
        let clock = tokio::time::Instant::now();
        assert_eq!(address.send(Add(5)).await, Ok(5), "queued through the rest");
        // Timers have a grain of a millisecond.
        let rest = Duration::from_millis(100)..=Duration::from_millis(102);
        assert!(rest.contains(&clock.elapsed()), "{:?}", clock.elapsed());
        let status = status(&supervisor).await;
        assert_eq!((status.state, status.restarts), (ComponentState::Running, 6));
        assert_eq!(strings.built(), 7);
    });
}

#[test]
fn a_factory_that_keeps_failing_brings_it_down_and_a_probe_brings_it_back() {
    paused(async {
        let (strings, address, supervisor) = open();
        assert_eq!(address.send(Add(3)).await, Ok(3));
        strings.factory_fails.store(true, Ordering::SeqCst);
        assert!(address.send(Panic(Place::Handler)).await.is_err());
        // Ten rests from 100 ms to 30 s, 81.1 s in all.
        pass(Duration::from_secs(90)).await;
        assert_eq!(status(&supervisor).await.state, ComponentState::Down);
        assert_eq!(address.send(Add(1)).await, Err(Error::Down { component: "probe" }));
        assert_eq!(address.try_send(Add(1)), Ok(()));
        pass(Duration::from_millis(1)).await;
        assert_eq!(status(&supervisor).await.dead_letters, 2);

        strings.factory_fails.store(false, Ordering::SeqCst);
        pass(Duration::from_secs(60)).await;
        assert_eq!(address.send(Add(1)).await, Ok(4), "the kept total");
        assert_eq!(status(&supervisor).await.state, ComponentState::Running);
    });
}

#[test]
fn a_factory_that_fails_at_first_is_tried_again() {
    paused(async {
        let strings = Strings::new();
        strings.factory_fails.store(true, Ordering::SeqCst);
        let mut supervisor = supervisor();
        let address = strings.seat(&mut supervisor, Settings::default());
        let supervisor = supervisor.open();
        pass(Duration::from_millis(50)).await;
        strings.factory_fails.store(false, Ordering::SeqCst);
        assert_eq!(address.send(Add(1)).await, Ok(1));
        assert_eq!(status(&supervisor).await.state, ComponentState::Running);
    });
}

#[test]
fn recipients_stay_valid_across_a_restart() {
    paused(async {
        let (_strings, address, _supervisor) = open();
        let recipient = address.recipient::<Add>();
        assert_eq!(recipient.send(Add(1)).await.unwrap(), Ok(1));
        assert!(address.send(Panic(Place::Handler)).await.is_err());
        assert_eq!(recipient.send(Add(1)).await.unwrap(), Ok(2));
    });
}

#[test]
fn a_million_messages_lose_none_to_panics_between_them() {
    paused(async {
        let (_strings, address, supervisor) = open();
        let mut acknowledged = 0_u64;
        for round in 0..1_000_u64 {
            let burst = join_all((0..1_000).map(|_| address.send(Add(1))));
            let panics = async {
                if round % 100 == 50 {
                    // Apart by more than the period, so that none rests.
                    assert!(address.send(Panic(Place::Handler)).await.is_err());
                    pass(Duration::from_secs(11)).await;
                }
            };
            let (answers, ()) = tokio::join!(burst, panics);
            acknowledged += answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        }
        assert_eq!(acknowledged, 1_000_000);
        assert_eq!(address.send(Add(0)).await, Ok(1_000_000));
        assert_eq!(status(&supervisor).await.restarts, 10);
    });
}
