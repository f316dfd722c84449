//! A stream of bits, lowest bit first.

/// Writes numbers of up to 64 bits one after the other.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    pending: u128,
    pending_bits: u32,
}

impl BitWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Writes the lowest `width` bits of `value`; the higher ones must be 0.
    pub(super) fn push(&mut self, value: u64, width: u32) {
        debug_assert!(width == 64 || value >> width == 0);
        // At most 63 bits wait here, so 64 more always fit into 128.
        self.pending |= u128::from(value) << self.pending_bits;
        self.pending_bits += width;
        if self.pending_bits >= 64 {
            #[expect(clippy::cast_possible_truncation, reason = "the low half is what is due")]
            self.bytes.extend_from_slice(&(self.pending as u64).to_le_bytes());
            self.pending >>= 64;
            self.pending_bits -= 64;
        }
    }

    pub(super) fn push_bit(&mut self, bit: bool) {
        self.push(u64::from(bit), 1);
    }

    /// Writes `value` behind its own width of 7 bits.
    pub(super) fn push_sized(&mut self, value: u64) {
        let width = bit_width(value);
        self.push(u64::from(width), 7);
        self.push(value, width);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let rest = self.pending.to_le_bytes();
        let used = self.pending_bits.div_ceil(8) as usize;
        self.bytes.extend(rest.iter().take(used));
        self.bytes
    }
}

/// Reads what a [`BitWriter`] wrote; past the end there is only `None`.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The bit to be read next.
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn read(&mut self, width: u32) -> Option<u64> {
        let end = self.at + width as usize;
        if end > self.bytes.len() * 8 {
            return None;
        }
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let window = match rest.first_chunk::<16>() {
            Some(window) => u128::from_le_bytes(*window),
            None => {
                let mut window = [0; 16];
                window.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                u128::from_le_bytes(window)
            }
        };
        #[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
        let value = (window >> (self.at % 8)) as u64 & mask(width);
        self.at = end;
        Some(value)
    }

    /// Reads `count` numbers of the same width.
    pub(super) fn read_many(
        &mut self,
        width: u32,
        count: usize,
        mut visit: impl FnMut(u64),
    ) -> Option<()> {
        // What is evenly spaced takes no bits: there is nothing to read, and
        // most often no eight bytes to read it from.
        if width == 0 {
            (0..count).for_each(|_| visit(0));
            return Some(());
        }
        let mask = mask(width);
        let mut left = count;
        // A number of so many bits is in the eight bytes that it begins in.
        if width <= 57 {
            while left > 0 {
                let rest = self.bytes.get(self.at / 8..);
                let Some(window) = rest.and_then(|rest| rest.first_chunk()) else { break };
                visit(u64::from_le_bytes(*window) >> (self.at % 8) & mask);
                self.at += width as usize;
                left -= 1;
            }
            return self.read_last(width, left, visit);
        }
        for _ in 0..left {
            visit(self.read(width)?);
        }
        Some(())
    }

    /// Reads numbers of up to 57 bits out of the last seven bytes.
    fn read_last(&mut self, width: u32, count: usize, mut visit: impl FnMut(u64)) -> Option<()> {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let mut window = [0; 8];
        window.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let window = u64::from_le_bytes(window);
        let end = self.bytes.len() * 8;
        let first = self.at / 8 * 8;
        for _ in 0..count {
            if self.at + width as usize > end {
                return None;
            }
            visit(window >> (self.at - first) & mask(width));
            self.at += width as usize;
        }
        Some(())
    }

    pub(super) fn read_bit(&mut self) -> Option<bool> {
        self.read(1).map(|bit| bit == 1)
    }

    pub(super) fn read_sized(&mut self) -> Option<u64> {
        let width = self.read_width()?;
        self.read(width)
    }

    /// Reads a width of 7 bits; more than 64 cannot have been written.
    pub(super) fn read_width(&mut self) -> Option<u32> {
        let width = u32::try_from(self.read(7)?).ok()?;
        (width <= 64).then_some(width)
    }
}

/// Returns the lowest `width` bits set.
const fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// Returns how many bits `value` needs; 0 for 0.
pub(super) const fn bit_width(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(numbers in prop::collection::vec((any::<u64>(), 0u32..=64), 0..200)) {
            let fit = |value: u64, width: u32| value & mask(width);
            let mut writer = BitWriter::default();
            for &(value, width) in &numbers {
                writer.push(fit(value, width), width);
                writer.push_sized(value);
            }
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            for &(value, width) in &numbers {
                prop_assert_eq!(reader.read(width), Some(fit(value, width)));
                prop_assert_eq!(reader.read_sized(), Some(value));
            }
            prop_assert_eq!(reader.read(8), None);
        }

        #[test]
        fn numbers_of_one_width_are_read_at_once(
            numbers in prop::collection::vec(any::<u64>(), 0..100), width in 0u32..=64, before in 0u32..8,
        ) {
            let mut writer = BitWriter::default();
            writer.push(0, before);
            numbers.iter().for_each(|number| writer.push(number & mask(width), width));
            let bytes = writer.finish();
            let mut reader = BitReader::new(&bytes);
            prop_assert_eq!(reader.read(before), Some(0));
            let mut read = Vec::new();
            prop_assert_eq!(reader.read_many(width, numbers.len(), |one| read.push(one)), Some(()));
            let expected: Vec<u64> = numbers.iter().map(|number| number & mask(width)).collect();
            prop_assert_eq!(read, expected);
            prop_assert_eq!(reader.read_many(9, 1, |_| ()), None);
        }
    }
}
