//! A stretch of a file in memory.

use std::io::{self, Read};

use super::frame::{FRAME, PAYLOAD_MAX};

/// Several of the longest frames.
const ROOM: usize = 2 * (FRAME + PAYLOAD_MAX);

/// Reads on while what is done with is forgotten.
pub(super) struct Window<R> {
    reader: R,
    room: Box<[u8]>,
    start: usize,
    end: usize,
    /// Where in the file the stretch begins.
    offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(reader: R) -> Self {
        let room = vec![0; ROOM].into_boxed_slice();
        Self { reader, room, start: 0, end: 0, offset: 0, ended: false }
    }

    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns what is in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.room.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until `count` bytes are in memory or the file ends; `count` is
    /// at most the length of a frame.
    pub(super) fn fill(&mut self, count: usize) -> io::Result<()> {
        if self.bytes().len() >= count || self.ended {
            return Ok(());
        }
        self.room.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        while self.end < count {
            let Some(free) = self.room.get_mut(self.end..) else { break };
            match self.reader.read(free) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                // No more than there is room for, whatever a reader says.
                Ok(read) => self.end += read.min(free.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Forgets the first bytes.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }
}
