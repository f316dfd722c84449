//! Runs collectors at each collection interval, on pool threads.

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use keepwatch_actors::alert_evaluator::messages::AlertTransition;
use keepwatch_actors::courier::Couriers;
use keepwatch_actors::health_checker::HealthChanged;
use keepwatch_actors::janitor::{Janitor, LastUpkeep};
use keepwatch_actors::registry::{RecordBatch, Registry, StorageStatistics};
use keepwatch_actors::supervisor::{Address, Status, Supervisor, WorkError, Workshop};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::collect::{Collector, own, storage};

/// Makes a collector, and another if the last one panicked.
pub(super) type CollectorFactory = Arc<dyn Fn() -> Box<dyn Collector> + Send + Sync>;

/// Collects from one collector for ever.
///
/// A collection that takes longer than the interval delays the next one and
/// is never joined by a second.
pub(super) async fn collect(
    make: CollectorFactory,
    every: Duration,
    registry: Address<Registry>,
    workshop: Workshop,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut collector = None;
    loop {
        ticks.tick().await;
        let mut current = collector.take().unwrap_or_else(|| make());
        let name = current.name().to_owned();
        let job = move || {
            let records = current.collect();
            (current, records)
        };
        // The limit is for the log alone; the collector comes back when it is
        // done.
        match workshop.blocking(Duration::from_secs(3_600), job).await {
            Ok((current, records)) => {
                collector = Some(current);
                send(&registry, &name, records).await;
            }
            Err(WorkError::Cancelled) => return,
            Err(error) => log::error!("collector {name:?} {error}; it is made anew"),
        }
    }
}

/// Records the figures of the components and of the subscribers for ever.
pub(super) async fn collect_own(
    every: Duration,
    registry: Address<Registry>,
    janitor: Address<Janitor>,
    supervisor: Addr<Supervisor>,
    alert_couriers: Couriers<AlertTransition>,
    health_couriers: Couriers<HealthChanged>,
    unsaved: Option<watch::Receiver<Option<String>>>,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // A supervisor that is gone takes this task with it.
        let Ok(components) = supervisor.send(Status).await else { return };
        let mut records = own::records(&components);
        records.extend(own::deliveries("alert", &alert_couriers.statuses()));
        records.extend(own::deliveries("health", &health_couriers.statuses()));
        if let Ok(report) = registry.send(StorageStatistics).await {
            let upkeep = janitor.send(LastUpkeep).await.ok().flatten();
            let saved = unsaved.as_ref().is_none_or(|unsaved| unsaved.borrow().is_none());
            records.extend(storage::records(&report, upkeep.as_ref(), saved));
        }
        send(&registry, "keepwatch", records).await;
    }
}

async fn send(
    registry: &Address<Registry>,
    collector: &str,
    records: Vec<keepwatch_engine::model::Record>,
) {
    match registry.send(RecordBatch(records)).await {
        Ok(outcome) => {
            for error in &outcome.errors {
                log::debug!("collector {collector:?}: {}", error.1);
            }
        }
        Err(error) => log::warn!("collector {collector:?} could not record: {error}"),
    }
}
