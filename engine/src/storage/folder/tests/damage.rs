//! Damage of every kind in every kind of file: what is not touched comes back,
//! what is touched is counted, and nothing keeps a folder from being opened.

use super::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS: i64 = 10;

/// What a folder holds: by metric and labels, and what its rollups say.
#[derive(Debug, PartialEq)]
struct Content {
    samples: BTreeMap<String, BTreeMap<i64, u64>>,
    hours: usize,
}

impl Content {
    fn of(engine: &Engine) -> Self {
        let samples = engine.bits(&Selector::metric("m"), TimeRange::ALL);
        let range = TimeRange::new(at(0), at(DAYS * 24 * HOUR));
        let snapshot = engine.store.snapshot(&Selector::metric("m"), range);
        let rollups = |resolution| -> usize {
            snapshot.iter().map(|view| snapshot.rollups(view, range, resolution).len()).sum()
        };
        // Read for their own sake: what is damaged must do no harm.
        rollups(Resolution::FiveMinutes);
        Self { samples, hours: rollups(Resolution::Hour) }
    }

    fn count(&self) -> usize {
        self.samples.values().map(BTreeMap::len).sum()
    }
}

/// A folder with segments of a day, rollups of both kinds and three log files.
struct Sound {
    place: Place,
    content: Content,
    files: Vec<PathBuf>,
}

impl Sound {
    fn new() -> Self {
        let place = Place::new();
        let open = |day| Engine::with_window(&place.0, DAY, at(day * 24 * HOUR));
        let mut engine = open(0);
        for hour in 0..DAYS * 24 {
            if hour >= DAYS * 24 - 20 && hour % 8 == 0 {
                // A new log file each time.
                drop(engine);
                engine = open(DAYS - 1);
            }
            for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
                let series = engine.series(&[("s", name)]);
                let value = (hour as f64).sqrt() + index as f64;
                engine.append(series, at(hour * HOUR + index as i64 / 2), value);
            }
            engine.commit();
            if hour % 24 == 1 {
                engine.seal(at(hour * HOUR));
                engine.folder.roll_up(&Keeping::default(), at(hour * HOUR)).unwrap();
            }
        }
        drop(engine);
        let engine = open(DAYS);
        assert!(!engine.report.lost_anything(), "{}", engine.report);
        let content = Content::of(&engine);
        assert_eq!(content.count(), 3 * 24 * DAYS as usize);
        drop(engine);
        let mut files = Vec::new();
        for folder in ["segments", "rollups/5m", "rollups/1h", "wal"] {
            let entries = fs::read_dir(place.0.join(folder)).unwrap();
            let mut here: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
            here.sort();
            assert!(!here.is_empty(), "{folder}");
            let middle = here.len() / 2;
            files.extend([here.swap_remove(middle)].into_iter().chain(here.pop()));
        }
        assert!(files.len() >= 7, "{files:?}");
        Self { place, content, files }
    }

    /// Opens the folder, damaged, and compares; returns how many samples are
    /// missing; that has to be said if it can be told.
    fn check(&self, context: &str, told: bool) -> usize {
        let mut engine = Engine::with_window(&self.place.0, DAY, at(DAYS * 24 * HOUR));
        let found = Content::of(&engine);
        for (series, samples) in &found.samples {
            for (at, bits) in samples {
                let given = self.content.samples.get(series).and_then(|all| all.get(at));
                assert_eq!(given, Some(bits), "{context}: {series} at {at} was made up");
            }
        }
        let missing = self.content.count() - found.count();
        let report = &engine.report;
        let damaged = engine.store.statistics().damaged_samples;
        let said = report.lost_anything() || report.log_bytes_unfinished > 0 || damaged > 0;
        assert!(missing == 0 || said || !told, "{context}: {missing} samples went without a word");
        // It goes on: what comes now is kept.
        let series = engine.series(&[("s", "new")]);
        engine.append(series, at(DAYS * 24 * HOUR), 1.0);
        engine.commit();
        missing
    }

    /// Damages a file, checks, and makes everything as it was.
    fn with(&self, path: &Path, context: &str, damage: impl FnOnce(&Path)) -> usize {
        let before = snapshot_of(&self.place.0);
        let length = fs::metadata(path).unwrap().len();
        damage(path);
        // A log that ends behind a frame, or with its file, may have ended so
        // when the process did.
        let log = path.extension().is_some_and(|extension| extension == "wal");
        let told = !log || fs::metadata(path).is_ok_and(|file| file.len() == length);
        let missing = self.check(&format!("{context} of {}", path.display()), told);
        restore(&self.place.0, &before);
        missing
    }

    /// The most samples that can be in one file.
    fn most_in(path: &Path) -> usize {
        if path.parent().is_some_and(|parent| parent.ends_with("5m") || parent.ends_with("1h")) {
            0
        } else {
            3 * 24
        }
    }
}

