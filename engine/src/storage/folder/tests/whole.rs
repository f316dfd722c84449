//! What survives, case by case.

use super::*;

#[test]
fn what_is_logged_comes_back() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let a = engine.series(&[("s", "a")]);
    let b = engine.series(&[("s", "b")]);
    for second in 0..300 {
        engine.append(a, at(second), second as f64);
        if second % 2 == 0 {
            engine.append(b, at(second), -0.0);
        }
    }
    engine.append(b, at(7), 7.5);
    engine.store.amend(b, Sample::new(at(298), 9.0), at(298)).unwrap();
    engine.commit();
    let before = engine.read(TimeRange::ALL);
    assert_eq!(before[1].1.len(), 151);
    drop(engine);
    let mut engine = Engine::open(&place.0, at(300));
    assert_eq!((engine.report.series, engine.report.logged_samples), (2, 452));
    assert!(!engine.report.lost_anything(), "{}", engine.report);
    assert_eq!(engine.read(TimeRange::ALL), before);
    // It can be written on, twice.
    let a = engine.series(&[("s", "a")]);
    engine.append(a, at(300), 1.0);
    engine.commit();
    drop(engine);
    let engine = Engine::open(&place.0, at(300));
    assert_eq!(engine.read(TimeRange::ALL)[0].1.len(), 301);
    let held = DataFolder::open(&place.0, WINDOW, at(300)).unwrap_err().to_string();
    assert!(held.ends_with("is in use by another process; each needs a data folder of its own"));
}

#[test]
fn windows_are_sealed_and_read_with_what_is_in_memory() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")]), engine.series(&[("s", "b")])];
    let slow = engine.series(&[("s", "slow")]);
    engine.append(slow, at(0), 1.0);
    day_of(&mut engine, &series, 0, 5 * HOUR);
    engine.append(slow, at(5 * HOUR), 2.0);
    engine.commit();
    assert_eq!(engine.folder.segments(), 2);
    let logs = fs::read_dir(place.0.join("wal")).unwrap().count();
    assert_eq!(logs, 1, "the log of sealed windows is gone");
    let check = |engine: &Engine| {
        let all = engine.read(TimeRange::ALL);
        let expected: Vec<(i64, f64)> =
            (0..5 * HOUR).step_by(60).map(|second| (second, second as f64 + 0.25)).collect();
        assert_eq!(all[1], ("{s=\"b\"}".to_owned(), expected));
        assert_eq!(all[2].1, [(0, 1.0), (5 * HOUR, 2.0)]);
        let part = TimeRange::new(at(HOUR), at(2 * HOUR));
        assert_eq!(engine.read(part)[0].1.len(), 61);
        assert_eq!(engine.store.statistics().samples, 2 * 60 + 1, "only the last hour");
    };
    check(&engine);
    drop(engine);
    let mut engine = Engine::open(&place.0, at(5 * HOUR));
    assert_eq!((engine.report.segments, engine.report.sealed_samples), (2, 481));
    check(&engine);
    // What comes late to a sealed window joins what is there.
    let backfill = engine.series(&[("s", "backfill")]);
    engine.append(backfill, at(60), 5.0);
    engine.commit();
    engine.seal(at(5 * HOUR + 600));
    assert_eq!(engine.folder.segments(), 2);
    assert_eq!(engine.read(TimeRange::ALL)[2].1, [(60, 5.0)]);
    let late = engine.store.append(series[0], Sample::new(at(61), 5.0), at(5 * HOUR));
    assert!(late.is_err());
}

#[test]
fn a_removed_series_stays_removed() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let gone = engine.series(&[("s", "gone")]);
    let stays = engine.series(&[("s", "stays")]);
    day_of(&mut engine, &[gone, stays], 0, 3 * HOUR);
    let gone = gone.to_string();
    let cutoffs = |series: &crate::storage::Series| Cutoffs {
        samples_before: Timestamp::MIN,
        idle_before: if series.reference().to_string() == gone { Timestamp::MAX } else { at(0) },
    };
    engine.store.prune(Slice { cursor: 0, budget: 9, dry_run: false }, cutoffs);
    engine.commit();
    assert_eq!(engine.read(TimeRange::ALL).len(), 1);
    drop(engine);
    let mut engine = Engine::open(&place.0, at(3 * HOUR));
    assert_eq!(engine.read(TimeRange::ALL).len(), 1);
    let stays = engine.series(&[("s", "stays")]);
    // The log files that have the removal go; the next ones repeat it.
    day_of(&mut engine, &[stays], 3 * HOUR, 7 * HOUR);
    drop(engine);
    let mut engine = Engine::open(&place.0, at(7 * HOUR));
    assert_eq!(engine.read(TimeRange::ALL).len(), 1);
    let anew = engine.series(&[("s", "gone")]);
    engine.append(anew, at(7 * HOUR), 1.0);
    assert_eq!(engine.read(TimeRange::ALL)[0].1, [(7 * HOUR, 1.0)]);
}

