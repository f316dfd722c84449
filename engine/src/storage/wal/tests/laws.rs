//! What holds for whatever is written or read.

use std::ops::ControlFlow;

use proptest::prelude::*;

use super::super::batch::{Batch, Decoder};
use super::super::frame::Encoder;
use super::super::read::{Tally, read_log};
use super::super::{blocks, cursor::Cursor, serials};
use super::*;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (-1_000_000_i32..1_000_000).prop_map(f64::from),
        (-1_000_000_i32..1_000_000, 0_i32..14).prop_map(|(n, e)| f64::from(n) / 10_f64.powi(e)),
        any::<i64>().prop_map(|n| n as f64),
        any::<f32>().prop_map(f64::from),
        Just(0.0),
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::from_bits(0x7ff0_0000_0000_0002)),
    ]
}

/// Values as they come in a tick: of one sort, or of several.
fn column() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(value(), 0..300),
        prop::collection::vec((0_u32..9_999).prop_map(|n| f64::from(n) / 100.0), 0..300),
        prop::collection::vec(any::<u64>().prop_map(f64::from_bits), 0..300),
        (value(), 0_usize..200).prop_map(|(value, count)| vec![value; count]),
    ]
}

fn commit() -> impl Strategy<Value = Commit> {
    let definitions = prop::collection::vec(0_u32..60, 0..10);
    let sample = (prop_oneof![0_i64..3, any::<i64>()], any::<bool>(), 0_u32..60, value());
    let samples = prop::collection::vec(sample, 0..40);
    let removed = prop::collection::vec(0_u32..60, 0..3);
    (definitions, samples, removed).prop_map(|(definitions, samples, removed)| {
        let mut commit = Commit::default();
        let definitions = definitions.into_iter().map(|serial| (Serial(serial), identity(serial)));
        commit.definitions.extend(definitions);
        for (at, amend, serial, value) in samples {
            commit.push(Timestamp::from_millis(at), amend, Serial(serial), value);
        }
        commit.removed.extend(removed.into_iter().map(Serial));
        commit
    })
}

/// What a replay of the commits hands over: each series once, and only
/// samples of series that are there.
fn expected(commits: &[Commit]) -> (Vec<Seen>, u64) {
    let mut known = std::collections::BTreeSet::new();
    let (mut seen, mut unknown) = (Vec::new(), 0);
    for commit in commits {
        for (serial, identity) in &commit.definitions {
            if known.insert(serial.0) {
                seen.push(Seen::Define(serial.0, identity.clone()));
            }
        }
        let times = commit
            .runs
            .iter()
            .flat_map(|run| std::iter::repeat_n((run.at.millis(), run.amend), run.len as usize));
        for ((at, amend), (serial, value)) in times.zip(commit.serials.iter().zip(&commit.values)) {
            if known.contains(&serial.0) {
                seen.push(Seen::Sample(at, amend, serial.0, value.to_bits()));
            } else {
                unknown += 1;
            }
        }
        for serial in &commit.removed {
            known.remove(&serial.0);
            seen.push(Seen::Remove(serial.0));
        }
    }
    (seen, unknown)
}

fn read(bytes: &[u8]) -> (Tally, u64) {
    let (mut decoder, mut batch) = (Decoder::default(), Batch::default());
    let mut samples = 0;
    let tally = read_log(bytes, 1, bytes.len() as u64, &mut |frame| {
        let decoded = decoder.decode(&frame, &mut batch);
        batch.apply(&mut |entry| {
            if let Entry::Samples { serials, values, .. } = entry {
                assert_eq!(serials.len(), values.len());
                samples += serials.len() as u64;
            }
        });
        decoded.map(ControlFlow::Continue)
    });
    (tally, samples)
}

