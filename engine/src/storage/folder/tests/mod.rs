//! The folder from end to end: log, segments, rollups and what survives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::model::{Labels, Sample, TimeRange, Timestamp};
use crate::storage::rollup::Resolution;
use crate::storage::wal::Writer;
use crate::storage::{Cutoffs, Log, Selector, SeriesRef, Slice, Store, StoreConfig, SyncPolicy};

const HOUR: i64 = 3_600;

/// A point in time, in seconds after a multiple of every window.
fn at(second: i64) -> Timestamp {
    Timestamp::from_millis((604_800 * 2_800 + second) * 1_000)
}

/// A folder that is removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "keepwatch-folder-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the actors do, on one thread.
struct Engine {
    folder: DataFolder,
    store: Store,
    log: Log,
    report: Reopening,
}

impl Engine {
    fn open(path: &Path, now: Timestamp) -> Self {
        Self::with_window(path, WINDOW, now)
    }

    fn with_window(path: &Path, window: Duration, now: Timestamp) -> Self {
        let (folder, ledger, writer, report): (_, _, Writer, _) =
            DataFolder::open(path, window, now).unwrap();
        let store = Store::recover(ledger, StoreConfig::default()).0;
        let log = Log::new(writer, SyncPolicy::EveryBatch);
        Self { folder, store, log, report }
    }

    fn series(&mut self, labels: &[(&str, &str)]) -> SeriesRef {
        let metric: Arc<str> = "m".into();
        let labels = Labels::new(labels.iter().copied()).unwrap();
        self.store.resolve(&metric, &metric, &labels).unwrap()
    }

    fn append(&mut self, series: SeriesRef, at: Timestamp, value: f64) {
        self.store.append(series, Sample::new(at, value), at).unwrap();
    }

    fn commit(&mut self) {
        let commits = self.store.take_commits();
        assert!(self.log.write(&commits, Duration::ZERO), "{:?}", self.log.status());
    }

    /// Seals what can be sealed at the time `now`.
    fn seal(&mut self, now: Timestamp) -> Sealing {
        let before = self.folder.sealable_before(Duration::from_secs(300), now);
        let below = self.log.file_number();
        let mut series = Vec::new();
        let mut cursor = Some(0);
        while let Some(at) = cursor {
            let cut = self.store.cut(at, 2, before);
            series.extend(cut.series);
            cursor = cut.next;
        }
        let sealing = self.folder.seal(series, before).unwrap();
        self.store.evict(&sealing.sealed, before);
        self.log.remove_sealed(before, below, Duration::ZERO);
        sealing
    }

    fn read(&self, range: TimeRange) -> Vec<(String, Vec<(i64, f64)>)> {
        let snapshot = self.store.snapshot(&Selector::metric("m"), range);
        let series = snapshot.decode(range).into_iter();
        series
            .map(|series| {
                let samples = series.samples.iter();
                let samples =
                    samples.map(|one| ((one.at.millis() - at(0).millis()) / 1_000, one.value));
                (series.labels.to_string(), samples.collect())
            })
            .collect()
    }

    /// Reads what a selector finds: by labels, the bits of each value by its
    /// time in milliseconds.
    fn bits(&self, selector: &Selector, range: TimeRange) -> BTreeMap<String, BTreeMap<i64, u64>> {
        let mut found = BTreeMap::new();
        for series in self.store.snapshot(selector, range).decode(range) {
            let times: Vec<i64> = series.samples.iter().map(|one| one.at.millis()).collect();
            assert!(times.is_sorted_by(|a, b| a < b), "{:?}", series.labels);
            let bits = series.samples.iter().map(|one| one.value.to_bits());
            let earlier =
                found.insert(series.labels.to_string(), times.into_iter().zip(bits).collect());
            assert_eq!(earlier, None, "a series is found once");
        }
        found
    }
}

fn day_of(engine: &mut Engine, series: &[SeriesRef], from: i64, to: i64) {
    for second in (from..to).step_by(60) {
        for (index, &series) in series.iter().enumerate() {
            engine.append(series, at(second), second as f64 + index as f64 / 4.0);
        }
        engine.commit();
        if second % (2 * HOUR) == 600 {
            engine.seal(at(second));
        }
    }
}

mod damage;
mod model;
mod whole;