#[test]
fn a_series_whose_predecessors_removal_is_lost_keeps_its_samples() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let first = engine.series(&[("s", "a")]);
    engine.append(first, at(0), 1.0);
    engine.commit();
    let all = |_: &crate::storage::Series| Cutoffs {
        samples_before: Timestamp::MIN,
        idle_before: Timestamp::MAX,
    };
    engine.store.prune(Slice { cursor: 0, budget: 9, dry_run: false }, all);
    // The disk takes neither the removal nor what comes with it.
    drop(engine.store.take_commits());
    let second = engine.series(&[("s", "a")]);
    assert_ne!(first, second);
    for second_at in 1..=3 {
        engine.append(second, at(second_at), 2.0);
    }
    engine.commit();
    let before = engine.read(TimeRange::ALL);
    assert_eq!(before[0].1, [(1, 2.0), (2, 2.0), (3, 2.0)]);
    drop(engine);
    for _ in 0..2 {
        let engine = Engine::open(&place.0, at(4));
        assert_eq!(engine.read(TimeRange::ALL), before);
        assert!(!engine.report.lost_anything(), "{}", engine.report);
    }
}

#[test]
fn files_go_by_age_by_metric_and_by_size() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    let long: Arc<str> = "long".into();
    let kept = engine.store.resolve(&long, &long, &Labels::EMPTY).unwrap();
    day_of(&mut engine, &[series[0], kept], 0, 11 * HOUR);
    assert_eq!(engine.folder.segments(), 5);
    let hours = |count: i64| Duration::from_secs((count * HOUR) as u64);
    let keeping = Keeping {
        samples: hours(6),
        by_metric: [("long".into(), hours(8))].into(),
        ..Keeping::default()
    };
    let retained = engine.folder.retain(&keeping, 0, at(11 * HOUR)).unwrap();
    assert_eq!((retained.expired_files, retained.rewritten_files), (1, 1));
    assert_eq!(retained.expired_samples, 240 + 120);
    let oldest = |engine: &Engine| engine.read(TimeRange::ALL)[0].1[0].0;
    assert_eq!(oldest(&engine), 4 * HOUR);
    let again = engine.folder.retain(&keeping, 0, at(11 * HOUR)).unwrap();
    assert_eq!(again, Retained::default());

    let bytes = engine.folder.bytes();
    let keeping = Keeping { bytes_max: Some(bytes - 1), ..Keeping::default() };
    let retained = engine.folder.retain(&keeping, 0, at(11 * HOUR)).unwrap();
    assert_eq!((retained.over_budget_files, retained.log_bytes_max), (1, None));
    let keeping = Keeping { bytes_max: Some(10), ..Keeping::default() };
    let retained = engine.folder.retain(&keeping, 100, at(11 * HOUR)).unwrap();
    assert_eq!((engine.folder.segments(), retained.log_bytes_max), (0, Some(10)));
}

#[test]
fn days_are_rolled_up_and_read_on_into_memory() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 27 * HOUR);
    let rolled = engine.folder.roll_up(&Keeping::default(), at(27 * HOUR)).unwrap();
    assert_eq!((rolled.files, rolled.buckets), (1, 24 * 12));
    assert_eq!(engine.folder.roll_up(&Keeping::default(), at(27 * HOUR)).unwrap().files, 0);
    let check = |engine: &Engine| {
        let range = TimeRange::new(at(HOUR), at(27 * HOUR));
        let snapshot = engine.store.snapshot(&Selector::metric("m"), range);
        let view = snapshot.iter().next().unwrap();
        let buckets = snapshot.rollups(view, range, Resolution::FiveMinutes);
        assert_eq!(buckets.len(), 26 * 12 + 1);
        for (index, bucket) in buckets.iter().enumerate() {
            let end = HOUR + 300 * index as i64;
            assert_eq!(bucket.at, at(end));
            let count = if end == 27 * HOUR { 4 } else { 5 };
            let last = if end == 27 * HOUR { end - 60 } else { end };
            assert_eq!((bucket.count, bucket.last), (count, last as f64), "{index}");
            assert_eq!(bucket.increase, 60.0 * count as f64, "{index}");
        }
        let hours = snapshot.rollups(view, range, Resolution::Hour);
        assert_eq!(hours.len(), 27);
        assert_eq!((hours[1].count, hours[1].increase), (60, 3_600.0));
    };
    check(&engine);
    drop(engine);
    check(&Engine::open(&place.0, at(27 * HOUR)));
}

