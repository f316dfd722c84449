//! A segment from any bytes.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::layout::Summary;
use super::{Segment, SegmentKind, SegmentWriter, directory, identities, rollups, wire};
use crate::model::{Labels, Sample, TimeRange, Timestamp};
use crate::storage::rollup::{Resolution, roll_up};
use crate::storage::{Identity, Serial};

/// Reads `bytes` behind the first as what that says: a whole file, a block of
/// the directory, of identities or the summary with a sound checksum, or the
/// values of buckets.
pub(crate) fn check(bytes: &[u8]) {
    let Some((form, bytes)) = bytes.split_first() else { return };
    let sealed = || {
        let mut block = bytes.to_vec();
        wire::seal(&mut block, 0);
        block
    };
    match form % 5 {
        0 => file(bytes),
        1 => {
            let mut entries = Vec::new();
            let read = directory::decode(&sealed(), 0, |entry| {
                entries.push(entry.serial);
                true
            });
            assert!(read.is_none() || entries.is_sorted(), "serials grow");
        }
        2 => {
            let mut count = 0;
            let _ = identities::decode(&sealed(), |_| count += 1);
            assert!(count <= bytes.len(), "an identity takes a byte at least");
        }
        3 => {
            if let Some(summary) = Summary::decode(&sealed()) {
                let again = Summary::decode(&summary.encode()).expect("own bytes decode");
                assert_eq!(summary.encode(), again.encode());
            }
        }
        _ => buckets(bytes),
    }
}

/// Returns files of both kinds and their parts.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for series in [1_u32, 5, 140] {
        for kind in [SegmentKind::Raw, SegmentKind::Rollup(Resolution::FiveMinutes)] {
            let place = Place::new("seeds");
            fs::create_dir_all(&place.0).expect("a temporary folder");
            let window =
                TimeRange::new(Timestamp::from_millis(0), Timestamp::from_millis(7_200_000));
            let segment = write(&place, kind, window, series).expect("series in order");
            let file = fs::read(segment.path()).expect("the file that was written");
            let summary = segment.summary();
            let part = |form: u8, at: super::layout::Place| {
                let from = usize::try_from(at.offset).unwrap_or(usize::MAX);
                let block = file.get(from..).and_then(|rest| rest.get(..at.bytes as usize));
                let content = block.and_then(wire::unseal).unwrap_or_default();
                [&[form], content].concat()
            };
            seeds.extend(summary.directory.iter().map(|fence| part(1, fence.place)));
            seeds.extend(summary.identities.iter().map(|place| part(2, *place)));
            let block = summary.encode();
            seeds.push([&[3], wire::unseal(&block).unwrap_or_default()].concat());
            seeds.push([&[0], &*file].concat());
        }
    }
    let samples: Vec<Sample> = samples();
    let mut column = vec![4, 24];
    rollups::put(&mut column, &roll_up(samples, None, Resolution::FiveMinutes));
    seeds.push(column);
    seeds
}

fn samples() -> Vec<Sample> {
    let sample = |n: i32| Sample::new(Timestamp::from_millis(1 + i64::from(n) * 60_000), n.into());
    (0..119).map(sample).collect()
}

fn write(
    place: &Place,
    kind: SegmentKind,
    window: TimeRange,
    series: u32,
) -> Result<Segment, super::SegmentError> {
    let mut writer = SegmentWriter::create(&place.0, kind, window)?;
    let samples = samples();
    let times: Vec<i64> = samples.iter().map(|sample| sample.at.millis()).collect();
    let values: Vec<f64> = samples.iter().map(|sample| sample.value).collect();
    for serial in 0..series {
        let labels = [("instance", format!("host-{serial:04}"))];
        let labels = Labels::new(labels).expect("a sound label");
        let name: Arc<str> = "requests_total".into();
        let identity = Identity { metric: name.clone(), name, labels };
        match kind {
            SegmentKind::Raw => writer.floats(Serial(serial), &identity, &times, &values)?,
            SegmentKind::Rollup(resolution) => {
                let buckets = roll_up(samples.iter().copied(), None, resolution);
                writer.rollup(Serial(serial), &identity, &buckets)?;
            }
        }
    }
    writer.finish()
}

/// Opens a file of these bytes and reads everything in every way.
fn file(bytes: &[u8]) {
    let place = Place::new("seg");
    fs::write(&place.0, bytes).expect("a temporary file");
    let Ok(segment) = Segment::open(&place.0) else { return };
    // What a file says of itself may be false where its checksums are right:
    // an error or a problem, but no panic.
    let _ = segment.verify();
    let _ = segment.identities(&mut |_| {});
    let Ok(serials) = segment.serials() else { return };
    let mut cursor = segment.cursor();
    for (serial, place) in serials {
        let _ = segment.identity_at(place);
        let (mut samples, mut buckets) = (Vec::new(), Vec::new());
        let _ = cursor.read_floats(serial, TimeRange::ALL, &mut samples);
        let _ = cursor.read_rollups(serial, TimeRange::ALL, &mut buckets);
        let _ = segment.contains(serial);
    }
    let _ = segment.damage();
}

/// Reads the values of as many buckets as the first byte says.
fn buckets(bytes: &[u8]) {
    let Some((count, bytes)) = bytes.split_first() else { return };
    let times: Vec<i64> = (0..i64::from(*count)).map(|n| n * 300_000).collect();
    if let Some(buckets) = rollups::get(bytes, &times) {
        assert_eq!(buckets.len(), times.len(), "a bucket for each time");
        let mut out = Vec::new();
        rollups::put(&mut out, &buckets);
        let again = rollups::get(&out, &times).expect("own bytes decode");
        // As text, as NaN is not equal to itself.
        assert_eq!(format!("{buckets:?}"), format!("{again:?}"));
    }
}

/// A temporary file or folder of one call.
struct Place(PathBuf);

impl Place {
    fn new(what: &str) -> Self {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepwatch-fuzz-{}-{number}.{what}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // It is one or the other, or was never made.
        let _ = fs::remove_file(&self.0).or_else(|_| fs::remove_dir_all(&self.0));
    }
}
