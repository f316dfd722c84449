//! Batches of 1,000 samples to the registry, by resolved series and by name
//! and labels, against the same vector to a bare actix actor that sums it.

use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, Message};
use actix_rt::{Arbiter, SystemRunner};
use keepwatch_actors::registry::{
    AppendBatch, RecordBatch, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve,
};
use keepwatch_actors::supervisor::{Address, Placement, Settings, Supervisor, Workshop};
use keepwatch_engine::clock::{Clock, SystemClock};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{MetricDefinition, Record, Timestamp};
use keepwatch_engine::storage::{Ledger, SeriesRef};

use crate::rounds::{Contestant, compete, measure};

const ROUNDS: usize = 15;
/// Samples a batch, one for each series.
const SAMPLES: u32 = 1_000;
/// Batches a turn.
const BATCHES: u32 = 50;

/// Runs the part of the suite.
pub(super) fn run(system: &SystemRunner) {
    let bare =
        system.block_on(async { Sink::start_in_arbiter(&Arbiter::new().handle(), |_| Sink(0.0)) });
    let mut resolved = system.block_on(Feed::start());
    let mut named = system.block_on(Feed::start());
    let units = SAMPLES * BATCHES;
    compete(
        "messages",
        ROUNDS,
        &mut [
            Contestant {
                name: "sample_in_batch_bare_actix",
                turn: Box::new(|| measure(units, || system.block_on(bare_batches(&bare)))),
            },
            Contestant {
                name: "sample_in_batch_resolved",
                turn: Box::new(|| measure(units, || system.block_on(resolved.append()))),
            },
            Contestant {
                name: "sample_in_batch_named",
                turn: Box::new(|| measure(units, || system.block_on(named.record()))),
            },
        ],
    );
}

struct Sink(f64);

impl Actor for Sink {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Batch(Vec<(u64, f64)>);

impl Handler<Batch> for Sink {
    type Result = ();

    fn handle(&mut self, Batch(samples): Batch, _: &mut Context<Self>) {
        self.0 += samples.iter().map(|(_, value)| value).sum::<f64>();
    }
}

async fn bare_batches(sink: &Addr<Sink>) {
    for batch in 0..BATCHES {
        let samples = (0..SAMPLES).map(|i| (u64::from(i), f64::from(batch + i))).collect();
        sink.send(Batch(samples)).await.expect("the actor lives");
    }
}

/// A registry and 1,000 series of a gauge, whose time goes a second a batch.
struct Feed {
    registry: Address<Registry>,
    series: Vec<SeriesRef>,
    labels: Vec<Arc<str>>,
    at: Timestamp,
}

impl Feed {
    async fn start() -> Self {
        let clock = Arc::new(SystemClock::new());
        // Room for every batch of the run between the past and now.
        let at = clock.now() - std::time::Duration::from_secs(3_600);
        let mut supervisor = Supervisor::new(clock, Workshop::here(), Placement::OwnArbiters);
        let (catalogue, ledger) = (Catalogue::new(), Arc::<Ledger>::default());
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });
        supervisor.open();
        let definition = MetricDefinition::gauge("bench_gauge").labels(["series"]).build();
        let definition = definition.expect("the definition is valid");
        let mode = RegisterMode::Strict;
        registry.send(RegisterMetric { definition, mode }).await.expect("a new name");
        let labels: Vec<Arc<str>> = (0..SAMPLES).map(|i| i.to_string().into()).collect();
        let mut series = Vec::with_capacity(labels.len());
        for label in &labels {
            let labels = vec![("series".into(), Arc::clone(label))];
            let resolve = Resolve { metric: "bench_gauge".into(), labels };
            series.push(registry.send(resolve).await.expect("within the limits"));
        }
        Self { registry, series, labels, at }
    }

    fn tick(&mut self) -> Timestamp {
        self.at = self.at + std::time::Duration::from_secs(1);
        self.at
    }

    async fn append(&mut self) {
        for batch in 0..BATCHES {
            let at = self.tick();
            let value = |(i, series): (usize, &SeriesRef)| (*series, i as f64 + f64::from(batch));
            let values = self.series.iter().enumerate().map(value).collect();
            let outcome = self.registry.send(AppendBatch { at, values }).await;
            assert_eq!(outcome.expect("the registry lives").accepted, SAMPLES as usize);
        }
    }

    async fn record(&mut self) {
        let (metric, name): (Arc<str>, Arc<str>) = ("bench_gauge".into(), "series".into());
        for batch in 0..BATCHES {
            let at = self.tick();
            let record = |label: &Arc<str>| {
                Record::set_at(Arc::clone(&metric), f64::from(batch), at)
                    .label(Arc::clone(&name), Arc::clone(label))
            };
            let records = self.labels.iter().map(record).collect();
            let outcome = self.registry.send(RecordBatch(records)).await;
            assert_eq!(outcome.expect("the registry lives").accepted, SAMPLES as usize);
        }
    }
}
