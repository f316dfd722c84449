//! The answer's body, watched until it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

use super::watch::Watch;

pin_project_lite::pin_project! {
    /// A body that measures what is sent of it, and when it ends.
    #[derive(Debug)]
    pub struct Measured<B> {
        #[pin]
        body: B,
        watch: Option<Watch>,
    }
}

impl<B> Measured<B> {
    pub(super) const fn new(body: B, watch: Option<Watch>) -> Self {
        Self { body, watch }
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
                if let Some(watch) = this.watch {
                    watch.send(bytes.len());
                }
            }
            // The server may keep a body for a while after its end.
            Poll::Ready(None) => *this.watch = None,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, mut watch } = self;
        match body.try_into_bytes() {
            Ok(bytes) => {
                if let Some(watch) = &mut watch {
                    watch.send(bytes.len());
                }
                Ok(bytes)
            }
            Err(body) => Err(Self { body, watch }),
        }
    }
}
