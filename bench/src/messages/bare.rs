//! A bare actix actor on an arbiter of its own.

use actix::{Actor, Addr, Context, Handler, Message};
use actix_rt::Arbiter;

pub(super) struct Sum(u64);

impl Actor for Sum {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "u64")]
struct Add(u64);

impl Handler<Add> for Sum {
    type Result = u64;

    fn handle(&mut self, Add(amount): Add, _: &mut Context<Self>) -> u64 {
        self.0 += amount;
        self.0
    }
}

pub(super) async fn start() -> Addr<Sum> {
    Sum::start_in_arbiter(&Arbiter::new().handle(), |_| Sum(0))
}

pub(super) async fn asks(addr: &Addr<Sum>, count: u32) {
    for _ in 0..count {
        addr.send(Add(1)).await.expect("the actor lives");
    }
}

pub(super) async fn tells(addr: &Addr<Sum>, count: u32) {
    for _ in 1..count {
        addr.do_send(Add(1));
    }
    asks(addr, 1).await;
}
