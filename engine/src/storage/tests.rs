//! What the store promises, through its public face.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{Labels, MatchOp, Matcher, Sample, TimeRange, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn ms(at: i64) -> Timestamp {
    Timestamp::from_millis(at)
}

fn after(seconds: i64) -> Timestamp {
    ms(NOW.millis() + seconds * 1_000)
}

fn labels(pairs: &[(&'static str, &'static str)]) -> Labels {
    Labels::new(pairs.iter().copied()).unwrap()
}

fn resolve(store: &mut Store, metric: &str, pairs: &[(&'static str, &'static str)]) -> SeriesRef {
    let metric: Arc<str> = metric.into();
    store.resolve(&metric, &metric, &labels(pairs)).unwrap()
}

fn read(store: &Store, metric: &str) -> Vec<(i64, f64)> {
    let decoded = store.snapshot(&Selector::metric(metric), TimeRange::ALL).decode(TimeRange::ALL);
    let samples = decoded.into_iter().flat_map(|series| series.samples);
    samples.map(|sample| (sample.at.millis(), sample.value)).collect()
}

#[test]
fn order_duplicates_and_the_two_windows() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    let mut check = |seconds: i64, value: f64, expected: Result<(), &str>| {
        let got = store.append(series, Sample::new(after(seconds), value), NOW);
        assert_eq!(got.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    };
    check(0, 1.0, Ok(()));
    check(0, 1.0, Ok(()));
    check(0, 2.0, Err("the series already has 1 at 2023-11-14T22:13:20.000Z; got 2"));
    check(-300, 3.0, Ok(()));
    check(-300, 3.0, Ok(()));
    check(-300, 4.0, Err("the series already has 3 at 2023-11-14T22:08:20.000Z; got 4"));
    check(-1, f64::NAN, Ok(()));
    check(-1, f64::NAN, Ok(()));
    check(
        -301,
        5.0,
        Err("timestamp 2023-11-14T22:08:19.000Z is more than 300s older than the newest sample \
             at 2023-11-14T22:13:20.000Z"),
    );
    check(600, 6.0, Ok(()));
    check(
        601,
        7.0,
        Err("timestamp 2023-11-14T22:23:21.000Z is more than 600s ahead of \
             2023-11-14T22:13:20.000Z"),
    );
    let read = read(&store, "m");
    let stamps: Vec<i64> = read.iter().map(|(at, _)| (at - NOW.millis()) / 1_000).collect();
    assert_eq!(stamps, [-300, -1, 0, 600]);
}

#[test]
fn many_chunks_and_late_samples_read_in_order() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    for second in 0..2_000 {
        let now = after(second);
        if second % 2 == 0 {
            store.append(series, Sample::new(now, second as f64), now).unwrap();
        } else {
            let late = second - 150;
            if late > 0 {
                store.append(series, Sample::new(after(late), late as f64), now).unwrap();
            }
        }
    }
    let read = read(&store, "m");
    assert!(read.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(read.len(), 1_000 + 925);
    assert!(read.iter().all(|&(at, value)| at == after(value as i64).millis()));
    assert_eq!(store.statistics().samples, read.len());
    let newest = store.newest(series).unwrap();
    assert_eq!(newest, Sample::new(after(1_998), 1_998.0));
}

#[test]
fn amending_replaces_the_newest_and_leaves_old_snapshots_alone() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    for second in 0..8 {
        store.append(series, Sample::new(after(second), 0.0), after(second)).unwrap();
    }
    let before = store.snapshot(&Selector::metric("m"), TimeRange::ALL);
    store.amend(series, Sample::new(after(7), 5.0), after(7)).unwrap();
    store.amend(series, Sample::new(after(7), 6.0), after(7)).unwrap();
    assert_eq!(read(&store, "m").last(), Some(&(after(7).millis(), 6.0)));
    assert_eq!(before.iter().next().unwrap().newest(), Some(Sample::new(after(7), 0.0)));
    store.amend(series, Sample::new(after(8), 7.0), after(8)).unwrap();
    assert_eq!(read(&store, "m").len(), 9);
    let old = store.amend(series, Sample::new(after(7), 9.0), after(8));
    assert!(matches!(old, Err(AppendError::Duplicate { .. })), "{old:?}");
}

