//! What is carried.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An event as subscribers get it: an actix message without an answer, cheap
/// to clone, that dereferences to the event of the engine.
///
/// An actor subscribes as `Recipient<Event<HealthTransition>>`.
pub struct Event<T>(Arc<T>);

impl<T> Event<T> {
    /// Wraps an event.
    pub fn new(event: T) -> Self {
        Self(Arc::new(event))
    }
}

impl<T> Deref for Event<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> actix::Message for Event<T> {
    type Result = ();
}

impl<T> Clone for Event<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Event<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
