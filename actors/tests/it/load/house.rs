//! The five components as the monitor wires them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keepwatch_actors::aggregator::{AddAggregation, Aggregator, AggregatorOutlets};
use keepwatch_actors::alert_evaluator::messages::{AddRule, AddSilence, AlertTransition};
use keepwatch_actors::alert_evaluator::{AlertEvaluator, AlertOutlets};
use keepwatch_actors::courier::Couriers;
use keepwatch_actors::health_checker::{
    AddCheck, HealthChanged, HealthChecker, HealthState, SeriesOutlets,
};
use keepwatch_actors::janitor::{Janitor, JanitorConfig, JanitorOutlets, JanitorState};
use keepwatch_actors::querier::{Querier, QueryLimits};
use keepwatch_actors::registry::{
    AppendBatch, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve, Values,
};
use keepwatch_actors::supervisor::{
    Address, ComponentStatus, Keep, Settings, Status, Supervisor, Workshop,
};
use keepwatch_engine::aggregate::{Definition, Method, Schedule};
use keepwatch_engine::alert::{Condition, Evaluator, Rule, SilenceRequest};
use keepwatch_engine::health::CheckDefinition;
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{Matcher, MetricDefinition, Timestamp};
use keepwatch_engine::retention::Policy;
use keepwatch_engine::storage::{Ledger, SeriesRef};

/// Samples of a batch, each for a series of its own.
pub(super) const SERIES: usize = 1_000;

/// Makes the factory of one component panic while it is set.
#[derive(Clone, Default)]
pub(super) struct Sabotage(Arc<AtomicBool>);

impl Sabotage {
    pub(super) fn set(&self, fails: bool) {
        self.0.store(fails, Ordering::SeqCst);
    }

    fn strike(&self) {
        assert!(!self.0.load(Ordering::SeqCst), "the factory fails");
    }
}

/// The sabotage of each component's factory.
#[derive(Clone, Default)]
pub(super) struct Factories {
    pub(super) registry: Sabotage,
    pub(super) alert_evaluator: Sabotage,
    pub(super) health_checker: Sabotage,
    pub(super) aggregator: Sabotage,
    pub(super) janitor: Sabotage,
}

/// Five components, a load for the registry, and definitions for the others.
pub(super) struct House {
    pub(super) registry: Address<Registry>,
    pub(super) alert_evaluator: Address<AlertEvaluator>,
    pub(super) health_checker: Address<HealthChecker>,
    pub(super) aggregator: Address<Aggregator>,
    pub(super) janitor: Address<Janitor>,
    pub(super) supervisor: actix::Addr<Supervisor>,
    pub(super) factories: Factories,
    series: Vec<SeriesRef>,
    at: Timestamp,
    /// Samples that the registry has acknowledged.
    pub(super) acknowledged: usize,
}

