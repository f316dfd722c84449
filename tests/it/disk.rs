//! A disk that refuses costs durability and nothing else, is told of, and is
//! gone back to by itself.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::alert::AlertState;
use keepwatch::clock::{Clock, SystemClock};
use keepwatch::health::HealthStatus;
use keepwatch::messages::{
    ActiveAlerts, CheckNow, Health, KeepUp, RecordBatch, StorageReport, StorageStatistics, Values,
};
use keepwatch::model::{Record, Sample, TimeRange, Timestamp};
use keepwatch::monitor::StorageOptions;
use keepwatch::storage::Selector;
use keepwatch::storage::folder::FolderView;

use crate::process::Program;

/// Names the data folder to a process with limits of its own.
const CHILD_FOLDER: &str = "KEEPWATCH_TEST_DISK_FOLDER";

/// The longest that anything is waited for.
const LIMIT: Duration = Duration::from_secs(40);

const WINDOW: Duration = Duration::from_secs(60);

const SERIES: usize = 20;

/// A folder of the test's own, removed with it.
struct Place {
    path: PathBuf,
    mounted: bool,
}

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("keepwatch-disk-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self { path, mounted: false }
    }

    /// Makes a file system of two megabytes there; `None` for who may not.
    fn small(name: &str) -> Option<Self> {
        let mut place = Self::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=700", "none"]).arg(&place.path);
        place.mounted = mount.output().is_ok_and(|output| output.status.success());
        place.mounted.then_some(place)
    }

    fn data(&self) -> PathBuf {
        self.path.join("data")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.mounted {
            // Lazily: the test that fails may leave files open.
            let _ = Command::new("umount").arg("-l").arg(&self.path).output();
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The machine's clock, which the test puts forward.
#[derive(Clone)]
struct Forward(SystemClock, Arc<AtomicI64>);

impl Forward {
    fn new() -> Self {
        Self(SystemClock::new(), Arc::default())
    }

    fn by(&self, span: Duration) {
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
struct Recording {
    monitor: Monitor,
    clock: Forward,
    folder: PathBuf,
    last: Timestamp,
    recorded: BTreeSet<i64>,
}

impl Recording {
    fn begin(folder: &Path, change: impl FnOnce(&mut StorageOptions)) -> Self {
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
    async fn record(&mut self) -> i64 {
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

    async fn storage(&self) -> StorageReport {
        self.monitor.send(StorageStatistics).await.unwrap()
    }

    async fn failure(&self) -> Option<String> {
        self.storage().await.log.unwrap().failure
    }

    /// Records until the log fails, or no longer does.
    async fn record_until(&mut self, failing: bool) {
        let deadline = self.clock.monotonic() + LIMIT;
        while self.failure().await.is_some() != failing {
            assert!(self.clock.monotonic() < deadline, "failing: {failing}, for too long");
            self.record().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn firing(&self) -> bool {
        let active = self.monitor.send(ActiveAlerts::default()).await.unwrap();
        active.iter().any(|alert| {
            &*alert.rule == "KeepwatchStorageDegraded" && alert.state == AlertState::Firing
        })
    }

    /// Waits until the alert fires, or no longer does.
    async fn until_firing(&self, firing: bool) {
        let deadline = self.clock.monotonic() + LIMIT;
        while self.firing().await != firing {
            assert!(self.clock.monotonic() < deadline, "the alert fires: {}", !firing);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the newest value of a series of the engine's own.
    async fn own(&self, metric: &str) -> f64 {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
        let series = self.monitor.send(values).await.unwrap();
        series.iter().filter_map(|one| one.samples.last()).map(|last| last.value).sum()
    }

    /// Compares what the engine reads with what it took.
    async fn check_read(&self) {
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
    fn check_kept(&self, some: &BTreeSet<i64>) {
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

    async fn keep_up(&self) -> Vec<String> {
        self.monitor.send(KeepUp).await.unwrap().failures
    }

    /// Keeps up until a round goes through.
    async fn keep_up_well(&self) {
        let deadline = self.clock.monotonic() + LIMIT;
        loop {
            let failures = self.keep_up().await;
            if failures.is_empty() {
                return;
            }
            assert!(self.clock.monotonic() < deadline, "{failures:?}");
        }
    }

    async fn status(&self) -> HealthStatus {
        let check = CheckNow { check: "keepwatch storage".into() };
        self.monitor.send(check).await.unwrap();
        self.monitor.send(Health).await.unwrap().status
    }

    /// Checks that everybody who asks is told.
    async fn check_told(&self) {
        self.until_firing(true).await;
        assert_eq!(self.status().await, HealthStatus::Degraded);
        assert!(self.own("keepwatch_storage_degraded").await > 0.0);
        assert!(self.own("keepwatch_storage_unlogged_samples_total").await > 0.0);
        let failure = self.failure().await.unwrap();
        let summary = self.monitor.summary(WINDOW).await.to_string();
        assert!(summary.contains(&failure), "{failure}: {summary}");
    }

    async fn check_no_fault(&self) {
        for one in self.monitor.status().await {
            assert_eq!((one.faults, one.restarts), (0, 0), "{one:?}");
        }
    }

    /// Lives through a disk that refuses from `obstruct` to `clear`.
    async fn live_through<T>(
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

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Returns files under names that no finished file has.
fn unfinished(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(unfinished(&path));
        } else if path.extension().is_some_and(|extension| extension == "tmp") {
            found.push(path);
        }
    }
    found
}

/// Writes a file that takes all the space there is.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let mut chunk: &[u8] = &[0x5a; 64 << 10];
    while !chunk.is_empty() {
        if file.write_all(chunk).is_err() {
            chunk = &chunk[..chunk.len() / 2];
        }
    }
}

fn block_on(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(test);
}

/// Starts a process with limits that the shell sets.
fn limited(name: &str, limits: &str, test: &str) -> String {
    let place = Place::new(name);
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{limits} && exec \"$0\" --exact {test} --nocapture"))
        .arg(std::env::current_exe().unwrap())
        .env(CHILD_FOLDER, place.data());
    Program::start(&mut command).finish()
}

fn child_folder() -> Option<PathBuf> {
    std::env::var_os(CHILD_FOLDER).map(PathBuf::from)
}

#[test]
fn a_full_disk_is_lived_through() {
    let Some(place) = Place::small("full") else {
        println!("no file system may be mounted: a limit of the size of files stands in");
        return;
    };
    println!("a file system of two megabytes at {:?}", place.path);
    let filler = place.path.join("filler");
    let remove = filler.clone();
    block_on(Recording::begin(&place.data(), |_| {}).live_through(
        false,
        move |_| fill(&filler),
        move |_, ()| fs::remove_file(remove).unwrap(),
    ));
}

#[test]
fn a_folder_that_takes_no_new_file_is_lived_through() {
    let place = Place::new("unwritable");
    block_on(Recording::begin(&place.data(), |_| {}).live_through(
        true,
        |folder| {
            // Permissions would not hold root back.
            fs::rename(folder.join("wal"), folder.join("wal.away")).unwrap();
            fs::write(folder.join("wal"), "no folder").unwrap();
        },
        |folder, ()| {
            fs::remove_file(folder.join("wal")).unwrap();
            fs::rename(folder.join("wal.away"), folder.join("wal")).unwrap();
        },
    ));
}

#[test]
fn too_many_open_files_are_lived_through() {
    let said = limited("open", "ulimit -n 256", "disk::the_process_with_few_files");
    assert!(said.contains("lived through"), "{said}");
}

/// Does nothing unless the test above starts it in a process of its own.
#[test]
fn the_process_with_few_files() {
    let Some(folder) = child_folder() else { return };
    block_on(Recording::begin(&folder, |_| {}).live_through(
        false,
        |_| std::iter::from_fn(|| File::open("/dev/null").ok()).collect::<Vec<File>>(),
        |_, files| drop(files),
    ));
    println!("lived through");
}

/// For those who may not mount: each file ends at a size, so that the log
/// fails when its file has grown to it, and goes on in the next.
#[test]
fn a_log_that_may_not_grow_is_lived_through() {
    let limits = "trap '' XFSZ && ulimit -f 128";
    let said = limited("small", limits, "disk::the_process_of_small_files");
    assert!(said.contains("lived through"), "{said}");
}

/// Does nothing unless the test above starts it in a process of its own.
#[test]
fn the_process_of_small_files() {
    let Some(folder) = child_folder() else { return };
    block_on(async {
        let mut recording = Recording::begin(&folder, |_| {});
        recording.record_until(true).await;
        println!("refused: {}", recording.failure().await.unwrap());
        recording.check_told().await;
        recording.check_read().await;
        recording.record_until(false).await;
        recording.until_firing(false).await;
        recording.check_read().await;
        recording.check_no_fault().await;
        recording.monitor.shutdown().await;
    });
    println!("lived through");
}

#[test]
fn memory_has_a_budget_while_the_disk_refuses() {
    let place = Place::new("memory");
    block_on(async {
        let mut recording =
            Recording::begin(&place.data(), |options| options.memory_max = Some(200_000));
        let folder = recording.folder.clone();
        fs::rename(folder.join("wal"), folder.join("wal.away")).unwrap();
        fs::write(folder.join("wal"), "no folder").unwrap();
        recording.clock.by(WINDOW);
        for _ in 0..2_000 {
            recording.record().await;
        }
        recording.record_until(true).await;
        let deadline = recording.clock.monotonic() + LIMIT;
        while recording.own("keepwatch_storage_removed_samples_total").await == 0.0 {
            assert!(recording.clock.monotonic() < deadline, "nothing was shed");
            recording.keep_up().await;
        }
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: "level".into(), matchers: Vec::new(), start, end };
        let found = recording.monitor.send(values).await.unwrap();
        for series in &found {
            let newest = series.samples.last().map(|sample| sample.at);
            assert_eq!(newest, Some(recording.last), "{}", series.labels);
        }
        let taken = recording.recorded.len() * SERIES;
        let left: usize = found.iter().map(|series| series.samples.len()).sum();
        println!("{left} of {taken} samples left");
        assert!(left < taken);
        recording.check_no_fault().await;
        recording.monitor.shutdown().await;
    });
}

#[test]
fn a_budget_is_kept_on_a_full_disk() {
    let Some(place) = Place::small("budget") else {
        println!("no file system may be mounted");
        return;
    };
    block_on(async {
        // What was sealed goes beyond it.
        let mut recording =
            Recording::begin(&place.data(), |options| options.disk_max = Some(8_000));
        for _ in 0..500 {
            recording.record().await;
        }
        recording.clock.by(20 * WINDOW);
        recording.record().await;
        let sealed = recording.monitor.send(KeepUp).await.unwrap();
        println!("{sealed:?}");
        fill(&place.path.join("filler"));
        recording.clock.by(WINDOW);
        recording.record_until(true).await;
        let report = recording.monitor.send(KeepUp).await.unwrap();
        println!("{report:?}");
        assert!(report.retained.over_budget_files > 0, "{report:?}");
        assert!(report.retained.bytes_freed > 0, "{report:?}");
        let segments = fs::read_dir(recording.folder.join("segments")).unwrap();
        assert_eq!(segments.count(), 0);
        recording.check_no_fault().await;
        recording.monitor.shutdown().await;
    });
}
