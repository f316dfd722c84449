//! A process that records is killed again and again; what it acknowledged is
//! there each time, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use keepwatch::Monitor;
use keepwatch::clock::{Clock, SystemClock};
use keepwatch::messages::RecordBatch;
use keepwatch::model::{Record, TimeRange, Timestamp};
use keepwatch::monitor::StorageOptions;
use keepwatch::storage::Selector;
use keepwatch::storage::folder::FolderView;

use crate::process::Program;

/// Names the data folder to the process that is to be killed.
const CHILD_FOLDER: &str = "KEEPWATCH_TEST_KILL_FOLDER";

/// How much faster than ours the time of that process runs, so that ten
/// windows of a minute pass in a second.
const FASTER: i64 = 600;

const SERIES: usize = 5;

/// Histories side by side, and how often the process of each is killed.
const LANES: u64 = 4;
const KILLS: u64 = 9;

/// The time of the machine, seen through a quick-motion lens.
struct Fast(SystemClock);

impl Clock for Fast {
    fn now(&self) -> Timestamp {
        let since_day = self.0.now().millis() % 86_400_000;
        let day = self.0.now().millis() - since_day;
        Timestamp::from_millis(day + since_day * FASTER)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
}

/// The value that a series has at a time: known to both processes.
fn value(series: usize, at: i64) -> f64 {
    match at % 11 {
        0 => -0.0,
        1 => (at as f64).sqrt(),
        _ => (at % 100_003 * 8 + series as i64) as f64 / 10.0,
    }
}

/// What the killed processes said: the times that they tried, and those that
/// were acknowledged.
#[derive(Default)]
struct Said {
    tried: BTreeSet<i64>,
    acknowledged: BTreeSet<i64>,
}

/// When a process is killed.
enum Until {
    /// Once it has acknowledged so many batches.
    Batches(u64),
    /// Once it has sealed a window.
    Sealed,
}

fn segments(folder: &Path) -> usize {
    std::fs::read_dir(folder.join("segments")).map_or(0, Iterator::count)
}

/// Starts a process and kills it.
fn live(folder: &Path, until: &Until, said: &mut Said) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kill::the_process_that_is_killed", "--nocapture"])
        .env(CHILD_FOLDER, folder);
    let mut child = Program::start(&mut command);
    match until {
        Until::Batches(batches) => (0..*batches).for_each(|_| {
            child.line_with("acknowledged");
        }),
        Until::Sealed => {
            while segments(folder) == 0 {
                child.line_with("acknowledged");
            }
        }
    }
    for line in child.kill().lines() {
        // The end of the last line may be missing.
        if let Some((_, rest)) = line.split_once("tried ") {
            said.tried.extend(rest.strip_suffix('.').and_then(|at| at.parse::<i64>().ok()));
        } else if let Some((_, rest)) = line.split_once("acknowledged ") {
            said.acknowledged.extend(rest.strip_suffix('.').and_then(|at| at.parse::<i64>().ok()));
        }
    }
}

/// Compares what is in the folder with what was said.
fn check(folder: &Path, said: &Said) {
    let view = FolderView::open(folder, Timestamp::MAX).unwrap();
    assert!(!view.report.lost_anything(), "{}", view.report);
    let found = view.store().snapshot(&Selector::metric("level"), TimeRange::ALL);
    let found = found.decode(TimeRange::ALL);
    let by_series: BTreeMap<String, _> =
        found.iter().map(|series| (series.labels.to_string(), &series.samples)).collect();
    for series in 0..SERIES {
        let samples = by_series.get(&format!("{{n=\"{series}\"}}"));
        let times: BTreeSet<i64> =
            samples.into_iter().flat_map(|all| all.iter()).map(|one| one.at.millis()).collect();
        for sample in samples.into_iter().flat_map(|all| all.iter()) {
            let at = sample.at.millis();
            assert!(said.tried.contains(&at), "series {series} at {at} was made up");
            assert_eq!(sample.value.to_bits(), value(series, at).to_bits(), "{series} at {at}");
        }
        let lost: Vec<&i64> = said.acknowledged.difference(&times).collect();
        assert!(lost.is_empty(), "series {series} lost {lost:?}; {}", view.report);
    }
}

/// One history: returns how many batches were acknowledged, and the most
/// segments that there were.
fn lane(lane: u64) -> (usize, usize) {
    let name = format!("keepwatch-kill-{}-{lane}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    // The first process may be killed before it makes anything.
    std::fs::create_dir_all(&folder).unwrap();
    let mut said = Said::default();
    let mut random = lane * 7_919 + 1;
    let mut most = 0;
    for kill in 0..KILLS {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Soon after the start, or later; half-way once a window is sealed,
        // so that what comes then finds segments.
        let until = match kill {
            3 => Until::Sealed,
            kill if kill % 2 == 0 => Until::Batches((random >> 33) % 20),
            _ => Until::Batches((random >> 33) % 4_000),
        };
        live(&folder, &until, &mut said);
        check(&folder, &said);
        most = most.max(segments(&folder));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    (said.acknowledged.len(), most)
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let lanes: Vec<_> = (0..LANES).map(|at| std::thread::spawn(move || lane(at))).collect();
    let lanes: Vec<_> = lanes.into_iter().map(|lane| lane.join().unwrap()).collect();
    let acknowledged: usize = lanes.iter().map(|(acknowledged, _)| acknowledged).sum();
    let segments: usize = lanes.iter().map(|(_, segments)| segments).sum();
    println!("{} kills, {acknowledged} batches, {segments} segments", LANES * KILLS);
    assert!(acknowledged > 1_000, "{acknowledged}");
    assert!(segments > 0, "no kill came after a window was sealed");
}

/// Does nothing unless the test above starts it in a process of its own.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER).map(PathBuf::from) else { return };
    let mut options = StorageOptions::default();
    options.window = Duration::from_secs(60);
    options.upkeep_interval = Duration::from_secs(1);
    let monitor = Monitor::builder()
        .clock(Fast(SystemClock::new()))
        .data_dir(&folder)
        .storage(options)
        .start()
        .unwrap();
    let level = monitor.gauge("level").labels(["n"]).get_or_register();
    level.unwrap();
    let clock = Fast(SystemClock::new());
    let mut at = Timestamp::MIN;
    actix_rt::System::new().block_on(async {
        loop {
            // Each a step on, also where the clock stands still.
            at = clock.now().max(at + Duration::from_millis(1));
            let record = |series: usize| {
                Record::set_at("level", value(series, at.millis()), at)
                    .label("n", series.to_string())
            };
            say(&format!("tried {}.", at.millis()));
            let batch = RecordBatch((0..SERIES).map(record).collect());
            let outcome = monitor.send(batch).await.unwrap();
            assert_eq!(outcome.accepted, SERIES, "{outcome:?}");
            say(&format!("acknowledged {}.", at.millis()));
        }
    });
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}