/// A frame with any payload and a right checksum.
fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.begin(1);
    encoder.frame(kind, |buffer, _| buffer.extend_from_slice(payload));
    encoder.finish().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_replay_is_what_was_written(
        commits in prop::collection::vec((commit(), 0_u32..3, any::<bool>()), 0..8),
    ) {
        let place = Place::new();
        let mut writer = Writer::open(&place.0).unwrap();
        let mut epoch = 0;
        let mut written = Vec::new();
        for (mut commit, step, reopen) in commits {
            epoch += step / 2;
            commit.epoch = epoch;
            if reopen {
                writer = Writer::open(&place.0).unwrap();
            }
            // Two at once, of which the second may begin a file.
            let empty = Commit::default();
            let done = writer.write([&empty, &commit]).unwrap();
            prop_assert_eq!(done.samples, commit.samples() as u64);
            written.push(commit);
        }
        let (seen, replayed) = replayed(&place.0);
        let (expected, unknown) = expected(&written);
        prop_assert_eq!(seen, expected);
        prop_assert_eq!(replayed.samples_unknown, unknown);
        prop_assert_eq!(replayed.bytes, writer.bytes());
        prop_assert_eq!((replayed.frames_lost, replayed.bytes_lost, replayed.torn_bytes), (0, 0, 0));
    }

    #[test]
    fn values_come_back_bit_for_bit(values in column(), exponent in 0_u8..=12, raw in any::<bool>()) {
        let mut bytes = Vec::new();
        blocks::write(&mut bytes, &values, &mut blocks::Hint { exponent, raw });
        let mut cursor = Cursor::new(&bytes);
        let mut back = Vec::new();
        prop_assert_eq!(blocks::read(&mut cursor, values.len(), &mut back), Ok(()));
        prop_assert!(cursor.is_empty());
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&back), bits(&values));
        // A tag and 11 bytes more for each block at most.
        prop_assert!(bytes.len() <= values.len() * 8 + values.len().div_ceil(64) * 12);
        for end in 0..bytes.len() {
            let mut cursor = Cursor::new(&bytes[..end]);
            prop_assert!(blocks::read(&mut cursor, values.len(), &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn serials_come_back(
        numbers in prop::collection::vec((any::<u32>(), 1_u32..50), 0..20),
    ) {
        let given: Vec<Serial> = numbers
            .into_iter()
            .flat_map(|(first, count)| (0..count).map(move |step| Serial(first.wrapping_add(step))))
            .collect();
        let mut bytes = Vec::new();
        serials::write(&mut bytes, &given);
        let mut back = Vec::new();
        let mut cursor = Cursor::new(&bytes);
        prop_assert_eq!(serials::read(&mut cursor, given.len(), &mut back), Ok(()));
        prop_assert_eq!(back, given);
    }

    #[test]
    fn any_bytes_are_read_or_counted(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        head in any::<bool>(),
    ) {
        if head {
            bytes.splice(0..0, framed(3, &[]));
        }
        let (tally, samples) = read(&bytes);
        prop_assert_eq!(samples, 0);
        prop_assert_eq!(tally.bytes, bytes.len() as u64);
        prop_assert!(tally.bytes_lost + tally.torn_bytes <= tally.bytes);
    }

    #[test]
    fn any_payload_is_taken_or_lost(
        kind in 1_u8..6,
        payload in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let (tally, _) = read(&framed(kind, &payload));
        prop_assert_eq!(tally.frames + tally.frames_lost, 1);
        prop_assert!(tally.frames == 1 || tally.bytes_lost == 21 + payload.len() as u64);
        prop_assert!(tally.frames == 1 || kind < 4);
    }

    #[test]
    fn a_payload_that_was_changed_is_taken_or_lost(
        commit in commit(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut encoder = Encoder::default();
        encoder.begin(1);
        encoder.commit(&commit);
        let bytes = encoder.finish().to_vec();
        let mut given = 0;
        let mut changed = Vec::new();
        read_log(&bytes[..], 1, bytes.len() as u64, &mut |frame| {
            let mut payload = frame.payload.to_vec();
            for (place, byte) in &changes {
                if let Some(at) = place.index(payload.len() + 1).checked_sub(1) {
                    payload[at] = *byte;
                }
            }
            changed.push((frame.kind, payload));
            given += 1;
            Ok(ControlFlow::Continue(()))
        });
        for (kind, payload) in changed {
            let (tally, _) = read(&framed(kind, &payload));
            prop_assert_eq!(tally.frames + tally.frames_lost, 1);
        }
        prop_assert_eq!(encoder.frames, given);
    }
}
