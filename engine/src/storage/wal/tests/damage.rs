//! Files that something happened to.

use super::super::frame::{Encoder, FLOATS, FRAME, HEADER, MARKER};
use super::*;

/// Where each frame of a file begins, and its end.
fn frames(bytes: &[u8]) -> Vec<usize> {
    let places = bytes.windows(MARKER.len()).enumerate();
    let mut places: Vec<usize> =
        places.filter(|(_, window)| **window == MARKER).map(|(place, _)| place).collect();
    places.push(bytes.len());
    places
}

/// A log of one small file: definitions, samples, definitions; then three
/// frames of samples; then a removal. Returns its bytes and what each of its
/// frames says.
fn small() -> (Vec<u8>, Vec<Vec<Seen>>) {
    let place = Place::new();
    let mut writer = Writer::open(&place.0).unwrap();
    let mut parts = vec![Vec::new(), Vec::new(), Vec::new()];
    let mut commit = Commit::default();
    for serial in 0..3 {
        commit.definitions.push((Serial(serial), identity(serial)));
        parts[0].push(Seen::Define(serial, identity(serial)));
    }
    for tick in 0..4 {
        let mut samples = Vec::new();
        for serial in 0..3 {
            let value = f64::from(serial) / 3.0 + tick as f64;
            commit.push(at(tick), tick == 2, Serial(serial), value);
            samples.push(Seen::Sample(at(tick).millis(), tick == 2, serial, value.to_bits()));
        }
        writer.write([&commit]).unwrap();
        commit.clear();
        if tick == 0 { parts[1] = samples } else { parts.push(samples) }
    }
    commit.removed.push(Serial(2));
    parts.push(vec![Seen::Remove(2)]);
    writer.write([&commit]).unwrap();
    let bytes = fs::read(place.0.join("00000000000000000001.wal")).unwrap();
    assert_eq!(frames(&bytes).len(), parts.len() + 1);
    (bytes, parts)
}

/// Replays one file of these bytes.
fn replay_of(bytes: &[u8]) -> (Vec<Seen>, Replayed) {
    let place = Place::new();
    fs::write(place.0.join("00000000000000000001.wal"), bytes).unwrap();
    replayed(&place.0)
}

/// What is left of the parts without those that are lost; definitions come
/// from the copy if that is there.
fn without(parts: &[Vec<Seen>], lost: &[usize]) -> Vec<Seen> {
    let mut left = Vec::new();
    let mut defined = false;
    for (index, part) in parts.iter().enumerate() {
        if lost.contains(&index) {
            continue;
        }
        let copy = index == 0 || index == 2;
        if copy && !defined {
            left.extend(parts[0].iter().cloned());
            defined = true;
        }
        if !copy && (defined || matches!(part[0], Seen::Remove(_))) {
            left.extend(part.iter().cloned());
        }
    }
    left
}

#[test]
fn a_cut_file_keeps_every_frame_before_the_cut() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    for end in 0..bytes.len() {
        let (seen, replayed) = replay_of(&bytes[..end]);
        let whole = starts.iter().skip(1).filter(|next| **next <= end).count();
        let lost: Vec<usize> = (whole..parts.len()).collect();
        assert_eq!(seen, without(&parts, &lost), "cut at {end}");
        let kept = if end < HEADER { 0 } else { starts[whole] };
        assert_eq!(replayed.torn_bytes, (end - kept) as u64, "cut at {end}");
        assert_eq!((replayed.frames_lost, replayed.bytes_lost), (0, 0), "cut at {end}");
        assert_eq!(replayed.frames, whole as u64);
        assert!(replayed.damage.is_empty());
    }
}

