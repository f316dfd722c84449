//! The registry over a data folder: what is acknowledged is on the disk.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keepwatch_actors::durability::{LogWriter, Upkeep, UpkeepOptions, UpkeepOutlets};
use keepwatch_actors::registry::{
    AppendBatch, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve,
    StorageStatistics, Values,
};
use keepwatch_actors::supervisor::testing::{EPOCH, supervisor_on_threads, threaded};
use keepwatch_actors::supervisor::{Address, Settings, Workshop};
use keepwatch_engine::clock::SystemClock;
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{MetricDefinition, SeriesSamples, Timestamp};
use keepwatch_engine::registry::SampleRetention;
use keepwatch_engine::storage::folder::{DataFolder, WINDOW};
use keepwatch_engine::storage::{Log, SeriesRef, SyncPolicy};

use crate::load::failing::{FailRegistry, Place};

const SERIES: usize = 40;

/// Samples of six hours, 20 s apart.
const STEPS: u32 = 1_080;

/// A data folder that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepwatch-durability-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

/// A registry that logs to a folder.
struct House {
    registry: Address<Registry>,
    folder: Arc<DataFolder>,
    log: LogWriter,
    series: Vec<SeriesRef>,
}

impl House {
    fn upkeep_outlets(&self) -> UpkeepOutlets {
        UpkeepOutlets {
            cut: self.registry.outlet(),
            evict: self.registry.outlet(),
            shed: self.registry.outlet(),
            census: self.registry.outlet(),
            metrics: self.registry.outlet(),
        }
    }

    async fn open(folder: &Folder) -> Self {
        let (data, ledger, writer, found) = DataFolder::open(&folder.0, WINDOW, EPOCH).unwrap();
        assert!(!found.lost_anything(), "{found}");
        let log = Log::new(writer, SyncPolicy::EveryBatch);
        let log = LogWriter::start(log, found, Arc::new(SystemClock::new())).unwrap();
        let mut supervisor = supervisor_on_threads();
        let catalogue = Catalogue::new();
        let logged = log.clone();
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
                .logged(Some(logged.clone()))
        });
        std::mem::forget(supervisor.open());
        let definition = MetricDefinition::gauge("load").labels(["l"]).build().unwrap();
        let mode = RegisterMode::Strict;
        registry.send(RegisterMetric { definition, mode }).await.unwrap();
        let mut series = Vec::new();
        for index in 0..SERIES {
            let labels = vec![("l".into(), index.to_string().into())];
            series.push(registry.send(Resolve { metric: "load".into(), labels }).await.unwrap());
        }
        Self { registry, folder: Arc::new(data), log, series }
    }

    /// Appends a value to every series; `true` once that is acknowledged.
    async fn append(&self, at: Timestamp, value: f64) -> bool {
        let values = self.series.iter().map(|series| (*series, value)).collect();
        let answer = self.registry.send(AppendBatch { at, values }).await;
        answer.is_ok_and(|outcome| outcome.accepted == SERIES)
    }

    async fn read(&self) -> Vec<SeriesSamples> {
        let all = Values {
            metric: "load".into(),
            matchers: Vec::new(),
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        self.registry.send(all).await.unwrap()
    }

    /// Returns the values of each series, which must be the same for all.
    async fn values(&self) -> Vec<f64> {
        let series = self.read().await;
        let mut values = series.iter().map(|one| one.samples.iter().map(|one| one.value).collect());
        let first: Vec<f64> = values.next().unwrap_or_default();
        assert!(values.all(|others: Vec<f64>| others == first));
        first
    }
}

#[test]
fn what_is_acknowledged_is_on_the_disk_whatever_becomes_of_the_registry() {
    let folder = Folder::new();
    let mut acknowledged = Vec::new();
    threaded(async {
        let house = House::open(&folder).await;
        for number in 0..200 {
            if number % 40 == 7 {
                assert!(house.registry.send(FailRegistry(Place::Handler)).await.is_err());
            }
            let value = f64::from(number);
            let at = EPOCH - Duration::from_secs(3_600) + Duration::from_secs(number as u64);
            assert!(house.append(at, value).await);
            acknowledged.push(value);
        }
        // As a crash leaves it: nothing is closed, and the folder's lock goes
        // with the process, which here is this.
        let copy = folder.0.join("copy");
        fs::create_dir_all(copy.join("wal")).unwrap();
        for file in fs::read_dir(folder.0.join("wal")).unwrap() {
            let file = file.unwrap().path();
            fs::copy(&file, copy.join("wal").join(file.file_name().unwrap())).unwrap();
        }
    });
    threaded(async {
        let crashed = House::open(&Folder(folder.0.join("copy"))).await;
        assert_eq!(crashed.values().await, acknowledged);
    });
}

