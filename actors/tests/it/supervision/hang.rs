//! A component that blocks its thread is replaced, and its askers released.
//!
//! These run on the machine's time: a blocked thread is what they are about.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::Addr;
use keepwatch_actors::Error;
use keepwatch_actors::supervisor::testing::{supervisor_on_threads, threaded};
use keepwatch_actors::supervisor::{
    Address, ComponentState, Settings, Shutdown, Status, Supervisor,
};

use super::probe::{Add, Block, Panic, Place, Probe, Strings};

/// Opens a probe that counts as hung after 200 ms.
fn open() -> (Strings, Address<Probe>, Addr<Supervisor>) {
    let strings = Strings::new();
    let mut supervisor = supervisor_on_threads();
    let settings = Settings { hung_after: Duration::from_millis(200), ..Settings::default() };
    let address = strings.seat(&mut supervisor, settings);
    (strings, address, supervisor.open())
}

#[test]
fn a_rebuild_that_hangs_after_a_rest_is_replaced_as_well() {
    threaded(async {
        let (strings, address, supervisor) = open();
        for failure in 0..6 {
            if failure == 5 {
                strings.factory_blocks_ms.store(4_000, Ordering::SeqCst);
            }
            assert!(address.send(Panic(Place::Handler)).await.is_err());
        }
        let faulted = Err(Error::Faulted { component: "probe" });
        assert_eq!(address.send(Add(1)).await, faulted, "queued behind the rebuild that hangs");
        assert_eq!(address.send(Add(1)).await, Ok(1));
        let status = supervisor.send(Status).await.unwrap().remove(0);
        assert_eq!((status.state, status.replacements), (ComponentState::Running, 1));
    });
}

#[test]
fn a_hung_component_is_replaced_and_its_address_stays() {
    threaded(async {
        let (_strings, address, supervisor) = open();
        assert_eq!(address.send(Add(41)).await, Ok(41));

        let faulted = Err(Error::Faulted { component: "probe" });
        let stuck = address.send(Block(Duration::from_secs(4)));
        let queued = address.send(Add(1_000));
        let (stuck, queued) = tokio::join!(stuck, queued);
        assert_eq!(stuck.map(|()| 0), faulted, "the asker is released, not left to its timeout");
        assert_eq!(queued, faulted);

        assert_eq!(address.send(Add(1)).await, Ok(42), "the kept total, at the same address");
        let status = supervisor.send(Status).await.unwrap().remove(0);
        assert_eq!(status.state, ComponentState::Running);
        assert_eq!((status.replacements, status.restarts, status.dead_letters), (1, 1, 1));

        let report = supervisor.send(Shutdown { deadline: Duration::from_secs(5) }).await.unwrap();
        assert!(report.is_clean(), "{report:?}");
    });
}
