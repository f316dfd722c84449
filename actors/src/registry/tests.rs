//! The registry behind its address.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::instrument::{Catalogue, Counter, CounterFamily, Family};
use keepwatch_engine::model::{self, Matcher, MetricDefinition, TimeRange};
use keepwatch_engine::registry::{DropReason, SampleRetention};
use keepwatch_engine::storage::{Ledger, Selector, Slice};

use super::*;
use crate::Error;
use crate::supervisor::testing::{EPOCH, pass, paused, supervisor};
use crate::supervisor::{Address, Answer, Receive, Scope, Settings};

/// Records the first half of a batch, then panics.
struct Poison(Vec<model::Record>);

crate::request! { Poison => (), owner Registry }

impl Receive<Poison> for Registry {
    fn receive(&mut self, Poison(records): Poison, scope: &mut Scope<Self>) -> Answer<()> {
        let (half, _) = records.split_at(records.len() / 2);
        let batch: Answer<_> = self.receive(RecordBatch(half.to_vec()), scope);
        drop(batch);
        panic!("in the middle of a batch");
    }
}

/// Runs a test against a registry with the metrics `load{l}` and
/// `requests_total`.
fn check<F: Future<Output = ()>>(test: impl FnOnce(Address<Registry>) -> F) {
    paused(async {
        let catalogue = Catalogue::new();
        let ledger = Arc::new(Ledger::new());
        let mut supervisor = supervisor();
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });
        let supervisor = supervisor.open();
        for builder in [
            MetricDefinition::gauge("load").labels(["l"]),
            MetricDefinition::counter("requests_total").help("Requests."),
        ] {
            register(&registry, builder.build().unwrap(), RegisterMode::Strict).await.unwrap();
        }
        test(registry).await;
        drop(supervisor);
    });
}

async fn register(
    registry: &Address<Registry>,
    definition: MetricDefinition,
    mode: RegisterMode,
) -> Result<Arc<keepwatch_engine::instrument::Metric>, Error> {
    registry.send(RegisterMetric { definition, mode }).await
}

async fn samples(registry: &Address<Registry>, metric: &str) -> Vec<(i64, f64)> {
    let values = Values {
        metric: metric.into(),
        matchers: Vec::new(),
        start: TimeRange::ALL.start,
        end: TimeRange::ALL.end,
    };
    let series = registry.send(values).await.unwrap();
    let samples = series.into_iter().flat_map(|series| series.samples);
    samples.map(|sample| (sample.at.millis() - EPOCH.millis(), sample.value)).collect()
}

fn load(value: f64) -> model::Record {
    model::Record::set("load", value).label("l", "a")
}

async fn requests(registry: &Address<Registry>) -> Counter {
    let definition = MetricDefinition::counter("requests_total").help("Requests.");
    let definition = definition.build().unwrap();
    let metric = register(registry, definition, RegisterMode::GetOrRegister).await.unwrap();
    let family: CounterFamily = Family::of(metric).unwrap();
    family.with(&[]).unwrap()
}

#[test]
fn registration_is_strict_or_gives_what_is_there() {
    check(|registry| async move {
        let build = |help: &'static str| {
            MetricDefinition::counter("requests_total").help(help).build().unwrap()
        };
        let strict = register(&registry, build("Requests."), RegisterMode::Strict).await;
        assert!(strict.unwrap_err().to_string().contains("already registered, as counter"));
        let same = register(&registry, build("Requests."), RegisterMode::GetOrRegister).await;
        assert_eq!(same.unwrap().definition().name().as_ref(), "requests_total");
        let other = register(&registry, build("Other."), RegisterMode::GetOrRegister).await;
        let error = other.unwrap_err().to_string();
        assert!(error.contains("\"Requests.\"") && error.contains("\"Other.\""), "{error}");
        let metrics = registry.send(Metrics).await.unwrap();
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name().as_ref()).collect();
        assert_eq!(names, ["keepwatch_registry_dropped_total", "load", "requests_total"]);
    });
}

#[test]
fn refusals_reach_the_asker_and_are_counted() {
    check(|registry| async move {
        let refused = |record: model::Record| {
            let registry = registry.clone();
            async move {
                match registry.send(Record(record)).await {
                    Err(Error::Registry(error)) => error.reason().unwrap(),
                    other => panic!("expected a refusal, got {other:?}"),
                }
            }
        };
        let set_at = |offset: i64| {
            let at = keepwatch_engine::model::Timestamp::from_millis(EPOCH.millis() + offset);
            model::Record::set_at("load", 2.0, at).label("l", "a")
        };
        registry.send(Record(set_at(0))).await.unwrap();
        let earlier = model::Record::set_at("load", 1.0, EPOCH - Duration::from_secs(1));
        registry.send(Record(earlier.label("l", "a"))).await.unwrap();
        let table = [
            (model::Record::set("nope", 1.0), DropReason::UnknownMetric),
            (model::Record::set("load", 1.0), DropReason::Labels),
            (load(1.0).label("x", "y"), DropReason::Labels),
            (model::Record::set("load", 1.0).label("l", "x".repeat(2_000)), DropReason::LabelValue),
            (model::Record::observe("requests_total", 1.0), DropReason::WrongKind),
            (model::Record::add("requests_total", -1.0), DropReason::Negative),
            (model::Record::set("requests_total", f64::NAN), DropReason::NotANumber),
            (set_at(-301_000), DropReason::TooOld),
            (set_at(601_000), DropReason::TooFarInFuture),
            (set_at(-1_000), DropReason::Duplicate),
        ];
        for (record, reason) in table {
            let drops = registry.send(StorageStatistics).await.unwrap().drops;
            assert_eq!(refused(record).await, reason);
            let after = registry.send(StorageStatistics).await.unwrap().drops;
            assert_eq!(after.of(reason), drops.of(reason) + 1, "{reason}");
        }
        assert_eq!(samples(&registry, "load").await, [(-1_000, 1.0), (0, 2.0)]);
    });
}