#[test]
fn a_round_of_upkeep_seals_what_is_over_while_samples_come() {
    let folder = Folder::new();
    threaded(async {
        let house = House::open(&folder).await;
        let begin = EPOCH - Duration::from_secs(6 * 3_600);
        for number in 0..STEPS {
            let at = begin + Duration::from_secs(20 * u64::from(number));
            assert!(house.append(at, f64::from(number)).await);
        }
        let (workshop, pool) = Workshop::start().unwrap();
        let outlets = house.upkeep_outlets();
        let options = UpkeepOptions {
            five_minutes: Duration::from_secs(86_400),
            hours: Duration::from_secs(86_400),
            bytes_max: None,
            memory_max: None,
            out_of_order: Duration::from_secs(300),
            series_per_slice: 7,
        };
        let disk = Some((Arc::clone(&house.folder), house.log.clone()));
        let upkeep = Upkeep::new(disk, workshop.clone(), outlets.clone(), options.clone());
        let round = upkeep.clone().round(SampleRetention::default(), None, EPOCH, EPOCH);
        let late = house.append(EPOCH, f64::from(STEPS));
        let (report, late) = tokio::join!(round, late);
        assert!(late);
        assert_eq!(report.failures, Vec::<String>::new());
        assert!(report.segments >= 2 && report.samples_sealed >= 4 * 180 * SERIES as u64);
        let expected: Vec<f64> = (0..=STEPS).map(f64::from).collect();
        assert_eq!(house.values().await, expected);
        let last = Some(Arc::new(report.clone()));
        let again = upkeep.clone().round(SampleRetention::default(), last, EPOCH, EPOCH);
        assert_eq!(again.await.segments, 0, "there is nothing new");
        let stored = house.registry.send(StorageStatistics).await.unwrap();
        assert_eq!(stored.statistics.segments, report.segments);
        assert!(stored.statistics.samples < 3 * 180 * SERIES, "the others left the memory");

        // Memory has room for less than what is left, and a chunk is whole.
        let more = 120;
        for number in 1..=more {
            let at = EPOCH + Duration::from_secs(4 * u64::from(number));
            assert!(house.append(at, f64::from(number)).await);
        }
        let options = UpkeepOptions { memory_max: Some(1), ..options };
        let disk = Some((Arc::clone(&house.folder), house.log.clone()));
        let tight = Upkeep::new(disk, workshop.clone(), outlets.clone(), options.clone());
        let last = Some(Arc::new(report.clone()));
        let early = tight.round(SampleRetention::default(), last, EPOCH, EPOCH).await;
        assert_eq!(early.failures, Vec::<String>::new());
        assert!(early.samples_shed == 0 && early.samples_sealed > 0, "{early:?}");
        let expected: Vec<f64> = (0..=STEPS).chain(1..=more).map(f64::from).collect();
        assert_eq!(house.values().await, expected, "it is sealed early");

        // Without a disk it is dropped.
        let tight = Upkeep::new(None, workshop, outlets, options);
        let shed = tight.round(SampleRetention::default(), None, EPOCH, EPOCH).await;
        assert!(shed.samples_shed > 0, "{shed:?}");
        let left: usize = house.read().await.iter().map(|one| one.samples.len()).sum();
        let stored = u64::from(STEPS + 1 + more) * SERIES as u64;
        assert_eq!(left as u64 + shed.samples_shed, stored);
        pool.shutdown_background();
    });
}

#[test]
fn a_log_beyond_the_budget_is_sealed_before_it_is_cut() {
    let folder = Folder::new();
    threaded(async {
        let house = House::open(&folder).await;
        let begin = EPOCH - Duration::from_secs(6 * 3_600);
        for number in 0..STEPS {
            let at = begin + Duration::from_secs(20 * u64::from(number));
            assert!(house.append(at, f64::from(number)).await);
        }
        let (workshop, pool) = Workshop::start().unwrap();
        let log_bytes = house.log.status().bytes;
        let options = UpkeepOptions {
            five_minutes: Duration::from_secs(86_400),
            hours: Duration::from_secs(86_400),
            bytes_max: Some(log_bytes - 1),
            memory_max: None,
            out_of_order: Duration::from_secs(300),
            series_per_slice: 7,
        };
        let disk = Some((Arc::clone(&house.folder), house.log.clone()));
        let upkeep = Upkeep::new(disk, workshop, house.upkeep_outlets(), options);
        let report = upkeep.round(SampleRetention::default(), None, EPOCH, EPOCH).await;
        assert_eq!(report.failures, Vec::<String>::new());
        assert!(report.segments >= 2, "{report:?}");
        assert_eq!(report.log_bytes_dropped, 0, "{report:?}");
        assert_eq!(report.retained.over_budget_files, 0, "{report:?}");
        let left = house.log.status().bytes + house.folder.bytes();
        assert!(left < log_bytes, "{left} of {log_bytes}");
        let expected: Vec<f64> = (0..STEPS).map(f64::from).collect();
        assert_eq!(house.values().await, expected);
        pool.shutdown_background();
    });
}
