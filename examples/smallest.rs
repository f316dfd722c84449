//! The smallest program: a service that counts, alerts and tells its health.
//!
//! `cargo run --example smallest`, then look at <http://127.0.0.1:8080/watch/>.

use actix_web::{App, HttpServer, web};
use keepwatch::{Monitor, alert::Rule};

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let rule = Rule::on("ManyGreetings", "greetings_total").when_text("value > 100").build()?;
    let monitor = Monitor::builder().rule(rule).start()?;
    let greetings = monitor.counter("greetings_total").help("Greetings.").register_one()?;

    let (shared, address) = (monitor.clone(), std::env::args().nth(1));
    let server = HttpServer::new(move || {
        let greetings = greetings.clone();
        let greet = move || {
            greetings.increment();
            async { "hello" }
        };
        App::new()
            .service(keepwatch::web::scope("/watch", &shared))
            .route("/", web::get().to(greet))
    })
    .bind(address.as_deref().unwrap_or("127.0.0.1:8080"))?;
    println!("http://{}/watch/", server.addrs()[0]);
    server.run().await?;
    println!("clean: {}", monitor.shutdown().await.is_clean());
    Ok(())
}
