//! An ordered stop handles what is queued and reports what it could not.

use std::time::Duration;

use futures_util::future::join_all;
use keepwatch_actors::Error;
use keepwatch_actors::supervisor::testing::{pass, paused, supervisor};
use keepwatch_actors::supervisor::{ComponentState, Settings, Shutdown};

use super::probe::{Add, Later, Panic, Place, Strings};

const DEADLINE: Duration = Duration::from_secs(10);

#[test]
fn queued_messages_and_owed_answers_are_delivered_first() {
    paused(async {
        let strings = Strings::new();
        let mut supervisor = supervisor();
        let address = strings.seat(&mut supervisor, Settings::default());
        let supervisor = supervisor.open();
        pass(Duration::from_millis(1)).await;

        let later = address.send(Later(Duration::from_secs(3)));
        let queued = join_all((0..500).map(|_| address.send(Add(1))));
        let stop = async {
            tokio::task::yield_now().await;
            supervisor.send(Shutdown { deadline: DEADLINE }).await.unwrap()
        };
        let (later, queued, report) = tokio::join!(later, queued, stop);
        assert_eq!(later, Ok(500), "an answer that was owed");
        assert!(queued.iter().all(Result::is_ok));
        assert!(report.is_clean());
        assert_eq!(report.undelivered(), 0);
        assert_eq!(report.children[0].status.state, ComponentState::Stopped);
        assert_eq!(report.children[0].status.handled, 501);
        assert_eq!(address.send(Add(1)).await, Err(Error::Stopped { component: "probe" }));
        assert_eq!(address.try_send(Add(1)), Err(Error::Stopped { component: "probe" }));
    });
}

#[test]
fn what_is_left_at_the_deadline_is_counted() {
    paused(async {
        let strings = Strings::new();
        let mut supervisor = supervisor();
        let address = strings.seat(&mut supervisor, Settings::default());
        let supervisor = supervisor.open();
        // Rests in steps up to 30 s, longer than the deadline.
        for _ in 0..14 {
            let _ = address.try_send(Panic(Place::Handler));
        }
        pass(Duration::from_secs(20)).await;
        for _ in 0..20 {
            address.try_send(Add(1)).unwrap();
        }
        let report = supervisor.send(Shutdown { deadline: DEADLINE }).await.unwrap();
        assert!(!report.is_clean());
        assert_eq!(report.undelivered(), 20 + report_left_panics(&report));
        // Timers have a grain of a millisecond.
        assert!(report.took >= DEADLINE && report.took < DEADLINE + Duration::from_millis(5));
    });
}

/// The panics that were still queued when the mailbox began its long rest.
fn report_left_panics(report: &keepwatch_actors::supervisor::ShutdownReport) -> u64 {
    14 - report.children[0].status.handled
}

#[test]
fn children_stop_in_reverse_and_asking_twice_gives_one_report() {
    paused(async {
        let (first, second) = (Strings::new(), Strings::new());
        let mut supervisor = supervisor();
        let first = first.seat(&mut supervisor, Settings::default());
        let second =
            second.seat(&mut supervisor, Settings { mailbox_bound: 7, ..Settings::default() });
        let supervisor = supervisor.open();
        first.send(Add(1)).await.unwrap();
        second.send(Add(1)).await.unwrap();
        let order = Shutdown { deadline: DEADLINE };
        let (one, two) = tokio::join!(supervisor.send(order), supervisor.send(order));
        let one = one.unwrap();
        assert_eq!(one, two.unwrap());
        let bounds: Vec<_> = one.children.iter().map(|child| child.status.queue_bound).collect();
        assert_eq!(bounds, [7, 10_000], "last started, first stopped");
    });
}
