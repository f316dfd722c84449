//! keepwatch by messages to its registry actor.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_rt::{System, SystemRunner};
use keepwatch_actors::durability::LogWriter;
use keepwatch_actors::registry::{
    AppendBatch, RecordBatch, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve,
    Select, StorageStatistics,
};
use keepwatch_actors::supervisor::{Address, Placement, Settings, Supervisor, Workshop};
use keepwatch_engine::clock::{Clock, SystemClock};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{
    MetricDefinition, MetricKind, Record, Subject, TimeRange, Timestamp,
};
use keepwatch_engine::registry::Limits;
use keepwatch_engine::storage::folder::{DataFolder, WINDOW};
use keepwatch_engine::storage::{Ledger, Log, Selector, SeriesRef, SyncPolicy};

use super::Engine;
use super::bare::{read, selector_of};
use crate::storage::dataset::{Class, Digest, Fleet, START_MS};
use crate::storage::usage::Times;

/// The most samples a message: what a collector of 20 instances sends.
const BATCH: usize = 20_000;

/// How the samples are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By series that were resolved before.
    Append,
    /// By subjects, which have the name and the labels and are made once.
    Record,
    /// By name and labels, all of them given anew for each record.
    RecordAnew,
}

type LabelPair = (Arc<str>, Arc<str>);

/// What is sent, but for the time.
enum Message {
    Append(Vec<(SeriesRef, f64)>),
    Record(Vec<Record>),
}

pub(super) struct Client {
    way: Way,
    system: SystemRunner,
    registry: Address<Registry>,
    clock: Arc<TickClock>,
    series: Vec<SeriesRef>,
    /// What records are made of: the metric and the labels of each series.
    names: Vec<(Arc<str>, Vec<LabelPair>)>,
    subjects: Vec<Subject>,
    /// CPU time that the making of messages took.
    building: Duration,
    /// Held until the end: its lock is the right to the folder.
    _storage: Storage,
}

/// Where the registry keeps its samples.
#[derive(Clone, Default)]
struct Storage {
    ledger: Arc<Ledger>,
    disk: Option<(Arc<DataFolder>, LogWriter)>,
}

fn open_folder(path: &Path) -> Result<Storage, String> {
    let now = Timestamp::from_millis(START_MS);
    let (folder, ledger, writer, found) =
        DataFolder::open(path, WINDOW, now).map_err(|error| error.to_string())?;
    let log = Log::new(writer, SyncPolicy::EveryBatch);
    let log = LogWriter::start(log, found, Arc::new(SystemClock::new()))
        .map_err(|error| error.to_string())?;
    Ok(Storage { ledger, disk: Some((Arc::new(folder), log)) })
}

impl Client {
    /// Starts the registry over a folder, or in memory.
    pub(super) fn open(way: Way, folder: Option<&Path>) -> Result<Self, String> {
        let system = System::new();
        let clock = Arc::new(TickClock::default());
        let storage = folder.map(open_folder).transpose()?.unwrap_or_default();
        let registry = system.block_on(start(Arc::clone(&clock), storage.clone()));
        Ok(Self {
            way,
            system,
            registry,
            clock,
            series: Vec::new(),
            names: Vec::new(),
            subjects: Vec::new(),
            building: Duration::ZERO,
            _storage: storage,
        })
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

    /// Makes the message with the values of the series after the first `from`.
    fn message(&self, from: usize, at: Timestamp, values: &[f64]) -> Message {
        let values = values.iter().copied();
        match self.way {
            Way::Append => {
                Message::Append(self.series[from..].iter().copied().zip(values).collect())
            }
            Way::Record => {
                let record = |(subject, value): (&Subject, f64)| subject.set_at(value, at);
                Message::Record(self.subjects[from..].iter().zip(values).map(record).collect())
            }
            Way::RecordAnew => {
                let record = |((metric, labels), value): (&(Arc<str>, Vec<LabelPair>), f64)| {
                    let record = Record::set_at(Arc::clone(metric), value, at);
                    labels.iter().cloned().fold(record, |record, (n, v)| record.label(n, v))
                };
                Message::Record(self.names[from..].iter().zip(values).map(record).collect())
            }
        }
    }

    fn read(&self, selector: Selector) -> Digest {
        let asked = self.registry.send(Select { selector, range: TimeRange::ALL });
        read(&self.system.block_on(asked).expect("the metric exists").snapshot())
    }
}

impl Engine for Client {
    fn prepare(&mut self, fleet: &Fleet) {
        let metric = |series| Arc::clone(&fleet.metrics()[fleet.metric_of(series)].name);
        let name = |series| (metric(series), pairs(fleet, series));
        let names = (0..fleet.series()).map(name);
        match self.way {
            Way::Append => self.series.reserve_exact(fleet.series()),
            Way::Record => self.subjects = names.map(subject).collect(),
            Way::RecordAnew => self.names = names.collect(),
        }
    }

    fn register(&mut self, fleet: &Fleet) {
        self.define(fleet);
        if self.way != Way::Append {
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
        let mut building = Duration::ZERO;
        let message = |from, values: &[f64]| self.message(from, at, values);
        let sent = async {
            let mut accepted = 0;
            for (batch, values) in values.chunks(BATCH).enumerate() {
                let from = batch * BATCH;
                let start = Times::now();
                let message = message(from, values);
                building += start.spent().thread;
                let outcome = match message {
                    Message::Append(values) => self.registry.send(AppendBatch { at, values }).await,
                    Message::Record(records) => self.registry.send(RecordBatch(records)).await,
                };
                accepted += outcome.expect("the registry lives").accepted;
            }
            accepted
        };
        let accepted = self.system.block_on(sent);
        self.building += building;
        assert_eq!(accepted, values.len(), "a sample was refused");
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

    fn building(&self) -> Duration {
        self.building
    }

    fn memory_bytes(&self) -> Option<u64> {
        let report = self.system.block_on(self.registry.send(StorageStatistics));
        Some(report.expect("the registry lives").statistics.bytes as u64)
    }
}

async fn start(clock: Arc<TickClock>, storage: Storage) -> Address<Registry> {
    let mut supervisor = Supervisor::new(clock, Workshop::here(), Placement::OwnArbiters);
    let limits = Limits { series_total: 2_000_000, ..Limits::default() };
    let config = RegistryConfig { limits, ..RegistryConfig::default() };
    let (catalogue, ledger) = (Catalogue::new(), storage.ledger);
    let log = storage.disk.map(|(_, log)| log);
    let settings = Settings::default();
    let registry = supervisor.seat(settings, move || {
        Registry::new(config.clone(), catalogue.clone(), Arc::clone(&ledger)).logged(log.clone())
    });
    supervisor.open();
    registry
}

fn pairs(fleet: &Fleet, series: usize) -> Vec<LabelPair> {
    fleet.labels(series).into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn subject((metric, labels): (Arc<str>, Vec<LabelPair>)) -> Subject {
    labels.into_iter().fold(Subject::new(metric), |subject, (n, v)| subject.label(n, v))
}

/// Shows the time of the last tick; its durations are real, so that nothing
/// seems to hang.
struct TickClock {
    now_ms: AtomicI64,
    system: SystemClock,
}

impl Default for TickClock {
    fn default() -> Self {
        let now_ms = AtomicI64::new(START_MS);
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
