//! The orders of `sort`, `sort_desc` and `sort_by_label`.

use std::cmp::Ordering;

/// Compares values from the least to the greatest, NaN last.
#[must_use]
pub fn ascending(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares values from the greatest to the least, NaN last.
#[must_use]
pub fn descending(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// Compares texts with the numbers in them by value: `2` before `10`. Numbers
/// that differ in leading zeros only are equal unless all else is. Digits are
/// those of ASCII; the order is total.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let order = match (left, right) {
            ([], []) => return a.cmp(b),
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            ([x, ..], [y, ..]) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (number, other);
                (number, left) = split_number(left);
                (other, right) = split_number(right);
                number.len().cmp(&other.len()).then_with(|| number.cmp(other))
            }
            ([x, rest @ ..], [y, other @ ..]) => {
                (left, right) = (rest, other);
                x.cmp(y)
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the digits in front, without leading zeros, and returns the rest.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let zeros = digits.iter().position(|&byte| byte != b'0').unwrap_or(digits.len());
    (&digits[zeros..], rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_compared_by_value() {
        let mut texts =
            ["100", "20", "3", "0", "21", "10", "", "4m1000", "4m600", "4m5", "a2", "a10", "é1"];
        texts.sort_by(|a, b| natural(a, b));
        let expected =
            ["", "0", "3", "4m5", "4m600", "4m1000", "10", "20", "21", "100", "a2", "a10", "é1"];
        assert_eq!(texts, expected);
        let mut releases = ["1.2.3", "1.111.3", "1.11.3"];
        releases.sort_by(|a, b| natural(a, b));
        assert_eq!(releases, ["1.2.3", "1.11.3", "1.111.3"]);
        assert_eq!(natural("a01", "a1"), Ordering::Less);
        assert_eq!(natural("a01b", "a1a"), Ordering::Greater);
        assert_eq!(natural("99999999999999999999999", "100000000000000000000000"), Ordering::Less);
    }

    #[test]
    fn nan_is_last_in_both_directions() {
        let values = [f64::NAN, 1.0, f64::INFINITY, -2.0, f64::NAN];
        let sorted = |compare: fn(f64, f64) -> Ordering| {
            let mut sorted = values;
            sorted.sort_by(|&a, &b| compare(a, b));
            assert!(sorted[3].is_nan() && sorted[4].is_nan());
            [sorted[0], sorted[1], sorted[2]]
        };
        assert_eq!(sorted(ascending), [-2.0, 1.0, f64::INFINITY]);
        assert_eq!(sorted(descending), [f64::INFINITY, 1.0, -2.0]);
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in "[0-9a.]{0,6}", b in "[0-9a.]{0,6}", c in "[0-9a.]{0,6}") {
            prop_assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            prop_assert_eq!(natural(&a, &b).is_eq(), a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                prop_assert!(natural(&a, &c).is_le());
            }
        }
    }
}
