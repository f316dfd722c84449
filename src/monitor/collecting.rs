//! Runs collectors at each collection interval, on pool threads.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use futures_util::future::{Either, select};
use keepwatch_actors::alert_evaluator::messages::AlertTransition;
use keepwatch_actors::courier::Couriers;
use keepwatch_actors::health_checker::HealthChanged;
use keepwatch_actors::janitor::{Janitor, LastUpkeep};
use keepwatch_actors::registry::{RecordBatch, Registry, StorageStatistics};
use keepwatch_actors::supervisor::{Address, Status, Supervisor, WorkError, Workshop};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Record;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::collect::cost::Cost;
use crate::collect::{Collector, own, storage};

/// Makes a collector, and another if the last one panicked.
pub(super) type CollectorFactory = Arc<dyn Fn() -> Box<dyn Collector> + Send + Sync>;

/// How long a collection may take: for ever, as no thread can be stopped, and
/// a second one would be stuck as well and take another thread. Each interval
/// that it takes is counted.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

/// Collects from one collector for ever.
///
/// A collection that takes longer than the interval delays the next one and
/// is never joined by a second; that it does is counted and told meanwhile.
pub(super) async fn collect(
    make: CollectorFactory,
    every: Duration,
    clock: Arc<dyn Clock>,
    registry: Address<Registry>,
    workshop: Workshop,
) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut collector = None;
    let mut cost = None;
    loop {
        ticks.tick().await;
        let mut current = collector.take().unwrap_or_else(|| make());
        let cost = cost.get_or_insert_with(|| Cost::of(current.name()));
        let begun = clock.monotonic();
        let time = Arc::clone(&clock);
        let job = move || {
            let begun = time.monotonic();
            let records = current.collect();
            (current, records, time.monotonic().saturating_sub(begun))
        };
        let mut running = pin!(workshop.blocking(FOR_EVER, job));
        let outcome = loop {
            match select(running.as_mut(), pin!(ticks.tick())).await {
                Either::Left((outcome, _)) => break outcome,
                Either::Right(_) => {
                    cost.overran(clock.monotonic().saturating_sub(begun));
                    send(&registry, cost, Vec::new()).await;
                }
            }
        };
        match outcome {
            Ok((current, records, took)) => {
                collector = Some(current);
                cost.ended(took, records.len());
                send(&registry, cost, records).await;
            }
            Err(WorkError::Cancelled) => return,
            Err(error) => {
                log::error!("collector {:?} {error}; it is made anew", cost.collector());
                cost.failed();
                send(&registry, cost, Vec::new()).await;
            }
        }
    }
}

/// Whom keepwatch asks about itself.
pub(super) struct OwnSources {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) registry: Address<Registry>,
    pub(super) janitor: Address<Janitor>,
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) alert_couriers: Couriers<AlertTransition>,
    pub(super) health_couriers: Couriers<HealthChanged>,
    pub(super) unsaved: Option<watch::Receiver<Option<String>>>,
}

/// Records the figures of the components and of the subscribers for ever.
pub(super) async fn collect_own(every: Duration, sources: OwnSources) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut cost = Cost::of("keepwatch");
    loop {
        ticks.tick().await;
        let begun = sources.clock.monotonic();
        // A supervisor that is gone takes this task with it.
        let Ok(components) = sources.supervisor.send(Status).await else { return };
        let mut records = own::records(&components);
        records.extend(own::deliveries("alert", &sources.alert_couriers.statuses()));
        records.extend(own::deliveries("health", &sources.health_couriers.statuses()));
        if let Ok(report) = sources.registry.send(StorageStatistics).await {
            let upkeep = sources.janitor.send(LastUpkeep).await.ok().flatten();
            let saved = sources.unsaved.as_ref().is_none_or(|unsaved| unsaved.borrow().is_none());
            records.extend(storage::records(&report, upkeep.as_ref(), saved));
        }
        cost.ended(sources.clock.monotonic().saturating_sub(begun), records.len());
        send(&sources.registry, &mut cost, records).await;
    }
}

/// Records what was collected, and what that cost so far.
async fn send(registry: &Address<Registry>, cost: &mut Cost, mut records: Vec<Record>) {
    records.extend(cost.records());
    match registry.send(RecordBatch(records)).await {
        Ok(outcome) => {
            cost.refused(outcome.refused);
            for error in &outcome.errors {
                log::debug!("collector {:?}: {}", cost.collector(), error.1);
            }
        }
        Err(error) => {
            cost.failed();
            log::warn!("collector {:?} could not record: {error}", cost.collector());
        }
    }
}
