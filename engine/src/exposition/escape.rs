//! Text within a line.

use crate::model::Timestamp;

/// Appends a text with backslashes and line feeds escaped, and quotes where
/// the text stands in quotes.
pub(super) fn push_escaped(text: &str, quoted: bool, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'\n') || (quoted && *byte == b'"');
    while let Some(at) = rest.iter().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((&byte, after)) = special.split_first() else { return };
        out.extend_from_slice(match byte {
            b'\n' => b"\\n",
            b'"' => b"\\\"",
            _ => b"\\\\",
        });
        rest = after;
    }
    out.extend_from_slice(rest);
}

/// Appends a point in time in seconds, with its milliseconds.
pub(super) fn push_seconds(at: Timestamp, out: &mut Vec<u8>) {
    let millis = at.millis().unsigned_abs();
    if at.millis() < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(millis / 1_000).as_bytes());
    out.push(b'.');
    // The digits behind the 1 of 1,000 to 1,999.
    let thousandths = 1_000 + millis % 1_000;
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(thousandths).as_bytes().get(1..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_end_a_text_or_line_is_escaped() {
        for (given, quoted, expected) in [
            ("", true, ""),
            ("a\\n\"ü\n", true, "a\\\\n\\\"ü\\n"),
            ("a\\n\"ü\n", false, "a\\\\n\"ü\\n"),
            ("\n\n\"\"", true, "\\n\\n\\\"\\\""),
        ] {
            assert_eq!(text(|out| push_escaped(given, quoted, out)), expected);
        }
    }

    #[test]
    fn times_have_three_decimals() {
        for (millis, expected) in [
            (0, "0.000"),
            (1_007, "1.007"),
            (1_700_000_000_111, "1700000000.111"),
            (-50, "-0.050"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(text(|out| push_seconds(Timestamp::from_millis(millis), out)), expected);
        }
    }
}
