//! Seats the components, wires them together and brings them up.

use std::future::Future;
use std::sync::Arc;

use actix::Addr;
use actix_rt::Arbiter;
use keepwatch_actors::aggregator::{Aggregator, AggregatorOutlets};
use keepwatch_actors::alert_evaluator::messages::AlertTransition;
use keepwatch_actors::alert_evaluator::{AlertEvaluator, AlertOutlets};
use keepwatch_actors::courier::Couriers;
use keepwatch_actors::health_checker::{AddCheck, AddChecks, HealthChanged};
use keepwatch_actors::health_checker::{HealthChecker, SeriesOutlets};
use keepwatch_actors::janitor::{Janitor, JanitorConfig, JanitorOutlets};
use keepwatch_actors::querier::Querier;
use keepwatch_actors::registry::{Registry, RegistryConfig};
use keepwatch_actors::summary::Sources;
use keepwatch_actors::supervisor::{Placement, Supervisor, Workshop};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::exposition::Exposition;
use keepwatch_engine::instrument::Catalogue;
use tokio::sync::{mpsc, oneshot, watch};

use super::Inner;
use super::builder::MonitorBuilder;
use super::closing::{Closing, ClosingReport};
use super::collecting::{OwnSources, collect, collect_own};
use super::components::Components;
use super::error::StartError;
use super::persisting::Persister;
use super::probing::{Probing, Watched, probe};
use super::restoring::{Keeps, restore};
use super::storage::{CHECK, Found, RULE, Storage};
use super::thread::EngineThread;
use crate::collect::{cost, lag, own, runtime, storage as figures};
use crate::scrape::ScrapedTarget;
#[cfg(feature = "scrape")]
use crate::scrape::Scraping;

/// What a monitor holds of an engine that was brought up.
pub(super) struct Assembled {
    components: Components,
    supervisor: Addr<Supervisor>,
    sources: Sources,
    exposition: Exposition,
    targets: Vec<Arc<ScrapedTarget>>,
    workshop: Workshop,
    querier: Querier,
    clock: Arc<dyn Clock>,
    watched: mpsc::UnboundedSender<Watched>,
    stop: mpsc::UnboundedSender<()>,
    closed: watch::Receiver<Option<ClosingReport>>,
}

impl Inner {
    pub(super) fn new(made: Assembled, catalogue: Catalogue, thread: EngineThread) -> Self {
        Self {
            components: made.components,
            supervisor: made.supervisor,
            sources: made.sources,
            catalogue,
            exposition: made.exposition,
            targets: made.targets,
            workshop: made.workshop,
            querier: made.querier,
            clock: made.clock,
            watched: made.watched,
            stop: made.stop,
            closed: made.closed,
            thread,
        }
    }
}

