//! What a component is written against.

use super::{Answer, Scope};
use crate::Error;

/// An owner of state that lives in a shell and is reached by messages alone.
///
/// It is built by a factory, possibly many times: what must outlive an
/// incarnation goes into a [`Keep`](super::Keep). It need not be `Send`; it
/// never leaves the thread it was built on.
pub trait Component: Sized + Unpin + 'static {
    /// The component's name, in lower case, as it stands in errors, status
    /// and series.
    const NAME: &'static str;

    /// Begins an incarnation: the place to set timers. Does nothing by
    /// default.
    fn started(&mut self, scope: &mut Scope<Self>) {
        let _ = scope;
    }

    /// Ends the last incarnation in an ordered shutdown, after the queue is
    /// drained. Does nothing by default.
    fn stopping(&mut self, scope: &mut Scope<Self>) {
        let _ = scope;
    }
}

/// A message that one component owns: an ordinary actix message whose result
/// is `Result<Reply, Error>`.
pub trait Request:
    actix::Message<Result = Result<Self::Reply, Error>> + Sized + Send + 'static
{
    /// The component that handles the message.
    type Owner: Component + Receive<Self>;
    /// What it answers.
    type Reply: Send + 'static;
}

/// Handles one kind of message.
pub trait Receive<M: Request>: Component {
    /// Handles `message`: at once, or later through [`Scope::answer`].
    fn receive(&mut self, message: M, scope: &mut Scope<Self>) -> Answer<M::Reply>;
}

/// Declares types as messages: `request! { Select => Selected, owner Registry }`.
#[macro_export]
macro_rules! request {
    ($($message:ty => $reply:ty, owner $owner:ty);+ $(;)?) => {$(
        impl $crate::actix::Message for $message {
            type Result = Result<$reply, $crate::Error>;
        }

        impl $crate::supervisor::Request for $message {
            type Owner = $owner;
            type Reply = $reply;
        }
    )+};
}
