//! An engine that records to a data folder, and the check of what it keeps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::alert::AlertState;
use keepwatch::clock::{Clock, SystemClock};
use keepwatch::health::{CheckReport, HealthStatus};
use keepwatch::messages::{
    ActiveAlerts, CheckNow, Health, KeepUp, RecordBatch, StorageReport, StorageStatistics, Values,
};
use keepwatch::model::{Record, Sample, TimeRange, Timestamp};
use keepwatch::monitor::StorageOptions;
use keepwatch::storage::Selector;
use keepwatch::storage::folder::FolderView;

use crate::place::{Place, copy_all, unfinished};

/// The longest that anything is waited for.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

pub(crate) const WINDOW: Duration = Duration::from_secs(60);

pub(crate) const SERIES: usize = 20;

/// The machine's clock, which the test puts forward.
#[derive(Clone)]
pub(crate) struct Forward(SystemClock, Arc<AtomicI64>);

impl Forward {
    pub(crate) fn new() -> Self {
        Self(SystemClock::new(), Arc::default())
    }

    pub(crate) fn by(&self, span: Duration) {
        self.1.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Forward {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now().millis() + self.1.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// An engine with a data folder, and what was recorded through it.
pub(crate) struct Recording {
    pub(crate) monitor: Monitor,
    pub(crate) clock: Forward,
    pub(crate) folder: PathBuf,
    pub(crate) last: Timestamp,
    pub(crate) recorded: BTreeSet<i64>,
}

impl Recording {
    pub(crate) fn begin(folder: &Path, change: impl FnOnce(&mut StorageOptions)) -> Self {
        let shortest = Duration::from_millis(100);
        let mut options = StorageOptions::default();
        options.window = WINDOW;
        options.upkeep_interval = Duration::from_secs(3_600);
        change(&mut options);
        let clock = Forward::new();
        let monitor = Monitor::builder()
            .clock(clock.clone())
            .collection_interval(shortest)
            .evaluation_interval(shortest)
            .data_dir(folder)
            .storage(options)
            .start()
            .unwrap();
        monitor.gauge("level").labels(["n"]).register().unwrap();
        let (last, recorded) = (Timestamp::MIN, BTreeSet::new());
        Self { monitor, clock, folder: folder.to_owned(), last, recorded }
    }

    /// Records a value of each series; it must be taken whatever the disk
    /// says.
    pub(crate) async fn record(&mut self) -> i64 {
        let at = self.clock.now().max(self.last + Duration::from_millis(1));
        self.last = at;
        let record = |series: usize| {
            Record::set_at("level", value(series, at.millis()), at).label("n", series.to_string())
        };
        let batch = RecordBatch((0..SERIES).map(record).collect());
        let outcome = self.monitor.send(batch).await.unwrap();
        assert_eq!(outcome.accepted, SERIES, "{outcome:?}");
        self.recorded.insert(at.millis());
        at.millis()
    }

    pub(crate) async fn storage(&self) -> StorageReport {
        self.monitor.send(StorageStatistics).await.unwrap()
    }

    pub(crate) async fn failure(&self) -> Option<String> {
        self.storage().await.log.unwrap().failure
    }

    /// Records until the log fails, or no longer does.
    pub(crate) async fn record_until(&mut self, failing: bool) {
        let deadline = self.clock.monotonic() + LIMIT;
        while self.failure().await.is_some() != failing {
            assert!(self.clock.monotonic() < deadline, "failing: {failing}, for too long");
            self.record().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub(crate) async fn firing(&self) -> bool {
        let active = self.monitor.send(ActiveAlerts::default()).await.unwrap();
        active.iter().any(|alert| {
            &*alert.rule == "KeepwatchStorageDegraded" && alert.state == AlertState::Firing
        })
    }

    /// Waits until the alert fires, or no longer does.
    pub(crate) async fn until_firing(&self, firing: bool) {
        let deadline = self.clock.monotonic() + LIMIT;
        while self.firing().await != firing {
            assert!(self.clock.monotonic() < deadline, "the alert fires: {}", !firing);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the newest value of a series of the engine's own.
    pub(crate) async fn own(&self, metric: &str) -> f64 {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
        let series = self.monitor.send(values).await.unwrap();
        series.iter().filter_map(|one| one.samples.last()).map(|last| last.value).sum()
    }

    /// Waits until a series of the engine's own is above zero.
    pub(crate) async fn until_own(&self, metric: &str) {
        let deadline = self.clock.monotonic() + LIMIT;
        while self.own(metric).await <= 0.0 {
            assert!(self.clock.monotonic() < deadline, "{metric} is 0");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Compares what the engine reads with what it took.
    pub(crate) async fn check_read(&self) {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: "level".into(), matchers: Vec::new(), start, end };
        let found = self.monitor.send(values).await.unwrap();
        assert_eq!(found.len(), SERIES);
        for series in found {
            check_series(&series.labels.to_string(), &series.samples, &self.recorded);
            assert_eq!(series.samples.len(), self.recorded.len());
        }
    }

    /// Compares what a process would find that starts now, without a word
    /// from this one, with some of what was recorded.
    pub(crate) fn check_kept(&self, some: &BTreeSet<i64>) {
        let copy = Place::new("copy");
        copy_all(&self.folder, &copy.path);
        let view = FolderView::open(&copy.path, Timestamp::MAX).unwrap();
        assert!(!view.report.lost_anything(), "{}", view.report);
        let found = view.store().snapshot(&Selector::metric("level"), TimeRange::ALL);
        let found = found.decode(TimeRange::ALL);
        assert_eq!(found.len(), SERIES);
        for series in found {
            check_series(&series.labels.to_string(), &series.samples, some);
        }
    }

    pub(crate) async fn keep_up(&self) -> Vec<String> {
        self.monitor.send(KeepUp).await.unwrap().failures
    }

    /// Keeps up until a round goes through.
    pub(crate) async fn keep_up_well(&self) {
        let deadline = self.clock.monotonic() + LIMIT;
        loop {
            let failures = self.keep_up().await;
            if failures.is_empty() {
                return;
            }
            assert!(self.clock.monotonic() < deadline, "{failures:?}");
        }
    }

    pub(crate) async fn check(&self) -> CheckReport {
        let check = CheckNow { check: "keepwatch storage".into() };
        self.monitor.send(check).await.unwrap()
    }

    pub(crate) async fn status(&self) -> HealthStatus {
        self.check().await;
        self.monitor.send(Health).await.unwrap().status
    }

    /// Checks that everybody who asks is told.
    pub(crate) async fn check_told(&self) {
        self.until_firing(true).await;
        assert_eq!(self.status().await, HealthStatus::Degraded);
        self.until_own("keepwatch_storage_degraded").await;
        self.until_own("keepwatch_storage_unlogged_samples_total").await;
        let failure = self.failure().await.unwrap();
        let summary = self.monitor.summary(WINDOW).await.to_string();
        assert!(summary.contains(&failure), "{failure}: {summary}");
    }

    pub(crate) async fn check_no_fault(&self) {
        for one in self.monitor.status().await {
            assert_eq!((one.faults, one.restarts), (0, 0), "{one:?}");
        }
    }

    /// Lives through a disk that refuses from `obstruct` to `clear`.
    pub(crate) async fn live_through<T>(
        mut self,
        seals: bool,
        obstruct: impl FnOnce(&Path) -> T,
        clear: impl FnOnce(&Path, T),
    ) {
        let before = BTreeSet::from([self.record().await]);
        self.check_kept(&before);
        let obstacle = obstruct(&self.folder);
        // The next window has a file of its own.
        self.clock.by(WINDOW);
        self.record_until(true).await;
        println!("refused: {}", self.failure().await.unwrap());
        self.record().await;
        self.check_told().await;
        self.check_read().await;

        self.clock.by(20 * WINDOW);
        self.record().await;
        let failures = self.keep_up().await;
        println!("upkeep: {failures:?}");
        assert_eq!(failures.is_empty(), seals, "{failures:?}");
        self.check_read().await;

        clear(&self.folder, obstacle);
        assert_eq!(unfinished(&self.folder), Vec::<PathBuf>::new());
        self.record_until(false).await;
        // Past the epoch that was refused.
        self.record().await;
        let after: BTreeSet<i64> = [self.record().await, self.record().await].into();
        assert_eq!(self.failure().await, None);
        self.check_kept(&after);
        self.keep_up_well().await;
        self.until_firing(false).await;
        assert_eq!(self.status().await, HealthStatus::Up);
        self.check_read().await;

        // What stayed in memory goes to segments in its time.
        self.clock.by(20 * WINDOW);
        self.keep_up_well().await;
        self.check_kept(&self.recorded);
        self.check_read().await;
        self.check_no_fault().await;
        self.monitor.shutdown().await;
    }
}

/// The value that a series has at a time. Whatever the pace of the recording,
/// it does not compress: its digits are those of a product that wraps.
fn value(series: usize, at: i64) -> f64 {
    let mixed = (at as u64 ^ (series as u64) << 48).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29) as f64 / 3.0
}

/// Checks that the samples hold the times, and that each value is that of its
/// time.
fn check_series(labels: &str, samples: &[Sample], some: &BTreeSet<i64>) {
    let series = labels.split('"').nth(1).unwrap().parse().unwrap();
    let times: BTreeSet<i64> = samples.iter().map(|sample| sample.at.millis()).collect();
    assert_eq!(times.len(), samples.len(), "{labels}: a time came twice");
    for sample in samples {
        assert_eq!(sample.value, value(series, sample.at.millis()), "{labels} at {}", sample.at);
    }
    let lost: Vec<&i64> = some.difference(&times).collect();
    assert!(lost.is_empty(), "{labels} lost {} of {}: {lost:?}", lost.len(), some.len());
}
