//! Literals of Go: strings, characters and numbers.

use super::value::Value;

/// A value and its length in bytes, or what is wrong and how long that is.
type Read = Result<(Value, usize), (String, usize)>;

/// Reads a string in `"` or `` ` ``, or a character in `'`.
pub(super) fn quoted(text: &str) -> Read {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, quote)| quote).unwrap_or_default();
    if quote == '`' {
        let Some(length) = text.get(1..).and_then(|rest| rest.find('`')) else {
            return Err(("unterminated raw quoted string".to_owned(), text.len()));
        };
        let inside = text.get(1..=length).unwrap_or_default().replace('\r', "");
        return Ok((Value::text(inside), length + 2));
    }
    let unterminated =
        if quote == '"' { "unterminated quoted string" } else { "unterminated character constant" };
    let mut bytes = Vec::new();
    while let Some((at, next)) = chars.next() {
        match next {
            '\n' => return Err((unterminated.to_owned(), at)),
            '\\' => {
                let rest = text.get(at + 1..).unwrap_or_default();
                let length = escape(rest, quote, &mut bytes)
                    .ok_or_else(|| ("invalid syntax in a quoted literal".to_owned(), at + 1))?;
                while chars.offset() < at + 1 + length {
                    chars.next();
                }
            }
            _ if next == quote => {
                let value = String::from_utf8_lossy(&bytes).into_owned();
                return finished(value, quote, at + 1);
            }
            _ => bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err((unterminated.to_owned(), text.len()))
}

fn finished(value: String, quote: char, length: usize) -> Read {
    if quote == '"' {
        return Ok((Value::text(value), length));
    }
    let mut chars = value.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => Ok((Value::Int(i64::from(u32::from(one))), length)),
        _ => Err(("malformed character constant".to_owned(), length)),
    }
}

/// Reads what follows a backslash; returns its length.
fn escape(rest: &str, quote: char, bytes: &mut Vec<u8>) -> Option<usize> {
    let kind = rest.chars().next()?;
    let simple = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' if kind == quote => u8::try_from(kind).ok()?,
        '0'..='7' => {
            bytes.push(u8::from_str_radix(rest.get(..3)?, 8).ok()?);
            return Some(3);
        }
        'x' | 'u' | 'U' => {
            let length = match kind {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let digits = rest.get(1..=length)?;
            let code = u32::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
            if kind == 'x' {
                bytes.push(u8::try_from(code).ok()?);
            } else {
                let one = char::from_u32(code)?;
                bytes.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
            }
            return Some(length + 1);
        }
        _ => return None,
    };
    bytes.push(simple);
    Some(1)
}

/// Reads an integer or a float.
pub(super) fn number(text: &str) -> Read {
    let length = number_length(text);
    let literal = text.get(..length).unwrap_or_default();
    let follows = text.get(length..).and_then(|rest| rest.chars().next());
    let bad = || (format!("bad number syntax: {literal:?}"), length.max(1));
    if follows.is_some_and(|next| next.is_alphanumeric() || next == '_') {
        return Err(bad());
    }
    value(literal).map(|value| (value, length)).ok_or_else(bad)
}

fn number_length(text: &str) -> usize {
    let unsigned = text.trim_start_matches(['+', '-']);
    let sign = (text.len() - unsigned.len()).min(1);
    let rest = text.get(sign..).unwrap_or_default();
    let lower = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (exponent, hexadecimal) = if lower == "0x" { ('p', true) } else { ('e', false) };
    let mut before = ' ';
    let end = rest.char_indices().find(|&(at, next)| {
        let digit = next.is_ascii_digit() || next == '_' || next == '.';
        let letter = match at {
            1 => matches!(next, 'x' | 'X' | 'o' | 'O' | 'b' | 'B'),
            _ => hexadecimal && next.is_ascii_hexdigit(),
        };
        let power = next.eq_ignore_ascii_case(&exponent);
        let signed = matches!(next, '+' | '-') && before.eq_ignore_ascii_case(&exponent);
        before = next;
        !(digit || letter || power || signed)
    });
    sign + end.map_or(rest.len(), |(at, _)| at)
}

fn value(literal: &str) -> Option<Value> {
    let negative = literal.starts_with('-');
    let digits = literal.trim_start_matches(['+', '-']).replace('_', "").to_ascii_lowercase();
    let radix = |prefix: &str, radix| {
        let digits = digits.strip_prefix(prefix)?;
        Some((digits.to_owned(), radix))
    };
    let octal = digits.len() > 1 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let whole = radix("0x", 16)
        .or_else(|| radix("0o", 8))
        .or_else(|| radix("0b", 2))
        .or_else(|| if octal { radix("0", 8) } else { None })
        .or_else(|| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| (digits.clone(), 10)));
    if let Some((digits, radix)) = whole {
        let signed = if negative { format!("-{digits}") } else { digits };
        return i64::from_str_radix(&signed, radix).ok().map(Value::Int);
    }
    let float: f64 = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(Value::Float(if negative { -float } else { float }))
}
