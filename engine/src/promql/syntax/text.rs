//! Texts in quotes, with the escapes of Go.

use std::fmt::{self, Write as _};

use super::{ParseErrorKind, Text};

/// Takes the quotes off and resolves the escapes. On error the position is in
/// bytes of `quoted`.
pub(super) fn unquote(quoted: &str) -> Result<Text, (ParseErrorKind, usize)> {
    let mut characters = quoted.char_indices();
    let quote = characters.next().map_or('"', |(_, quote)| quote);
    let inner = quoted.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    let Some(inner) = inner else { return Err((ParseErrorKind::UnterminatedText, 0)) };
    if quote == '`' || !inner.contains('\\') {
        return Ok(Text::new(inner));
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        bytes.extend_from_slice(plain.as_bytes());
        let length = unescape(escape, quote, &mut bytes).map_err(|kind| {
            let position = 1 + inner.len() - escape.len();
            (kind, position)
        })?;
        rest = escape.get(length..).unwrap_or("");
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(Text::new(bytes))
}

/// Resolves the escape at the start of `text` and returns its length.
fn unescape(text: &str, quote: char, bytes: &mut Vec<u8>) -> Result<usize, ParseErrorKind> {
    let Some(letter) = text.chars().nth(1) else { return Err(ParseErrorKind::EscapeUnfinished) };
    let plain = match letter {
        'a' => Some(0x07),
        'b' => Some(0x08),
        'f' => Some(0x0c),
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        'v' => Some(0x0b),
        '\\' => Some(b'\\'),
        '"' if quote == '"' => Some(b'"'),
        '\'' if quote == '\'' => Some(b'\''),
        _ => None,
    };
    if let Some(byte) = plain {
        bytes.push(byte);
        return Ok(2);
    }
    let (start, length, radix) = match letter {
        '0'..='7' => (1, 3, 8),
        'x' => (2, 2, 16),
        'u' => (2, 4, 16),
        'U' => (2, 8, 16),
        _ => return Err(ParseErrorKind::EscapeUnknown { letter }),
    };
    let mut code = 0_u32;
    let mut digits = text.chars().skip(start);
    for _ in 0..length {
        let digit = digits.next().ok_or(ParseErrorKind::EscapeUnfinished)?;
        let value = digit.to_digit(radix).ok_or(ParseErrorKind::EscapeDigit { digit })?;
        code = code.wrapping_mul(radix).wrapping_add(value);
    }
    if matches!(letter, 'u' | 'U') {
        let character = char::from_u32(code).ok_or(ParseErrorKind::EscapeCodePoint)?;
        bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        // An octal escape beyond a byte is no code point, as in Go.
        bytes.push(u8::try_from(code).map_err(|_| ParseErrorKind::EscapeCodePoint)?);
    }
    Ok(start + length)
}

impl fmt::Display for Text {
    /// Writes the text in double quotes, escaped as Go's `%q` does; bytes that
    /// are not UTF-8 as `\xff`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for chunk in self.bytes().utf8_chunks() {
            chunk.valid().chars().try_for_each(|character| write_escaped(f, character))?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        f.write_str("\"")
    }
}

/// A text in double quotes, escaped as Go's `%q` does.
pub(super) struct Quoted<'t>(pub(super) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        self.0.chars().try_for_each(|character| write_escaped(f, character))?;
        f.write_str("\"")
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        '\\' => f.write_str("\\\\"),
        '"' => f.write_str("\\\""),
        '\x07' => f.write_str("\\a"),
        '\x08' => f.write_str("\\b"),
        '\x0c' => f.write_str("\\f"),
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\x0b' => f.write_str("\\v"),
        '\0'..='\x1f' | '\x7f' => write!(f, "\\x{:02x}", u32::from(character)),
        // What a terminal would not show: other controls, the byte order mark
        // and the separators that are not the plain space.
        '\u{80}'..='\u{a0}'
        | '\u{ad}'
        | '\u{2000}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{205f}'..='\u{206f}'
        | '\u{3000}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}' => write!(f, "\\u{:04x}", u32::from(character)),
        other => f.write_char(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_go() {
        let check = |quoted: &str, expected: &[u8]| {
            assert_eq!(unquote(quoted), Ok(Text::new(expected)), "{quoted}");
        };
        check(r#""plain""#, b"plain");
        check(r"'it'", b"it");
        check(r"'it\'s'", b"it's");
        check(r#""say \"x\"""#, b"say \"x\"");
        check(r#""\a\b\f\n\r\t\v\\""#, b"\x07\x08\x0c\n\r\t\x0b\\");
        check(r#""\x41\101\u00e9\U0001f600""#, "AAé😀".as_bytes());
        check(r#""\xff\377""#, b"\xff\xff");
        check(r"`a\n`", br"a\n");
        check("`a\nb`", b"a\nb");
        check("\"\"", b"");
    }

    #[test]
    fn bad_escapes_are_refused_at_their_position() {
        let check = |quoted: &str, expected: &str, position| {
            let (kind, at) = unquote(quoted).unwrap_err();
            assert_eq!((kind.to_string().as_str(), at), (expected, position), "{quoted}");
        };
        check(r#""ab\q""#, "unknown escape sequence: '\\q'", 3);
        check(r#""\'""#, "unknown escape sequence: '\\''", 1);
        check(r#""\xg0""#, "illegal character in escape sequence: 'g'", 1);
        check(r#""\x4""#, "escape sequence not terminated", 1);
        check(r#""\400""#, "escape sequence is an invalid Unicode code point", 1);
        check(r#""\ud800""#, "escape sequence is an invalid Unicode code point", 1);
        check(r#""\Uffffffff""#, "escape sequence is an invalid Unicode code point", 1);
        check(r#""\é""#, "unknown escape sequence: '\\é'", 1);
    }

    #[test]
    fn what_is_written_reads_back() {
        for bytes in [&b"a\"b\\c\nd"[..], b"\xc5z", "é\u{7f}\u{85}\u{feff}\u{2028}😀".as_bytes()]
        {
            let text = Text::new(bytes);
            assert_eq!(unquote(&text.to_string()), Ok(text));
        }
        assert_eq!(Text::new(b"a\xc5z".as_slice()).to_string(), r#""a\xc5z""#);
        assert_eq!(Quoted("a\"\u{1}").to_string(), r#""a\"\x01""#);
    }
}