#[test]
fn cells_are_collected_on_the_grid_of_the_interval() {
    check(|registry| async move {
        let requests = requests(&registry).await;
        requests.increment_by(2);
        pass(Duration::from_secs(12)).await;
        registry.try_send(Record(model::Record::add("requests_total", 3.0))).unwrap();
        pass(Duration::from_secs(10)).await;
        let expected = [(9_999, 0.0), (10_000, 2.0), (20_000, 5.0)];
        assert_eq!(samples(&registry, "requests_total").await, expected);
        requests.increment();
        pass(Duration::from_secs(2)).await;
        // A read of the present samples first.
        assert_eq!(samples(&registry, "requests_total").await.last().map(|last| last.1), Some(6.0));
    });
}

#[test]
fn a_panic_in_a_batch_keeps_what_was_acknowledged() {
    check(|registry| async move {
        let metric: Arc<str> = "load".into();
        let labels = vec![("l".into(), "b".into())];
        let series = registry.send(Resolve { metric, labels }).await.unwrap();
        let requests = requests(&registry).await;
        requests.increment();
        pass(Duration::from_secs(10)).await;
        for value in 0..300 {
            pass(Duration::from_millis(1)).await;
            let values = vec![(series, f64::from(value))];
            let batch = AppendBatch { at: EPOCH + Duration::from_millis(value as u64), values };
            assert_eq!(registry.send(batch).await.unwrap().accepted, 1);
        }
        let outcome = registry.send(RecordBatch(vec![load(1.0), load(1.0)])).await.unwrap();
        assert_eq!((outcome.accepted, outcome.refused), (2, 0));
        assert!(registry.send(Record(model::Record::set("load", 1.0))).await.is_err());
        let before = samples(&registry, "load").await;
        assert_eq!(before.len(), 301);
        requests.increment();

        pass(Duration::from_millis(1)).await;
        let poison = vec![load(7.0), load(8.0)];
        let answer = registry.send(Poison(poison)).await;
        assert_eq!(answer, Err(Error::Faulted { component: "registry" }));
        let after = samples(&registry, "load").await;
        assert_eq!(after[..1], before[..1]);
        assert_eq!(after.len(), 302, "the half that was recorded before the panic is there too");
        let report = registry.send(StorageStatistics).await.unwrap();
        assert_eq!(report.drops.of(DropReason::Labels), 1, "the counts are kept");
        let recovery = report.recovery;
        assert_eq!((recovery.chunks_refused, recovery.samples_refused), (0, 0));

        // The reference, the cells and the timer go on.
        let batch =
            AppendBatch { at: EPOCH + Duration::from_secs(11), values: vec![(series, 9.0)] };
        assert_eq!(registry.send(batch).await.unwrap().accepted, 1);
        pass(Duration::from_secs(10)).await;
        let totals = samples(&registry, "requests_total").await;
        let first = totals.iter().map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!(first, [0.0, 1.0, 2.0], "{totals:?}");
    });
}

#[test]
fn selections_are_read_by_the_asker() {
    check(|registry| async move {
        for label in ["a", "b"] {
            let record = model::Record::set("load", 1.5).label("l", label);
            registry.send(Record(record)).await.unwrap();
        }
        let selector = Selector::metric("load").matching(Matcher::equal("l", "b"));
        let select = Select { selector, range: TimeRange::ALL };
        let selected = registry.send(select).await.unwrap();
        let samples = selected.samples();
        assert_eq!((samples.len(), samples[0].labels.get("l")), (1, Some("b")));
        let unknown = Select { selector: Selector::metric("laod"), range: TimeRange::ALL };
        let error = registry.send(unknown).await.unwrap_err().to_string();
        assert_eq!(error, "unknown metric \"laod\"");
        let current = registry.send(CurrentValues::default()).await.unwrap();
        let newest = |one: &keepwatch_engine::registry::Selected| {
            let newest = |series: &keepwatch_engine::storage::SeriesView| {
                series.newest().map(|sample| sample.value)
            };
            one.snapshot().iter().map(newest).collect::<Vec<_>>()
        };
        let load = current.iter().find(|one| **one.definition.name() == *"load");
        assert_eq!(load.map(newest), Some(vec![Some(1.5), Some(1.5)]));
    });
}

#[test]
fn pruning_removes_what_the_retention_names() {
    check(|registry| async move {
        for _ in 0..600 {
            pass(Duration::from_secs(1)).await;
            registry.send(Record(load(1.0))).await.unwrap();
        }
        let retention = SampleRetention { samples: Duration::from_secs(60), ..Default::default() };
        let prune = |dry_run| Prune {
            retention: Arc::new(retention.clone()),
            slice: Slice { cursor: 0, budget: 1_000, dry_run },
            now: EPOCH + Duration::from_secs(601),
        };
        let foretold = registry.send(prune(true)).await.unwrap();
        assert_eq!(registry.send(StorageStatistics).await.unwrap().statistics.samples, 600);
        let done = registry.send(prune(false)).await.unwrap();
        // The series' first chunk ends at 60 samples, the others at 120.
        assert_eq!((done.samples, done.next), (540, None));
        assert_eq!(done, foretold);
        assert_eq!(registry.send(StorageStatistics).await.unwrap().statistics.samples, 60);
    });
}
