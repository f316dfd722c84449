//! A shop: metrics by product, a rule on failing orders, health checks that
//! depend on each other, a subscriber actor of its own, and a shutdown in
//! order.
//!
//! `cargo run --example shop`, then look at <http://127.0.0.1:8080/watch/>,
//! order at `/order/tea`, and see what `/break` and `/mend` do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Context, Handler};
use actix_web::web::{Data, Path, get};
use actix_web::{App, HttpResponse, HttpServer, Responder};
use keepwatch::Monitor;
use keepwatch::aggregate::Method;
use keepwatch::alert::{Rule, Severity};
use keepwatch::health::CheckDefinition;
use keepwatch::instrument::{Counter, Family, Histogram};
use keepwatch::messages::{
    AddCheck, AlertTransition, CheckNow, Collect, EvaluateNow, SubscribeAlerts, Subscriber,
};

/// An actor of the application's that wants to know of alerts.
struct Pager;

impl Actor for Pager {
    type Context = Context<Self>;
}

impl Handler<AlertTransition> for Pager {
    type Result = ();

    fn handle(&mut self, event: AlertTransition, _: &mut Context<Self>) {
        println!("pager: {} is {}: {}", event.alert.rule, event.to, event.alert.description());
    }
}

/// What the handlers share.
#[derive(Clone)]
struct Shop {
    monitor: Monitor,
    database_is_up: Arc<AtomicBool>,
    orders: Family<Counter>,
    duration: Histogram,
}

async fn order(shop: Data<Shop>, product: Path<String>) -> actix_web::Result<impl Responder> {
    // A real shop would take the time around its work.
    shop.duration.observe(0.02);
    let is_up = shop.database_is_up.load(Ordering::Relaxed);
    let outcome = if is_up { "sold" } else { "failed" };
    // Label values come from outside: past the cap they are refused, counted
    // and cost nobody an order.
    if let Ok(counter) = shop.orders.with(&[product.as_str(), outcome]) {
        counter.increment();
    }
    if is_up {
        return Ok(HttpResponse::Ok().body(format!("one {product}, at your door tomorrow\n")));
    }
    // A service leaves these two to their intervals; a demonstration is in a
    // hurry.
    let hurry = async {
        shop.monitor.send(Collect).await?;
        shop.monitor.send(EvaluateNow::default()).await
    };
    hurry.await.map_err(actix_web::error::ErrorServiceUnavailable)?;
    Ok(HttpResponse::ServiceUnavailable().body("the till does not open\n"))
}

async fn check(shop: &Shop, check: &str) -> actix_web::Result<String> {
    let report = shop.monitor.send(CheckNow { check: check.into() }).await;
    let report = report.map_err(actix_web::error::ErrorServiceUnavailable)?;
    Ok(format!("{check} is {}\n", report.status))
}

async fn r#break(shop: Data<Shop>) -> actix_web::Result<String> {
    shop.database_is_up.store(false, Ordering::Relaxed);
    check(&shop, "database").await
}

async fn mend(shop: Data<Shop>) -> actix_web::Result<String> {
    shop.database_is_up.store(true, Ordering::Relaxed);
    let database = check(&shop, "database").await?;
    // What was blocked by it stays so until it was looked at again.
    Ok(database + &check(&shop, "checkout").await?)
}

fn build(database_is_up: &Arc<AtomicBool>) -> anyhow::Result<Monitor> {
    let failing = Rule::on("OrdersFail", "shop_orders_total")
        .label_is("outcome", "failed")
        .when_text("value >= 5")
        .severity(Severity::Critical)
        .description("{{ $value }} orders of {{ $labels.product }} failed in 5 minutes.")
        .build()?;
    let slow = Rule::on("OrdersSlow", "shop_order_duration_seconds")
        .method(Method::Quantile(0.99))
        .when_text("value > 0.5")
        .pending_for(Duration::from_secs(120))
        .build()?;

    let database = Arc::clone(database_is_up);
    let database = AddCheck::new(CheckDefinition::new("database"), move || {
        let is_up = database.load(Ordering::Relaxed);
        async move { if is_up { Ok(()) } else { Err("connection refused") } }
    });
    // Checkout needs the database; recommendations would only be missed.
    let checkout =
        CheckDefinition::new("checkout").requires("database").optional("recommendations");
    let checkout = AddCheck::new(checkout.affects("/order"), || async { true });
    let recommendations = AddCheck::new(CheckDefinition::new("recommendations"), || async { true });

    Ok(Monitor::builder()
        .rule(failing)
        .rule(slow)
        .check(checkout)
        .check(database)
        .check(recommendations)
        .start()?)
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let database_is_up = Arc::new(AtomicBool::new(true));
    let monitor = build(&database_is_up)?;
    let pager = Subscriber::recipient("pager", Pager.start().recipient());
    monitor.send(SubscribeAlerts(pager)).await?;

    let orders = monitor
        .counter("shop_orders_total")
        .help("Orders by product and outcome.")
        .labels(["product", "outcome"])
        .series_max(1_000)
        .register()?;
    let duration = monitor
        .histogram("shop_order_duration_seconds")
        .help("How long an order takes.")
        .unit("seconds")
        .register_one()?;
    // A counter that starts at zero has an increase from its first failure on.
    orders.with(&["tea", "failed"])?;
    monitor.send(Collect).await?;
    for check in ["database", "recommendations", "checkout"] {
        monitor.send(CheckNow { check: check.into() }).await?;
    }

    let shop = Shop { monitor: monitor.clone(), database_is_up, orders, duration };
    let address = std::env::args().nth(1);
    let server = HttpServer::new(move || {
        App::new()
            .service(keepwatch::web::scope("/watch", &shop.monitor))
            .app_data(Data::new(shop.clone()))
            .route("/order/{product}", get().to(order))
            .route("/break", get().to(r#break))
            .route("/mend", get().to(mend))
    })
    .bind(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("the shop is open; look at http://{}/watch/", server.addrs()[0]);
    // Returns when Ctrl-C or SIGTERM came and requests in flight are done.
    server.run().await?;

    let report = monitor.shutdown().await;
    println!("closed after {:.1?}, clean: {}", report.ran, report.is_clean());
    Ok(())
}