/// Every file of a folder.
fn snapshot_of(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                files.insert(path, bytes);
            }
        }
    }
    files
}

/// Makes the files of a folder those that there were.
fn restore(path: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in snapshot_of(path).into_keys().filter(|path| !files.contains_key(path)) {
        fs::remove_file(path).unwrap();
    }
    for (path, bytes) in files {
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fs::read(path).ok().as_ref() != Some(bytes) {
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Places all over a file: many in what is read first and last.
fn places(length: usize) -> Vec<usize> {
    let head = (0..length.min(48)).step_by(7);
    let middle = (48..length).step_by((length / 6).max(1));
    let tail = (length.saturating_sub(60)..length).step_by(11);
    head.chain(middle).chain(tail).collect()
}

#[test]
fn a_flipped_bit_and_a_cut_cost_what_they_hit_wherever_they_are() {
    let sound = Sound::new();
    let (mut tried, mut lost) = (0, 0);
    for path in &sound.files {
        let whole = fs::read(path).unwrap();
        for place in places(whole.len()) {
            let flipped = sound.with(path, &format!("bit at {place}"), |path| {
                let mut bytes = whole.clone();
                bytes[place] ^= 1 << (place % 8);
                fs::write(path, bytes).unwrap();
            });
            let cut = sound.with(path, &format!("cut at {place}"), |path| {
                fs::write(path, &whole[..place]).unwrap();
            });
            let most = Sound::most_in(path);
            assert!(flipped <= most && cut <= most, "{path:?} at {place}: {flipped}, {cut}");
            tried += 2;
            lost += usize::from(flipped > 0) + usize::from(cut > 0);
        }
    }
    assert!(tried > 150 && lost > 40, "{tried} places, {lost} with a loss");
}

#[test]
fn whatever_lies_in_the_place_of_a_file_costs_that_file() {
    let sound = Sound::new();
    for path in &sound.files {
        for other in &sound.files {
            let bytes = fs::read(other).unwrap();
            sound.with(path, &format!("{} in the place", other.display()), |path| {
                fs::write(path, bytes).unwrap();
            });
        }
        for bytes in [&b""[..], b"# HELP up", &[0; 4_096]] {
            sound.with(path, "something else in the place", |path| fs::write(path, bytes).unwrap());
        }
        sound.with(path, "a folder in the place", |path| {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        });
    }
}

#[test]
fn folders_that_are_missing_are_made_anew() {
    let sound = Sound::new();
    let before = snapshot_of(&sound.place.0);
    for folder in ["segments", "rollups", "rollups/5m", "rollups/1h", "wal"] {
        fs::remove_dir_all(sound.place.0.join(folder)).unwrap();
        let mut engine = Engine::with_window(&sound.place.0, DAY, at(DAYS * 24 * HOUR));
        let series = engine.series(&[("s", "new")]);
        engine.append(series, at(DAYS * 24 * HOUR), 1.0);
        engine.commit();
        let found = Content::of(&engine);
        assert_eq!(folder.starts_with("rollups"), found.count() == sound.content.count() + 1);
        drop(engine);
        restore(&sound.place.0, &before);
    }
}

#[test]
fn what_cannot_be_opened_stays_and_is_not_written_over() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "a")])];
    day_of(&mut engine, &series, 0, 5 * HOUR);
    let sealed = engine.read(TimeRange::ALL);
    drop(engine);
    let mut names: Vec<PathBuf> = snapshot_of(&place.0.join("segments")).into_keys().collect();
    let (second, first) = (names.pop().unwrap(), names.pop().unwrap());
    let away = place.0.join("away");
    // The file system refuses one, the other is of a version to come.
    fs::rename(&first, &away).unwrap();
    fs::create_dir(&first).unwrap();
    let sound = fs::read(&second).unwrap();
    let mut newer = sound.clone();
    for tail in [newer.len() - 36, newer.len() - 72] {
        newer[tail + 20] = 9;
        let crc = crc32fast::hash(&newer[tail..tail + 24]);
        newer[tail + 24..tail + 28].copy_from_slice(&crc.to_le_bytes());
    }
    fs::write(&second, newer).unwrap();
    let mut engine = Engine::open(&place.0, at(5 * HOUR));
    assert_eq!(engine.report.damaged, []);
    let unopened: Vec<&PathBuf> = engine.report.unopened.iter().map(|file| &file.path).collect();
    assert_eq!(unopened.len(), 2, "{}", engine.report);
    assert!(unopened.contains(&&first) && unopened.contains(&&second));
    assert!(engine.report.lost_anything());
    assert_eq!(engine.folder.segments(), 0);
    // The file is there again while the process runs, and something new comes
    // for its window.
    fs::remove_dir(&first).unwrap();
    fs::rename(&away, &first).unwrap();
    let late = engine.series(&[("s", "late")]);
    engine.append(late, at(60), 5.0);
    engine.seal(at(5 * HOUR + 600));
    drop(engine);
    fs::write(&second, sound).unwrap();
    let engine = Engine::open(&place.0, at(5 * HOUR));
    assert!(!engine.report.lost_anything(), "{}", engine.report);
    let all = engine.read(TimeRange::ALL);
    assert_eq!((&all[0], &all[1].1), (&sealed[0], &vec![(60, 5.0)]));
}

