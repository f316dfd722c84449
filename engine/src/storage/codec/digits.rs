//! Numbers up to some greatest, as digits of larger numbers.
//!
//! A number below 1,000 says 9.97 bits and takes 10 by itself, one below 600
//! still 10. As digits of one number, six below 600 take 56 bits, 9.33 each.
//!
//! Each block of up to 256 numbers is its greatest (sized) and, unless that is
//! 0, words: `k` digits each, the last of a block those that are left, with
//! the first digit lowest. Their base is one more than the greatest, and a word
//! is as wide as that of the greatest digits; `k` is the least that makes
//! `width / k` smallest while a word fits 64 bits.

use crate::storage::bits::{BitReader, BitWriter, bit_width};

/// How many numbers share a base.
const BLOCK: usize = 256;

pub(super) fn write(writer: &mut BitWriter, numbers: &[u64]) {
    for block in numbers.chunks(BLOCK) {
        let greatest = block.iter().copied().max().unwrap_or_default();
        writer.push_sized(greatest);
        let words = Words::of(greatest);
        for digits in block.chunks(words.digits) {
            let word =
                digits.iter().rfold(0, |word: u64, digit| word.wrapping_mul(words.base) + digit);
            writer.push(word, words.width(digits.len()));
        }
    }
}

pub(super) fn read(
    reader: &mut BitReader<'_>,
    count: usize,
    mut visit: impl FnMut(u64),
) -> Option<()> {
    let mut left = count;
    while left > 0 {
        let words = Words::of(reader.read_sized()?);
        let mut of_block = left.min(BLOCK);
        left -= of_block;
        if words.digits == 1 {
            reader.read_many(words.width(1), of_block, &mut visit)?;
            continue;
        }
        while of_block > 0 {
            let digits = words.digits.min(of_block);
            of_block -= digits;
            let mut word = reader.read(words.width(digits))?;
            for _ in 0..digits {
                let digit;
                (word, digit) = words.split(word);
                visit(digit);
            }
        }
    }
    Some(())
}

/// How the numbers of a block make words.
struct Words {
    /// One more than the greatest number; 0 for 2^64.
    base: u64,
    /// How many digits a word has.
    digits: usize,
    /// How wide a word of all its digits is.
    width: u32,
    /// 2^64 / base, rounded down.
    reciprocal: u64,
}

impl Words {
    fn of(greatest: u64) -> Self {
        let base = greatest.wrapping_add(1);
        let (mut digits, mut width) = (1, bit_width(greatest));
        let (mut count, mut largest) = (1_u32, greatest);
        // The largest word of one more digit, if it fits and takes any bits.
        while let Some(next) = largest.checked_mul(base).and_then(|word| word.checked_add(greatest))
            && next > largest
        {
            (count, largest) = (count + 1, next);
            if bit_width(largest) * digits < width * count {
                (digits, width) = (count, bit_width(largest));
            }
        }
        let reciprocal = u64::MAX.checked_div(base).unwrap_or_default();
        Self { base, digits: digits as usize, width, reciprocal }
    }

    fn width(&self, digits: usize) -> u32 {
        if digits == self.digits {
            return self.width;
        }
        let greatest = self.base.wrapping_sub(1);
        bit_width((0..digits).fold(0, |word: u64, _| word.wrapping_mul(self.base) + greatest))
    }

    /// Divides by the base, for bases up to 2^32; returns quotient and rest.
    ///
    /// `w · ⌊(2^64 − 1) / b⌋ / 2^64` is more than `w / b − 1`, so it is one
    /// too small at most.
    #[inline]
    fn split(&self, word: u64) -> (u64, u64) {
        let product = u128::from(word) * u128::from(self.reciprocal);
        let quotient = (product >> 64) as u64;
        let rest = word.wrapping_sub(quotient.wrapping_mul(self.base));
        if rest >= self.base { (quotient + 1, rest - self.base) } else { (quotient, rest) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(numbers: &[u64]) -> usize {
        let mut writer = BitWriter::default();
        write(&mut writer, numbers);
        let bytes = writer.finish();
        let (mut reader, mut back) = (BitReader::new(&bytes), Vec::new());
        read(&mut reader, numbers.len(), |number| back.push(number)).unwrap();
        assert_eq!(back, numbers);
        bytes.len()
    }

    #[test]
    fn numbers_take_what_they_say() {
        let up_to = |greatest: u64, count: u64| -> Vec<u64> {
            (0..count).map(|i| greatest - i * 7_919 % (greatest + 1)).collect()
        };
        for (greatest, count, most) in [
            // 10 bits each would be 750 bytes.
            (599, 600, 600 * 56 / 6 / 8 + 9),
            // A base that is a power of two has nothing to gain.
            (1_023, 600, 750 + 7),
            (4, 256, 75 + 2),
            (0, 1_000, 4),
        ] {
            let bytes = bytes_of(&up_to(greatest, count));
            assert!(bytes <= most as usize, "{bytes} bytes for {count} up to {greatest}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(
            numbers in prop::collection::vec(any::<u64>(), 0..600),
            shift in 0u32..64,
        ) {
            bytes_of(&numbers.iter().map(|number| number >> shift).collect::<Vec<_>>());
        }

        #[test]
        fn splitting_is_division(word in any::<u64>(), greatest in 0..u64::from(u32::MAX)) {
            let words = Words::of(greatest);
            prop_assert_eq!(words.split(word), (word / words.base, word % words.base));
            prop_assert_eq!(words.split(u64::MAX), (u64::MAX / words.base, u64::MAX % words.base));
        }

        #[test]
        fn any_bytes_are_numbers_or_none(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            count in 0usize..600,
        ) {
            let mut found = 0;
            if read(&mut BitReader::new(&bytes), count, |_| found += 1).is_some() {
                prop_assert_eq!(found, count);
            }
        }
    }
}
