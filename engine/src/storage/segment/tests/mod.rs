//! Segments, whole and damaged.

mod damage;
mod round_trip;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::model::{Labels, Sample, TimeRange, Timestamp};
use crate::storage::{Identity, Serial};

/// A folder of the test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepwatch-segment-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind is no failure of what is tested.
        let _ = fs::remove_dir_all(&self.0);
    }
}

const START: i64 = 1_700_006_400_000;
const HOUR: i64 = 3_600_000;

fn window() -> TimeRange {
    TimeRange::new(Timestamp::from_millis(START), Timestamp::from_millis(START + 2 * HOUR))
}

fn identity(metric: &str, labels: &[(&str, &str)]) -> Identity {
    let labels = Labels::new(labels.iter().copied()).unwrap();
    Identity { metric: metric.into(), name: metric.into(), labels }
}

/// A series of a test.
#[derive(Debug, Clone)]
struct Given {
    serial: Serial,
    identity: Identity,
    times: Vec<i64>,
    values: Vec<f64>,
}

fn write(folder: &Path, given: &[Given]) -> Segment {
    let mut sorted: Vec<&Given> = given.iter().collect();
    sorted.sort_by(|a, b| a.identity.cmp(&b.identity));
    let mut writer = SegmentWriter::create(folder, SegmentKind::Raw, window()).unwrap();
    for one in sorted {
        writer.floats(one.serial, &one.identity, &one.times, &one.values).unwrap();
    }
    writer.finish().unwrap()
}

fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
    samples.iter().map(|sample| (sample.at.millis(), sample.value.to_bits())).collect()
}

fn given_bits(given: &Given) -> Vec<(i64, u64)> {
    given.times.iter().zip(&given.values).map(|(&at, value)| (at, value.to_bits())).collect()
}

fn read(segment: &Segment, serial: Serial) -> Option<Vec<(i64, u64)>> {
    let mut out = Vec::new();
    segment.read_floats(serial, TimeRange::ALL, &mut out).unwrap().then(|| bits(&out))
}

/// Many series that are collected together, with two that are not.
fn fleet(series: u32, samples: i64) -> Vec<Given> {
    let shared: Vec<i64> = (0..samples).map(|i| START + i * 5_000 + i * 7919 % 13).collect();
    let one = |number: u32| {
        let host = format!("host-{:04}", number / 2);
        let metric =
            if number.is_multiple_of(2) { "requests_total" } else { "temperature_celsius" };
        let odd = i64::from(number % 50 == 7);
        let times: Vec<i64> = shared.iter().map(|at| at + odd * i64::from(number)).collect();
        let value = |i: i64| match number % 2 {
            0 => (i * i * i64::from(number + 3) % 100_000) as f64,
            _ => ((i * i64::from(number)) as f64).sin(),
        };
        Given {
            // Serials in another order than identities.
            serial: Serial(number * 7 % 1009 + 1),
            identity: identity(metric, &[("host", &host), ("job", "test")]),
            values: (0..times.len() as i64).map(value).collect(),
            times,
        }
    };
    (0..series).map(one).collect()
}
