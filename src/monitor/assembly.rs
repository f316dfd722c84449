//! Seats the components, wires them together and brings them up.

use std::future::Future;
use std::sync::Arc;

use actix::Addr;
use keepwatch_actors::aggregator::{AddAggregation, Aggregator, AggregatorOutlets};
use keepwatch_actors::alert_evaluator::AlertEvaluator;
use keepwatch_actors::alert_evaluator::messages::{AddRule, AlertTransition};
use keepwatch_actors::courier::Couriers;
use keepwatch_actors::health_checker::{AddCheck, AddChecks, HealthChanged};
use keepwatch_actors::health_checker::{HealthChecker, HealthState, SeriesOutlets};
use keepwatch_actors::janitor::{Janitor, JanitorConfig, JanitorOutlets, JanitorState};
use keepwatch_actors::registry::{Registry, RegistryConfig};
use keepwatch_actors::summary::Sources;
use keepwatch_actors::supervisor::{Keep, Placement, Supervisor, Workshop};
use keepwatch_engine::aggregate::{self, Schedule};
use keepwatch_engine::alert::{Evaluator, Rule};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::instrument::Catalogue;
use tokio::sync::{mpsc, watch};

use super::Inner;
use super::builder::MonitorBuilder;
use super::closing::{Closing, ClosingReport};
use super::collecting::{collect, collect_own};
use super::components::Components;
use super::error::StartError;
use super::storage::{CHECK, RULE, Storage};
use super::thread::EngineThread;
use crate::collect::{own, storage as figures};

/// What a monitor holds of an engine that was brought up.
pub(super) struct Assembled {
    components: Components,
    supervisor: Addr<Supervisor>,
    sources: Sources,
    workshop: Workshop,
    clock: Arc<dyn Clock>,
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
            workshop: made.workshop,
            clock: made.clock,
            stop: made.stop,
            closed: made.closed,
            thread,
        }
    }
}

