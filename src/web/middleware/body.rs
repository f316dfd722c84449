//! The answer's body, watched until it ends.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use keepwatch_engine::clock::Stopwatch;
use keepwatch_engine::instrument::{Exemplar, InFlight};

use super::table::Handles;

pin_project_lite::pin_project! {
    /// A body that measures what is sent of it, and when it ends.
    #[derive(Debug)]
    pub struct Measured<B> {
        #[pin]
        body: B,
        ending: Option<Ending>,
    }
}

/// A request that has its answer's head, and is measured when this is dropped:
/// when the body has been sent, or nobody wants it any more.
pub(super) struct Ending {
    pub(super) handles: Rc<Handles>,
    pub(super) since: Stopwatch,
    pub(super) in_flight: Option<InFlight>,
    pub(super) received: Received,
    pub(super) exemplar: Option<Exemplar>,
    /// The bytes of the body that were sent.
    pub(super) sent: u64,
}

/// The size of a request's body.
pub(super) enum Received {
    /// As it was announced.
    Announced(u64),
    /// As it is read.
    Read(Rc<Cell<u64>>),
}

impl Received {
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Announced(bytes) => *bytes,
            Self::Read(bytes) => bytes.get(),
        }
    }
}

impl Drop for Ending {
    #[expect(clippy::cast_precision_loss, reason = "measurements are floats; exact up to 2^53")]
    fn drop(&mut self) {
        let handles = &self.handles;
        handles.requests.increment();
        handles.request_sizes.observe(self.received.bytes() as f64);
        handles.response_sizes.observe(self.sent as f64);
        let seconds = self.since.elapsed().as_secs_f64();
        match self.exemplar.take() {
            Some(exemplar) => handles.durations.observe_with(seconds, || Some(exemplar)),
            None => handles.durations.observe(seconds),
        }
        drop(self.in_flight.take());
    }
}

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes sent", self.sent)
    }
}

impl<B> Measured<B> {
    pub(super) const fn new(body: B, ending: Option<Ending>) -> Self {
        Self { body, ending }
    }
}

impl<B: MessageBody> MessageBody for Measured<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        let polled = this.body.poll_next(context);
        match &polled {
            Poll::Ready(Some(Ok(bytes))) => {
                if let Some(ending) = this.ending {
                    ending.sent += bytes.len() as u64;
                }
            }
            // The server may keep a body for a while after its end.
            Poll::Ready(None) => *this.ending = None,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, mut ending } = self;
        match body.try_into_bytes() {
            Ok(bytes) => {
                if let Some(ending) = &mut ending {
                    ending.sent += bytes.len() as u64;
                }
                Ok(bytes)
            }
            Err(body) => Err(Self { body, ending }),
        }
    }
}
