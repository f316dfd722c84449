//! What a request costs more with a middleware around it.

use actix_http::Request;
use actix_web::body::{MessageBody, to_bytes};
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Uri;
use actix_web::test::init_service;
use actix_web::{App, Error, HttpResponse, web};
use futures_util::future::LocalBoxFuture;
use keepwatch::Monitor;
use keepwatch::web::RequestMetrics;

use crate::rounds::{Contestant, compete, measure};

/// What differs by a tenth asks for many short rounds: the machine's speed
/// changes within a second.
const ROUNDS: usize = 101;
/// The requests of a turn.
const REQUESTS: u32 = 10_000;

/// Asks a service for one of several routes, and reads the answer's body.
type Ask = Box<dyn Fn(usize) -> LocalBoxFuture<'static, ()>>;

fn asking<S, B>(service: S) -> Ask
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    Box::new(move |index| {
        let path = if index % 2 == 0 { "/users/17" } else { "/carts/9/items" };
        let answer = service.call(request(path));
        Box::pin(async move {
            let response = answer.await.expect("a handler that answers");
            assert!(to_bytes(response.into_body()).await.is_ok());
        })
    })
}

/// Makes a request without a body as the server does, GET unless said
/// otherwise.
fn request(path: &'static str) -> Request {
    let mut request = Request::new();
    request.head_mut().uri = Uri::from_static(path);
    request
}

macro_rules! app {
    () => {
        App::new()
            .route("/users/{id}", web::get().to(HttpResponse::Ok))
            .route("/carts/{id}/items", web::get().to(HttpResponse::Ok))
    };
}

pub(super) fn compare() {
    println!("middleware, 1 thread:");
    let monitor = Monitor::builder().start().expect("an engine that starts");
    let ours = RequestMetrics::new(&monitor).expect("valid");
    let prom = actix_web_prom::PrometheusMetricsBuilder::new("theirs").build().expect("valid");
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    // It counts into whatever is installed.
    let _ = metrics::set_global_recorder(recorder);
    let facade = actix_web_metrics::ActixWebMetricsBuilder::new().build();
    let system = actix_rt::System::new();
    let asks: Vec<(&'static str, Ask)> = system.block_on(async {
        vec![
            ("bare", asking(init_service(app!()).await)),
            ("keepwatch", asking(init_service(app!().wrap(ours)).await)),
            ("actix_web_prom", asking(init_service(app!().wrap(prom)).await)),
            ("actix_web_metrics", asking(init_service(app!().wrap(facade)).await)),
        ]
    });
    let mut contestants: Vec<Contestant<'_>> = asks
        .iter()
        .map(|(name, ask)| {
            let system = &system;
            let turn = move || {
                measure(REQUESTS, || {
                    system.block_on(async {
                        for index in 0..REQUESTS as usize {
                            ask(index).await;
                        }
                    });
                })
            };
            Contestant { name, turn: Box::new(turn) }
        })
        .collect();
    compete("instruments middleware", ROUNDS, &mut contestants);
}
