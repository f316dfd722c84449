//! A component's answer to a message.

use tokio::sync::oneshot;

use crate::Error;

/// The sending half of an ask; dropping it tells the asker that the component
/// failed.
pub(super) type ReplyTo<R> = oneshot::Sender<Result<R, Error>>;

/// Sends an answer that was [held](Answer::held).
pub type Release = Box<dyn FnOnce() + Send>;

/// What a component answers: a result now, or one that comes later.
///
/// `Result<R, E>` turns into an answer for every `E` that turns into
/// [`Error`]; later ones come from [`Scope::answer`](super::Scope::answer).
#[must_use = "an answer that is dropped tells the asker that the component failed"]
pub struct Answer<R>(pub(super) Kind<R>);

pub(super) enum Kind<R> {
    Now(Result<R, Error>),
    /// Takes the asker's channel, if somebody asked, and sends to it later.
    Later(Box<dyn FnOnce(Option<ReplyTo<R>>)>),
}

impl<R> Answer<R> {
    /// Answers at once.
    pub fn ok(reply: R) -> Self {
        Self(Kind::Now(Ok(reply)))
    }

    /// Answers `reply` when somebody lets it go: `hold` gets what sends the
    /// answer, from whatever thread, or nothing if nobody asked.
    pub fn held(reply: R, hold: impl FnOnce(Option<Release>) + 'static) -> Self
    where
        R: Send + 'static,
    {
        Self(Kind::Later(Box::new(move |asker: Option<ReplyTo<R>>| {
            hold(asker.map(|asker| -> Release {
                // The asker may have given up.
                Box::new(move || drop(asker.send(Ok(reply))))
            }));
        })))
    }
}

impl<R, E: Into<Error>> From<Result<R, E>> for Answer<R> {
    fn from(result: Result<R, E>) -> Self {
        Self(Kind::Now(result.map_err(Into::into)))
    }
}
