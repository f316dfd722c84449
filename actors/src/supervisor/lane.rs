//! A mailbox, and what is put into it.

use std::sync::Arc;

use actix::{Addr, Message};
use tokio::sync::oneshot;

use super::answer::ReplyTo;
use super::shell::Shell;
use super::vitals::Pulse;
use super::{Component, Request};

/// One mailbox and its signs of life. A seat has one at a time; the warden
/// gives it another when the component behind it hangs.
pub(super) struct Lane<C: Component> {
    pub(super) addr: Addr<Shell<C>>,
    pub(super) pulse: Arc<Pulse>,
}

/// A message on its way, with the asker's channel if somebody waits.
pub(super) struct Envelope<M: Request> {
    pub(super) message: M,
    pub(super) reply: Option<ReplyTo<M::Reply>>,
}

impl<M: Request> Message for Envelope<M> {
    type Result = ();
}

/// The last message of a mailbox: handle what is queued, finish what is
/// promised, stop, and say so.
pub(super) struct Drain {
    pub(super) done: oneshot::Sender<()>,
}

impl Message for Drain {
    type Result = ();
}
