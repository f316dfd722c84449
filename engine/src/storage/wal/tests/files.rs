//! Which files there are, and when they go.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::super::read::read_log;
use super::*;

/// Two samples of series 0 at `ms`, with its definition.
fn commit(epoch: u32, ms: i64) -> Commit {
    let mut commit = Commit { epoch, ..Commit::default() };
    commit.definitions.push((Serial(0), identity(0)));
    commit.push(at(ms), false, Serial(0), 1.0);
    commit.push(at(ms - 5), false, Serial(0), 2.0);
    commit
}

fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(&place.0).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.map(|name| name.trim_start_matches('0').into()).collect();
    names.sort();
    names
}

fn size(place: &Place) -> u64 {
    fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn a_larger_epoch_begins_a_file_and_a_start_does_too() {
    let place = Place::new();
    let folder = place.0.join("not/yet");
    let mut writer = Writer::open(&folder).unwrap();
    assert_eq!((writer.file_number(), writer.bytes()), (1, 0));
    writer.sync().unwrap();
    let commits = [commit(7, 0), commit(7, 1), commit(8, 2), commit(6, 3), commit(9, 4)];
    let written = writer.write(&commits).unwrap();
    writer.sync().unwrap();
    assert_eq!((written.samples, written.frames), (10, 15));
    assert_eq!((written.bytes, writer.file_number()), (writer.bytes(), 3));
    let mut writer = Writer::open(&folder).unwrap();
    assert_eq!((writer.file_number(), writer.bytes()), (4, written.bytes));
    assert_eq!(writer.write([&Commit::default()]).unwrap(), Written::default());
    writer.write([&commit(1, 5)]).unwrap();
    let (_, replayed) = replayed(&folder);
    let newest: Vec<_> = replayed.files.iter().map(|file| (file.number, file.newest)).collect();
    let expected = [(1, 1), (2, 3), (3, 4), (4, 5)].map(|(number, ms)| (number, Some(at(ms))));
    assert_eq!(newest, expected);
    assert_eq!(replayed.definitions, 1, "copies are left out");
}

#[test]
fn files_go_when_they_are_old_enough_and_known() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    writer.write(&[commit(0, 10), commit(1, 20), commit(2, 30)]).unwrap();
    drop(writer);
    let mut writer = Writer::open(&place.0).unwrap();
    writer.write([&commit(0, 40), &commit(1, 15), &commit(2, 60)]).unwrap();
    let sizes = writer.bytes();
    assert_eq!(names(&place), ["1.wal", "2.wal", "3.wal", "4.wal", "5.wal", "6.wal"]);
    let check = |writer: &mut Writer, before, below, files: u64, left: &[&str]| {
        let bytes = writer.bytes();
        let removed = writer.remove_sealed(at(before), below).unwrap();
        assert_eq!(
            (removed.files, names(&place)),
            (files, left.iter().map(|s| (*s).into()).collect())
        );
        assert_eq!((writer.bytes(), removed.bytes), (size(&place), bytes - size(&place)));
    };
    // Of those from before the start nothing is known yet, and 6 is written on.
    check(&mut writer, 1_000, 5, 1, &["1.wal", "2.wal", "3.wal", "5.wal", "6.wal"]);
    writer.adopt(&replayed(&place.0).1);
    check(&mut writer, 10, 9, 0, &["1.wal", "2.wal", "3.wal", "5.wal", "6.wal"]);
    // 5 is old enough, but what it says may be of a series in 3.
    check(&mut writer, 21, 9, 2, &["3.wal", "5.wal", "6.wal"]);
    fs::remove_file(place.0.join(format!("{:020}.wal", 3))).unwrap();
    let dropped = writer.drop_oldest().unwrap().unwrap();
    assert_eq!((dropped.number, dropped.bytes), (3, sizes / 6));
    check(&mut writer, 21, 9, 1, &["6.wal"]);
    assert_eq!(writer.drop_oldest().unwrap(), None);
    check(&mut writer, 1_000, 9, 0, &["6.wal"]);
}

#[test]
fn what_is_in_an_abandoned_file_stays() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    writer.abandon();
    writer.write([&commit(0, 0)]).unwrap();
    writer.abandon();
    assert_eq!((writer.file_number(), writer.file_bytes()), (2, 0));
    writer.write([&commit(0, 1)]).unwrap();
    assert_eq!(names(&place), ["1.wal", "2.wal"]);
    assert_eq!(replayed(&place.0).1.samples, 4);
}

