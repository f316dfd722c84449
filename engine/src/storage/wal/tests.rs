//! The log, whole and damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::model::{Labels, Timestamp};
use crate::storage::{Identity, Serial};

/// A folder of the test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepwatch-wal-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind is no failure of what is tested.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

fn identity(serial: u32) -> Identity {
    let labels = Labels::new([("host", format!("höst-{serial}")), ("le", "0.5".into())]).unwrap();
    let metric = if serial.is_multiple_of(2) { "requests" } else { "latency" };
    Identity { metric: metric.into(), name: format!("{metric}_total").into(), labels }
}

/// What a replay hands over, with the bits of the values.
#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Define(u32, Identity),
    Remove(u32),
    Sample(i64, bool, u32, u64),
}

fn replayed(folder: &Path) -> (Vec<Seen>, Replayed) {
    let mut seen = Vec::new();
    let replayed = replay(folder, &mut |entry| match entry {
        Entry::Define(serial, identity) => seen.push(Seen::Define(serial.0, identity)),
        Entry::Remove(serial) => seen.push(Seen::Remove(serial.0)),
        Entry::Samples { at, amend, serials, values } => {
            assert_eq!(serials.len(), values.len());
            let samples = serials.iter().zip(values);
            seen.extend(samples.map(|(serial, value)| {
                Seen::Sample(at.millis(), amend, serial.0, value.to_bits())
            }));
        }
    });
    (seen, replayed.unwrap())
}

#[test]
fn what_is_written_comes_back() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    let mut commit = Commit::default();
    let mut expected = Vec::new();
    for serial in 0..10_000 {
        commit.definitions.push((Serial(serial), identity(serial)));
        expected.push(Seen::Define(serial, identity(serial)));
    }
    for tick in 0..3 {
        for serial in 0..10_000 {
            let value = match serial % 11 {
                0 => f64::NAN,
                1 => f64::from(serial).sqrt(),
                2 => -0.0,
                _ => f64::from(serial * 37 % 1_000) / 100.0,
            };
            commit.push(at(tick * 1_000), false, Serial(serial), value);
            let bits = value.to_bits();
            expected.push(Seen::Sample(at(tick * 1_000).millis(), false, serial, bits));
        }
    }
    commit.removed.push(Serial(9_999));
    expected.push(Seen::Remove(9_999));
    let written = writer.write([&commit]).unwrap();
    writer.sync().unwrap();
    assert_eq!((written.samples, written.bytes), (30_000, writer.bytes()));
    let (seen, replayed) = replayed(&place.0);
    assert!(seen == expected);
    assert_eq!((replayed.samples, replayed.frames), (30_000, written.frames));
    assert_eq!((replayed.bytes, replayed.frames_lost), (written.bytes, 0));
}
mod damage;
mod files;
mod laws;
