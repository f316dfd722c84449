//! keepwatch as a server with the dataset.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer};
use keepwatch::collect::{HostCollector, ProcessCollector};
use keepwatch::messages::{AppendBatch, RegisterMetric, RegisterMode, Resolve, StorageStatistics};
use keepwatch::model::{MetricDefinition, MetricKind, Timestamp};
use keepwatch::monitor::StorageOptions;
use keepwatch::registry::Limits;
use keepwatch::retention::Policy;
use keepwatch::storage::SeriesRef;
use keepwatch::{Monitor, web};

use super::super::data::{Data, Series};

/// Longer than the data is old.
const KEPT: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);
/// Between looks at what can be sealed; the engine's default is a minute.
const UPKEEP: Duration = Duration::from_secs(10);
/// Between looks at what is sealed.
const LOOK: Duration = Duration::from_millis(100);
/// Ticks on their way to the store at once.
const TICKS: usize = 8;

/// Fills an engine through its messages and serves it at `address`, as
/// `keepwatch serve` does, until the process is ended. With a data folder,
/// everything is sealed first.
///
/// # Errors
/// Whatever fails.
pub(in super::super) fn serve(address: &str, folder: Option<&str>) -> Result<(), String> {
    actix_rt::System::new().block_on(run(address, folder)).map_err(|error| error.to_string())
}

async fn run(address: &str, folder: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::builder().samples(KEPT).idle_after(KEPT).build()?;
    let limits = Limits { series_per_metric: 100_000, age_max: KEPT, ..Limits::default() };
    let mut builder = Monitor::builder()
        .limits(limits)
        .retention(policy)
        .collector(HostCollector::new)
        .collector(ProcessCollector::new);
    if let Some(folder) = folder {
        let mut storage = StorageOptions::default();
        storage.upkeep_interval = UPKEEP;
        builder = builder.data_dir(folder).storage(storage);
    }
    let monitor = builder.start()?;
    let data = Data { tenths: 10 };
    fill(&monitor, &data).await?;
    if folder.is_some() {
        until_sealed(&monitor, &data).await?;
    }
    let served = monitor.clone();
    // Not before the data is there: whoever reaches the server may ask.
    HttpServer::new(move || App::new().service(web::scope("", &served)))
        .bind(address)?
        .run()
        .await?;
    Ok(())
}

async fn fill(monitor: &Monitor, data: &Data) -> Result<(), Box<dyn std::error::Error>> {
    let series = data.series();
    let mut references: Vec<SeriesRef> = Vec::with_capacity(series.len());
    let mut registered = Vec::new();
    for one in &series {
        if !registered.contains(&one.name) {
            registered.push(one.name);
            let definition = define(one)?;
            monitor.send(RegisterMetric { definition, mode: RegisterMode::Strict }).await?;
        }
        let label = |(label, value): &(&str, String)| -> (Arc<str>, Arc<str>) {
            ((*label).into(), value.as_str().into())
        };
        let labels = one.labels.iter().map(label).collect();
        references.push(monitor.send(Resolve { metric: one.name.into(), labels }).await?);
    }
    // The values are made as fast as they are stored, so that the peak of the
    // memory is the engine's.
    let (send, mut receive) = tokio::sync::mpsc::channel(TICKS);
    std::thread::spawn(move || {
        Data::ticks(&series, |at, values| {
            let values = references.iter().copied().zip(values.iter().copied()).collect();
            // Nobody listens once a batch was refused.
            let _ = send.blocking_send(AppendBatch { at: Timestamp::from_millis(at), values });
        });
    });
    while let Some(batch) = receive.recv().await {
        let outcome = monitor.send(batch).await?;
        if let Some((_, error)) = outcome.errors.into_iter().next() {
            return Err(error.into());
        }
    }
    Ok(())
}

/// Waits until all of the data has gone from memory to segments.
async fn until_sealed(monitor: &Monitor, data: &Data) -> Result<(), Box<dyn std::error::Error>> {
    let names = ["x_total", "h_bucket", "x_info"];
    loop {
        let statistics = monitor.send(StorageStatistics).await?.statistics;
        let metrics = names.iter().filter_map(|name| statistics.by_metric.get(*name));
        let left: usize = metrics.map(|metric| metric.samples).sum();
        if left == 0 && statistics.segment_samples >= data.samples() {
            return Ok(());
        }
        actix_rt::time::sleep(LOOK).await;
    }
}

/// A metric of the dataset; its buckets are series of their own.
fn define(series: &Series) -> Result<MetricDefinition, Box<dyn std::error::Error>> {
    let kind = if series.name == "x_info" { MetricKind::Gauge } else { MetricKind::Counter };
    let labels = series.labels.iter().map(|(label, _)| *label);
    Ok(MetricDefinition::of_kind(kind, series.name).labels(labels).build()?)
}