#[test]
fn a_refusal_names_the_path_and_is_no_end() {
    let place = Place::new();
    let folder = place.0.join("log");
    let mut writer = Writer::open(&folder).unwrap();
    fs::remove_dir(&folder).unwrap();
    let error = writer.write([&commit(0, 0)]).unwrap_err().to_string();
    assert!(error.starts_with("cannot create") && error.contains("00001.wal"), "{error}");
    assert_eq!(replayed(&folder).1.files, []);
    fs::create_dir(&folder).unwrap();
    writer.write([&commit(0, 0)]).unwrap();
    assert_eq!(replayed(&folder).1.samples, 2);

    let file = place.0.join("file");
    fs::write(&file, b"").unwrap();
    assert!(Writer::open(&file).unwrap_err().to_string().starts_with("cannot create"));
    assert!(replay(&file, &mut |_| {}).unwrap_err().to_string().starts_with("cannot list"));
    fs::write(folder.join(format!("{}.wal", u64::MAX)), b"").unwrap();
    let error = Writer::open(&folder).unwrap_err().to_string();
    assert!(error.contains("numbered 18446744073709551615"), "{error}");
}

#[test]
fn a_series_with_texts_beyond_a_frame_is_refused_alone() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    let mut commit = commit(0, 0);
    for (serial, length) in [(1, 900_000), (2, 2_000_000), (3, 10)] {
        let labels = Labels::new([("path", "x".repeat(length))]).unwrap();
        let identity = Identity { metric: "m".into(), name: "m".into(), labels };
        commit.definitions.push((Serial(serial), identity));
        commit.push(at(0), false, Serial(serial), 1.0);
    }
    let written = writer.write([&commit]).unwrap();
    assert_eq!((written.definitions_refused, written.samples), (1, 5));
    let (seen, replayed) = replayed(&place.0);
    assert_eq!((replayed.definitions, replayed.samples_unknown, replayed.frames_lost), (3, 1, 0));
    assert!(seen.contains(&Seen::Define(1, commit.definitions[1].1.clone())));
}

/// Gives so many bytes and then an error.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(&mut room[..1])?;
        if read == 0 { Err(io::Error::other("bad sector")) } else { Ok(read) }
    }
}

#[test]
fn a_file_that_cannot_be_read_on_is_lost_from_there() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    writer.write([&commit(0, 0)]).unwrap();
    let bytes = fs::read(place.0.join(format!("{:020}.wal", 1))).unwrap();
    for end in 0..=bytes.len() {
        let mut frames = 0;
        let tally = read_log(Failing(&bytes[..end]), 1, 5_000, &mut |_| {
            frames += 1;
            Ok(ControlFlow::Continue(()))
        });
        assert_eq!((tally.frames, tally.frames_lost, tally.torn_bytes), (frames, 1, 0));
        assert_eq!((tally.bytes, tally.unreadable), (5_000, true));
        let last = tally.damage.last().unwrap();
        assert_eq!(last.why.to_string(), "cannot be read: bad sector");
        assert_eq!(last.offset + last.bytes, 5_000);
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_costs_only_itself_and_is_kept() {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    writer.write(&[commit(0, 0), commit(1, 1), commit(2, 2)]).unwrap();
    // A link to itself cannot be opened, whoever asks.
    let lost = place.0.join(format!("{:020}.wal", 2));
    fs::remove_file(&lost).unwrap();
    std::os::unix::fs::symlink(&lost, &lost).unwrap();
    let (_, replayed) = replayed(&place.0);
    assert_eq!((replayed.samples, replayed.frames_lost), (4, 1));
    assert!(replayed.files[1].unreadable);
    let why = replayed.damage[0].why.to_string();
    assert!(why.starts_with("cannot be read: "), "{why}");
    let mut writer = Writer::open(&place.0).unwrap();
    writer.adopt(&replayed);
    assert_eq!(writer.remove_sealed(at(1_000), 9).unwrap().files, 2);
    assert_eq!(writer.drop_oldest().unwrap().unwrap().number, 2);
}
