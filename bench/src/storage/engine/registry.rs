//! keepwatch by messages to its registry actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_rt::{System, SystemRunner};
use keepwatch_actors::registry::{
    AppendBatch, RecordBatch, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve,
    Select, StorageStatistics,
};
use keepwatch_actors::supervisor::{Address, Placement, Settings, Supervisor, Workshop};
use keepwatch_engine::clock::{Clock, SystemClock};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{MetricDefinition, MetricKind, Record, TimeRange, Timestamp};
use keepwatch_engine::registry::Limits;
use keepwatch_engine::storage::{Ledger, Selector, SeriesRef};

use super::Engine;
use super::bare::{read, selector_of};
use crate::storage::dataset::{Class, Digest, Fleet};

/// The most samples a message: what a collector of 20 instances sends.
const BATCH: usize = 20_000;

/// How the samples are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By series that were resolved before.
    Append,
    /// By name and labels.
    Record,
}

type LabelPair = (Arc<str>, Arc<str>);

pub(super) struct Client {
    way: Way,
    system: SystemRunner,
    registry: Address<Registry>,
    clock: Arc<TickClock>,
    series: Vec<SeriesRef>,
    /// What records are made of: the metric and the labels of each series.
    names: Vec<(Arc<str>, Vec<LabelPair>)>,
}

impl Client {
    pub(super) fn open(way: Way) -> Self {
        let system = System::new();
        let clock = Arc::new(TickClock::default());
        let registry = system.block_on(start(Arc::clone(&clock)));
        Self { way, system, registry, clock, series: Vec::new(), names: Vec::new() }
    }

    fn define(&self, fleet: &Fleet) {
        let mode = RegisterMode::Strict;
        for metric in fleet.metrics() {
            let kind = match metric.class {
                Class::Counter => MetricKind::Counter,
                Class::Gauge | Class::Steady | Class::Float => MetricKind::Gauge,
            };
            let definition = MetricDefinition::of_kind(kind, Arc::clone(&metric.name))
                .labels(metric.label_names.iter().copied())
                .build()
                .expect("the definition is valid");
            let registered = self.registry.send(RegisterMetric { definition, mode });
            self.system.block_on(registered).expect("a new name");
        }
    }

    fn read(&self, selector: Selector) -> Digest {
        let asked = self.registry.send(Select { selector, range: TimeRange::ALL });
        read(&self.system.block_on(asked).expect("the metric exists").snapshot())
    }
}

impl Engine for Client {
    fn prepare(&mut self, fleet: &Fleet) {
        self.series.reserve_exact(fleet.series());
        if self.way == Way::Record {
            let metric = |series| Arc::clone(&fleet.metrics()[fleet.metric_of(series)].name);
            let name = |series| (metric(series), pairs(fleet, series));
            self.names = (0..fleet.series()).map(name).collect();
        }
    }

    fn register(&mut self, fleet: &Fleet) {
        self.define(fleet);
        if self.way == Way::Record {
            return;
        }
        for series in 0..fleet.series() {
            let metric = Arc::clone(&fleet.metrics()[fleet.metric_of(series)].name);
            let resolve = Resolve { metric, labels: pairs(fleet, series) };
            let resolved = self.system.block_on(self.registry.send(resolve));
            self.series.push(resolved.expect("within the limits"));
        }
    }

    fn append(&mut self, at_ms: i64, values: &[f64]) {
        self.clock.now_ms.store(at_ms, Ordering::Relaxed);
        let at = Timestamp::from_millis(at_ms);
        let sent = async {
            let mut accepted = 0;
            for (batch, values) in values.chunks(BATCH).enumerate() {
                let from = batch * BATCH;
                let outcome = match self.way {
                    Way::Append => {
                        let series = self.series[from..].iter().copied();
                        let values = series.zip(values.iter().copied()).collect();
                        self.registry.send(AppendBatch { at, values }).await
                    }
                    Way::Record => {
                        let record = |((metric, labels), value): (&(Arc<str>, Vec<_>), &f64)| {
                            let mut record = Record::set_at(Arc::clone(metric), *value, at);
                            record.labels.clone_from(labels);
                            record
                        };
                        let records = self.names[from..].iter().zip(values).map(record).collect();
                        self.registry.send(RecordBatch(records)).await
                    }
                };
                accepted += outcome.expect("the registry lives").accepted;
            }
            accepted
        };
        assert_eq!(self.system.block_on(sent), values.len(), "a sample was refused");
    }

    fn read_one(&self, fleet: &Fleet, series: usize) -> Digest {
        self.read(selector_of(fleet, series))
    }

    fn read_all(&self, fleet: &Fleet) -> Digest {
        let mut all = Digest::default();
        for metric in fleet.metrics() {
            all.merge(self.read(Selector::metric(Arc::clone(&metric.name))));
        }
        all
    }

    fn memory_bytes(&self) -> Option<u64> {
        let report = self.system.block_on(self.registry.send(StorageStatistics));
        Some(report.expect("the registry lives").statistics.bytes as u64)
    }
}

async fn start(clock: Arc<TickClock>) -> Address<Registry> {
    let mut supervisor = Supervisor::new(clock, Workshop::here(), Placement::OwnArbiters);
    let limits = Limits { series_total: 2_000_000, ..Limits::default() };
    let config = RegistryConfig { limits, ..RegistryConfig::default() };
    let (catalogue, ledger) = (Catalogue::new(), Arc::<Ledger>::default());
    let settings = Settings::default();
    let registry = supervisor.seat(settings, move || {
        Registry::new(config.clone(), catalogue.clone(), Arc::clone(&ledger))
    });
    supervisor.open();
    registry
}

fn pairs(fleet: &Fleet, series: usize) -> Vec<LabelPair> {
    fleet.labels(series).into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// Shows the time of the last tick; its durations are real, so that nothing
/// seems to hang.
struct TickClock {
    now_ms: AtomicI64,
    system: SystemClock,
}

impl Default for TickClock {
    fn default() -> Self {
        let now_ms = AtomicI64::new(crate::storage::dataset::START_MS);
        Self { now_ms, system: SystemClock::new() }
    }
}

impl Clock for TickClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }
}
