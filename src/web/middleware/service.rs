//! The middleware at work, on the thread of a worker.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};

use super::RequestMetrics;
use super::body::Measured;
use super::table::Table;
use super::watch::Watch;

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
        let is_watched = !self.table.shared.excludes(&request);
        let watch = is_watched.then(|| Watch::begin(&self.table, &mut request));
        Answering { inner: self.inner.call(request), watch }
    }
}

pin_project_lite::pin_project! {
    /// The answer of a service, on its way.
    pub struct Answering<F> {
        #[pin]
        inner: F,
        watch: Option<Watch>,
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
        let answered = this.inner.poll(context);
        let mut watch = None;
        if let Poll::Ready(answer) = &answered {
            watch = this.watch.take();
            watch.iter_mut().for_each(|watch| watch.answer(answer));
        }
        answered.map_ok(|response| response.map_body(|_, body| Measured::new(body, watch)))
    }
}