#[test]
fn matchers_find_what_they_say() {
    let mut store = Store::new(StoreConfig::default());
    let sets: [&[(&str, &str)]; 4] = [
        &[("job", "a"), ("zone", "x")],
        &[("job", "b"), ("zone", "x")],
        &[("job", "b"), ("zone", "y")],
        &[("job", "c")],
    ];
    for (value, pairs) in sets.iter().enumerate() {
        let series = resolve(&mut store, "m", pairs);
        store.append(series, Sample::new(NOW, value as f64), NOW).unwrap();
    }
    let check = |conditions: &[(&str, MatchOp, &str)], expected: &[f64]| {
        let mut selector = Selector::metric("m");
        for &(name, op, value) in conditions {
            selector = selector.matching(Matcher::new(name, op, value).unwrap());
        }
        let decoded = store.snapshot(&selector, TimeRange::ALL).decode(TimeRange::ALL);
        let found: Vec<f64> = decoded.iter().map(|series| series.samples[0].value).collect();
        assert_eq!(found, expected, "{selector}");
    };
    use MatchOp::{Equal, NotEqual, NotRegex, Regex};
    check(&[], &[0.0, 1.0, 2.0, 3.0]);
    check(&[("job", Equal, "b")], &[1.0, 2.0]);
    check(&[("job", Equal, "b"), ("zone", Equal, "y")], &[2.0]);
    check(&[("job", NotEqual, "b")], &[0.0, 3.0]);
    check(&[("job", Regex, "a|c")], &[0.0, 3.0]);
    check(&[("job", NotRegex, "a|c")], &[1.0, 2.0]);
    check(&[("zone", Equal, "")], &[3.0]);
    check(&[("zone", NotEqual, "")], &[0.0, 1.0, 2.0]);
    check(&[("zone", Regex, "x|")], &[0.0, 1.0, 3.0]);
    check(&[("nope", Equal, "x")], &[]);
    check(&[("__name__", Equal, "m")], &[0.0, 1.0, 2.0, 3.0]);
    check(&[("__name__", NotEqual, "m")], &[]);
}

#[test]
fn a_range_selects_and_trims() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    for second in 0..500 {
        store.append(series, Sample::new(after(second), 1.0), after(second)).unwrap();
    }
    let range = TimeRange::new(after(100), after(260));
    let decoded = store.snapshot(&Selector::metric("m"), range).decode(range);
    assert_eq!(decoded[0].samples.len(), 161);
    assert_eq!(decoded[0].samples[0].at, after(100));
    let beyond = TimeRange::new(after(500), after(900));
    assert!(store.snapshot(&Selector::metric("m"), beyond).is_empty());
    assert!(store.snapshot(&Selector::metric("other"), TimeRange::ALL).is_empty());
}

#[test]
fn a_reference_to_a_removed_series_is_an_error_for_ever() {
    let mut store = Store::new(StoreConfig::default());
    let old = resolve(&mut store, "m", &[("a", "1")]);
    store.append(old, Sample::new(NOW, 1.0), NOW).unwrap();
    let everything = Slice { cursor: 0, budget: 10, dry_run: false };
    let all = Cutoffs { samples_before: Timestamp::MIN, idle_before: after(1) };
    assert_eq!(store.prune(everything, |_| all).series.len(), 1);
    let new = resolve(&mut store, "m", &[("a", "2")]);
    assert_eq!(old.id, new.id);
    let error = store.append(old, Sample::new(after(1), 1.0), NOW).unwrap_err();
    assert_eq!(error, AppendError::UnknownSeries { series: old });
    assert_eq!(store.newest(old), None);
    assert_eq!((store.series(), store.series_of("m")), (1, 1));
}

#[test]
fn a_value_that_looks_like_an_empty_cell_is_a_value() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    let odd = f64::from_bits(super::slab::EMPTY);
    let values = [1.0, odd, 2.0, 3.0, odd, odd, 4.0];
    for (second, value) in (0..).zip(values) {
        store.append(series, Sample::new(after(second), value), after(second)).unwrap();
        assert_eq!(store.newest(series).unwrap().value.to_bits(), value.to_bits());
    }
    let again = store.append(series, Sample::new(after(1), odd), after(9));
    assert_eq!(again, Ok(()), "it is found again");
    let read = store.snapshot(&Selector::metric("m"), TimeRange::ALL).decode(TimeRange::ALL);
    let bits: Vec<u64> = read[0].samples.iter().map(|sample| sample.value.to_bits()).collect();
    assert_eq!(bits, values.map(f64::to_bits));
}

