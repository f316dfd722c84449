//! Numbers of few bits, one behind the other, lowest bit first.

use super::fault::Fault;

/// The most bytes that one block of values takes: 64 times 68 bits.
const ROOM: usize = 64 * 68 / 8;

/// Packs the numbers of one block, of up to 64 bits each.
pub(super) struct Packer {
    bytes: [u8; ROOM + 8],
    len: usize,
    word: u64,
    filled: u32,
}

impl Packer {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; ROOM + 8], len: 0, word: 0, filled: 0 }
    }

    /// Appends the lowest `width` bits; the higher ones must be 0.
    #[inline]
    pub(super) fn push(&mut self, number: u64, width: u32) {
        debug_assert!(width <= 64 && number.checked_shr(width).unwrap_or(0) == 0);
        // Fewer than 64 bits wait here.
        self.word |= number << self.filled;
        let filled = self.filled + width;
        if filled < 64 {
            self.filled = filled;
        } else {
            self.put();
            self.word = number.checked_shr(64 - self.filled).unwrap_or(0);
            self.filled = filled - 64;
        }
    }

    #[inline]
    fn put(&mut self) {
        let room = self.bytes.get_mut(self.len..).and_then(|rest| rest.first_chunk_mut());
        debug_assert!(room.is_some(), "a block has room for its numbers");
        if let Some(room) = room {
            *room = self.word.to_le_bytes();
            self.len += 8;
        }
    }

    /// Appends everything to bytes, filled up with zeros to a whole one.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        let end = self.len + self.filled.div_ceil(8) as usize;
        self.put();
        out.extend_from_slice(self.bytes.get(..end).unwrap_or_default());
    }
}

/// The packed bytes of one block, with zeros behind, so that a number is read
/// by one load wherever it lies.
pub(super) struct Packed {
    bytes: [u8; ROOM + 16],
    bits: usize,
}

impl Packed {
    /// Takes as many of the bytes as a block can have.
    pub(super) fn new(source: &[u8]) -> Self {
        let mut bytes = [0; ROOM + 16];
        let taken = source.len().min(ROOM);
        if let (Some(room), Some(source)) = (bytes.get_mut(..taken), source.get(..taken)) {
            room.copy_from_slice(source);
        }
        Self { bytes, bits: taken * 8 }
    }

    /// Returns the 57 bits or more from `bit` on.
    #[inline]
    pub(super) fn some(&self, bit: usize) -> u64 {
        let window = self.bytes.get(bit >> 3..).and_then(|rest| rest.first_chunk());
        window.map_or(0, |window| u64::from_le_bytes(*window) >> (bit & 7))
    }

    /// Returns the 64 bits from `bit` on.
    #[inline]
    pub(super) fn full(&self, bit: usize) -> u64 {
        let window = self.bytes.get(bit >> 3..).and_then(|rest| rest.first_chunk());
        window.map_or(0, |window| (u128::from_le_bytes(*window) >> (bit & 7)) as u64)
    }

    /// Returns how many bytes `bits` take, if there are as many.
    pub(super) fn used(&self, bits: usize) -> Result<usize, Fault> {
        if bits > self.bits { Err(Fault::Short) } else { Ok(bits.div_ceil(8)) }
    }
}

/// Returns the lowest `width` bits set.
#[inline]
pub(super) const fn mask(width: u32) -> u64 {
    match u64::MAX.checked_shr(64 - width) {
        Some(mask) => mask,
        None => 0,
    }
}