/// Brings the engine up. Returns what the monitor holds, and the engine's
/// life: a future that ends when the engine has been told to stop and has.
pub(super) async fn assemble(
    mut plan: MonitorBuilder,
    catalogue: Catalogue,
) -> Result<(Assembled, impl Future<Output = ()> + 'static), StartError> {
    register_metrics(&plan, &catalogue)?;
    let clock = Arc::clone(&plan.clock);
    let (workshop, pool) = Workshop::start().map_err(StartError::Thread)?;
    if plan.data.is_some()
        && let Some(rule) = Storage::rule()
        && plan.rules.iter().all(|other| other.name().as_ref() != RULE)
    {
        plan.rules.push(rule);
    }
    let (storage, keeps, persister) = match bring_back(&mut plan, &catalogue, &workshop) {
        Ok(brought_back) => brought_back,
        Err(error) => {
            pool.shutdown_background();
            return Err(error);
        }
    };
    let unsaved = persister.as_ref().map(Persister::failure);
    if let Some(check) = storage.check(&plan.storage, &keeps.janitor, unsaved.clone())
        && plan.checks.iter().all(|other| other.definition().name.as_ref() != CHECK)
    {
        plan.checks.push(check);
    }
    let (finish, finished) = oneshot::channel::<()>();
    let persisting = persister.map(|persister| {
        actix_rt::spawn(persister.run(async {
            // The other end is never used; its drop is the signal.
            let _ = finished.await;
        }))
    });
    let alert_couriers = Couriers::new(workshop.clone());
    let health_couriers = Couriers::new(workshop.clone());
    let mut supervisor =
        Supervisor::new(Arc::clone(&clock), workshop.clone(), Placement::OwnArbiters);
    let exposition = Exposition::new(catalogue.clone(), Arc::clone(&storage.ledger));
    let couriers = (&alert_couriers, &health_couriers);
    let (components, querier) =
        seat(&mut supervisor, &plan, keeps, catalogue.clone(), &storage, &workshop, couriers);
    let supervisor = supervisor.open();
    let closing = Closing {
        supervisor: supervisor.clone(),
        health_checker: components.health_checker.clone(),
        alert_couriers: alert_couriers.clone(),
        health_couriers: health_couriers.clone(),
        deadline: plan.shutdown,
    };

    // Subscribers first, so that they miss nothing.
    for subscriber in plan.alert_subscribers {
        alert_couriers.subscribe(subscriber);
    }
    for subscriber in plan.health_subscribers {
        health_couriers.subscribe(subscriber);
    }
    if let Err(error) = define(&components, plan.checks).await {
        closing.close().await;
        pool.shutdown_background();
        return Err(error);
    }
    for make in plan.collectors {
        let registry = components.registry.clone();
        let time = Arc::clone(&clock);
        actix_rt::spawn(collect(make, plan.collection, time, registry, workshop.clone()));
    }
    let own = OwnSources {
        clock: Arc::clone(&clock),
        registry: components.registry.clone(),
        janitor: components.janitor.clone(),
        supervisor: supervisor.clone(),
        alert_couriers: alert_couriers.clone(),
        health_couriers: health_couriers.clone(),
        unsaved,
    };
    actix_rt::spawn(collect_own(plan.collection, own));
    #[cfg(feature = "scrape")]
    let scraping = {
        let (targets, registry) = (plan.targets.clone(), &components.registry);
        match Scraping::start(targets, &catalogue, registry, &workshop, &clock) {
            Ok(scraping) => scraping,
            Err(error) => {
                closing.close().await;
                pool.shutdown_background();
                return Err(error.into());
            }
        }
    };

    let (watched, added) = mpsc::unbounded_channel();
    let probing = Probing {
        every: plan.probing.min(plan.collection),
        collection: plan.collection,
        clock: Arc::clone(&clock),
        catalogue,
        registry: components.registry.clone(),
        supervisor: supervisor.clone(),
        engine: Arbiter::current(),
        pool: pool.handle().clone(),
    };
    pool.spawn(probe(probing, added));

    let (stop, mut stopped) = mpsc::unbounded_channel();
    let (report, closed) = watch::channel(None);
    let begun = clock.monotonic();
    let time = Arc::clone(&clock);
    let life = async move {
        // A message and the drop of the last handle mean the same.
        let _ = stopped.recv().await;
        let closing_since = time.monotonic();
        closing.drain().await;
        // Before the registry goes, which takes the ends of their series.
        #[cfg(feature = "scrape")]
        if let Some(scraping) = scraping {
            scraping.stop(closing.deadline).await;
        }
        let mut closing = closing.close().await;
        closing.unsaved = storage.close().await;
        drop(finish);
        if let Some(persisting) = persisting {
            let saved = persisting.await;
            closing.unsaved_state = saved.unwrap_or_else(|panic| Err(panic.to_string())).err();
        }
        closing.ran = closing_since.saturating_sub(begun);
        closing.took = time.monotonic().saturating_sub(closing_since);
        // Nobody may be left to read it.
        let _ = report.send(Some(closing));
        // Checks and callbacks that are stuck must not hold the end up.
        pool.shutdown_background();
    };
    let sources = Sources {
        current: components.registry.outlet(),
        storage: components.registry.outlet(),
        alerts: components.alert_evaluator.outlet(),
        health: components.health_checker.outlet(),
        supervisor: supervisor.clone(),
        workshop: workshop.clone(),
        clock: Arc::clone(&clock),
    };
    let assembled = Assembled {
        components,
        supervisor,
        sources,
        exposition,
        targets: plan.targets,
        workshop,
        querier,
        clock,
        watched,
        stop,
        closed,
    };
    Ok((assembled, life))
}