#[test]
fn pruning_goes_in_slices_and_a_dry_run_tells_the_truth() {
    let mut store = Store::new(StoreConfig::default());
    for index in 0..10 {
        let metric: Arc<str> = format!("m{}", index % 2).into();
        let labels = Labels::new([("i", index.to_string())]).unwrap();
        let series = store.resolve(&metric, &metric, &labels).unwrap();
        for second in 0..500 {
            store.append(series, Sample::new(after(second), 1.5), after(second)).unwrap();
        }
    }
    let held = store.snapshot(&Selector::metric("m0"), TimeRange::ALL);
    let cutoffs = |series: &Series| Cutoffs {
        samples_before: if series.metric().as_ref() == "m0" { after(250) } else { Timestamp::MIN },
        idle_before: Timestamp::MIN,
    };
    let run = |store: &mut Store, dry_run: bool| {
        let (mut cursor, mut samples, mut bytes, mut slices) = (Some(0), 0, 0, 0);
        while let Some(at) = cursor {
            let pruned = store.prune(Slice { cursor: at, budget: 3, dry_run }, cutoffs);
            samples += pruned.samples;
            bytes += pruned.bytes;
            slices += 1;
            cursor = pruned.next;
        }
        (samples, bytes, slices)
    };
    let foretold = run(&mut store, true);
    assert_eq!(store.statistics().samples, 5_000);
    let done = run(&mut store, false);
    assert_eq!(foretold, done);
    // The first chunks end at 60 samples and the number of their slab, each
    // series having had five, and the others 120 samples later: what is whole
    // and before 250 goes.
    let whole: usize = [0, 2, 4, 6, 8].into_iter().map(|id| 180 + 5 * id).sum();
    assert_eq!((done.0, done.2), (whole, 4));
    let statistics = store.statistics();
    assert_eq!(statistics.samples, 5_000 - whole);
    assert_eq!(statistics.by_metric["m0"].samples, 2_500 - whole);
    assert_eq!(held.decode(TimeRange::ALL)[0].samples.len(), 500);
}

#[test]
fn a_successor_has_everything_and_a_late_predecessor_harms_nothing() {
    let ledger = Arc::new(Ledger::new());
    let (mut first, found) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    assert_eq!(found, Recovery::default());
    let a = resolve(&mut first, "m", &[("s", "a")]);
    let b = resolve(&mut first, "m", &[("s", "b")]);
    let gone = resolve(&mut first, "gone", &[]);
    for second in 0..300 {
        first.append(a, Sample::new(after(second), 1.0), after(second)).unwrap();
    }
    first.append(b, Sample::new(after(5), 5.0), after(5)).unwrap();
    first.append(b, Sample::new(after(3), 3.0), after(5)).unwrap();
    let cutoffs = Cutoffs { samples_before: Timestamp::MIN, idle_before: Timestamp::MIN };
    first.prune(Slice { cursor: 0, budget: 9, dry_run: false }, |_| cutoffs);

    let (mut second, found) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    assert_eq!((found.series, found.samples), (2, 302));
    assert_eq!((found.chunks_refused, found.samples_refused), (0, 0));
    assert_eq!(read(&first, "m"), read(&second, "m"));

    // The predecessor wakes up in the middle of what it was doing.
    for late in 300..600 {
        first.append(a, Sample::new(after(late), -1.0), after(late)).unwrap();
    }
    resolve(&mut first, "zombie", &[]);
    // References stay good with the successor.
    second.append(a, Sample::new(after(300), 2.0), after(300)).unwrap();
    let expected = [(after(5).millis(), 5.0), (after(300).millis(), 2.0)];
    let read_back = read(&second, "m");
    assert_eq!(read_back.len(), 303);
    assert!(expected.iter().all(|sample| read_back.contains(sample)));
    assert!(second.append(gone, Sample::new(NOW, 0.0), NOW).is_err());
    let reused = resolve(&mut second, "reused", &[]);
    assert_eq!(reused.id, gone.id);
    assert!(second.append(gone, Sample::new(NOW, 0.0), NOW).is_err());

    let (third, found) = Store::recover(ledger, StoreConfig::default());
    assert_eq!((found.series, found.samples), (3, 303));
    assert_eq!(third.series_of("zombie"), 0);
}

