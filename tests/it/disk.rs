//! A disk that refuses costs durability and nothing else, is told of, and is
//! gone back to by itself.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use keepwatch::clock::Clock as _;
use keepwatch::health::HealthStatus;
use keepwatch::messages::{KeepUp, Values};
use keepwatch::model::Timestamp;

use crate::place::{Place, fill};
use crate::process::Program;
use crate::recording::{LIMIT, Recording, SERIES, WINDOW};

/// Names the data folder to a process with limits of its own.
const CHILD_FOLDER: &str = "KEEPWATCH_TEST_DISK_FOLDER";

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
fn upkeep_that_fails_is_told_of_until_it_succeeds() {
    let place = Place::new("upkeep");
    block_on(async {
        let mut recording = Recording::begin(&place.data(), |_| {});
        let folder = recording.folder.clone();
        let (segments, rollups) = (folder.join("segments"), folder.join("rollups/5m"));
        for (obstructed, step) in [(segments, "sealing: "), (rollups, "rollups: ")] {
            // Days, so that there is something to roll up.
            for _ in 0..3 {
                recording.record().await;
                recording.clock.by(1_440 * WINDOW);
            }
            assert_eq!(recording.check().await.status, HealthStatus::Up);
            let away = obstructed.with_extension("away");
            fs::rename(&obstructed, &away).unwrap();
            fs::write(&obstructed, "no folder").unwrap();
            // It is no one-off: the step is tried again.
            for _ in 0..2 {
                let failures = recording.keep_up().await;
                assert!(failures.iter().any(|one| one.starts_with(step)), "{step}{failures:?}");
            }
            let check = recording.check().await;
            let message = check.message.unwrap();
            println!("{message}");
            assert_eq!(check.status, HealthStatus::Degraded, "{message}");
            assert!(message.starts_with("the last upkeep failed: "), "{message}");
            assert!(message.contains(step) && message.contains("os error"), "{message}");
            recording.until_firing(true).await;

            fs::remove_file(&obstructed).unwrap();
            fs::rename(&away, &obstructed).unwrap();
            let round = recording.monitor.send(KeepUp).await.unwrap();
            assert_eq!(round.failures, Vec::<String>::new());
            assert_eq!(recording.check().await.status, HealthStatus::Up);
            recording.until_firing(false).await;
        }
        assert!(recording.storage().await.statistics.rollup_bytes > 0);
        recording.check_read().await;
        recording.monitor.shutdown().await;
    });
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
    let limits = "trap '' XFSZ && ulimit -f 512";
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
        // Neither the log nor segments, to which memory would be sealed.
        for name in ["wal", "segments"] {
            fs::rename(folder.join(name), folder.join(name).with_extension("away")).unwrap();
            fs::write(folder.join(name), "no folder").unwrap();
        }
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
            Recording::begin(&place.data(), |options| options.disk_max = Some(5_000));
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
        let deadline = recording.clock.monotonic() + LIMIT;
        // A round may be under way already, and has answered for itself.
        while recording.own("keepwatch_storage_removed_samples_total").await == 0.0 {
            assert!(recording.clock.monotonic() < deadline, "the budget is not kept");
            println!("{:?}", recording.monitor.send(KeepUp).await.unwrap());
        }
        let segments = fs::read_dir(recording.folder.join("segments")).unwrap();
        let bytes: u64 = segments.map(|segment| segment.unwrap().metadata().unwrap().len()).sum();
        assert!(bytes <= 5_000, "{bytes}");
        recording.check_no_fault().await;
        recording.monitor.shutdown().await;
    });
}
