//! Reading everything back.

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use super::batch::{Batch, Decoder};
use super::error::{WalError, failed};
use super::fault::Fault;
use super::folder::{self, Found};
use super::read::{Stretch, Tally, read_log};
use crate::model::Timestamp;
use crate::storage::{Identity, Serial};

/// How many batches wait to be applied; the memory of a replay.
const AHEAD: usize = 4;
/// How many places of damage are told one by one.
const DAMAGE_MAX: usize = 32;

/// What the log says, in the order in which it was written.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A series. It comes once, unless it was removed in between, and before
    /// its samples.
    Define(Serial, Identity),
    /// A series is gone. It may never have been defined.
    Remove(Serial),
    /// Samples of one time.
    Samples {
        /// The timestamp.
        at: Timestamp,
        /// Whether each replaces the sample that its series has at that time.
        amend: bool,
        /// The series, each of them defined.
        serials: &'a [Serial],
        /// The value of each.
        values: &'a [f64],
    },
}

/// What came of a replay.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The files, in order.
    pub files: Vec<ReplayedFile>,
    /// Frames that were sound.
    pub frames: u64,
    /// Series that were defined, without the copies.
    pub definitions: u64,
    /// Samples that were handed over.
    pub samples: u64,
    /// Samples that belong to no series, because the frames of its definition
    /// are lost.
    pub samples_unknown: u64,
    /// The size of all files.
    pub bytes: u64,
    /// Frames that are lost to damage. It is exact where a sound frame
    /// follows, at least 1 for each damaged stretch, and 1 for a file that
    /// cannot be read.
    pub frames_lost: u64,
    /// Bytes that are lost with them.
    pub bytes_lost: u64,
    /// Bytes of writes that did not end, as a crash leaves them at the end of
    /// a file. Nothing of it was ever acknowledged.
    pub torn_bytes: u64,
    /// Frames that are there a second time, and were passed over.
    pub frames_repeated: u64,
    /// Frames of kinds that this version does not know, by kind. They were
    /// passed over.
    pub frames_unknown: BTreeMap<u8, u64>,
    /// The first 32 damaged places.
    pub damage: Vec<Damage>,
}

/// What came of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedFile {
    /// Its number.
    pub number: u64,
    /// Its size.
    pub bytes: u64,
    /// The newest timestamp in it; `None` if it has no samples.
    pub newest: Option<Timestamp>,
    /// Frames in it that are lost.
    pub frames_lost: u64,
    /// Bytes in it that are lost.
    pub bytes_lost: u64,
    /// Bytes of an unfinished write at its end.
    pub torn_bytes: u64,
    /// Whether the system or its format refused it, from some place on. A
    /// later start, or another version, may be able to read it.
    pub unreadable: bool,
}

/// A damaged place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The number of the file.
    pub file: u64,
    /// Where in the file it begins.
    pub offset: u64,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many frames are lost with it.
    pub frames: u64,
    /// What is wrong.
    pub why: Fault,
}

/// Reads all files of the log in `folder` in order, and hands what they say
/// to `apply`, on this thread; another one reads and decodes ahead. A folder
/// that is not there is an empty log.
///
/// # Errors
/// A folder that cannot be listed. What is wrong with a file is no error: it
/// is counted in [`Replayed`].
pub fn replay(folder: &Path, apply: &mut dyn FnMut(Entry<'_>)) -> Result<Replayed, WalError> {
    if !folder.try_exists().map_err(failed("cannot find", folder))? {
        return Ok(Replayed::default());
    }
    let files = folder::files(folder)?;
    let (full, filled) = sync_channel(AHEAD);
    let (empty, emptied) = channel();
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("wal-replay".into());
        let reader = reader.spawn_scoped(scope, move || read(folder, &files, &full, &emptied));
        let reader = reader.map_err(failed("cannot start a thread to read", folder))?;
        for mut batch in filled {
            batch.apply(apply);
            // Nobody takes it back when everything is read.
            let _ = empty.send(batch);
        }
        reader.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

/// Reads the files and sends what they say.
fn read(
    folder: &Path,
    files: &[Found],
    full: &SyncSender<Batch>,
    emptied: &Receiver<Batch>,
) -> Replayed {
    let mut replayed = Replayed::default();
    let mut decoder = Decoder::default();
    let mut batch = Batch::default();
    for &Found { number, bytes } in files {
        let path = folder::path(folder, number);
        let tally = match File::open(&path) {
            Ok(file) => read_log(file, number, bytes, &mut |frame| {
                let decoded = decoder.decode(&frame, &mut batch);
                if batch.is_full() {
                    let next = emptied.try_recv().unwrap_or_default();
                    if full.send(std::mem::replace(&mut batch, next)).is_err() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                decoded.map(ControlFlow::Continue)
            }),
            Err(error) => Tally::unreadable(bytes, Fault::Unreadable(error.to_string())),
        };
        replayed.add(number, decoder.newest.take(), tally);
    }
    if !batch.is_empty() {
        // It fails only where `apply` panicked.
        let _ = full.send(batch);
    }
    let counts = decoder.counts;
    replayed.definitions = counts.definitions;
    replayed.samples = counts.samples;
    replayed.samples_unknown = counts.samples_unknown;
    replayed.frames_unknown = counts.frames_unknown;
    replayed
}

impl Replayed {
    fn add(&mut self, number: u64, newest: Option<Timestamp>, tally: Tally) {
        self.frames += tally.frames;
        self.bytes += tally.bytes;
        self.frames_lost += tally.frames_lost;
        self.bytes_lost += tally.bytes_lost;
        self.torn_bytes += tally.torn_bytes;
        self.frames_repeated += tally.frames_repeated;
        let free = DAMAGE_MAX.saturating_sub(self.damage.len());
        self.damage.extend(tally.damage.into_iter().take(free).map(|stretch| {
            let Stretch { offset, bytes, frames, why } = stretch;
            Damage { file: number, offset, bytes, frames, why }
        }));
        self.files.push(ReplayedFile {
            number,
            bytes: tally.bytes,
            newest,
            frames_lost: tally.frames_lost,
            bytes_lost: tally.bytes_lost,
            torn_bytes: tally.torn_bytes,
            unreadable: tally.unreadable,
        });
    }
}
