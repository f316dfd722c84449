//! Archives, whole and damaged.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::model::{Labels, Sample, SeriesSamples, TimeRange, Timestamp, stale_marker};
use crate::storage::{Selector, Store, StoreConfig};

/// A file of the test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("keepwatch-archive-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("samples.kw")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind is no failure of what is tested.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000)
}

/// A ledger of three series with sealed, open and late samples.
fn filled() -> Arc<Ledger> {
    let ledger = Arc::<Ledger>::default();
    let (mut store, _) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    for host in ["a", "b", "c"] {
        let labels = Labels::new([("host", host), ("path", "x\"y\\z")]).unwrap();
        let series = store.resolve(&"m".into(), &"m".into(), &labels).unwrap();
        for second in 0..500_i64 {
            let value = match second {
                7 => f64::from_bits(0x7ff8_0000_0000_0abc),
                8 => stale_marker(),
                9 => -0.0,
                _ => second as f64 / 4.0,
            };
            let sample = Sample::new(at(second * 10), value);
            store.append(series, sample, at(5_000)).unwrap();
        }
        store.append(series, Sample::new(at(4_985), 1.5), at(5_000)).unwrap();
    }
    ledger
}

fn samples(ledger: Ledger) -> Vec<SeriesSamples> {
    let (store, _) = Store::recover(Arc::new(ledger), StoreConfig::default());
    store.snapshot(&Selector::metric("m"), TimeRange::ALL).decode(TimeRange::ALL)
}

fn bits(series: &[SeriesSamples]) -> Vec<(String, Vec<(i64, u64)>)> {
    let bits = |one: &SeriesSamples| {
        let samples = one.samples.iter().map(|s| (s.at.millis(), s.value.to_bits()));
        (one.labels.to_string(), samples.collect())
    };
    series.iter().map(bits).collect()
}

#[test]
fn what_is_saved_comes_back_bit_for_bit_and_can_be_written_on() {
    let place = Place::new("whole");
    let ledger = filled();
    let saved = ledger.save(&place.file()).unwrap();
    assert_eq!((saved.series, saved.samples), (3, 1_503));
    assert_eq!(fs::metadata(place.file()).unwrap().len(), saved.bytes);
    let (loaded, found) = Ledger::load(&place.file()).unwrap();
    assert_eq!(found, saved);
    let before = Arc::try_unwrap(ledger).unwrap();
    assert_eq!(bits(&samples(before)), bits(&samples(loaded)));

    let (loaded, _) = Ledger::load(&place.file()).unwrap();
    let (mut store, _) = Store::recover(Arc::new(loaded), StoreConfig::default());
    let labels = Labels::new([("host", "a"), ("path", "x\"y\\z")]).unwrap();
    let series = store.resolve(&"m".into(), &"m".into(), &labels).unwrap();
    assert_eq!(store.series(), 3, "the series is known");
    store.append(series, Sample::new(at(6_000), 2.0), at(6_000)).unwrap();
    assert!(store.append(series, Sample::new(at(100), 2.0), at(6_000)).is_err(), "too old");
}

#[test]
fn no_file_is_an_empty_ledger_and_another_file_is_refused() {
    let place = Place::new("none");
    let (_, found) = Ledger::load(&place.file()).unwrap();
    assert_eq!(found, Archived::default());
    fs::write(place.file(), b"# HELP up").unwrap();
    let error = Ledger::load(&place.file()).unwrap_err().to_string();
    assert!(error.contains("is no archive of keepwatch"), "{error}");
    fs::write(place.file(), b"keepwtch\x09\0\0\0").unwrap();
    let error = Ledger::load(&place.file()).unwrap_err().to_string();
    assert!(error.ends_with("has format version 9; expected 2"), "{error}");
    let error = filled().save(&place.0.join("no/such/folder/f")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create"), "{error}");
}

#[test]
fn a_flipped_bit_costs_its_frame_and_is_counted() {
    let place = Place::new("flipped");
    let saved = filled().save(&place.file()).unwrap();
    let whole = fs::read(place.file()).unwrap();
    for position in (12..whole.len()).step_by(61) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x10;
        fs::write(place.file(), &damaged).unwrap();
        let (ledger, found) = Ledger::load(&place.file()).unwrap();
        // One, or more where the length itself is wrong.
        assert!(found.frames_lost > 0 && found.bytes_lost > 0, "at {position}");
        assert!(found.series < 3);
        let kept = samples(ledger);
        assert_eq!(kept.len(), found.series);
        assert!(kept.iter().all(|one| one.samples.len() == saved.samples / 3));
    }
}

#[test]
fn a_cut_file_keeps_the_frames_before_the_cut() {
    let place = Place::new("cut");
    filled().save(&place.file()).unwrap();
    let whole = fs::read(place.file()).unwrap();
    for length in (13..whole.len()).step_by(97) {
        fs::write(place.file(), &whole[..length]).unwrap();
        let (ledger, found) = Ledger::load(&place.file()).unwrap();
        assert_eq!(samples(ledger).len(), found.series);
        assert!(found.series < 3);
        assert_eq!(found.frames_lost, 1, "cut at {length}");
    }
}

#[test]
fn a_folder_has_one_holder_and_keeps_what_was_saved() {
    let place = Place::new("folder");
    let folder = place.0.join("data");
    let (held, ledger, found) = DataFolder::open(&folder).unwrap();
    assert_eq!((samples(ledger).len(), found.series), (0, 0));
    let error = DataFolder::open(&folder).unwrap_err().to_string();
    assert!(error.ends_with("is in use by another process"), "{error}");
    held.save(&filled()).unwrap();
    drop(held);
    let (_held, ledger, _) = DataFolder::open(&folder).unwrap();
    assert_eq!(samples(ledger).len(), 3);
}

#[test]
fn saving_beside_a_writer_loses_nothing_that_was_there() {
    let place = Place::new("beside");
    let ledger = Arc::<Ledger>::default();
    let (mut store, _) = Store::recover(Arc::clone(&ledger), StoreConfig::default());
    let series = store.resolve(&"m".into(), &"m".into(), &Labels::EMPTY).unwrap();
    for second in 0..1_000 {
        let now = at(second) + Duration::from_secs(1);
        store.append(series, Sample::new(at(second), 1.0), now).unwrap();
        if second % 100 == 99 {
            let saved = ledger.save(&place.file()).unwrap();
            assert_eq!(saved.samples as i64, second + 1);
        }
    }
}
