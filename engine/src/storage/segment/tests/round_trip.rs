//! What is written is read.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::stale_marker;
use crate::storage::rollup::{Resolution, roll_up};

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-1_000_000i32..1_000_000).prop_map(|n| f64::from(n) / 100.0),
        (0i32..5).prop_map(f64::from),
        Just(-0.0),
        Just(stale_marker()),
        Just(f64::from_bits(0xfff8_0000_dead_beef)),
    ]
}

fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(value(), count),
        prop::collection::vec((-9_999i32..9_999).prop_map(|n| f64::from(n) / 100.0), count),
        prop::collection::vec(any::<f64>(), count),
        value().prop_map(move |value| vec![value; count]),
        Just((0..count).map(|i| (i * i) as f64).collect()),
    ]
}

fn times() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        prop::collection::btree_set(START..START + 2 * HOUR, 1..60)
            .prop_map(|times| times.into_iter().collect()),
        (1i64..1_800).prop_map(|count| (0..count).map(|i| START + i * 4_000).collect()),
    ]
}

fn series() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    times().prop_flat_map(|times| {
        let count = times.len();
        (Just(times), values(count))
    })
}

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-c]{1,3}", "[a-z0-9é\"]{0,20}", 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_series_comes_back_bit_for_bit(
        given in prop::collection::btree_map(("[ab]{1,2}", labels()), (any::<u32>(), series()), 0..8),
        from in START - 10..START + 2 * HOUR,
        length in 0..3 * HOUR,
    ) {
        let mut all: Vec<Given> = Vec::new();
        for ((metric, labels), (serial, (times, values))) in given {
            let identity = Identity {
                metric: metric.as_str().into(),
                name: "n".into(),
                labels: Labels::new(labels).unwrap(),
            };
            let known = |one: &Given| one.identity == identity || one.serial.0 == serial;
            if !all.iter().any(known) {
                all.push(Given { serial: Serial(serial), identity, times, values });
            }
        }
        let place = Place::new();
        let segment = write(&place.0, &all);
        let range = TimeRange::new(Timestamp::from_millis(from), Timestamp::from_millis(from + length));
        let mut cursor = segment.cursor();
        for one in &all {
            prop_assert_eq!(read(&segment, one.serial), Some(given_bits(one)));
            let mut out = Vec::new();
            prop_assert!(cursor.read_floats(one.serial, range, &mut out).unwrap());
            let mut expected = given_bits(one);
            expected.retain(|(at, _)| (from..=from + length).contains(at));
            prop_assert_eq!(bits(&out), expected);
        }
        let mut expected: Vec<(Identity, Serial, u64)> = all
            .iter()
            .map(|one| (one.identity.clone(), one.serial, one.times.len() as u64))
            .collect();
        expected.sort();
        let mut found = Vec::new();
        segment
            .identities(&mut |entry| found.push((entry.identity, entry.serial, entry.samples)))
            .unwrap();
        prop_assert_eq!(&found, &expected);
        let serials = segment.serials().unwrap();
        prop_assert!(serials.is_sorted());
        for (serial, place) in serials {
            let identity = segment.identity_at(place).unwrap();
            prop_assert!(expected.iter().any(|(known, of, _)| *known == identity && *of == serial));
        }
        let verified = segment.verify().unwrap();
        prop_assert_eq!(verified.problems, vec![]);
        prop_assert_eq!(verified.series, all.len());
        prop_assert_eq!(verified.samples, segment.samples());
        prop_assert_eq!(segment.newest_serial(), all.iter().map(|one| one.serial).max());
        prop_assert_eq!(segment.damage(), Damage::default());
    }
}

#[test]
fn many_series_are_found_whatever_the_order_of_their_serials() {
    let place = Place::new();
    let given = fleet(600, 20);
    let segment = write(&place.0, &given);
    assert_eq!((segment.series(), segment.samples()), (600, 12_000));
    let mut cursor = segment.cursor();
    for one in &given {
        assert!(segment.contains(one.serial).unwrap());
        assert_eq!(read(&segment, one.serial), Some(given_bits(one)), "{one:?}");
        let mut out = Vec::new();
        cursor.read_floats(one.serial, TimeRange::ALL, &mut out).unwrap();
        assert_eq!(bits(&out), given_bits(one));
    }
    for serial in [0, 1_010, u32::MAX] {
        assert_eq!(read(&segment, Serial(serial)), None);
        assert!(!cursor.contains(Serial(serial)).unwrap());
    }
    let again = Segment::open(segment.path()).unwrap();
    assert_eq!(again.serials().unwrap(), segment.serials().unwrap());
    assert_eq!(place.names(), ["00000001700006400000-00000001700013600000.seg"]);
}

