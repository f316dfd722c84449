//! keepwatch's store without an actor around it, in memory or with a folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::model::{Labels, Matcher, Sample, TimeRange, Timestamp};
use keepwatch_engine::storage::folder::{DataFolder, Keeping, WINDOW};
use keepwatch_engine::storage::{
    Log, Selector, SeriesRef, Snapshot, Store, StoreConfig, SyncPolicy,
};

use super::{Durable, Engine};
use crate::storage::dataset::{Digest, Fleet, START_MS};

pub(super) struct Bare {
    store: Store,
    series: Vec<SeriesRef>,
    disk: Option<Disk>,
}

/// The folder of a store, and its log, synced at each commit.
struct Disk {
    folder: DataFolder,
    log: Log,
}

/// How many series are cut at a time when a window is sealed.
const CUT: usize = 1_000;

impl Bare {
    pub(super) fn in_memory() -> Self {
        let store = Store::new(StoreConfig::default());
        Self { store, series: Vec::new(), disk: None }
    }

    pub(super) fn in_folder(path: &Path) -> Result<Self, String> {
        let now = Timestamp::from_millis(START_MS);
        let (folder, ledger, writer, _) =
            DataFolder::open(path, WINDOW, now).map_err(|error| error.to_string())?;
        let (store, _) = Store::recover(ledger, StoreConfig::default());
        let log = Log::new(writer, SyncPolicy::EveryBatch);
        Ok(Self { store, series: Vec::new(), disk: Some(Disk { folder, log }) })
    }

    fn commit(&mut self) {
        if let Some(disk) = &mut self.disk {
            let commits = self.store.take_commits();
            assert!(disk.log.write(&commits, Duration::ZERO), "{:?}", disk.log.status());
        }
    }
}

impl Engine for Bare {
    fn prepare(&mut self, fleet: &Fleet) {
        self.series.reserve_exact(fleet.series());
    }

    fn register(&mut self, fleet: &Fleet) {
        for series in 0..fleet.series() {
            let name = &fleet.metrics()[fleet.metric_of(series)].name;
            let labels = Labels::new(fleet.labels(series)).expect("the labels are valid");
            self.series.push(self.store.resolve(name, name, &labels).expect("there is room"));
        }
    }

    fn append(&mut self, at_ms: i64, values: &[f64]) {
        let at = Timestamp::from_millis(at_ms);
        for (series, value) in self.series.iter().zip(values) {
            self.store.append(*series, Sample::new(at, *value), at).expect("the time goes on");
        }
        self.commit();
    }

    fn read_one(&self, fleet: &Fleet, series: usize) -> Digest {
        read(&self.store.snapshot(&selector_of(fleet, series), TimeRange::ALL))
    }

    fn read_all(&self, fleet: &Fleet) -> Digest {
        let mut all = Digest::default();
        for metric in fleet.metrics() {
            let selector = Selector::metric(Arc::clone(&metric.name));
            all.merge(read(&self.store.snapshot(&selector, TimeRange::ALL)));
        }
        all
    }

    fn memory_bytes(&self) -> Option<u64> {
        Some(self.store.statistics().bytes as u64)
    }

    fn durable(&mut self) -> Option<&mut dyn Durable> {
        self.disk.is_some().then_some(self as &mut dyn Durable)
    }
}

impl Bare {
    fn disk(&self) -> &Disk {
        self.disk.as_ref().expect("only a store with a folder is durable")
    }
}

impl Durable for Bare {
    fn log_folder(&self) -> PathBuf {
        self.disk().folder.path().join("wal")
    }

    fn seal(&mut self) {
        // The next window has begun by then, and with it the next log file.
        let now = Timestamp::from_millis(START_MS) + WINDOW + Duration::from_secs(600);
        let name: Arc<str> = "keepwatch_bench_next_window".into();
        let next = self.store.resolve(&name, &name, &Labels::EMPTY).expect("there is room");
        self.store.append(next, Sample::new(now, 1.0), now).expect("the time goes on");
        self.commit();

        let disk = self.disk.as_mut().expect("only a store with a folder is durable");
        let before = disk.folder.sealable_before(self.store.config().out_of_order_window, now);
        let (mut series, mut cursor) = (Vec::new(), Some(0));
        while let Some(at) = cursor {
            let cut = self.store.cut(at, CUT, before);
            series.extend(cut.series);
            cursor = cut.next;
        }
        let sealing = disk.folder.seal(series, before).expect("the folder is writable");
        self.store.evict(&sealing.sealed, before);
        disk.log.remove_sealed(before, disk.log.file_number(), Duration::ZERO);
    }

    fn reads_after_sealing(&self) -> bool {
        true
    }

    fn handed_bytes(&self) -> Option<u64> {
        let disk = self.disk();
        Some(disk.log.status().bytes_written + disk.folder.bytes())
    }

    fn drop_window(&mut self) -> bool {
        let keeping = Keeping::default();
        let now = Timestamp::from_millis(START_MS) + WINDOW + keeping.samples;
        let removed = self.disk().folder.retain(&keeping, 0, now);
        removed.expect("the folder is writable").expired_files > 0
    }
}

/// Returns the selector that one series alone matches.
pub(super) fn selector_of(fleet: &Fleet, series: usize) -> Selector {
    let metric = &fleet.metrics()[fleet.metric_of(series)];
    fleet
        .labels(series)
        .into_iter()
        .fold(Selector::metric(Arc::clone(&metric.name)), |selector, (name, value)| {
            selector.matching(Matcher::equal(name, value))
        })
}

/// Decodes what a snapshot has, as a query would: one series after another.
pub(super) fn read(snapshot: &Snapshot) -> Digest {
    let (mut digest, mut samples) = (Digest::default(), Vec::new());
    let mut reader = snapshot.reader(TimeRange::ALL);
    for series in snapshot.iter() {
        samples.clear();
        reader.read(series, &mut samples);
        samples.iter().for_each(|sample| digest.add(sample.value));
    }
    digest
}
