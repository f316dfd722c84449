//! The frames that a file is made of, and the header before them.

use super::blocks::Hint;
use super::commit::{Commit, Run, extend};
use super::definitions::{self, REMOVED_MAX};
use super::samples::{self, Columns, SAMPLES_MAX};
use crate::storage::{Identity, Serial};

pub(super) const MAGIC: [u8; 8] = *b"keepwlog";
pub(super) const VERSION: u32 = 1;
/// Magic, version, number of the file, checksum.
pub(super) const HEADER: usize = 24;

/// What a frame begins with; a random number, so that it is found again
/// behind damage.
pub(super) const MARKER: [u8; 8] = [0xf1, 0x9c, 0x4b, 0xe7, 0x03, 0xd8, 0xa6, 0x5e];
/// Marker, length of the payload, checksum, number of the frame, kind.
pub(super) const FRAME: usize = 21;
/// The longest payload. Writing keeps far below it, but for a series with
/// long labels.
pub(super) const PAYLOAD_MAX: usize = 1 << 20;

pub(super) const DEFINITIONS: u8 = 1;
pub(super) const REMOVED: u8 = 2;
pub(super) const FLOATS: u8 = 3;

/// How many bytes of room are kept from write to write.
const KEPT: usize = 4 << 20;

/// Definitions fill a frame up to about here.
const ROOM: usize = 48 << 10;

/// Returns the header of a file.
pub(super) fn header(file: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let [version, number] = [&VERSION.to_le_bytes()[..], &file.to_le_bytes()[..]];
    let crc = crc32fast::hash(&[&MAGIC[..], version, number].concat()).to_le_bytes();
    let bytes = MAGIC.iter().chain(version).chain(number).chain(&crc);
    header.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    header
}

/// Returns the checksum of a frame: over the number of its file and all of
/// its bytes but the marker and the checksum itself.
pub(super) fn checksum(file: u64, length: &[u8], behind: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&file.to_le_bytes());
    hasher.update(length);
    hasher.update(behind);
    hasher.finalize()
}

/// Commits as the frames of one file.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    file: u64,
    /// The number of the next frame.
    next: u32,
    buffer: Vec<u8>,
    /// Samples that are in no frame yet: those of small commits share one.
    waiting: Columns,
    hint: Hint,
    pub(super) frames: u64,
    pub(super) samples: u64,
    pub(super) refused: u64,
}

impl Encoder {
    /// Begins a file, with its header.
    pub(super) fn begin(&mut self, file: u64) {
        self.file = file;
        self.next = 0;
        self.clear();
        self.buffer.extend_from_slice(&header(file));
    }

    /// Forgets what is not written, and the counts.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        // What a commit of many definitions took is not kept for ever.
        self.buffer.shrink_to(KEPT);
        self.waiting.clear();
        (self.frames, self.samples, self.refused) = (0, 0, 0);
    }

    pub(super) fn commit(&mut self, commit: &Commit) {
        if !commit.definitions.is_empty() {
            self.flush();
            self.define(&commit.definitions);
        }
        self.add(commit);
        if !commit.definitions.is_empty() {
            // The loss of a definition would cost all samples of its series,
            // so a second copy lies where damage to the first hardly reaches.
            self.flush();
            let refused = self.refused;
            self.define(&commit.definitions);
            self.refused = refused;
        }
        if !commit.removed.is_empty() {
            self.flush();
            for removed in commit.removed.chunks(REMOVED_MAX) {
                self.frame(REMOVED, |buffer, _| definitions::write_removed(buffer, removed));
            }
        }
    }

    /// Puts what waits into a frame and returns all bytes.
    pub(super) fn finish(&mut self) -> &[u8] {
        self.flush();
        &self.buffer
    }

    fn define(&mut self, mut definitions: &[(Serial, Identity)]) {
        let fits = |(_, identity): &(Serial, Identity)| {
            definitions::size_max(identity) <= PAYLOAD_MAX - ROOM
        };
        while !definitions.is_empty() {
            let fitting = definitions.iter().take_while(|one| fits(one)).count();
            let Some((mut now, rest)) = definitions.split_at_checked(fitting) else { break };
            while !now.is_empty() {
                let mut written = 0;
                self.frame(DEFINITIONS, |buffer, _| {
                    written = definitions::write(buffer, now, ROOM);
                });
                now = now.get(written..).unwrap_or_default();
            }
            definitions = match rest.split_first() {
                Some((_, behind)) => {
                    self.refused += 1;
                    behind
                }
                None => rest,
            };
        }
    }

    fn add(&mut self, commit: &Commit) {
        let (mut serials, mut values) = (&commit.serials[..], &commit.values[..]);
        for &Run { at, mut len, amend } in &commit.runs {
            while len > 0 {
                let room = SAMPLES_MAX.saturating_sub(self.waiting.serials.len());
                let count = room.min(len as usize);
                let (Some(ids), Some(numbers)) =
                    (serials.split_at_checked(count), values.split_at_checked(count))
                else {
                    debug_assert!(false, "runs that are longer than their columns");
                    return;
                };
                extend(&mut self.waiting.runs, at, amend, count as u32);
                self.waiting.serials.extend_from_slice(ids.0);
                self.waiting.values.extend_from_slice(numbers.0);
                (serials, values) = (ids.1, numbers.1);
                len -= count as u32;
                if self.waiting.serials.len() == SAMPLES_MAX {
                    self.flush();
                }
            }
        }
    }

    fn flush(&mut self) {
        if self.waiting.serials.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        self.frame(FLOATS, |buffer, hint| samples::write(buffer, &waiting, hint));
        self.samples += waiting.serials.len() as u64;
        self.waiting = waiting;
        self.waiting.clear();
    }

    pub(super) fn frame(&mut self, kind: u8, payload: impl FnOnce(&mut Vec<u8>, &mut Hint)) {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&MARKER);
        self.buffer.extend_from_slice(&[0; 8]);
        self.buffer.extend_from_slice(&self.next.to_le_bytes());
        self.buffer.push(kind);
        payload(&mut self.buffer, &mut self.hint);
        let length = (self.buffer.len() - start - FRAME) as u32;
        let length = length.to_le_bytes();
        let behind = self.buffer.get(start + 16..).unwrap_or_default();
        let crc = checksum(self.file, &length, behind).to_le_bytes();
        let blanks = self.buffer.iter_mut().skip(start + MARKER.len());
        blanks.zip(length.iter().chain(&crc)).for_each(|(to, from)| *to = *from);
        self.next += 1;
        self.frames += 1;
    }
}
