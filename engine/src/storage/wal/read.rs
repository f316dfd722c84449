//! Finding the frames of one file, whatever happened to it.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::fault::Fault;
use super::frame::{FRAME, HEADER, MAGIC, MARKER, PAYLOAD_MAX, VERSION, checksum, header};
use super::window::Window;

/// What came of reading a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) frames_lost: u64,
    pub(super) bytes_lost: u64,
    pub(super) torn_bytes: u64,
    pub(super) frames_repeated: u64,
    pub(super) damage: Vec<Stretch>,
    /// Whether nothing could be read because the system or the format
    /// refused, here or from some place on.
    pub(super) unreadable: bool,
}

/// A stretch of a file that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) offset: u64,
    pub(super) bytes: u64,
    pub(super) frames: u64,
    pub(super) why: Fault,
}

/// How many stretches of a file are told one by one.
const STRETCHES_MAX: usize = 16;

/// A frame that passed its checks.
pub(crate) struct Frame<'a> {
    pub(super) kind: u8,
    pub(super) payload: &'a [u8],
}

/// Reads the log file numbered `file`, which should have `length` bytes, and
/// hands each sound frame to `visit`, which says what is wrong with its
/// payload, or that it has enough.
pub(crate) fn read_log(
    reader: impl Read,
    file: u64,
    length: u64,
    visit: &mut dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Fault>,
) -> Tally {
    let window = Window::new(reader);
    let mut scan = Scan { window, file, expected: 0, open: None, tally: Tally::default() };
    if let Err(error) = scan.run(visit) {
        scan.close(None);
        let offset = scan.window.offset();
        scan.tally.lose(
            offset,
            length.saturating_sub(offset),
            Fault::Unreadable(error.to_string()),
        );
        scan.tally.unreadable = true;
    }
    scan.tally.bytes = length.max(scan.window.offset());
    scan.tally
}

struct Scan<R> {
    window: Window<R>,
    file: u64,
    /// The number of the next frame.
    expected: u32,
    /// The damage that the scan is in.
    open: Option<Open>,
    tally: Tally,
}

struct Open {
    offset: u64,
    why: Fault,
    /// How many frames seem to begin in it.
    markers: u64,
    /// Whether there is nothing but zeros in it.
    zeros: bool,
}

/// What lies at a place.
enum Look {
    Frame { length: usize, number: u32 },
    Damage(Fault),
}

