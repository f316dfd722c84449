//! Who is told, and how.

use std::fmt::{self, Display};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix::{MailboxError, Recipient};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::Event;
use crate::supervisor::Workshop;

/// How long a delivery may take unless the subscriber says otherwise.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// How many events may wait unless the subscriber says otherwise.
const QUEUE_MAX_DEFAULT: usize = 1_024;

/// What a callback may return: nothing, or a `Result` whose error is counted
/// and logged.
pub trait Receipt: Send + 'static {
    /// Turns the return value into a result with the error as text.
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

impl<E: Display + Send + 'static> Receipt for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| format!("{error:#}"))
    }
}

/// A subscriber: an actor's recipient, an async callback or a blocking one.
pub struct Subscriber<T: Send + Sync + 'static> {
    pub(super) name: Arc<str>,
    call: Call<T>,
    timeout: Duration,
    pub(super) queue_max: usize,
    /// The right to run the callback. One that overstays its time limit holds
    /// it on, across restarts of the component, so that it never runs twice
    /// at once.
    turn: Arc<Semaphore>,
}

enum Call<T: Send + Sync + 'static> {
    Recipient(Recipient<Event<T>>),
    Future(Arc<dyn Fn(Event<T>) -> Receiving + Send + Sync>),
    Blocking(Arc<dyn Fn(Event<T>) -> Result<(), String> + Send + Sync>),
}

/// An async callback at work.
type Receiving = BoxFuture<'static, Result<(), String>>;

/// How a delivery ended.
pub(super) enum Delivery {
    Made,
    Failed(String),
    /// The actor stopped for good.
    Gone,
}

impl<T: Send + Sync + 'static> Subscriber<T> {
    /// Tells an actor. When it stops, the subscription ends.
    pub fn recipient(name: impl Into<Arc<str>>, recipient: Recipient<Event<T>>) -> Self {
        Self::new(name.into(), Call::Recipient(recipient))
    }

    /// Calls an async closure.
    pub fn callback<F, R>(
        name: impl Into<Arc<str>>,
        callback: impl Fn(Event<T>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: Receipt,
    {
        let call = move |event| callback(event).map(Receipt::into_result).boxed();
        Self::new(name.into(), Call::Future(Arc::new(call)))
    }

    /// Calls a closure that may block its thread.
    pub fn blocking<R: Receipt>(
        name: impl Into<Arc<str>>,
        callback: impl Fn(Event<T>) -> R + Send + Sync + 'static,
    ) -> Self {
        let call = move |event| callback(event).into_result();
        Self::new(name.into(), Call::Blocking(Arc::new(call)))
    }

    /// Sets how long a delivery may take; 10 s by default.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Sets how many events may wait before the oldest gives way; 1,024 by
    /// default, at least 1.
    #[must_use]
    pub fn queue_max(mut self, events: usize) -> Self {
        self.queue_max = events.max(1);
        self
    }

    /// Delivers one event. A callback that overstayed is waited for first.
    pub(super) fn deliver(
        &self,
        event: Event<T>,
        workshop: Workshop,
    ) -> impl Future<Output = Delivery> + 'static {
        let (call, limit, turn) = (self.call.clone(), self.timeout, Arc::clone(&self.turn));
        async move {
            let Ok(turn) = turn.acquire_owned().await else { return Delivery::Gone };
            let worked = match call {
                Call::Recipient(recipient) => {
                    return match tokio::time::timeout(limit, recipient.send(event)).await {
                        Ok(Ok(())) => Delivery::Made,
                        Ok(Err(MailboxError::Closed)) if !recipient.connected() => Delivery::Gone,
                        Ok(Err(error)) => Delivery::Failed(error.to_string()),
                        Err(_) => Delivery::Failed(format!("timed out after {limit:?}")),
                    };
                }
                Call::Future(callback) => {
                    let job = async move {
                        let _turn = turn;
                        callback(event).await
                    };
                    workshop.run(limit, job).await
                }
                Call::Blocking(callback) => {
                    let job = move || {
                        let _turn = turn;
                        callback(event)
                    };
                    workshop.blocking(limit, job).await
                }
            };
            match worked {
                Ok(Ok(())) => Delivery::Made,
                Ok(Err(error)) => Delivery::Failed(error),
                Err(error) => Delivery::Failed(error.to_string()),
            }
        }
    }

    fn new(name: Arc<str>, call: Call<T>) -> Self {
        let turn = Arc::new(Semaphore::new(1));
        Self { name, call, timeout: TIMEOUT_DEFAULT, queue_max: QUEUE_MAX_DEFAULT, turn }
    }
}

impl<T: Send + Sync + 'static> Clone for Subscriber<T> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            call: self.call.clone(),
            timeout: self.timeout,
            queue_max: self.queue_max,
            turn: Arc::clone(&self.turn),
        }
    }
}

impl<T: Send + Sync + 'static> Clone for Call<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Recipient(recipient) => Self::Recipient(recipient.clone()),
            Self::Future(call) => Self::Future(Arc::clone(call)),
            Self::Blocking(call) => Self::Blocking(Arc::clone(call)),
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscriber").field(&self.name).finish()
    }
}