#[test]
fn a_flipped_bit_costs_its_frame_alone_and_is_counted() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        let (seen, replayed) = replay_of(&damaged);
        let frame = starts.iter().filter(|start| **start <= place).count().checked_sub(1);
        let Some(frame) = frame else {
            assert_eq!(seen, without(&parts, &[]), "header, at {place}");
            assert_eq!((replayed.frames_lost, replayed.bytes_lost), (1, HEADER as u64));
            assert_eq!(replayed.damage[0].why, Fault::Header);
            continue;
        };
        assert_eq!(seen, without(&parts, &[frame]), "at {place}");
        let bytes_lost = (starts[frame + 1] - starts[frame]) as u64;
        // A last frame that says it is longer looks as if it was cut.
        let torn = frame + 1 == parts.len() && replayed.torn_bytes > 0;
        if torn {
            assert!((8..12).contains(&(place - starts[frame])), "at {place}");
            assert_eq!((replayed.torn_bytes, replayed.frames_lost), (bytes_lost, 0));
        } else {
            assert_eq!((replayed.bytes_lost, replayed.frames_lost), (bytes_lost, 1), "at {place}");
            assert_eq!(replayed.damage[0].offset, starts[frame] as u64);
        }
        let lost = parts[1].len() * usize::from(frame == 0);
        assert_eq!(replayed.samples_unknown, lost as u64, "the copy comes behind");
    }
}

#[test]
fn a_zeroed_stretch_costs_the_frames_that_it_touches() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    for length in [1, 40, 200] {
        for start in HEADER..bytes.len() - length {
            let mut damaged = bytes.clone();
            damaged[start..start + length].fill(0);
            let touched = |frame: &usize| {
                let (from, to) = (starts[*frame].max(start), starts[frame + 1].min(start + length));
                from < to && damaged[from..to] != bytes[from..to]
            };
            let lost: Vec<usize> = (0..parts.len()).filter(touched).collect();
            let (seen, replayed) = replay_of(&damaged);
            assert_eq!(seen, without(&parts, &lost), "{length} from {start}");
            if !lost.contains(&(parts.len() - 1)) {
                assert_eq!(replayed.frames_lost, lost.len() as u64, "{length} from {start}");
                let sizes = lost.iter().map(|frame| starts[frame + 1] - starts[*frame]);
                assert_eq!(replayed.bytes_lost, sizes.sum::<usize>() as u64);
            } else {
                assert!(replayed.frames_lost + replayed.torn_bytes > 0);
            }
        }
    }
}

#[test]
fn a_stretch_that_is_there_twice_or_missing_is_seen() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    let mut twice = bytes[..starts[5]].to_vec();
    twice.extend_from_slice(&bytes[starts[3]..]);
    let (seen, replayed) = replay_of(&twice);
    assert_eq!(seen, without(&parts, &[]));
    assert_eq!((replayed.frames_repeated, replayed.frames_lost), (2, 0));
    assert_eq!(replayed.damage[0].why.to_string(), "frame 3 again; expected 5");

    let mut missing = bytes[..starts[3]].to_vec();
    missing.extend_from_slice(&bytes[starts[5]..]);
    let (seen, replayed) = replay_of(&missing);
    assert_eq!(seen, without(&parts, &[3, 4]));
    assert_eq!((replayed.frames_lost, replayed.bytes_lost), (2, 0));
    assert_eq!(replayed.damage[0].why.to_string(), "frame 5 follows; expected 3");
}

#[test]
fn garbage_behind_and_between_is_passed_over() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    for garbage in [&b"no frame at all"[..], &MARKER[..7], &[0xff; 3_000], &MARKER.repeat(9)] {
        let mut behind = bytes.clone();
        behind.extend_from_slice(garbage);
        let (seen, replayed) = replay_of(&behind);
        assert_eq!(seen, without(&parts, &[]));
        assert_eq!(replayed.torn_bytes + replayed.bytes_lost, garbage.len() as u64);

        let mut between = bytes.clone();
        between.splice(starts[4]..starts[4], garbage.iter().copied());
        let (seen, replayed) = replay_of(&between);
        assert_eq!(seen, without(&parts, &[]));
        assert_eq!((replayed.bytes_lost, replayed.frames_lost), (garbage.len() as u64, 1));
    }
    // Room that a crash left unwritten.
    let mut behind = bytes.clone();
    behind.resize(bytes.len() + 10_000, 0);
    let (_, replayed) = replay_of(&behind);
    assert_eq!((replayed.torn_bytes, replayed.frames_lost), (10_000, 0));
}

