//! The state file, whole, damaged and foreign.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A folder of the test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepwatch-state-{}-{count}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("state.redb")
    }

    fn open(&self) -> OpenedState {
        StateStore::open(self.file()).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind is no failure of what is tested.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn batch(entries: &[(&str, Option<u32>)]) -> Batch {
    let mut batch = Batch::new();
    for (key, value) in entries {
        match value {
            Some(value) => batch.put(Table::Silences, *key, value),
            None => batch.remove(Table::Silences, *key),
        }
    }
    batch
}

fn numbers(contents: &mut Contents) -> Vec<(String, u32)> {
    contents.take(Table::Silences)
}

#[test]
fn what_is_written_is_there_when_the_file_is_opened_again() {
    let place = Place::new();
    let mut opened = place.open();
    assert_eq!((opened.contents.len(), opened.set_aside), (0, None));
    let written = opened.store.write(&batch(&[("a", Some(1)), ("b", Some(2))])).unwrap();
    assert_eq!(written, Written { entries: 2, bytes: 4 });
    opened.store.write(&batch(&[("a", None), ("c", Some(3))])).unwrap();
    drop(opened.store);
    let mut contents = place.open().contents;
    assert_eq!(numbers(&mut contents), [("b".to_owned(), 2), ("c".to_owned(), 3)]);
    assert_eq!(contents.left_out(), []);
}

#[test]
fn a_file_in_use_is_neither_opened_nor_set_aside() {
    let place = Place::new();
    let _held = place.open();
    let error = StateStore::open(place.file()).unwrap_err();
    assert!(error.to_string().ends_with("is in use by another process"), "{error}");
}

#[test]
fn a_file_is_read_while_it_is_written_and_stays_as_it_is() {
    let place = Place::new();
    let mut held = place.open().store;
    for count in 1..=20 {
        held.write(&batch(&[(&count.to_string(), Some(count))])).unwrap();
        let before = fs::read(place.file()).unwrap();
        let mut contents = StateStore::read(&place.file()).unwrap();
        assert_eq!(numbers(&mut contents).len(), count as usize);
        assert_eq!(fs::read(place.file()).unwrap(), before);
    }
    let path = place.file();
    let writer = std::thread::spawn(move || {
        for count in 0..200 {
            held.write(&batch(&[("more", Some(count))])).unwrap();
        }
    });
    while !writer.is_finished() {
        match StateStore::read(&path) {
            Ok(mut contents) => assert!(numbers(&mut contents).len() >= 20),
            Err(error) => assert!(matches!(error, StateError::InUse { .. }), "{error}"),
        }
    }
    writer.join().unwrap();
}

#[test]
fn a_file_that_is_read_only_is_not_mended() {
    let place = Place::new();
    let missing = StateStore::read(&place.file()).unwrap_err().to_string();
    assert!(missing.starts_with("cannot read"), "{missing}");
    assert!(!place.file().exists());
    let mut store = place.open().store;
    let entries: Vec<String> = (0..200).map(|n| format!("entry {n}")).collect();
    let whole: Vec<_> = entries.iter().map(|key| (key.as_str(), Some(7))).collect();
    store.write(&batch(&whole)).unwrap();
    drop(store);
    let good = fs::read(place.file()).unwrap();
    let mut lost = 0;
    for position in (0..good.len()).step_by(good.len() / 60) {
        let mut damaged = good.clone();
        damaged[position] ^= 0xff;
        fs::write(place.file(), &damaged).unwrap();
        match StateStore::read(&place.file()) {
            Ok(mut contents) => {
                let found = numbers(&mut contents).len();
                assert!(found == 200 || found == 0, "{found} at {position}");
            }
            Err(StateError::Damaged { .. }) => lost += 1,
            Err(other) => panic!("{other} at {position}"),
        }
        assert_eq!(fs::read(place.file()).unwrap(), damaged, "at {position}");
    }
    assert!(lost > 5, "{lost}");
    for length in [1, 300, 4_096, good.len() / 2, good.len() - 1] {
        fs::write(place.file(), &good[..length]).unwrap();
        match StateStore::read(&place.file()) {
            Ok(contents) => assert_eq!(contents.len(), 200, "cut at {length}"),
            Err(error) => {
                assert!(matches!(error, StateError::Damaged { .. }), "{error} at {length}");
            }
        }
    }
}

#[test]
fn what_is_not_a_state_file_is_set_aside_under_a_name_of_its_own() {
    let place = Place::new();
    for (count, content) in [&b"# HELP up"[..], &[0; 9_000][..]].into_iter().enumerate() {
        fs::write(place.file(), content).unwrap();
        let opened = place.open();
        let aside = opened.set_aside.unwrap();
        assert_eq!(aside.bytes, content.len() as u64);
        assert!(aside.path.ends_with(format!("state.redb.damaged-{}", count + 1)));
        assert_eq!(fs::read(aside.path).unwrap(), content);
        assert!(opened.contents.is_empty());
    }
}

#[test]
fn another_format_and_another_database_are_set_aside() {
    for (table, key, expected) in [
        ("keepwatch", "format", "it has format version 9; expected 1"),
        ("fruit", "apples", "it is a database of something else"),
    ] {
        let place = Place::new();
        let database = redb::Database::create(place.file()).unwrap();
        let transaction = database.begin_write().unwrap();
        let definition = redb::TableDefinition::<&str, u64>::new(table);
        transaction.open_table(definition).unwrap().insert(key, 9).unwrap();
        transaction.commit().unwrap();
        drop(database);
        assert_eq!(place.open().set_aside.unwrap().reason, expected);
        assert_eq!(place.open().set_aside, None, "the new file is good");
    }
}

#[test]
fn no_damage_keeps_the_file_from_being_opened() {
    let place = Place::new();
    let mut store = place.open().store;
    let entries: Vec<String> = (0..200).map(|n| format!("entry {n}")).collect();
    let whole: Vec<_> = entries.iter().map(|key| (key.as_str(), Some(7))).collect();
    store.write(&batch(&whole)).unwrap();
    drop(store);
    let good = fs::read(place.file()).unwrap();
    // The header densely, the rest by samples.
    let positions = (0..512).step_by(17).chain((512..good.len()).step_by(good.len() / 40));
    let mut lost = 0;
    for position in positions {
        let mut damaged = good.clone();
        damaged[position] ^= 0xff;
        fs::write(place.file(), &damaged).unwrap();
        let mut opened = place.open();
        let found = numbers(&mut opened.contents);
        match opened.set_aside {
            Some(aside) => {
                lost += 1;
                assert_eq!(found, [], "at {position}");
                fs::remove_file(aside.path).unwrap();
            }
            None => assert!(found.len() == 200 || found.is_empty(), "at {position}"),
        }
    }
    assert!(lost > 10, "{lost}");
    for length in [1, 300, 4_096, good.len() / 2, good.len() - 1] {
        fs::write(place.file(), &good[..length]).unwrap();
        let opened = place.open();
        assert!(opened.set_aside.is_some() || opened.contents.len() == 200, "cut at {length}");
    }
}

#[test]
fn an_entry_that_cannot_be_read_is_left_out_by_name_and_stays() {
    let place = Place::new();
    let mut store = place.open().store;
    store.write(&batch(&[("good", Some(1))])).unwrap();
    let mut bad = Batch::new();
    bad.put(Table::Silences, "text", "no number");
    bad.entries.insert((Table::Silences, "newer".into()), Some(vec![2, b'1']));
    bad.entries.insert((Table::Silences, "empty".into()), Some(Vec::new()));
    store.write(&bad).unwrap();
    drop(store);
    for _ in 0..2 {
        let mut contents = place.open().contents;
        assert_eq!(numbers(&mut contents), [("good".to_owned(), 1)]);
        let left: Vec<String> = contents.left_out().iter().map(ToString::to_string).collect();
        assert_eq!(left.len(), 3);
        assert_eq!(left[0], "silences \"empty\": it is empty");
        assert_eq!(left[1], "silences \"newer\": it has version 2; expected 1");
        assert!(left[2].starts_with("silences \"text\": invalid type: string"), "{}", left[2]);
    }
}

#[test]
fn a_value_that_is_too_large_is_left_out_and_its_predecessor_goes() {
    let place = Place::new();
    let mut store = place.open().store;
    store.write(&batch(&[("a", Some(1))])).unwrap();
    let mut large = Batch::new();
    large.put(Table::Silences, "a", &"x".repeat(VALUE_BYTES_MAX));
    assert_eq!(
        large.left_out()[0].to_string(),
        "silences \"a\": 1048579 bytes are more than 1048576"
    );
    store.write(&large).unwrap();
    drop(store);
    assert!(place.open().contents.is_empty());
}

#[test]
fn a_folder_that_refuses_is_an_error_with_its_name() {
    let place = Place::new();
    let error = StateStore::open(place.0.join("no/such/state.redb")).unwrap_err().to_string();
    assert!(error.starts_with("cannot open") && error.contains("no/such"), "{error}");
}