/// Brings the engine up. Returns what the monitor holds, and the engine's
/// life: a future that ends when the engine has been told to stop and has.
pub(super) async fn assemble(
    plan: MonitorBuilder,
    catalogue: Catalogue,
) -> Result<(Assembled, impl Future<Output = ()> + 'static), StartError> {
    register_metrics(&plan, &catalogue)?;
    let clock = Arc::clone(&plan.clock);
    let (workshop, pool) = Workshop::start().map_err(StartError::Thread)?;
    let storage = match Storage::open(plan.data.as_deref(), &plan.storage, &clock) {
        Ok(storage) => storage,
        Err(error) => {
            pool.shutdown_background();
            return Err(error);
        }
    };
    let alert_couriers = Couriers::new(workshop.clone());
    let health_couriers = Couriers::new(workshop.clone());
    let mut supervisor =
        Supervisor::new(Arc::clone(&clock), workshop.clone(), Placement::OwnArbiters);
    let components = seat(
        &mut supervisor,
        &plan,
        catalogue,
        &storage,
        &workshop,
        &alert_couriers,
        &health_couriers,
    );
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
    let (mut rules, mut checks) = (plan.rules, plan.checks);
    if let Some((check, rule)) = storage.watch() {
        if checks.iter().all(|other| other.definition().name.as_ref() != CHECK) {
            checks.push(check);
        }
        if rules.iter().all(|other| other.name().as_ref() != RULE) {
            rules.push(rule);
        }
    }
    if let Err(error) = define(&components, rules, checks, plan.aggregations).await {
        closing.close().await;
        pool.shutdown_background();
        return Err(error);
    }
    for make in plan.collectors {
        let registry = components.registry.clone();
        actix_rt::spawn(collect(make, plan.collection, registry, workshop.clone()));
    }
    actix_rt::spawn(collect_own(
        plan.collection,
        components.registry.clone(),
        components.janitor.clone(),
        supervisor.clone(),
        alert_couriers.clone(),
        health_couriers.clone(),
    ));

    let (stop, mut stopped) = mpsc::unbounded_channel();
    let (report, closed) = watch::channel(None);
    let begun = clock.monotonic();
    let time = Arc::clone(&clock);
    let life = async move {
        // A message and the drop of the last handle mean the same.
        let _ = stopped.recv().await;
        let closing_since = time.monotonic();
        let mut closing = closing.close().await;
        closing.unsaved = storage.close().await;
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
    Ok((Assembled { components, supervisor, sources, workshop, clock, stop, closed }, life))
}

/// Registers the metrics of the collectors and of keepwatch itself.
fn register_metrics(plan: &MonitorBuilder, catalogue: &Catalogue) -> Result<(), StartError> {
    for make in &plan.collectors {
        for definition in make().definitions() {
            catalogue.get_or_register(definition)?;
        }
    }
    for definition in own::definitions().into_iter().chain(figures::definitions()) {
        catalogue.get_or_register(definition)?;
    }
    Ok(())
}

/// Gives each component its seat, in the order they are started: whoever is
/// asked comes before who asks.
fn seat(
    supervisor: &mut Supervisor,
    plan: &MonitorBuilder,
    catalogue: Catalogue,
    storage: &Storage,
    workshop: &Workshop,
    alert_couriers: &Couriers<AlertTransition>,
    health_couriers: &Couriers<HealthChanged>,
) -> Components {
    let settings = || plan.supervision.clone();

    let config = RegistryConfig { limits: plan.limits, collection_interval: plan.collection };
    let (ledger, log) = (Arc::clone(&storage.ledger), storage.log());
    let registry = supervisor.seat(settings(), move || {
        Registry::new(config.clone(), catalogue.clone(), Arc::clone(&ledger)).logged(log.clone())
    });

    let keep = Keep::new(Evaluator::new(plan.evaluation));
    let (couriers, select) = (alert_couriers.clone(), registry.outlet());
    let alert_evaluator = supervisor.seat(settings(), move || {
        AlertEvaluator::new(keep.clone(), couriers.clone(), select.clone())
    });

    let keep = Keep::new(HealthState::default());
    let couriers = health_couriers.clone();
    let series = SeriesOutlets { register: registry.outlet(), record: registry.outlet() };
    let health_checker = supervisor.seat(settings(), move || {
        HealthChecker::new(keep.clone(), couriers.clone(), Some(series.clone()))
    });

    let keep = Keep::new(Schedule::new(plan.aggregation));
    let outlets = AggregatorOutlets {
        select: registry.outlet(),
        register: registry.outlet(),
        record: registry.outlet(),
    };
    let aggregator =
        supervisor.seat(settings(), move || Aggregator::new(keep.clone(), outlets.clone()));

    let config = JanitorConfig {
        interval: plan.cleaning,
        upkeep_interval: plan.storage.upkeep_interval,
        ..JanitorConfig::default()
    };
    let upkeep = storage.upkeep(&plan.storage, &plan.limits, &registry, workshop.clone());
    let keep = Keep::new(JanitorState::new(plan.policy.clone()));
    let outlets = JanitorOutlets {
        samples: registry.outlet(),
        alert_history: alert_evaluator.outlet(),
        health_history: health_checker.outlet(),
        metrics: registry.outlet(),
    };
    let janitor = supervisor.seat(settings(), move || {
        Janitor::new(config, keep.clone(), outlets.clone()).with_upkeep(Some(upkeep.clone()))
    });

    Components { registry, alert_evaluator, health_checker, aggregator, janitor }
}

/// Hands the definitions to their owners, by the messages that anybody uses
/// later.
async fn define(
    components: &Components,
    rules: Vec<Rule>,
    checks: Vec<AddCheck>,
    aggregations: Vec<aggregate::Definition>,
) -> Result<(), StartError> {
    for rule in rules {
        let name = rule.name().to_string();
        let refused =
            |source| StartError::Refused { what: "alert rule", name, source: Box::new(source) };
        components.alert_evaluator.send(AddRule(rule)).await.map_err(refused)?;
    }
    // Together, because they may depend on each other in any order.
    components
        .health_checker
        .send(AddChecks(checks))
        .await
        .map_err(|error| StartError::Checks(Box::new(error)))?;
    for definition in aggregations {
        let name = definition.name().to_string();
        let refused =
            |source| StartError::Refused { what: "aggregation", name, source: Box::new(source) };
        components.aggregator.send(AddAggregation(definition)).await.map_err(refused)?;
    }
    Ok(())
}
