//! Frames as what they say, on their way to whoever replays them.

use std::collections::BTreeMap;

use super::definitions::{self, Definitions};
use super::fault::Fault;
use super::frame::{DEFINITIONS, FLOATS, REMOVED};
use super::known::Known;
use super::read::Frame;
use super::replay::Entry;
use super::samples::{self, Columns};
use crate::model::Timestamp;
use crate::storage::{Identity, Serial};

/// A batch is handed on when it has about this many samples or other entries.
const FULL: usize = 16_384;

/// What some frames say, in order.
#[derive(Default)]
pub(super) struct Batch {
    items: Vec<Item>,
    columns: Columns,
}

enum Item {
    Define(Serial, Identity),
    Remove(Serial),
    /// As many of the runs that follow.
    Runs(usize),
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.items.len() >= FULL || self.columns.serials.len() >= FULL
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Hands everything to `apply` and is empty then.
    pub(super) fn apply(&mut self, apply: &mut dyn FnMut(Entry<'_>)) {
        let Columns { runs, serials, values } = &self.columns;
        let (mut runs, mut serials, mut values) = (runs.iter(), &serials[..], &values[..]);
        for item in self.items.drain(..) {
            match item {
                Item::Define(serial, identity) => apply(Entry::Define(serial, identity)),
                Item::Remove(serial) => apply(Entry::Remove(serial)),
                Item::Runs(count) => {
                    for run in runs.by_ref().take(count) {
                        let len = run.len as usize;
                        let ids = serials.split_at_checked(len);
                        let Some((ids, numbers)) = ids.zip(values.split_at_checked(len)) else {
                            break;
                        };
                        let (at, amend) = (run.at, run.amend);
                        apply(Entry::Samples { at, amend, serials: ids.0, values: numbers.0 });
                        (serials, values) = (ids.1, numbers.1);
                    }
                }
            }
        }
        self.columns.clear();
    }
}

/// Turns frames into batches, and knows which series there are.
#[derive(Default)]
pub(super) struct Decoder {
    definitions: Definitions,
    known: Known,
    removed: Vec<Serial>,
    pub(super) counts: Counts,
    /// The newest timestamp since it was last taken.
    pub(super) newest: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) definitions: u64,
    pub(super) samples: u64,
    pub(super) samples_unknown: u64,
    pub(super) frames_unknown: BTreeMap<u8, u64>,
}

impl Decoder {
    /// Adds what a frame says to a batch. Of a frame that does not make sense
    /// to its end, the definitions before that place are added, but no samples.
    pub(super) fn decode(&mut self, frame: &Frame<'_>, batch: &mut Batch) -> Result<(), Fault> {
        match frame.kind {
            DEFINITIONS => self.define(frame.payload, batch),
            REMOVED => self.remove(frame.payload, batch),
            FLOATS => self.samples(frame.payload, batch),
            kind => {
                *self.counts.frames_unknown.entry(kind).or_default() += 1;
                Ok(())
            }
        }
    }

    fn define(&mut self, payload: &[u8], batch: &mut Batch) -> Result<(), Fault> {
        let Self { definitions, known, counts, .. } = self;
        definitions.read(payload, |serial, identity| {
            // Most are copies, which cost no memory.
            if !known.contains(serial) {
                batch.items.push(Item::Define(serial, identity()?));
                known.insert(serial);
                counts.definitions += 1;
            }
            Ok(())
        })
    }

    fn remove(&mut self, payload: &[u8], batch: &mut Batch) -> Result<(), Fault> {
        self.removed.clear();
        definitions::read_removed(payload, &mut self.removed)?;
        for &serial in &self.removed {
            self.known.remove(serial);
            batch.items.push(Item::Remove(serial));
        }
        Ok(())
    }

    fn samples(&mut self, payload: &[u8], batch: &mut Batch) -> Result<(), Fault> {
        let columns = &mut batch.columns;
        let (runs, samples) = (columns.runs.len(), columns.serials.len());
        let result = samples::read(payload, columns);
        if result.is_err() {
            columns.runs.truncate(runs);
            columns.serials.truncate(samples);
            columns.values.truncate(samples);
            return result;
        }
        let new = columns.runs.get(runs..).unwrap_or_default();
        self.newest = new.iter().map(|run| run.at).max().max(self.newest);
        let serials = columns.serials.get(samples..).unwrap_or_default();
        if !serials.iter().all(|&serial| self.known.contains(serial)) {
            self.counts.samples_unknown += drop_unknown(columns, runs, samples, &self.known);
        }
        self.counts.samples += (columns.serials.len() - samples) as u64;
        batch.items.push(Item::Runs(columns.runs.len() - runs));
        Ok(())
    }
}

/// Leaves out the samples of series that nobody knows, from the given run and
/// sample on, and returns how many they were.
fn drop_unknown(columns: &mut Columns, runs: usize, samples: usize, known: &Known) -> u64 {
    let all = columns.runs.split_off(runs);
    let mut serials = columns.serials.split_off(samples).into_iter();
    let mut values = columns.values.split_off(samples).into_iter();
    let mut dropped = 0;
    for mut run in all {
        let mut kept = 0;
        for (serial, value) in serials.by_ref().zip(values.by_ref()).take(run.len as usize) {
            if known.contains(serial) {
                columns.serials.push(serial);
                columns.values.push(value);
                kept += 1;
            } else {
                dropped += 1;
            }
        }
        run.len = kept;
        if kept > 0 {
            columns.runs.push(run);
        }
    }
    dropped
}