/// Brings back what the data folder holds, series first.
fn bring_back(
    plan: &mut MonitorBuilder,
    catalogue: &Catalogue,
    workshop: &Workshop,
) -> Result<(Storage, Keeps, Option<Persister>), StartError> {
    let clock = Arc::clone(&plan.clock);
    let mut found = Found::open(plan.data.as_deref(), &plan.storage, &clock)?;
    let (keeps, persister) = restore(plan, catalogue, workshop, &mut found.damaged)?;
    let storage = Storage::start(found, &plan.storage, &clock)?;
    Ok((storage, keeps, persister))
}

/// Registers the metrics of the collectors and of keepwatch itself.
fn register_metrics(plan: &MonitorBuilder, catalogue: &Catalogue) -> Result<(), StartError> {
    for make in &plan.collectors {
        for definition in make().definitions() {
            catalogue.get_or_register(definition)?;
        }
    }
    let own = [
        own::definitions(),
        figures::definitions(),
        cost::definitions(),
        lag::definitions(),
        runtime::definitions(),
    ];
    for definition in own.into_iter().flatten() {
        catalogue.get_or_register(definition)?;
    }
    Ok(())
}

/// Gives each component its seat, in the order they are started: whoever is
/// asked comes before who asks.
fn seat(
    supervisor: &mut Supervisor,
    plan: &MonitorBuilder,
    keeps: Keeps,
    catalogue: Catalogue,
    storage: &Storage,
    workshop: &Workshop,
    (alert_couriers, health_couriers): (&Couriers<AlertTransition>, &Couriers<HealthChanged>),
) -> (Components, Querier) {
    let settings = || plan.supervision.clone();

    let config = RegistryConfig { limits: plan.limits, collection_interval: plan.collection };
    let (ledger, log) = (Arc::clone(&storage.ledger), storage.log());
    let registry = supervisor.seat(settings(), move || {
        Registry::new(config.clone(), catalogue.clone(), Arc::clone(&ledger)).logged(log.clone())
    });

    let (keep, groups) = (keeps.alerts, keeps.groups);
    let couriers = alert_couriers.clone();
    let querier = Querier::new(registry.outlet(), workshop.clone(), plan.queries.clone());
    let outlets = AlertOutlets {
        kinds: registry.outlet(),
        querier: querier.apart(),
        series: registry.outlet(),
    };
    let alert_evaluator = supervisor.seat(settings(), move || {
        AlertEvaluator::new(keep.clone(), couriers.clone(), outlets.clone())
            .with_groups(groups.clone())
    });

    let keep = keeps.health;
    let couriers = health_couriers.clone();
    let series = SeriesOutlets { register: registry.outlet(), record: registry.outlet() };
    let health_checker = supervisor.seat(settings(), move || {
        HealthChecker::new(keep.clone(), couriers.clone(), Some(series.clone()))
    });

    let keep = keeps.aggregations;
    let outlets = AggregatorOutlets {
        select: registry.outlet(),
        register: registry.outlet(),
        record: registry.outlet(),
        querier: querier.apart(),
        derive: registry.outlet(),
    };
    let aggregator =
        supervisor.seat(settings(), move || Aggregator::new(keep.clone(), outlets.clone()));

    let config = JanitorConfig {
        interval: plan.cleaning,
        upkeep_interval: plan.storage.upkeep_interval,
        ..JanitorConfig::default()
    };
    let upkeep = storage.upkeep(&plan.storage, &plan.limits, &registry, workshop.clone());
    let keep = keeps.janitor;
    let outlets = JanitorOutlets {
        samples: registry.outlet(),
        alert_history: alert_evaluator.outlet(),
        health_history: health_checker.outlet(),
        metrics: registry.outlet(),
    };
    let janitor = supervisor.seat(settings(), move || {
        Janitor::new(config, keep.clone(), outlets.clone()).with_upkeep(Some(upkeep.clone()))
    });

    (Components { registry, alert_evaluator, health_checker, aggregator, janitor }, querier)
}

/// Hands the checks to their owner, by the message that anybody uses later:
/// all at once, because they may depend on each other in any order.
async fn define(components: &Components, checks: Vec<AddCheck>) -> Result<(), StartError> {
    let added = components.health_checker.send(AddChecks(checks)).await;
    added.map_err(|error| StartError::Checks(Box::new(error)))
}
