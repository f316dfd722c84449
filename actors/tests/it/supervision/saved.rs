//! Changes that are acknowledged when they are on the disk.

use std::time::Duration;

use futures_util::FutureExt as _;
use keepwatch_actors::Error;
use keepwatch_actors::request;
use keepwatch_actors::supervisor::testing::{pass, paused, supervisor};
use keepwatch_actors::supervisor::{
    Address, Answer, Component, Keep, Receive, SaveBell, Scope, Settings, Shutdown,
};

/// Sets the holder's number; the answer is the one before.
struct Set(u32);
/// Panics.
struct Poison;

request! {
    Set => u32, owner Holder;
    Poison => (), owner Holder;
}

struct Holder {
    keep: Keep<u32>,
    number: u32,
}

impl Component for Holder {
    const NAME: &'static str = "holder";

    fn started(&mut self, scope: &mut Scope<Self>) {
        self.number = *scope.resume(&self.keep);
    }
}

impl Receive<Set> for Holder {
    fn receive(&mut self, Set(number): Set, scope: &mut Scope<Self>) -> Answer<u32> {
        let before = std::mem::replace(&mut self.number, number);
        scope.keep_and_answer(&self.keep, number, before)
    }
}

impl Receive<Poison> for Holder {
    fn receive(&mut self, _: Poison, _: &mut Scope<Self>) -> Answer<()> {
        panic!("poison")
    }
}

const MOMENT: Duration = Duration::from_millis(10);

fn seat(
    supervisor: &mut keepwatch_actors::supervisor::Supervisor,
    keep: &Keep<u32>,
) -> Address<Holder> {
    let keep = keep.clone();
    supervisor.seat(Settings::default(), move || Holder { keep: keep.clone(), number: 0 })
}

#[test]
fn an_answer_waits_for_the_disk_and_no_longer() {
    paused(async {
        let bell = SaveBell::default();
        let keep = Keep::saved_by(&bell, 7);
        let mut supervisor = supervisor();
        let holder = seat(&mut supervisor, &keep);
        supervisor.open();
        let asked = holder.clone();
        let mut answer = actix_rt::spawn(async move { asked.send(Set(8)).await });
        bell.rung().await;
        pass(MOMENT).await;
        assert!((&mut answer).now_or_never().is_none(), "it is not on the disk");
        let (version, value) = keep.latest();
        assert_eq!(*value, 8);
        keep.settle(version);
        assert_eq!(answer.await.unwrap(), Ok(7));
    });
}

#[test]
fn who_waits_while_the_component_fails_is_told_and_the_change_is_kept() {
    paused(async {
        let bell = SaveBell::default();
        let keep = Keep::saved_by(&bell, 7);
        let mut supervisor = supervisor();
        let holder = seat(&mut supervisor, &keep);
        supervisor.open();
        let asked = holder.clone();
        let answer = actix_rt::spawn(async move { asked.send(Set(8)).await });
        bell.rung().await;
        let fault = Error::Faulted { component: Holder::NAME };
        assert_eq!(holder.send(Poison).await, Err(fault.clone()));
        assert_eq!(answer.await.unwrap(), Err(fault), "not acknowledged");
        keep.settle(u64::MAX);
        assert_eq!(holder.send(Set(9)).await, Ok(8), "the next incarnation has it");
    });
}

#[test]
fn an_orderly_stop_waits_for_the_disk() {
    paused(async {
        let bell = SaveBell::default();
        let keep = Keep::saved_by(&bell, 7);
        let mut supervisor = supervisor();
        let holder = seat(&mut supervisor, &keep);
        let supervisor = supervisor.open();
        let answer = actix_rt::spawn(async move { holder.send(Set(8)).await });
        bell.rung().await;
        let deadline = Duration::from_secs(5);
        let stopping = actix_rt::spawn(supervisor.send(Shutdown { deadline }));
        pass(MOMENT).await;
        assert!(!stopping.is_finished());
        keep.settle(keep.latest().0);
        assert!(stopping.await.unwrap().unwrap().is_clean());
        assert_eq!(answer.await.unwrap(), Ok(7));
    });
}

#[test]
fn without_a_disk_the_answer_comes_at_once() {
    paused(async {
        let mut supervisor = supervisor();
        let holder = seat(&mut supervisor, &Keep::new(7));
        supervisor.open();
        assert_eq!(holder.send(Set(8)).await, Ok(7));
    });
}
