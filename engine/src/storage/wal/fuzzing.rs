//! A file of the log from any bytes.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::batch::{Batch, Decoder};
use super::frame::Encoder;
use super::read::read_log;
use super::{Commit, Entry};
use crate::model::{Labels, Timestamp};
use crate::storage::{Identity, Serial};

/// What an entry says, one sample at a time.
#[derive(Debug, PartialEq)]
enum Said {
    Define(Serial, Identity),
    Remove(Serial),
    Sample(Timestamp, bool, Serial, u64),
}

/// Reads `bytes` as a file of the log: as they are if the first is 0, else
/// behind it as payloads in frames that pass their checks, each of a kind, a
/// length of two bytes and itself. Checks that samples follow their series
/// and that what is read is written and read again the same.
pub(crate) fn check(bytes: &[u8]) {
    let Some((form, bytes)) = bytes.split_first() else { return };
    let said = if *form == 0 { read(bytes) } else { read(&framed(bytes)) };
    let mut encoder = Encoder::default();
    encoder.begin(1);
    for said in &said {
        let mut commit = Commit::default();
        match said {
            Said::Define(serial, identity) => commit.definitions.push((*serial, identity.clone())),
            Said::Remove(serial) => commit.removed.push(*serial),
            Said::Sample(at, amend, serial, bits) => {
                commit.push(*at, *amend, *serial, f64::from_bits(*bits));
            }
        }
        encoder.commit(&commit);
    }
    let again = encoder.finish().to_vec();
    if encoder.refused == 0 {
        assert_eq!(read(&again), said, "what is read is written the same");
    }
}

/// Returns files of the log and payloads of every kind.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for series in [1_u32, 3, 40] {
        let mut encoder = Encoder::default();
        encoder.begin(1);
        for tick in 0..6_i64 {
            let mut commit = Commit::default();
            for serial in 0..series {
                if tick == 0 {
                    commit.definitions.push((Serial(serial), identity(serial)));
                }
                let value = f64::from(serial) / 3.0 * f64::from(u8::from(tick > 2));
                commit.push(Timestamp::from_millis(tick * 1_000), tick == 2, Serial(serial), value);
            }
            if tick == 5 {
                commit.removed.push(Serial(0));
            }
            encoder.commit(&commit);
        }
        let file = encoder.finish().to_vec();
        let mut payloads = vec![1];
        read_log(&*file, 1, file.len() as u64, &mut |frame| {
            if let Ok(length) = u16::try_from(frame.payload.len()) {
                payloads.push(frame.kind);
                payloads.extend_from_slice(&length.to_le_bytes());
                payloads.extend_from_slice(frame.payload);
            }
            Ok(ControlFlow::Continue(()))
        });
        seeds.push([&[0], &*file].concat());
        seeds.push(payloads);
    }
    seeds
}

fn identity(serial: u32) -> Identity {
    let labels = [("instance", format!("host-{serial}")), ("job", "node".into())];
    let labels = Labels::new(labels).expect("two sound labels");
    let name: Arc<str> = "requests_total".into();
    Identity { metric: name.clone(), name, labels }
}

/// Puts payloads into a file whose frames are sound.
fn framed(mut bytes: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    encoder.begin(1);
    while let Some(([kind, low, high], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        encoder.frame(*kind, |buffer, _| buffer.extend_from_slice(payload));
        bytes = rest;
    }
    encoder.finish().to_vec()
}

fn read(bytes: &[u8]) -> Vec<Said> {
    let mut decoder = Decoder::default();
    let (mut said, mut defined) = (Vec::new(), HashSet::new());
    let mut apply = |entry: Entry<'_>| match entry {
        Entry::Define(serial, identity) => {
            assert!(defined.insert(serial), "{serial} is defined once");
            said.push(Said::Define(serial, identity));
        }
        Entry::Remove(serial) => {
            defined.remove(&serial);
            said.push(Said::Remove(serial));
        }
        Entry::Samples { at, amend, serials, values } => {
            assert_eq!(serials.len(), values.len(), "a value for each series");
            for (serial, value) in serials.iter().zip(values) {
                assert!(defined.contains(serial), "{serial} has samples and no definition");
                said.push(Said::Sample(at, amend, *serial, value.to_bits()));
            }
        }
    };
    let tally = read_log(bytes, 1, bytes.len() as u64, &mut |frame| {
        let mut batch = Batch::default();
        let decoded = decoder.decode(&frame, &mut batch);
        batch.apply(&mut apply);
        decoded.map(ControlFlow::Continue)
    });
    let length = bytes.len() as u64;
    assert_eq!(tally.bytes, length, "every byte is looked at");
    assert!(tally.bytes_lost + tally.torn_bytes <= length, "no byte is lost twice");
    said
}
