//! The registry's component.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::instrument::{Catalogue, Metric};
use keepwatch_engine::model::{MetricDefinition, SeriesSamples, TimeRange};
use keepwatch_engine::registry::{
    self, BatchOutcome, Collected, Limits, PruneOutcome, RegistryError, Selected,
};
use keepwatch_engine::storage::{Ledger, Selector, SeriesRef};

use super::messages::{
    AppendBatch, Collect, CurrentValues, Metrics, Prune, Record, RecordBatch, RegisterMetric,
    RegisterMode, Resolve, Select, StorageReport, StorageStatistics, Values,
};
use crate::Error;
use crate::supervisor::{Answer, Component, Receive, Scope, WorkError};

/// The longest time that decoding the answer to a [`Values`] may take.
const DECODE_LIMIT: Duration = Duration::from_secs(30);

/// How the registry works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryConfig {
    /// What it takes.
    pub limits: Limits,
    /// How often cells are sampled, on multiples of the interval since the
    /// epoch; 10 s by default.
    pub collection_interval: Duration,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self { limits: Limits::default(), collection_interval: Duration::from_secs(10) }
    }
}

/// The metric registry; see the [module](super).
#[derive(Debug)]
pub struct Registry {
    registry: registry::Registry,
    collection_interval: Duration,
}

impl Registry {
    /// Creates an incarnation over the catalogue and the ledger that all
    /// incarnations share.
    #[must_use]
    pub fn new(config: RegistryConfig, catalogue: Catalogue, ledger: Arc<Ledger>) -> Self {
        Self {
            registry: registry::Registry::new(config.limits, catalogue, ledger),
            collection_interval: config.collection_interval,
        }
    }
}

impl Component for Registry {
    const NAME: &'static str = "registry";

    fn started(&mut self, scope: &mut Scope<Self>) {
        let interval = self.collection_interval;
        let next = scope.now().align_down(interval) + interval;
        scope.every(interval, next.since(scope.now()), move |this, scope| {
            this.registry.collect_on_grid(interval, scope.now());
        });
    }

    fn stopping(&mut self, scope: &mut Scope<Self>) {
        self.registry.collect(scope.now());
    }
}

impl Receive<RegisterMetric> for Registry {
    fn receive(&mut self, message: RegisterMetric, _: &mut Scope<Self>) -> Answer<Arc<Metric>> {
        let catalogue = self.registry.catalogue();
        let metric = match message.mode {
            RegisterMode::Strict => catalogue.register(message.definition),
            RegisterMode::GetOrRegister => catalogue.get_or_register(message.definition),
        };
        metric.map_err(RegistryError::from).into()
    }
}

impl Receive<Record> for Registry {
    fn receive(&mut self, Record(record): Record, scope: &mut Scope<Self>) -> Answer<()> {
        self.registry.record(&record, scope.now()).into()
    }
}

impl Receive<RecordBatch> for Registry {
    fn receive(
        &mut self,
        RecordBatch(records): RecordBatch,
        scope: &mut Scope<Self>,
    ) -> Answer<BatchOutcome> {
        Answer::ok(self.registry.record_batch(&records, scope.now()))
    }
}

impl Receive<Resolve> for Registry {
    fn receive(&mut self, message: Resolve, scope: &mut Scope<Self>) -> Answer<SeriesRef> {
        self.registry.resolve(&message.metric, &message.labels, scope.now()).into()
    }
}

impl Receive<AppendBatch> for Registry {
    fn receive(&mut self, batch: AppendBatch, scope: &mut Scope<Self>) -> Answer<BatchOutcome> {
        Answer::ok(self.registry.append_batch(batch.at, &batch.values, scope.now()))
    }
}

impl Receive<Collect> for Registry {
    fn receive(&mut self, _: Collect, scope: &mut Scope<Self>) -> Answer<Collected> {
        Answer::ok(self.registry.collect(scope.now()))
    }
}

impl Receive<Select> for Registry {
    fn receive(&mut self, message: Select, scope: &mut Scope<Self>) -> Answer<Selected> {
        self.registry.select(&message.selector, message.range, scope.now()).into()
    }
}

impl Receive<Values> for Registry {
    fn receive(&mut self, message: Values, scope: &mut Scope<Self>) -> Answer<Vec<SeriesSamples>> {
        let selector = Selector { metric: message.metric, matchers: message.matchers };
        let range = TimeRange::new(message.start, message.end);
        let selected = match self.registry.select(&selector, range, scope.now()) {
            Ok(selected) => selected,
            Err(error) => return Err(error).into(),
        };
        let workshop = scope.workshop().clone();
        let decoding =
            async move { workshop.compute(DECODE_LIMIT, move || selected.samples()).await };
        scope.answer(decoding, |_, decoded, _| {
            decoded.map_err(|error| match error {
                WorkError::TimedOut(after) => Error::Timeout { component: Self::NAME, after },
                WorkError::Panicked(_) => Error::Faulted { component: Self::NAME },
                WorkError::Cancelled => Error::Stopped { component: Self::NAME },
            })
        })
    }
}

impl Receive<Metrics> for Registry {
    fn receive(&mut self, _: Metrics, _: &mut Scope<Self>) -> Answer<Vec<Arc<MetricDefinition>>> {
        let metrics = self.registry.catalogue().metrics();
        Answer::ok(metrics.iter().map(|metric| Arc::clone(metric.definition())).collect())
    }
}

impl Receive<CurrentValues> for Registry {
    fn receive(
        &mut self,
        message: CurrentValues,
        scope: &mut Scope<Self>,
    ) -> Answer<Vec<Selected>> {
        Answer::ok(self.registry.select_all(message.lookback, scope.now()))
    }
}

impl Receive<StorageStatistics> for Registry {
    fn receive(&mut self, _: StorageStatistics, _: &mut Scope<Self>) -> Answer<StorageReport> {
        Answer::ok(StorageReport {
            metrics: self.registry.catalogue().len(),
            statistics: self.registry.statistics(),
            drops: self.registry.drops(),
            recovery: self.registry.recovery(),
        })
    }
}

impl Receive<Prune> for Registry {
    fn receive(&mut self, message: Prune, scope: &mut Scope<Self>) -> Answer<PruneOutcome> {
        Answer::ok(self.registry.prune(message.slice, &message.retention, scope.now()))
    }
}
