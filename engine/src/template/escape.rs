//! Texts for other formats, and their case.

use std::fmt::Write as _;

/// Escapes for HTML as Go's `HTMLEscapeString` does.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
    out
}

/// Escapes for a string of JavaScript as Go's `JSEscapeString` does.
pub(super) fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<'
            | '>'
            | '&'
            | '='
            | '\0'..='\x1f'
            | '\u{80}'..='\u{a0}'
            | '\u{ad}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

/// Escapes for the query of a URL as Go's `url.QueryEscape` does.
pub(super) fn query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// Makes letters upper case, one character for one.
pub(super) fn upper(text: &str) -> String {
    text.chars().map(upper_one).collect()
}

/// Makes letters lower case, one character for one.
pub(super) fn lower(text: &str) -> String {
    text.chars().map(|one| one.to_lowercase().next().unwrap_or(one)).collect()
}

/// Makes the first letter of every word upper case.
pub(super) fn title(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .map(|one| {
            let titled = if separates(before) { upper_one(one) } else { one };
            before = one;
            titled
        })
        .collect()
}

fn upper_one(one: char) -> char {
    let mut upper = one.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => one,
    }
}

/// Says whether a word may begin after this character, as Go's `strings.Title`
/// takes it.
fn separates(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => false,
        '\0'..='\x7f' => true,
        _ => character.is_whitespace(),
    }
}
