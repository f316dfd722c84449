//! The storage commands of the binary: import, export, inspect, verify.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keepwatch::Monitor;
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
