//! Numbers as text.

use crate::instrument::float_text;

/// Below this, every digit of a whole number is one of the shortest that read
/// back the same: 2^53.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// Below this, a number has at most eight digits.
const SMALL_BELOW: u32 = 100_000_000;

/// Appends a float in the form of [`float_text`]: the shortest digits that read
/// back the same. Where two such numbers are equally near, either may come.
#[inline]
pub(super) fn push_number(value: f64, out: &mut Vec<u8>) {
    // Saturates, and gives 0 for NaN: what it is not exact for, is not equal.
    #[expect(clippy::cast_possible_truncation, reason = "compared with the value")]
    let whole = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "it came from a float")]
    let is_whole = whole as f64 == value && value.abs() < EXACT_BELOW;
    if is_whole && (whole != 0 || value.is_sign_positive()) {
        match u32::try_from(whole) {
            Ok(small) if small < SMALL_BELOW => push_small(small, out),
            _ => out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes()),
        }
    } else {
        push_fraction(value, out);
    }
}

/// Appends a number of at most eight digits, which are reckoned side by side in
/// one word and copied as one, and so need no loop and no call.
#[inline]
fn push_small(number: u32, out: &mut Vec<u8>) {
    let (high, low) = (u64::from(number / 10_000), u64::from(number % 10_000));
    // Two groups of four digits, then four of two, then eight of one; the
    // first digit in the lowest byte.
    let fours = high | (low << 32);
    let tens = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = tens | ((fours - tens * 100) << 16);
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    let digits = tens | ((twos - tens * 10) << 8);
    let zeros = (digits.trailing_zeros() / 8).min(7);
    let text = (digits | 0x3030_3030_3030_3030) >> (zeros * 8);
    let end = out.len() + 8 - zeros as usize;
    out.extend_from_slice(&text.to_le_bytes());
    out.truncate(end);
}

/// Appends what is not a whole number.
fn push_fraction(value: f64, out: &mut Vec<u8>) {
    // Between them both ways of writing take the same form.
    if (1e-5..1e15).contains(&value.abs()) {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else {
        out.extend_from_slice(float_text(value).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push_number(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn powers_of_ten_have_their_digits() {
        for power in 0..=9_u32 {
            for number in [10_u32.pow(power) - 1, 10_u32.pow(power)] {
                assert_eq!(text(f64::from(number)), number.to_string());
            }
        }
    }

    #[test]
    fn numbers_at_the_edges_of_a_form() {
        let edges = [0.0, 1.0, 9.5e-7, 1e-6, 1e-5, 0.1, 1e15, 1e16, 1e17, 1e18, 9_223_372_036e9];
        let odd = [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE, 5e-324, 2_f64.powi(53)];
        for value in edges.into_iter().chain(odd) {
            for value in [value, -value, value.next_up(), value.next_down(), value + 0.5] {
                assert_eq!(text(value), float_text(value));
            }
        }
        assert_eq!((text(-0.0), text(-12_345.0)), ("-0".into(), "-12345".into()));
    }

    proptest! {
        #[test]
        fn whole_numbers_have_their_digits(number in 0..200_000_000_u32, digits in 0..9_u32) {
            // As many with few digits as with many.
            let number = number % 10_u32.pow(digits).max(1);
            prop_assert_eq!(text(f64::from(number)), number.to_string());
        }

        #[test]
        fn numbers_read_back(bits in any::<u64>(), small in -1e9_f64..1e9) {
            for value in [f64::from_bits(bits), small, small.trunc()] {
                let (text, reference) = (text(value), float_text(value));
                prop_assert_eq!(text.len(), reference.len(), "{} {}", text, reference);
                let read: f64 = text.parse().unwrap();
                prop_assert!(read == value || value.is_nan(), "{} {}", text, value);
            }
        }
    }
}
