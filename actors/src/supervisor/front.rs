//! The actix face of an address.
//!
//! An actix `Recipient` is bound to one mailbox, and the mailbox of a hung
//! component is given up. So recipients point at a front: a relay on the
//! supervisor's arbiter, where no component code ever runs, that sends
//! through the seat.

use std::sync::Weak;

use actix::{Actor, Context, Handler, ResponseFuture};

use super::seat::Seat;
use super::{Address, Component, Receive, Request};
use crate::Error;

/// Relays actix messages to a component's current mailbox.
pub(super) struct Front<C: Component> {
    /// Weak, because the seat owns the front's address.
    pub(super) seat: Weak<Seat<C>>,
}

impl<C: Component> Actor for Front<C> {
    type Context = Context<Self>;
}

impl<C, M> Handler<M> for Front<C>
where
    C: Component + Receive<M>,
    M: Request<Owner = C>,
{
    type Result = ResponseFuture<Result<M::Reply, Error>>;

    fn handle(&mut self, message: M, _: &mut Context<Self>) -> Self::Result {
        let seat = self.seat.upgrade();
        Box::pin(async move {
            let seat = seat.ok_or(Error::Stopped { component: C::NAME })?;
            Address { seat }.send(message).await
        })
    }
}
