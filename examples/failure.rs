//! What a failure looks like: a component panics under load, is rebuilt, and
//! nothing that was acknowledged is lost.
//!
//! `cargo run --example failure`

use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::components::Registry;
use keepwatch::messages::{RecordBatch, Values};
use keepwatch::supervisor::{Answer, Receive, Scope};
use keepwatch::{model, request};

/// A message whose handler has a bug.
#[derive(Debug)]
struct Explode;

request! { Explode => (), owner Registry }

impl Receive<Explode> for Registry {
    fn receive(&mut self, _: Explode, _: &mut Scope<Self>) -> Answer<()> {
        panic!("a bug in the registry");
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let monitor = Monitor::builder().start()?;
    monitor.gauge("load").help("Made up.").register()?;

    let start = monitor.clock().now();
    let mut acknowledged = 0;
    for round in 0..5 {
        // A sample each millisecond, in batches of a second.
        let second = start + Duration::from_secs(round);
        let records = (0..1_000_u32).map(|n| {
            let at = second + Duration::from_millis(n.into());
            model::Record::set_at("load", f64::from(n), at)
        });
        acknowledged += monitor.send(RecordBatch(records.collect())).await?.accepted;
        if round == 2 {
            let answer = monitor.send(Explode).await;
            println!("the asker is told: {}", answer.expect_err("the handler panics"));
        }
    }

    for status in monitor.status().await.iter().filter(|status| status.component == "registry") {
        println!(
            "registry is {} after {} restart, having handled {} messages; last fault: {}",
            status.state,
            status.restarts,
            status.handled,
            status.last_fault.as_deref().unwrap_or("none"),
        );
    }

    let end = start + Duration::from_secs(5);
    let values = Values { metric: "load".into(), matchers: Vec::new(), start, end };
    let found: usize = monitor.send(values).await?.iter().map(|series| series.samples.len()).sum();
    println!("{found} of {acknowledged} acknowledged samples are there");
    println!("clean: {}", monitor.shutdown().await.is_clean());
    Ok(())
}