#[test]
fn damage_is_set_aside_and_said() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 5 * HOUR);
    drop(engine);
    let mut segments: Vec<PathBuf> =
        fs::read_dir(place.0.join("segments")).unwrap().map(|one| one.unwrap().path()).collect();
    segments.sort();
    fs::write(&segments[0], b"garbage").unwrap();
    let engine = Engine::open(&place.0, at(5 * HOUR));
    assert_eq!((engine.report.segments, engine.report.damaged.len()), (1, 1));
    let told = engine.report.to_string();
    assert!(told.contains(".seg.damaged cannot be read: "), "{told}");
    assert_eq!(engine.read(TimeRange::ALL)[0].1[0].0, 2 * HOUR);
    drop(engine);
    let engine = Engine::open(&place.0, at(5 * HOUR));
    assert!(!engine.report.lost_anything(), "it is said once");
}

#[test]
fn the_length_of_windows_can_change() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 15 * HOUR);
    drop(engine);
    let day = Duration::from_secs(24 * 60 * 60);
    let mut engine = Engine::with_window(&place.0, day, at(15 * HOUR));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 15 * HOUR, 25 * HOUR);
    assert_eq!(engine.folder.ledger.files().sealed_before(), at(24 * HOUR));
    day_of(&mut engine, &series, 25 * HOUR, 51 * HOUR);
    let rolled = engine.folder.roll_up(&Keeping::default(), at(51 * HOUR)).unwrap();
    assert_eq!((rolled.files, rolled.buckets), (1, 24 * 12));
    let expected: Vec<(i64, f64)> =
        (0..51 * HOUR).step_by(60).map(|second| (second, second as f64)).collect();
    assert_eq!(engine.read(TimeRange::ALL)[0].1, expected);
}

#[test]
fn steps_of_the_clock_over_decades_are_sealed_to_the_windows_of_samples() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = engine.series(&[("s", "a")]);
    let epoch = |second: i64| Timestamp::from_millis(second * 1_000);
    for second in (0..10).chain(700_000_000..700_000_010) {
        engine.append(series, epoch(second), second as f64);
    }
    for second in 0..10 {
        engine.append(series, at(second), second as f64);
    }
    let first = Sample::new(Timestamp::MIN + Duration::from_millis(1), 1.0);
    let other = engine.series(&[("s", "b")]);
    engine.store.backfill(other, first).unwrap();
    let sealing = engine.seal(at(3 * HOUR));
    assert_eq!((sealing.segments, sealing.samples), (4, 31));
    let found = engine.bits(&Selector::metric("m"), TimeRange::ALL);
    assert_eq!(found.values().map(BTreeMap::len).sum::<usize>(), 31);
}

#[test]
fn a_file_that_stays_keeps_no_other_from_going() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 11 * HOUR);
    let paths: Vec<PathBuf> = {
        let files = engine.folder.ledger.files();
        files.of(SegmentKind::Raw).iter().map(|segment| segment.path().to_owned()).collect()
    };
    // One cannot be unlinked, one is gone already.
    fs::remove_file(&paths[0]).unwrap();
    fs::create_dir(&paths[0]).unwrap();
    fs::remove_file(&paths[1]).unwrap();
    let keeping = Keeping { bytes_max: Some(0), ..Keeping::default() };
    let retained = engine.folder.retain(&keeping, 0, at(11 * HOUR)).unwrap();
    assert_eq!((retained.over_budget_files, retained.failures.len()), (4, 1), "{retained:?}");
    assert_eq!(engine.folder.segments(), 1);
    let keeping = Keeping { samples: Duration::ZERO, ..Keeping::default() };
    fs::remove_dir(&paths[0]).unwrap();
    let retained = engine.folder.retain(&keeping, 0, at(11 * HOUR)).unwrap();
    assert_eq!((retained.expired_files, engine.folder.segments()), (1, 0));
}