#[test]
fn a_segment_that_is_written_anew_loses_nothing_to_damage() {
    let place = Place::new();
    let mut engine = Engine::open(&place.0, at(0));
    let series = [engine.series(&[("s", "needle")]), engine.series(&[("s", "other")])];
    day_of(&mut engine, &series, 0, 5 * HOUR);
    let sealed = engine.read(TimeRange::ALL);
    drop(engine);
    let path = snapshot_of(&place.0.join("segments")).into_keys().next().unwrap();
    let flip = |place: usize| {
        let mut bytes = fs::read(&path).unwrap();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        bytes
    };
    let bytes = fs::read(&path).unwrap();
    let needle = bytes.windows(6).position(|bytes| bytes == b"needle").unwrap();
    // The identities are damaged, and known from the other segment.
    flip(needle);
    let mut engine = Engine::open(&place.0, at(5 * HOUR));
    let late = engine.series(&[("s", "late")]);
    engine.append(late, at(60), 5.0);
    let sealing = engine.seal(at(5 * HOUR + 600));
    assert_eq!((sealing.segments, sealing.set_aside), (1, 0));
    assert_eq!(engine.read(TimeRange::ALL)[1..], sealed);
    drop(engine);
    // The samples are damaged: what is left of them stays within reach.
    let damaged = flip(60);
    let mut engine = Engine::open(&place.0, at(5 * HOUR));
    let later = engine.series(&[("s", "later")]);
    engine.append(later, at(60), 5.0);
    let sealing = engine.seal(at(5 * HOUR + 600));
    assert_eq!((sealing.segments, sealing.set_aside), (1, 1));
    let aside = PathBuf::from(format!("{}.damaged", path.display()));
    assert_eq!(fs::read(aside).unwrap(), damaged);
    assert!(fs::read(&path).unwrap() != damaged);
}