#[test]
fn a_frame_of_another_file_does_not_pass() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    let place = Place::new();
    for number in [1, 2] {
        let mut encoder = Encoder::default();
        encoder.begin(number);
        encoder.commit(&Commit::default());
        fs::write(place.0.join(format!("{number:020}.wal")), encoder.finish()).unwrap();
    }
    // As old blocks of the disk come back behind a new header.
    let path = place.0.join(format!("{:020}.wal", 2));
    let mut stale = fs::read(&path).unwrap();
    stale.extend_from_slice(&bytes[starts[0]..]);
    fs::write(&path, &stale).unwrap();
    let (seen, replayed) = replayed(&place.0);
    assert_eq!(seen, []);
    assert_eq!(replayed.frames_lost, parts.len() as u64);
    assert_eq!(replayed.bytes_lost, (bytes.len() - starts[0]) as u64);
}

#[test]
fn a_payload_that_makes_no_sense_leaves_nothing_of_it_behind() {
    let mut commit = Commit::default();
    commit.definitions.push((Serial(0), identity(0)));
    let mut encoder = Encoder::default();
    encoder.begin(1);
    encoder.commit(&commit);
    // One sample of series 0 at 1 ms with the value 3, and a byte too many.
    encoder.frame(FLOATS, |buffer, _| buffer.extend([1, 2, 2, 0, 0x00, 0, 6, 0xff]));
    // Values of an encoding of the future, and a kind of the future.
    encoder.frame(FLOATS, |buffer, _| buffer.extend([1, 2, 2, 0, 0x30, 0, 6]));
    encoder.frame(99, |buffer, _| buffer.extend([1, 2, 3]));
    encoder.frame(FLOATS, |buffer, _| buffer.extend([1, 2, 2, 0, 0x00, 0, 8]));
    let (seen, replayed) = replay_of(encoder.finish());
    assert_eq!(seen, [Seen::Define(0, identity(0)), Seen::Sample(1, false, 0, 4_f64.to_bits())]);
    let why: Vec<_> = replayed.damage.iter().map(|one| one.why.to_string()).collect();
    assert_eq!(
        why,
        [
            "payload has 1 bytes too many",
            "values of encoding 0x30; expected 0x00 to 0x0c, 0x10 to 0x1c or 0x20",
        ]
    );
    assert_eq!((replayed.frames_lost, replayed.samples), (2, 1));
    assert_eq!(replayed.frames_unknown.get(&99), Some(&1));
}

#[test]
fn samples_of_a_series_that_nobody_knows_are_counted() {
    let (bytes, parts) = small();
    let starts = frames(&bytes);
    let mut damaged = bytes.clone();
    damaged[starts[0] + FRAME] ^= 1;
    damaged[starts[2] + FRAME] ^= 1;
    let (seen, replayed) = replay_of(&damaged);
    assert_eq!(seen, parts[6]);
    assert_eq!((replayed.samples_unknown, replayed.samples, replayed.frames_lost), (12, 0, 2));
}

#[test]
fn files_that_are_no_log_cost_nothing_else() {
    let (bytes, parts) = small();
    let place = Place::new();
    let file = |number: u64| place.0.join(format!("{number:020}.wal"));
    fs::write(file(1), b"").unwrap();
    fs::write(file(2), b"# HELP up Whether it is up\n").unwrap();
    let mut version = bytes.clone();
    version[8] = 9;
    let crc = crc32fast::hash(&version[..20]).to_le_bytes();
    version[20..24].copy_from_slice(&crc);
    fs::write(file(3), &version).unwrap();
    fs::write(file(4), &bytes).unwrap();
    fs::write(place.0.join("1.wal"), &bytes).unwrap();
    fs::write(place.0.join("readme.txt"), b"hello").unwrap();
    fs::create_dir(file(5)).unwrap();
    let (seen, replayed) = replayed(&place.0);
    assert!(seen.is_empty());
    let why: Vec<_> =
        replayed.damage.iter().map(|one| format!("{} {}", one.file, one.why)).collect();
    assert_eq!(
        why,
        [
            "2 header of the file fails its checksum",
            "3 has format version 9; expected 1",
            "4 says that it is log file 1; expected 4",
        ]
    );
    let frames = parts.len() as u64;
    assert_eq!(
        replayed.files.iter().map(|file| file.frames_lost).collect::<Vec<_>>(),
        [0, 1, frames, frames]
    );
    assert_eq!(replayed.bytes_lost, 27 + 2 * bytes.len() as u64);
    assert_eq!(
        replayed.files.iter().map(|file| file.unreadable).collect::<Vec<_>>(),
        [false, false, true, true]
    );
}
