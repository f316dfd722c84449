//! Numbers as queries and results have them.
//!
//! A number is decimal, octal with a leading zero, or hexadecimal with `0x`;
//! single underscores may stand between digits.

use std::fmt;

/// Reads a number without a sign. `None` if it is none, or not finite.
pub(super) fn parse_number(text: &str) -> Option<f64> {
    let digits = without_underscores(text)?;
    if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return whole(digits, 16);
    }
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(is_octal) {
        return whole(&digits, 8);
    }
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    digits.parse().ok().filter(|value: &f64| decimal && value.is_finite())
}

#[expect(clippy::cast_precision_loss, reason = "numbers are floats, as in Prometheus")]
fn whole(digits: &str, radix: u32) -> Option<f64> {
    let unsigned = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    i64::from_str_radix(digits, radix).ok().filter(|_| unsigned).map(|value| value as f64)
}

const fn is_octal(byte: u8) -> bool {
    matches!(byte, b'0'..=b'7')
}

/// Takes out underscores if each stands between two digits, or between `0x`
/// and a digit.
fn without_underscores(text: &str) -> Option<String> {
    let is_hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    let is_digit = |byte: u8| {
        byte.is_ascii_digit() || (is_hexadecimal && matches!(byte, b'a'..=b'f' | b'A'..=b'F'))
    };
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'_' {
            let before = at.checked_sub(1).and_then(|at| bytes.get(at).copied());
            let after = bytes.get(at + 1).copied();
            let follows = before.is_some_and(|byte| is_digit(byte) || (is_hexadecimal && at == 2));
            if !follows || !after.is_some_and(is_digit) {
                return None;
            }
        }
    }
    Some(text.replace('_', ""))
}

/// A float as Prometheus writes it in a query: the shortest digits that read
/// back as the same float, without an exponent; `+Inf`, `-Inf`, `NaN`.
pub(super) struct Plain(pub(super) f64);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match special(self.0) {
            Some(text) => f.write_str(text),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A float as Go prints a value: as [`Plain`], but with an exponent of at
/// least two digits below 1e-4 and from 1e21 on.
pub(super) struct Short(pub(super) f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = special(self.0) {
            return f.write_str(text);
        }
        let size = self.0.abs();
        if size == 0.0 || (1e-4..1e21).contains(&size) {
            return write!(f, "{}", self.0);
        }
        let text = format!("{:e}", self.0);
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) =
            exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        write!(f, "{digits}e{sign}{exponent:0>2}")
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_octal_or_hexadecimal() {
        let check = |text, expected| assert_eq!(parse_number(text), expected, "{text}");
        check("42", Some(42.0));
        check(".5", Some(0.5));
        check("2.", Some(2.0));
        check("1.5e3", Some(1500.0));
        check("1E-2", Some(0.01));
        check("12.34e+6", Some(12_340_000.0));
        check("0x1F", Some(31.0));
        check("0X_1f", Some(31.0));
        check("0x_53_AB_F3_82", Some(f64::from(0x53AB_F382_u32)));
        check("017", Some(15.0));
        check("0_17", Some(15.0));
        check("018", Some(18.0));
        check("00", Some(0.0));
        check("1_000_000", Some(1e6));
        check(".123_456", Some(0.123_456));
    }

    #[test]
    fn what_only_looks_like_a_number_is_none() {
        for text in [
            "1__0",
            "1_",
            "_1",
            "1_.5",
            "1._5",
            "1e_5",
            "0x",
            "0x_",
            "0x1.8",
            "0xg",
            "0x-1",
            "1e",
            "1.2.3",
            "1e5e5",
            "1e999",
            "0xffffffffffffffffff",
            "5x",
            "0o7",
            "0b1",
            "",
            "inf",
            "1e5x",
        ] {
            assert_eq!(parse_number(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_written_as_go_writes_them() {
        let check = |value: f64, plain: &str, short: &str| {
            assert_eq!(Plain(value).to_string(), plain);
            assert_eq!(Short(value).to_string(), short);
        };
        check(1.0, "1", "1");
        check(-0.5, "-0.5", "-0.5");
        check(0.0001, "0.0001", "0.0001");
        check(0.000_01, "0.00001", "1e-05");
        check(1e20, "100000000000000000000", "100000000000000000000");
        check(1.5e21, "1500000000000000000000", "1.5e+21");
        check(-1e-300, &format!("-0.{}1", "0".repeat(299)), "-1e-300");
        check(f64::INFINITY, "+Inf", "+Inf");
        check(f64::NEG_INFINITY, "-Inf", "-Inf");
        check(f64::NAN, "NaN", "NaN");
        check(-0.0, "-0", "-0");
    }
}
