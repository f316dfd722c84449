//! How messages reach a component.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix::Recipient;
use tokio::sync::oneshot;

use super::lane::Envelope;
use super::seat::Seat;
use super::{Component, Receive, Request};
use crate::Error;

/// The address of a component: valid from any thread, across restarts and
/// replacements, until the engine stops. Cheap to clone.
pub struct Address<C: Component> {
    pub(super) seat: Arc<Seat<C>>,
}

impl<C: Component> Address<C> {
    /// Sends `message` and waits for the answer, at most as long as the
    /// component's `ask_timeout` (default 5 s).
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the mailbox is full, the other
    /// delivery errors as they come about, and whatever the component itself
    /// answers.
    pub async fn send<M>(&self, message: M) -> Result<M::Reply, Error>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        self.send_within(message, self.seat.settings.ask_timeout).await
    }

    /// Sends `message` and waits for the answer, at most `limit`.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_within<M>(&self, message: M, limit: Duration) -> Result<M::Reply, Error>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        let (reply, answer) = oneshot::channel();
        let pulse = self.seat.post(Envelope { message, reply: Some(reply) }, Arc::clone)?;
        let answered = async {
            tokio::select! {
                biased;
                answer = answer => answer.unwrap_or_else(|_| Err(self.seat.unanswered())),
                () = pulse.fenced() => Err(self.seat.unanswered()),
            }
        };
        tokio::time::timeout(limit, answered).await.unwrap_or_else(|_| {
            self.seat.vitals.count_timeout();
            Err(Error::Timeout { component: C::NAME, after: limit })
        })
    }

    /// Queues `message` without waiting for an answer. If the component then
    /// refuses it, that is counted as an unheard error.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the mailbox is full, [`Error::Down`] and
    /// [`Error::Stopped`] when nobody is there to handle it.
    pub fn try_send<M>(&self, message: M) -> Result<(), Error>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        self.seat.post(Envelope { message, reply: None }, |_| ())
    }

    /// Returns an actix recipient for one kind of message, for actors of the
    /// user's. It stays valid like the address itself.
    #[must_use]
    pub fn recipient<M>(&self) -> Recipient<M>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        self.seat.front.clone().recipient()
    }

    /// Returns an outlet for one kind of message, which hides the component's
    /// type.
    #[must_use]
    pub fn outlet<M>(&self) -> Outlet<M>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        Outlet { deliver: Arc::new(self.clone()) }
    }
}

impl<C: Component> Clone for Address<C> {
    fn clone(&self) -> Self {
        Self { seat: Arc::clone(&self.seat) }
    }
}

impl<C: Component> fmt::Debug for Address<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").field(&C::NAME).finish()
    }
}

/// An address for one kind of message: how a component reaches another
/// without knowing its type.
pub struct Outlet<M: Request> {
    deliver: Arc<dyn Deliver<M>>,
}

type Answered<R> = Pin<Box<dyn Future<Output = Result<R, Error>> + Send>>;

trait Deliver<M: Request>: Send + Sync {
    fn send(&self, message: M) -> Answered<M::Reply>;
    fn try_send(&self, message: M) -> Result<(), Error>;
}

impl<M: Request> Deliver<M> for Address<M::Owner> {
    fn send(&self, message: M) -> Answered<M::Reply> {
        let address = self.clone();
        Box::pin(async move { Address::send(&address, message).await })
    }

    fn try_send(&self, message: M) -> Result<(), Error> {
        Address::try_send(self, message)
    }
}

impl<M: Request> Outlet<M> {
    /// Sends `message` and waits for the answer; see [`Address::send`].
    ///
    /// # Errors
    /// As [`Address::send`].
    pub async fn send(&self, message: M) -> Result<M::Reply, Error> {
        self.deliver.send(message).await
    }

    /// Queues `message`; see [`Address::try_send`].
    ///
    /// # Errors
    /// As [`Address::try_send`].
    pub fn try_send(&self, message: M) -> Result<(), Error> {
        self.deliver.try_send(message)
    }
}

impl<M: Request> Clone for Outlet<M> {
    fn clone(&self) -> Self {
        Self { deliver: Arc::clone(&self.deliver) }
    }
}

impl<M: Request> fmt::Debug for Outlet<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outlet").field(&M::Owner::NAME).finish()
    }
}
