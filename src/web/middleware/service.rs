//! The middleware at work, on the thread of a worker.

use std::cell::Cell;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{Error, HttpMessage};
use futures_util::StreamExt;
use keepwatch_engine::clock::Stopwatch;
use keepwatch_engine::instrument::InFlight;

use super::RequestMetrics;
use super::body::{Ending, Measured, Received};
use super::labels::{self, Status};
use super::table::Table;

/// The service that [`RequestMetrics`] wraps around another.
pub struct RequestMetricsService<S> {
    inner: S,
    table: Rc<Table>,
}

impl<S, B> Transform<S, ServiceRequest> for RequestMetrics
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<Measured<B>>;
    type Error = Error;
    type Transform = RequestMetricsService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        let table = Rc::new(Table::new(Arc::clone(&self.0)));
        ready(Ok(RequestMetricsService { inner, table }))
    }
}

impl<S, B> Service<ServiceRequest> for RequestMetricsService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<Measured<B>>;
    type Error = Error;
    type Future = Answering<S::Future>;

    forward_ready!(inner);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let pending = match self.table.shared.excludes(&request) {
            true => None,
            false => Some(Pending::begin(&self.table, &mut request)),
        };
        Answering { inner: self.inner.call(request), pending }
    }
}

pin_project_lite::pin_project! {
    /// The answer of a service, on its way.
    pub struct Answering<F> {
        #[pin]
        inner: F,
        pending: Option<Pending>,
    }
}

impl<F, B> Future for Answering<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<Measured<B>>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.inner.poll(context));
        let pending = this.pending.take();
        Poll::Ready(match answer {
            Ok(response) => {
                let ending = pending.and_then(|pending| pending.answered(response.status()));
                Ok(response.map_body(|_, body| Measured::new(body, ending)))
            }
            Err(error) => {
                // Whoever is outside writes the body.
                let status = error.as_response_error().status_code();
                drop(pending.and_then(|pending| pending.answered(status)));
                Err(error)
            }
        })
    }
}

/// A request that has no answer yet.
struct Pending {
    table: Rc<Table>,
    since: Stopwatch,
    method: u8,
    pattern: Option<String>,
    received: Option<Received>,
    in_flight: Option<InFlight>,
    is_answered: bool,
}

impl Pending {
    fn begin(table: &Rc<Table>, request: &mut ServiceRequest) -> Self {
        let method = labels::method(request.method());
        Self {
            since: Stopwatch::start(),
            method,
            // Before the inner service has it: an error has no request.
            pattern: request.match_pattern(),
            received: Some(received(request)),
            in_flight: table.in_flight(method).map(|gauge| gauge.in_flight()),
            is_answered: false,
            table: Rc::clone(table),
        }
    }

    fn answered(mut self, status: StatusCode) -> Option<Ending> {
        self.is_answered = true;
        let status = Status::of(status, self.table.shared.codes);
        self.end(status)
    }

    fn end(&mut self, status: Status) -> Option<Ending> {
        let handles = self.table.find(self.method, self.pattern.as_deref(), status)?;
        let exemplar = self.table.shared.exemplars.as_ref().and_then(|source| {
            let so_far = self.since.elapsed().as_secs_f64();
            handles.durations.wants_exemplar(so_far).then(|| source()).flatten()
        });
        Some(Ending {
            handles,
            since: self.since,
            in_flight: self.in_flight.take(),
            received: self.received.take().unwrap_or(Received::Announced(0)),
            exemplar,
            sent: 0,
        })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_answered {
            drop(self.end(Status::ABORTED));
        }
    }
}

/// Returns the size of a request's body: what is announced, or else what will
/// be read of it.
fn received(request: &mut ServiceRequest) -> Received {
    let announced = request.headers().get(CONTENT_LENGTH);
    if let Some(bytes) = announced.and_then(|value| value.to_str().ok()?.parse().ok()) {
        return Received::Announced(bytes);
    }
    match request.take_payload() {
        Payload::None => Received::Announced(0),
        payload => {
            let read = Rc::new(Cell::new(0));
            let count = Rc::clone(&read);
            let counted = payload.inspect(move |piece| {
                if let Ok(bytes) = piece {
                    count.set(count.get() + bytes.len() as u64);
                }
            });
            request.set_payload(Payload::Stream { payload: Box::pin(counted) });
            Received::Read(read)
        }
    }
}