impl House {
    /// Opens the house in `supervisor` and defines one of everything.
    pub(super) async fn open(
        mut supervisor: Supervisor,
        settings: Settings,
        at: Timestamp,
    ) -> Self {
        let factories = Factories::default();
        let workshop = Workshop::here();
        let (catalogue, ledger) = (Catalogue::new(), Arc::<Ledger>::default());
        let sabotage = factories.registry.clone();
        let registry = supervisor.seat(settings.clone(), move || {
            sabotage.strike();
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });

        let keep = Keep::new(Evaluator::new(Duration::from_secs(15)));
        let couriers = Couriers::<AlertTransition>::new(workshop.clone());
        let sabotage = factories.alert_evaluator.clone();
        let querier = Querier::new(registry.outlet(), Workshop::here(), QueryLimits::default());
        let outlets = AlertOutlets { kinds: registry.outlet(), querier, series: registry.outlet() };
        let alert_evaluator = supervisor.seat(settings.clone(), move || {
            sabotage.strike();
            AlertEvaluator::new(keep.clone(), couriers.clone(), outlets.clone())
        });

        let keep = Keep::new(HealthState::default());
        let couriers = Couriers::<HealthChanged>::new(workshop);
        let series = SeriesOutlets { register: registry.outlet(), record: registry.outlet() };
        let sabotage = factories.health_checker.clone();
        let health_checker = supervisor.seat(settings.clone(), move || {
            sabotage.strike();
            HealthChecker::new(keep.clone(), couriers.clone(), Some(series.clone()))
        });

        let keep = Keep::new(Schedule::new(Duration::from_secs(60)));
        let outlets = AggregatorOutlets {
            select: registry.outlet(),
            register: registry.outlet(),
            record: registry.outlet(),
            querier: Querier::new(registry.outlet(), Workshop::here(), QueryLimits::default()),
            derive: registry.outlet(),
        };
        let sabotage = factories.aggregator.clone();
        let aggregator = supervisor.seat(settings.clone(), move || {
            sabotage.strike();
            Aggregator::new(keep.clone(), outlets.clone())
        });

        let keep = Keep::new(JanitorState::new(Policy::default()));
        let outlets = JanitorOutlets {
            samples: registry.outlet(),
            alert_history: alert_evaluator.outlet(),
            health_history: health_checker.outlet(),
            metrics: registry.outlet(),
        };
        let sabotage = factories.janitor.clone();
        let janitor = supervisor.seat(settings, move || {
            sabotage.strike();
            Janitor::new(JanitorConfig::default(), keep.clone(), outlets.clone())
        });

        let mut house = Self {
            registry,
            alert_evaluator,
            health_checker,
            aggregator,
            janitor,
            supervisor: supervisor.open(),
            factories,
            series: Vec::new(),
            at,
            acknowledged: 0,
        };
        house.define().await;
        house
    }

    async fn define(&mut self) {
        let definition = MetricDefinition::gauge("load").labels(["series"]).build().unwrap();
        let mode = RegisterMode::Strict;
        self.registry.send(RegisterMetric { definition, mode }).await.unwrap();
        for index in 0..SERIES {
            let labels = vec![("series".into(), index.to_string().into())];
            let resolve = Resolve { metric: "load".into(), labels };
            self.series.push(self.registry.send(resolve).await.unwrap());
        }
        let only = |series: &'static str| Matcher::equal("series", series);
        let loud = Rule::on("Loud", "load").matchers([only("7")]).when(Condition::above(0.5));
        self.alert_evaluator.send(AddRule(loud.build().unwrap())).await.unwrap();
        let silence = SilenceRequest {
            matchers: vec![Matcher::equal("alertname", "Quiet")],
            starts_at: self.at,
            ends_at: self.at + Duration::from_secs(365 * 86_400),
            created_by: "test".into(),
            comment: "planned".into(),
        };
        self.alert_evaluator.send(AddSilence(silence)).await.unwrap();
        let check = AddCheck::new(CheckDefinition::new("always"), || async { true });
        self.health_checker.send(check).await.unwrap();
        let mean = Definition::of("load", Method::Avg).name("mean_load").by::<&str>([]);
        self.aggregator.send(AddAggregation(mean.build().unwrap())).await.unwrap();
    }

    /// Sends one batch, with a timestamp of its own, and counts what was
    /// acknowledged.
    pub(super) async fn batch(&mut self) {
        self.at = self.at + Duration::from_millis(100);
        let values = self.series.iter().map(|series| (*series, 1.0)).collect();
        if let Ok(outcome) = self.registry.send(AppendBatch { at: self.at, values }).await {
            assert_eq!(outcome.refused, 0, "{:?}", outcome.errors.first());
            self.acknowledged += outcome.accepted;
        }
    }

    /// Returns how many samples of the load are stored.
    pub(super) async fn stored(&self) -> usize {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: "load".into(), matchers: Vec::new(), start, end };
        let series = self.registry.send(values).await.unwrap();
        series.iter().map(|one| one.samples.len()).sum()
    }

    pub(super) async fn status(&self, component: &str) -> ComponentStatus {
        let status = self.supervisor.send(Status).await.unwrap();
        status.into_iter().find(|one| one.component == component).unwrap()
    }
}