#[test]
fn one_series_is_read_in_a_few_places() {
    let place = Place::new();
    let given = fleet(260, 1_400);
    write(&place.0, &given);
    for one in given.iter().step_by(31) {
        let segment = Segment::open(&place.0.join(place.names().remove(0))).unwrap();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let opened = (count(&segment.file().reads), count(&segment.file().bytes));
        assert!(opened.0 <= 3, "{opened:?}");
        assert_eq!(read(&segment, one.serial), Some(given_bits(one)));
        let reads = count(&segment.file().reads) - opened.0;
        let bytes = count(&segment.file().bytes) - opened.1;
        assert!(reads <= 4, "{reads} reads");
        assert!(bytes < 30_000, "{bytes} bytes of {}", segment.bytes());
    }
}

#[test]
fn shared_timestamps_are_stored_once() {
    let place = Place::new();
    let mut given = fleet(100, 300);
    given.retain(|one| one.serial.0 % 2 == 1);
    for one in &mut given {
        one.times = given_times(300);
        one.values = vec![1.0; 300];
    }
    let segment = write(&place.0, &given);
    let each = segment.bytes() / given.len() as u64;
    assert!(each < 50, "{each} bytes a series");
}

fn given_times(count: i64) -> Vec<i64> {
    (0..count).map(|i| START + i * 10_000 + i * 7_919 % 97).collect()
}

