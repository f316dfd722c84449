//! The same actor as a component behind a supervised address.

use std::sync::Arc;

use keepwatch_actors::request;
use keepwatch_actors::supervisor::{
    Address, Answer, Component, Placement, Receive, Scope, Settings, Supervisor, Workshop,
};
use keepwatch_engine::clock::SystemClock;

pub(super) struct Sum(u64);

impl Component for Sum {
    const NAME: &'static str = "sum";
}

struct Add(u64);

request! { Add => u64, owner Sum }

impl Receive<Add> for Sum {
    fn receive(&mut self, Add(amount): Add, _: &mut Scope<Self>) -> Answer<u64> {
        self.0 += amount;
        Answer::ok(self.0)
    }
}

pub(super) async fn start() -> Address<Sum> {
    let clock = Arc::new(SystemClock::new());
    let mut supervisor = Supervisor::new(clock, Workshop::here(), Placement::OwnArbiters);
    let address = supervisor.seat(Settings::default(), || Sum(0));
    supervisor.open();
    address
}

pub(super) async fn asks(address: &Address<Sum>, count: u32) {
    for _ in 0..count {
        address.send(Add(1)).await.expect("the component lives");
    }
}

pub(super) async fn tells(address: &Address<Sum>, count: u32) {
    for _ in 1..count {
        address.try_send(Add(1)).expect("the mailbox has room");
    }
    asks(address, 1).await;
}