#[test]
fn the_log_goes_before_rollups() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 27 * HOUR);
    let raw = engine.folder.bytes();
    engine.folder.roll_up(&Keeping::default(), at(27 * HOUR)).unwrap();
    let rollups = engine.folder.bytes() - raw;
    let keeping = Keeping { bytes_max: Some(rollups + 10), ..Keeping::default() };
    let retained = engine.folder.retain(&keeping, 100, at(27 * HOUR)).unwrap();
    assert_eq!((engine.folder.segments(), engine.folder.bytes()), (0, rollups));
    assert_eq!(retained.log_bytes_max, Some(10));
}

/// Returns how many samples the buckets of five minutes stand for.
fn rolled_samples(engine: &Engine, range: TimeRange) -> u64 {
    let snapshot = engine.store.snapshot(&Selector::metric("m"), TimeRange::ALL);
    let buckets = |view| snapshot.rollups(view, range, Resolution::FiveMinutes);
    snapshot.iter().flat_map(buckets).map(|bucket| bucket.count).sum()
}

#[test]
fn what_came_late_is_rolled_up_with_what_is_gone() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 27 * HOUR);
    engine.folder.roll_up(&Keeping::default(), at(27 * HOUR)).unwrap();
    let day = TimeRange::new(at(0), at(24 * HOUR));
    assert_eq!(rolled_samples(&engine, day), 24 * 60);
    // The first window goes; something new comes for another.
    let first = engine.folder.ledger.files().of(SegmentKind::Raw)[0].clone();
    let late = engine.series(&[("s", "late")]);
    engine.append(late, at(3 * HOUR + 7), 5.0);
    engine.commit();
    engine.seal(at(27 * HOUR + 600));
    let source = engine.folder.ledger.files().of(SegmentKind::Raw)[1].path().to_owned();
    let rolled = engine.folder.ledger.files().of(KINDS[1])[0].path().to_owned();
    drop(engine);
    first.remove().unwrap();
    // However coarse the times of files are.
    let written = fs::metadata(rolled).unwrap().modified().unwrap() + Duration::from_secs(1);
    fs::File::options().append(true).open(source).unwrap().set_modified(written).unwrap();
    let engine = Engine::open(&place.0, at(27 * HOUR));
    let again = engine.folder.roll_up(&Keeping::default(), at(27 * HOUR)).unwrap();
    assert_eq!((again.files, again.buckets), (1, 24 * 12 + 1));
    assert_eq!(rolled_samples(&engine, day), 24 * 60 + 1);
}

#[test]
fn samples_are_rolled_up_before_they_expire() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 11 * HOUR);
    engine.seal(at(240 * HOUR));
    let retained = engine.folder.retain(&Keeping::default(), 0, at(240 * HOUR)).unwrap();
    assert_eq!((retained.expired_files, engine.folder.segments()), (6, 0), "{retained:?}");
    assert_eq!((retained.rolled.files, retained.rolled.buckets), (1, 11 * 12));
}

#[test]
fn a_metric_that_is_kept_shorter_leaves_the_files() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = engine.series(&[("s", "a")]);
    let short: Arc<str> = "short".into();
    let brief = engine.store.resolve(&short, &short, &Labels::EMPTY).unwrap();
    day_of(&mut engine, &[series, brief], 0, 11 * HOUR);
    let mut keeping = Keeping::default();
    keeping.by_metric.insert(short, Duration::from_secs(5 * HOUR as u64));
    let retain = |engine: &Engine, now, keeping: &Keeping| {
        let retained = engine.folder.retain(keeping, 0, now).unwrap();
        (retained.rewritten_files, retained.expired_samples)
    };
    assert_eq!(retain(&engine, at(11 * HOUR), &keeping), (3, 3 * 120));
    assert_eq!(retain(&engine, at(11 * HOUR + 60), &keeping), (0, 0));
    assert_eq!(retain(&engine, at(13 * HOUR), &keeping), (1, 120));
    keeping.by_metric.insert("short".into(), Duration::from_secs(HOUR as u64));
    assert_eq!(retain(&engine, at(13 * HOUR), &keeping), (1, 120));
    let found = engine.bits(&Selector::metric("m"), TimeRange::ALL);
    assert_eq!(found.values().next().map(BTreeMap::len), Some(11 * 60));
}