#[test]
fn what_does_not_belong_is_refused_and_the_rest_is_written() {
    let place = Place::new();
    let mut writer = SegmentWriter::create(&place.0, SegmentKind::Raw, window()).unwrap();
    let (a, b) = (identity("a", &[]), identity("b", &[("x", "y")]));
    writer.floats(Serial(2), &b, &[START], &[1.0]).unwrap();
    let mut check =
        |serial: u32, identity: &Identity, times: &[i64], values: &[f64], expected: &str| {
            let error = writer.floats(Serial(serial), identity, times, values).unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
    let c = identity("c", &[]);
    check(1, &a, &[START], &[1.0], "series 1 (\"a{}\") is not greater than the series before it");
    check(
        2,
        &b,
        &[START],
        &[1.0],
        "series 2 (\"b{x=\\\"y\\\"}\") is not greater than the series before it",
    );
    check(3, &c, &[START], &[], "series 3 has 0 values for 1 timestamps; expected as many");
    check(
        3,
        &c,
        &[START + 1, START + 1],
        &[1.0; 2],
        "series 3 has 2023-11-15T00:00:00.001Z after 2023-11-15T00:00:00.001Z; timestamps must grow",
    );
    check(
        3,
        &c,
        &[START + 2 * HOUR],
        &[1.0],
        "series 3 has a sample at 2023-11-15T02:00:00.000Z; the segment holds 2023-11-15T00:00:00.000Z to 2023-11-15T02:00:00.000Z",
    );
    assert!(writer.rollup(Serial(3), &c, &[]).is_err());
    writer.floats(Serial(3), &c, &[], &[]).unwrap();
    writer.floats(Serial(4), &c, &[START + 2 * HOUR - 1], &[2.0]).unwrap();
    let segment = writer.finish().unwrap();
    assert_eq!(segment.serials().unwrap().len(), 2);
    assert_eq!(segment.verify().unwrap().problems, []);
}

#[test]
fn an_unfinished_segment_leaves_nothing() {
    let place = Place::new();
    let mut writer = SegmentWriter::create(&place.0, SegmentKind::Raw, window()).unwrap();
    writer.floats(Serial(1), &identity("a", &[]), &[START], &[1.0]).unwrap();
    assert_eq!(place.names(), ["00000001700006400000-00000001700013600000.tmp"]);
    drop(writer);
    assert_eq!(place.names(), [""; 0]);
    let mut writer = SegmentWriter::create(&place.0, SegmentKind::Raw, window()).unwrap();
    writer.floats(Serial(1), &identity("a", &[]), &[START], &[1.0]).unwrap();
    writer.floats(Serial(1), &identity("b", &[]), &[START], &[1.0]).unwrap();
    assert!(writer.finish().is_err(), "one serial twice");
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_segment_takes_the_place_of_another_and_readers_go_on() {
    let place = Place::new();
    let given = fleet(200, 50);
    let old = write(&place.0, &given);
    let reader = {
        let (old, given) = (old.clone(), given.clone());
        std::thread::spawn(move || {
            let mut cursor = old.cursor();
            for one in given.iter().cycle().take(1_000) {
                let mut out = Vec::new();
                assert!(cursor.read_floats(one.serial, TimeRange::ALL, &mut out).unwrap());
                assert_eq!(bits(&out), given_bits(one));
            }
        })
    };
    old.hold().unwrap();
    let new = write(&place.0, &given[..10]);
    assert_eq!((old.series(), new.series()), (200, 10));
    new.remove().unwrap();
    assert_eq!(place.names(), [""; 0]);
    assert!(new.remove().is_err());
    reader.join().unwrap();
    assert_eq!(read(&new, given[3].serial), Some(given_bits(&given[3])));
    assert!(matches!(Segment::open(new.path()), Err(SegmentError::Io { action: "open", .. })));
}

#[test]
fn an_empty_segment_is_whole() {
    let place = Place::new();
    let segment = write(&place.0, &[]);
    assert_eq!((segment.series(), segment.newest_serial()), (0, None));
    assert_eq!(segment.serials().unwrap(), []);
    assert_eq!(read(&segment, Serial(0)), None);
    assert_eq!(segment.verify().unwrap().problems, []);
}

#[test]
fn rollups_come_back() {
    let place = Place::new();
    let kind = SegmentKind::Rollup(Resolution::FiveMinutes);
    let given = fleet(40, 1_400);
    let day =
        TimeRange::new(Timestamp::from_millis(START), Timestamp::from_millis(START + 24 * HOUR));
    let mut writer = SegmentWriter::create(&place.0, kind, day).unwrap();
    let mut sorted: Vec<&Given> = given.iter().collect();
    sorted.sort_by(|a, b| a.identity.cmp(&b.identity));
    let buckets = |one: &Given| {
        let samples = one.times.iter().zip(&one.values);
        let samples = samples.map(|(&at, &value)| Sample::new(Timestamp::from_millis(at), value));
        // The first sample lies in the span that ends where the day begins.
        roll_up(samples.skip(1), None, Resolution::FiveMinutes)
    };
    for one in &sorted {
        writer.rollup(one.serial, &one.identity, &buckets(one)).unwrap();
    }
    assert!(writer.floats(Serial(9_999), &identity("z", &[]), &[START + 1], &[1.0]).is_err());
    let segment = writer.finish().unwrap();
    assert_eq!(segment.kind(), kind);
    assert_eq!(segment.verify().unwrap().problems, []);
    for one in &sorted {
        let mut out = Vec::new();
        assert!(segment.read_rollups(one.serial, TimeRange::ALL, &mut out).unwrap());
        assert_eq!(out, buckets(one));
        let (from, to) = (out[3].at, out[7].at);
        out.clear();
        segment.read_rollups(one.serial, TimeRange::new(from, to), &mut out).unwrap();
        assert_eq!(out, buckets(one)[3..=7]);
    }
    let error = segment.read_floats(Serial(1), TimeRange::ALL, &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "a segment of rollups of 5m has no samples");
}

#[test]
fn many_segments_keep_few_files_open_and_outlive_theirs() {
    let place = Place::new();
    let given = fleet(3, 100);
    let path = write(&place.0, &given).path().to_owned();
    let segments: Vec<Segment> = (0..400).map(|_| Segment::open(&path).unwrap()).collect();
    #[cfg(target_os = "linux")]
    {
        let entries = fs::read_dir("/proc/self/fd").unwrap();
        let open = entries.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        let open = open.filter(|target| *target == path).count();
        assert!(open <= 129, "{open} files are open");
    }
    let check = |segments: &[Segment]| {
        for segment in segments {
            for one in &given {
                assert_eq!(read(segment, one.serial), Some(given_bits(one)));
            }
            assert_eq!(segment.damage(), Damage::default());
        }
    };
    check(&segments);
    let held = &segments[390..];
    for segment in held {
        segment.hold().unwrap();
    }
    write(&place.0, &fleet(2, 300));
    check(held);
    fs::remove_file(&path).unwrap();
    check(held);
}
