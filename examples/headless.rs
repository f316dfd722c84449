//! Without HTTP: a batch job that measures itself, alerts and reports.
//!
//! `cargo run --example headless`

use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::alert::{Rule, Severity};
use keepwatch::messages::{AlertTransition, Collect, EvaluateNow, SubscribeAlerts, Subscriber};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rule = Rule::on("ManyRejected", "rows_rejected_total")
        .when_text("value > 20")
        .severity(Severity::Error)
        .description("{{ $value }} rows were rejected in 5 minutes.")
        .build()?;
    let monitor = Monitor::builder().rule(rule).start()?;

    // A closure is a subscriber. It has a thread and a time limit of its own.
    let tell = Subscriber::closure("console", |event: AlertTransition| {
        println!("alert {} is {}: {}", event.alert.rule, event.to, event.alert.description());
    });
    monitor.send(SubscribeAlerts(tell)).await?;

    // Handles count on any thread, without a message.
    let read = monitor.counter("rows_read_total").help("Rows read.").register_one()?;
    let rejected = monitor.counter("rows_rejected_total").help("Rows refused.").register_one()?;
    let size = monitor
        .histogram("row_size_bytes")
        .help("Size of a row.")
        .unit("bytes")
        .bounds([64.0, 256.0, 1024.0])
        .register_one()?;

    // The first collection is what the increase of a counter counts from.
    monitor.send(Collect).await?;
    for row in 0..1_000_u32 {
        read.increment();
        size.observe(f64::from(40 + row % 500));
        if row % 32 == 0 {
            rejected.increment();
        }
    }

    // A service leaves both to the intervals; this job ends before they come.
    monitor.send(Collect).await?;
    monitor.send(EvaluateNow::default()).await?;

    println!("{}", monitor.summary(Duration::from_secs(300)).await);
    let report = monitor.shutdown().await;
    println!("stopped after {:.1?}, clean: {}", report.ran, report.is_clean());
    Ok(())
}
