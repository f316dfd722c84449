//! Who receives events.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::{MailboxError, Message, Recipient};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::supervisor::Workshop;

/// Something that is delivered to subscribers: an actix message without a
/// reply. Every such message that can be cloned is one.
pub trait Event: Message<Result = ()> + Clone + Send + Sync + 'static {}

impl<E: Message<Result = ()> + Clone + Send + Sync + 'static> Event for E {}

/// What a callback may return: nothing, or a `Result` whose error counts as a
/// failed delivery.
pub trait Receipt: Send + 'static {
    /// Returns the value as a result with its error as text.
    ///
    /// # Errors
    /// What the callback returned as an error.
    fn into_result(self) -> Result<(), String>;
}

impl Receipt for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: fmt::Display + Send + 'static> Receipt for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// Who receives events of one kind, and within which bounds.
pub struct Subscriber<E: Event> {
    pub(super) name: Arc<str>,
    pub(super) queue_bound: usize,
    limit: Duration,
    call: Call<E>,
    /// The right to run the callback. One that overstays its limit holds on to
    /// it, so that it never runs twice at once and never takes two threads.
    turn: Arc<Semaphore>,
}

enum Call<E: Event> {
    Recipient(Recipient<E>),
    Blocking(Arc<dyn Fn(E) -> Result<(), String> + Send + Sync>),
    Async(Arc<dyn Fn(E) -> BoxFuture<'static, Result<(), String>> + Send + Sync>),
}

/// How a delivery ended.
pub(super) enum Delivery {
    Made,
    TimedOut(Duration),
    Failed(String),
    /// The actor has stopped for good.
    Gone,
}

impl<E: Event> Subscriber<E> {
    /// Tells an actor. An event counts as delivered once the actor has handled
    /// it; when the actor stops, the subscription ends.
    pub fn recipient(name: impl Into<Arc<str>>, recipient: Recipient<E>) -> Self {
        Self::new(name.into(), Call::Recipient(recipient))
    }

    /// Calls a closure, which may block.
    pub fn closure<R: Receipt>(
        name: impl Into<Arc<str>>,
        react: impl Fn(E) -> R + Send + Sync + 'static,
    ) -> Self {
        let call = move |event| react(event).into_result();
        Self::new(name.into(), Call::Blocking(Arc::new(call)))
    }

    /// Calls an async closure.
    pub fn async_closure<F>(
        name: impl Into<Arc<str>>,
        react: impl Fn(E) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future + Send + 'static,
        F::Output: Receipt,
    {
        let call = move |event| react(event).map(Receipt::into_result).boxed();
        Self::new(name.into(), Call::Async(Arc::new(call)))
    }

    /// Sets how long one delivery may take; 10 s by default.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets how many events may wait; 1,000 by default, at least 1. What comes
    /// after is dropped and counted.
    #[must_use]
    pub fn queue_bound(mut self, events: usize) -> Self {
        self.queue_bound = events.max(1);
        self
    }

    fn new(name: Arc<str>, call: Call<E>) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { name, queue_bound: 1_000, limit: Duration::from_secs(10), call, turn }
    }

    /// Hands one event over.
    pub(super) async fn deliver(&self, event: E, workshop: &Workshop) -> Delivery {
        let Ok(turn) = Arc::clone(&self.turn).acquire_owned().await else {
            return Delivery::Gone;
        };
        let worked = match &self.call {
            Call::Recipient(recipient) => {
                return match tokio::time::timeout(self.limit, recipient.send(event)).await {
                    Ok(Ok(())) => Delivery::Made,
                    Ok(Err(MailboxError::Closed)) if !recipient.connected() => Delivery::Gone,
                    Ok(Err(error)) => Delivery::Failed(error.to_string()),
                    Err(_) => Delivery::TimedOut(self.limit),
                };
            }
            Call::Blocking(react) => {
                let react = Arc::clone(react);
                let job = move || {
                    let _turn = turn;
                    react(event)
                };
                workshop.blocking(self.limit, job).await
            }
            Call::Async(react) => {
                let react = Arc::clone(react);
                // Called inside the job: a closure may panic, or block, before
                // it returns its future.
                let job = async move {
                    let _turn = turn;
                    react(event).await
                };
                workshop.run(self.limit, job).await
            }
        };
        match worked {
            Ok(Ok(())) => Delivery::Made,
            Ok(Err(error)) => Delivery::Failed(error),
            Err(crate::supervisor::WorkError::TimedOut(limit)) => Delivery::TimedOut(limit),
            Err(error) => Delivery::Failed(error.to_string()),
        }
    }
}

impl<E: Event> fmt::Debug for Subscriber<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscriber").field(&self.name).finish()
    }
}