#[test]
fn a_successor_logs_what_its_predecessor_had_not_handed_over() {
    let ledger = Arc::new(Ledger::durable(Duration::from_secs(7_200)));
    let (mut store, _) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    for (second, value) in [(10, 1.0), (30, 3.0), (20, 2.0)] {
        store.append(series, Sample::new(after(second), value), after(30)).unwrap();
    }
    drop(store);
    let (mut store, _) = Store::recover(ledger, StoreConfig::default());
    let logged: usize = store.take_commits().iter().map(wal::Commit::samples).sum();
    assert_eq!(logged, 4, "the newest once more, as it may have been amended");
}

#[test]
fn a_ledger_of_many_pages_keeps_every_series() {
    let ledger = Arc::new(Ledger::new());
    let (mut store, _) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    let metric: Arc<str> = "m".into();
    for index in 0..1_000 {
        let labels = Labels::new([("i", index.to_string())]).unwrap();
        let series = store.resolve(&metric, &metric, &labels).unwrap();
        store.append(series, Sample::new(NOW, f64::from(index)), NOW).unwrap();
    }
    let (store, found) = Store::recover(ledger, StoreConfig::default());
    assert_eq!((found.series, store.series_of("m")), (1_000, 1_000));
}

#[test]
fn readers_on_other_threads_see_a_growing_prefix() {
    let mut store = Store::new(StoreConfig::default());
    let series = resolve(&mut store, "m", &[]);
    let (to_reader, snapshots) = std::sync::mpsc::sync_channel::<Snapshot>(4);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut before = 0;
            for snapshot in snapshots {
                let decoded = snapshot.decode(TimeRange::ALL);
                let values: Vec<f64> = decoded[0].samples.iter().map(|s| s.value).collect();
                let expected: Vec<f64> = (0..values.len()).map(|i| i as f64).collect();
                assert_eq!(values, expected);
                assert!(values.len() > before);
                before = values.len();
            }
        });
        for second in 0..3_000 {
            store.append(series, Sample::new(after(second), second as f64), after(second)).unwrap();
            if second % 10 == 0 {
                to_reader.send(store.snapshot(&Selector::metric("m"), TimeRange::ALL)).unwrap();
            }
        }
        drop(to_reader);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The store against a map: what was accepted is what is read, whatever
    /// the order of arrival, and also after a recovery.
    #[test]
    fn what_is_accepted_is_read(
        arrivals in prop::collection::vec((0i64..400, 0i32..4), 1..600),
        window in 0u64..400,
    ) {
        let config = StoreConfig {
            out_of_order_window: Duration::from_millis(window),
            ..StoreConfig::default()
        };
        let ledger = Arc::new(Ledger::new());
        let (mut store, _) = Store::recover(Arc::clone(&ledger), config);
        let series = resolve(&mut store, "m", &[]);
        let mut model: BTreeMap<i64, f64> = BTreeMap::new();
        for (offset, value) in arrivals {
            let (at, value) = (NOW.millis() + offset, f64::from(value));
            let newest = model.last_key_value().map(|(at, _)| *at);
            let expected = match model.get(&at) {
                Some(stored) => *stored == value,
                None => newest.is_none_or(|newest| at >= newest - window.cast_signed()),
            };
            // What lies outside the window is too old, even if it is known.
            let expected = expected && newest.is_none_or(|newest| at >= newest - window.cast_signed());
            let got = store.append(series, Sample::new(ms(at), value), NOW);
            prop_assert_eq!(got.is_ok(), expected, "{:?}", got);
            if expected {
                model.insert(at, value);
            }
        }
        let expected: Vec<(i64, f64)> = model.into_iter().collect();
        prop_assert_eq!(read(&store, "m"), expected.clone());
        let (successor, found) = Store::recover(ledger, config);
        prop_assert_eq!(read(&successor, "m"), expected);
        prop_assert_eq!(found.chunks_refused + found.samples_refused, 0);
    }
}
