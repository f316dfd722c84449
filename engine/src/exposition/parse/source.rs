//! Lines of a source of bytes.

use std::io::{self, BufRead};

/// Reads lines into one buffer that never grows beyond the cap.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: R,
    buffer: Vec<u8>,
    line_bytes_max: usize,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// A line, which [`Source::line`] gives.
    Line,
    /// A line beyond the cap, which was skipped.
    TooLong,
    /// Nothing is left.
    End,
}

impl<R: BufRead> Source<R> {
    pub(super) const fn new(reader: R, line_bytes_max: usize) -> Self {
        Self { reader, buffer: Vec::new(), line_bytes_max }
    }

    /// Returns the line that was read last, without its line feed.
    pub(super) fn line(&self) -> &[u8] {
        &self.buffer
    }

    pub(super) fn read(&mut self) -> io::Result<Read> {
        self.buffer.clear();
        let (mut any, mut too_long) = (false, false);
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(match (any, too_long) {
                    (false, _) => Read::End,
                    (true, true) => Read::TooLong,
                    (true, false) => Read::Line,
                });
            }
            any = true;
            let (piece, taken, ended) = match available.split_inclusive(|&b| b == b'\n').next() {
                Some([piece @ .., b'\n']) => (piece, piece.len() + 1, true),
                _ => (available, available.len(), false),
            };
            if piece.len() > self.line_bytes_max.saturating_sub(self.buffer.len()) {
                too_long = true;
            }
            if !too_long {
                self.buffer.extend_from_slice(piece);
            }
            self.reader.consume(taken);
            if ended {
                return Ok(if too_long { Read::TooLong } else { Read::Line });
            }
        }
    }
}