impl<R: Read> Scan<R> {
    fn run(
        &mut self,
        visit: &mut dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> io::Result<()> {
        self.window.fill(HEADER)?;
        match header_fault(self.window.bytes(), self.file) {
            None => self.window.consume(HEADER),
            Some(why @ (Fault::Version { .. } | Fault::FileNumber { .. })) => {
                self.tally.unreadable = true;
                return self.pass_over(why);
            }
            Some(_) if self.window.bytes().is_empty() => {}
            Some(why) => self.enter(why),
        }
        loop {
            self.window.fill(FRAME)?;
            if self.window.bytes().is_empty() {
                self.close(None);
                return Ok(());
            }
            match self.look()? {
                Look::Damage(why) => {
                    self.enter(why);
                    self.skip()?;
                }
                Look::Frame { length, number } => {
                    if self.take(length, number, visit).is_break() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn look(&mut self) -> io::Result<Look> {
        let Some(found) = Head::of(self.window.bytes()) else {
            let bytes = self.window.bytes();
            let part = MARKER.get(..bytes.len()).unwrap_or(&MARKER);
            let unfinished = bytes.len() < FRAME && bytes.starts_with(part);
            let why = if unfinished { Fault::Unfinished } else { Fault::Marker };
            return Ok(Look::Damage(why));
        };
        let length = found.length as usize;
        if length > PAYLOAD_MAX {
            let why = Fault::Length { found: found.length, max: PAYLOAD_MAX };
            return Ok(Look::Damage(why));
        }
        self.window.fill(FRAME + length)?;
        let Some(frame) = self.window.bytes().get(..FRAME + length) else {
            return Ok(Look::Damage(Fault::Unfinished));
        };
        let behind = frame.get(16..).unwrap_or_default();
        if checksum(self.file, &found.length.to_le_bytes(), behind) != found.crc {
            return Ok(Look::Damage(Fault::Checksum));
        }
        Ok(Look::Frame { length, number: found.number })
    }

    fn take(
        &mut self,
        length: usize,
        number: u32,
        visit: &mut dyn FnMut(Frame<'_>) -> Result<ControlFlow<()>, Fault>,
    ) -> ControlFlow<()> {
        let offset = self.window.offset();
        let damaged = self.open.is_some();
        self.close(Some(number));
        let expected = self.expected;
        if number < expected {
            self.tally.frames_repeated += 1;
            self.tally.note(offset, 0, 0, Fault::Repeated { found: number, expected });
            self.window.consume(FRAME + length);
            return ControlFlow::Continue(());
        }
        if number > expected && !damaged {
            let frames = u64::from(number - expected);
            self.tally.note(offset, 0, frames, Fault::Missing { found: number, expected });
        }
        self.expected = number.saturating_add(1);
        let frame = self.window.bytes().get(FRAME - 1..FRAME + length).unwrap_or_default();
        let Some((&kind, payload)) = frame.split_first() else { return ControlFlow::Break(()) };
        let taken = visit(Frame { kind, payload });
        self.window.consume(FRAME + length);
        match taken {
            Ok(flow) => {
                self.tally.frames += 1;
                flow
            }
            Err(why) => {
                self.tally.lose(offset, (FRAME + length) as u64, why);
                ControlFlow::Continue(())
            }
        }
    }

    /// Goes on to where the next frame may begin.
    fn skip(&mut self) -> io::Result<()> {
        let bytes = self.window.bytes();
        let marked = bytes.starts_with(&MARKER);
        let next = bytes.windows(MARKER.len()).skip(1).position(|place| place == MARKER);
        let passed = match next {
            Some(place) => place + 1,
            // The last bytes may be the beginning of a marker.
            None => bytes.len().saturating_sub(MARKER.len() - 1).max(1),
        };
        let zeros = bytes.iter().take(passed).all(|byte| *byte == 0);
        if let Some(open) = &mut self.open {
            open.markers += u64::from(marked);
            open.zeros &= zeros;
        }
        self.window.consume(passed);
        self.window.fill(FRAME)
    }

    fn enter(&mut self, why: Fault) {
        let offset = self.window.offset();
        self.open.get_or_insert(Open { offset, why, markers: 0, zeros: true });
    }

    /// Counts the damage that ends here, before the frame `next` or the end
    /// of the file.
    fn close(&mut self, next: Option<u32>) {
        let Some(open) = self.open.take() else { return };
        let bytes = self.window.offset() - open.offset;
        // A write that did not end leaves a part of a frame, or the room for
        // it, and nothing behind.
        let cut = open.why == Fault::Unfinished && open.markers <= 1;
        if next.is_none() && (cut || open.zeros) {
            self.tally.torn_bytes += bytes;
            return;
        }
        let frames = match next {
            Some(number) => u64::from(number.saturating_sub(self.expected)),
            None => open.markers,
        };
        self.tally.note(open.offset, bytes, frames.max(1), open.why);
    }

    /// Counts the whole file as lost.
    fn pass_over(&mut self, why: Fault) -> io::Result<()> {
        let mut frames = 0;
        while !self.window.bytes().is_empty() {
            frames += u64::from(self.window.bytes().starts_with(&MARKER));
            let bytes = self.window.bytes();
            let next = bytes.windows(MARKER.len()).skip(1).position(|place| place == MARKER);
            let passed = bytes.len().saturating_sub(MARKER.len() - 1).max(1);
            self.window.consume(next.map_or(passed, |place| place + 1));
            self.window.fill(FRAME)?;
        }
        self.tally.note(0, self.window.offset(), frames.max(1), why);
        Ok(())
    }
}

impl Tally {
    /// Counts a file of which nothing can be read.
    pub(super) fn unreadable(bytes: u64, why: Fault) -> Self {
        let mut tally = Self { bytes, unreadable: true, ..Self::default() };
        tally.lose(0, bytes, why);
        tally
    }

    fn lose(&mut self, offset: u64, bytes: u64, why: Fault) {
        self.note(offset, bytes, 1, why);
    }

    fn note(&mut self, offset: u64, bytes: u64, frames: u64, why: Fault) {
        self.frames_lost += frames;
        self.bytes_lost += bytes;
        if self.damage.len() < STRETCHES_MAX {
            self.damage.push(Stretch { offset, bytes, frames, why });
        }
    }
}

/// What the first bytes of a frame say.
struct Head {
    length: u32,
    crc: u32,
    number: u32,
}

impl Head {
    /// Reads it; `None` if no frame begins here.
    fn of(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.get(..FRAME)?.strip_prefix(&MARKER)?;
        let (length, rest) = rest.split_first_chunk()?;
        let (crc, rest) = rest.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk()?;
        let [length, crc, number] = [length, crc, number].map(|bytes| u32::from_le_bytes(*bytes));
        Some(Self { length, crc, number })
    }
}

/// Says what is wrong with the header of a file.
fn header_fault(bytes: &[u8], file: u64) -> Option<Fault> {
    let expected = header(file);
    let Some(found) = bytes.get(..HEADER) else {
        let unfinished = expected.starts_with(bytes);
        return Some(if unfinished { Fault::Unfinished } else { Fault::Header });
    };
    if found == expected {
        return None;
    }
    let parts = || {
        let rest = found.strip_prefix(&MAGIC)?;
        let (version, rest) = rest.split_first_chunk()?;
        let (number, crc) = rest.split_first_chunk()?;
        let sound = crc32fast::hash(found.get(..HEADER - 4)?).to_le_bytes() == crc;
        sound.then_some((u32::from_le_bytes(*version), u64::from_le_bytes(*number)))
    };
    Some(match parts() {
        Some((found, _)) if found != VERSION => Fault::Version { found, expected: VERSION },
        Some((_, found)) => Fault::FileNumber { found, expected: file },
        None => Fault::Header,
    })
}
