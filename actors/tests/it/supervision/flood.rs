//! A flooded mailbox refuses senders and leaves its neighbours in peace.

use std::time::Duration;

use keepwatch_actors::Error;
use keepwatch_actors::supervisor::testing::{pass, paused, supervisor};
use keepwatch_actors::supervisor::{Settings, Status};

use super::probe::{Add, Later, Strings, Ticks};

#[test]
fn past_its_bound_a_mailbox_refuses_and_counts() {
    paused(async {
        let strings = Strings::new();
        let mut supervisor = supervisor();
        let settings = Settings { mailbox_bound: 100, ..Settings::default() };
        let address = strings.seat(&mut supervisor, settings);
        let supervisor = supervisor.open();
        pass(Duration::from_millis(1)).await;

        let refused = (0..150).filter(|_| address.try_send(Add(1)).is_err()).count();
        assert_eq!(refused, 50);
        let overloaded = Error::Overloaded { component: "probe", bound: 100 };
        assert_eq!(address.send(Add(1)).await, Err(overloaded));
        pass(Duration::from_millis(1)).await;
        assert_eq!(address.send(Add(0)).await, Ok(100), "every admitted message was handled");
        let status = supervisor.send(Status).await.unwrap().remove(0);
        assert_eq!((status.refused, status.queued), (51, 0));
    });
}

#[test]
fn a_flood_leaves_the_timers_on_its_arbiter_on_time() {
    paused(async {
        let (flooded, calm) = (Strings::new(), Strings::new());
        let mut supervisor = supervisor();
        let settings = Settings { mailbox_bound: 1_000_000, ..Settings::default() };
        let flooded = flooded.seat(&mut supervisor, settings);
        let calm = calm.seat(&mut supervisor, Settings::default());
        let supervisor = supervisor.open();
        pass(Duration::from_millis(1)).await;
        for _ in 0..100_000 {
            flooded.try_send(Add(1)).unwrap();
        }
        // The neighbour is asked while the flood is being handled, and
        // answers before it has passed.
        assert_eq!(calm.send(Add(7)).await, Ok(7));
        let left = supervisor.send(Status).await.unwrap().remove(0).queued;
        assert!(left > 50_000, "{left} messages of the flood are left");
        assert_eq!(flooded.send(Add(0)).await, Ok(100_000));
        pass(Duration::from_secs(2)).await;
        assert_eq!(calm.send(Ticks).await, Ok(2));
        assert_eq!(flooded.send(Ticks).await, Ok(2), "its own timers are on time as well");
    });
}

#[test]
fn an_ask_that_is_not_answered_in_time_says_so() {
    paused(async {
        let strings = Strings::new();
        let mut supervisor = supervisor();
        let address = strings.seat(&mut supervisor, Settings::default());
        let supervisor = supervisor.open();
        let limit = Duration::from_secs(1);
        let answer = address.send_within(Later(Duration::from_secs(60)), limit).await;
        assert_eq!(answer, Err(Error::Timeout { component: "probe", after: limit }));
        assert_eq!(supervisor.send(Status).await.unwrap().remove(0).timeouts, 1);
    });
}
