//! The storage commands of the binary: import, export, inspect, verify.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keepwatch::Monitor;
use keepwatch::messages::{SetPolicy, Values};
use keepwatch::model::Timestamp;
use keepwatch::retention::Policy;
use keepwatch::storage::state::{Batch, StateStore, Table};

/// A folder that is removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("keepwatch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn storage(command: &str, data: &Path, rest: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_keepwatch"))
        .args(["storage", command, "--data"])
        .arg(data)
        .args(rest)
        .output()
        .unwrap()
}

fn told(output: &Output) -> (bool, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

const DUMP: &str = "\
# TYPE jobs counter
# HELP jobs Jobs done.
jobs_total{queue=\"a\"} 1 1700000000.000
jobs_total{queue=\"a\"} 2 1700000010.000
jobs_total{queue=\"b\"} 7 1700000000.500
# TYPE load gauge
load 0.25 1600000000.000
load NaN 1700000000.000
# EOF
";

#[test]
fn a_dump_goes_in_and_comes_out_again() {
    let place = Place::new("dump");
    let (dump, data) = (place.0.join("dump.txt"), place.0.join("data"));
    fs::write(&dump, DUMP).unwrap();
    let dump = dump.to_str().unwrap();
    for _ in 0..2 {
        let (good, text) = told(&storage("import", &data, &[dump]));
        assert!(good && text.starts_with("accepted 5 samples of 2 metrics"), "{text}");
        let exported = storage("export", &data, &[]);
        let lines = String::from_utf8(exported.stdout).unwrap();
        for line in DUMP.lines().filter(|line| !line.starts_with("# HELP")) {
            assert!(lines.lines().any(|other| other == line), "{line} in\n{lines}");
        }
        assert_eq!(lines.lines().filter(|line| !line.starts_with('#')).count(), 5);
    }
    let (good, text) = told(&storage("inspect", &data, &["--json"]));
    assert!(good && text.contains("\"samples\": 5"), "{text}");
    assert!(told(&storage("verify", &data, &[])).0);

    // A bit of a segment turns over.
    let segment = fs::read_dir(data.join("segments")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 4;
    fs::write(&segment, bytes).unwrap();
    let (good, text) = told(&storage("verify", &data, &[]));
    let name = segment.file_name().unwrap().to_str().unwrap();
    assert!(!good && text.contains(name), "{text}");
}

#[test]
fn lines_that_are_wrong_are_named_and_the_others_go_in() {
    let place = Place::new("lines");
    let (dump, data) = (place.0.join("dump.txt"), place.0.join("data"));
    fs::write(&dump, "# TYPE load gauge\nload 1 1600000000\nload{ 2\nload 3 1600000010\n# EOF\n")
        .unwrap();
    let (_, text) = told(&storage("import", &data, &[dump.to_str().unwrap()]));
    assert!(
        text.contains("accepted 2 samples") && text.contains("line 3, column 6: expected"),
        "{text}"
    );
}

#[test]
fn a_damaged_state_file_is_found_and_left_as_it_is() {
    let place = Place::new("state");
    let data = place.0.join("data");
    let monitor = Monitor::builder().data_dir(&data).start().unwrap();
    monitor.gauge("load").help("Work.").register().unwrap();
    let state = data.join("state.redb");
    let (good, text) = told(&storage("verify", &data, &[]));
    assert!(good && text.contains("good     state.redb"), "while it is in use: {text}");
    actix_rt::System::new().block_on(monitor.shutdown());
    let (good, text) = told(&storage("verify", &data, &[]));
    assert!(good && text.contains("good     state.redb"), "{text}");
    assert!(text.contains(" entries"), "{text}");

    let whole = fs::read(&state).unwrap();
    for (damage, expected) in [
        (&whole[..whole.len() / 2], "DAMAGED  state.redb"),
        (&b"not a database"[..], "DAMAGED  state.redb"),
    ] {
        fs::write(&state, damage).unwrap();
        let (good, text) = told(&storage("verify", &data, &[]));
        assert!(!good && text.contains(expected), "{text}");
        assert_eq!(fs::read(&state).unwrap(), damage);
    }

    // An entry that no keepwatch writes.
    fs::remove_file(&state).unwrap();
    let mut store = StateStore::open(&state).unwrap().store;
    let mut batch = Batch::new();
    batch.put(Table::Metrics, "load", &"no definition");
    store.write(&batch).unwrap();
    drop(store);
    let (good, text) = told(&storage("verify", &data, &[]));
    assert!(!good && text.contains("metrics \"load\": invalid type"), "{text}");

    fs::remove_file(&state).unwrap();
    let (good, text) = told(&storage("verify", &data, &[]));
    assert!(good && text.contains("it is not there"), "{text}");
    assert!(!state.exists());
}

#[test]
fn kinds_and_help_come_from_the_definitions_where_they_are_kept() {
    let place = Place::new("kinds");
    let data = place.0.join("data");
    let monitor = Monitor::builder().data_dir(&data).start().unwrap();
    // Not what its name looks like.
    let level = monitor.gauge("level_total").help("How high.").register().unwrap();
    level.with(&[]).unwrap().set(1.0);
    let latency = monitor.histogram("latency_seconds").unit("seconds").bounds([0.5]);
    latency.register().unwrap().with(&[]).unwrap().observe(0.1);
    actix_rt::System::new().block_on(async {
        for metric in ["level_total", "latency_seconds"] {
            // A read brings what the instruments hold to the log.
            let values = Values {
                metric: metric.into(),
                matchers: Vec::new(),
                start: Timestamp::MIN,
                end: Timestamp::MAX,
            };
            monitor.send(values).await.unwrap();
        }
        // Answered when the state file is written.
        monitor.send(SetPolicy(Policy::default())).await.unwrap();
        check_kinds(&data, &["# TYPE level_total gauge", "# HELP level_total How high."]);
        monitor.shutdown().await;
    });
    check_kinds(
        &data,
        &[
            "# TYPE level_total gauge",
            "# HELP level_total How high.",
            "# TYPE latency_seconds histogram",
            "# UNIT latency_seconds seconds",
        ],
    );
    let (good, text) = told(&storage("inspect", &data, &["--top", "100"]));
    assert!(good && text.contains("histogram  ") && !text.contains("guessed"), "{text}");
    let exported = storage("export", &data, &["--match", "latency_seconds_bucket"]);
    let exported = String::from_utf8(exported.stdout).unwrap();
    assert!(exported.contains("\nlatency_seconds_bucket{le=\"0.5\"} 1 "), "{exported}");
    assert!(!exported.contains("_sum"), "{exported}");

    fs::write(data.join("state.redb"), "not a database").unwrap();
    let exported = storage("export", &data, &[]);
    let (_, text) = told(&exported);
    assert!(text.contains("# TYPE level counter"), "{text}");
    assert!(text.contains("state.redb\" is damaged"), "{text}");
    assert!(text.contains("; they are guessed"), "{text}");
    let (_, text) = told(&storage("inspect", &data, &["--top", "100"]));
    assert!(text.contains("counter, guessed") || text.contains("histogram, guessed"), "{text}");
}

fn check_kinds(data: &Path, expected: &[&str]) {
    let (good, text) = told(&storage("export", data, &[]));
    assert!(good, "{text}");
    for line in expected {
        assert!(text.lines().any(|other| other == *line), "{line} in\n{text}");
    }
    assert!(!text.contains("guessed"), "{text}");
}
