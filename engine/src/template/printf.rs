//! `printf`: the verbs and flags of Go's `fmt.Sprintf`.

use std::fmt::Write as _;

use super::builtins::sprint;
use super::float::{exponential, fixed, general};
use super::functions::Outcome;
use super::machine::{TEXT_BYTES_MAX, too_long};
use super::value::Value;

/// The largest width and precision, as in Go.
const SIZE_MAX: i64 = 1_000_000;

/// What stands between `%` and the verb.
#[derive(Debug, Default)]
struct Directive {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// The arguments and which comes next.
struct Arguments<'v> {
    values: &'v [Value],
    at: usize,
    reordered: bool,
    bad_index: bool,
}

pub(super) fn format(format: &str, values: &[Value]) -> Outcome {
    let mut arguments = Arguments { values, at: 0, reordered: false, bad_index: false };
    let mut out = String::new();
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        rest = directive(&mut out, after, &mut arguments)?;
        if out.len() > TEXT_BYTES_MAX {
            return Err(too_long("printf"));
        }
    }
    out.push_str(rest);
    let extra = values.get(arguments.at..).unwrap_or_default();
    if !arguments.reordered && !extra.is_empty() {
        let extra: Result<Vec<String>, String> = extra.iter().map(typed).collect();
        // Writing to a string cannot fail.
        let _ = write!(out, "%!(EXTRA {})", extra?.join(", "));
    }
    Ok(Value::text(out))
}

/// Writes one directive and returns what follows it.
fn directive<'f>(
    out: &mut String,
    after: &'f str,
    arguments: &mut Arguments<'_>,
) -> Result<&'f str, String> {
    let mut spec = Directive::default();
    let flags = after.trim_start_matches(['+', '-', '#', ' ', '0']);
    for flag in after.chars().take(after.len() - flags.len()) {
        match flag {
            '+' => spec.plus = true,
            '-' => spec.minus = true,
            '#' => spec.sharp = true,
            ' ' => spec.space = true,
            _ => spec.zero = true,
        }
    }
    arguments.bad_index = false;
    let mut rest = arguments.index(flags);
    let (width, tail) = arguments.size(rest);
    rest = tail;
    match width {
        Ok(width) => {
            spec.minus |= width.is_some_and(|width| width < 0);
            spec.width = width.and_then(|width| usize::try_from(width.unsigned_abs()).ok());
        }
        Err(()) => out.push_str("%!(BADWIDTH)"),
    }
    if let Some(tail) = rest.strip_prefix('.') {
        let tail = arguments.index(tail);
        let (precision, tail) = arguments.size(tail);
        rest = tail;
        match precision {
            Ok(size) => spec.precision = usize::try_from(size.unwrap_or(0)).ok(),
            Err(()) => out.push_str("%!(BADPREC)"),
        }
    }
    rest = arguments.index(rest);
    let Some(verb) = rest.chars().next() else {
        out.push_str("%!(NOVERB)");
        return Ok("");
    };
    rest = rest.get(verb.len_utf8()..).unwrap_or_default();
    if verb == '%' {
        out.push('%');
    } else if arguments.bad_index {
        let _ = write!(out, "%!{verb}(BADINDEX)");
    } else if let Some(value) = arguments.values.get(arguments.at) {
        arguments.at += 1;
        argument(out, &mut spec, verb, value)?;
    } else {
        let _ = write!(out, "%!{verb}(MISSING)");
    }
    Ok(rest)
}

impl Arguments<'_> {
    /// Reads `[n]`, which chooses the next argument.
    fn index<'f>(&mut self, rest: &'f str) -> &'f str {
        let Some(inside) = rest.strip_prefix('[') else { return rest };
        self.reordered = true;
        let Some((digits, tail)) = inside.split_once(']') else {
            self.bad_index = true;
            return inside;
        };
        match digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            Some(at) if at < self.values.len() => self.at = at,
            _ => self.bad_index = true,
        }
        tail
    }

    /// Reads a width or precision: digits, or `*` for an argument.
    fn size<'f>(&mut self, rest: &'f str) -> (Result<Option<i64>, ()>, &'f str) {
        if let Some(tail) = rest.strip_prefix('*') {
            let size = match self.values.get(self.at) {
                Some(Value::Int(size)) if size.abs() <= SIZE_MAX => Ok(Some(*size)),
                _ => Err(()),
            };
            self.at = (self.at + 1).min(self.values.len());
            return (size, tail);
        }
        let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.get(..rest.len() - tail.len()).unwrap_or_default();
        if digits.is_empty() {
            return (Ok(None), tail);
        }
        (digits.parse().ok().filter(|size| *size <= SIZE_MAX).map(Some).ok_or(()), tail)
    }
}

/// Writes a value as `type=value`.
fn typed(value: &Value) -> Result<String, String> {
    if matches!(value, Value::Nil) {
        return Ok("<nil>".to_owned());
    }
    Ok(format!("{}={}", value.type_name(), sprint(value)?))
}

fn argument(
    out: &mut String,
    spec: &mut Directive,
    verb: char,
    value: &Value,
) -> Result<(), String> {
    if verb == 'T' {
        spec.pad(out, value.type_name(), false);
        return Ok(());
    }
    if verb == 'v' {
        // `%+v` asks for the names of fields, not for a sign.
        spec.plus = false;
    }
    let text = match (value, verb) {
        (Value::Bool(value), 'v' | 't') => {
            spec.pad(out, &value.to_string(), false);
            return Ok(());
        }
        (Value::Int(value), _) => integer(spec, verb, *value),
        (Value::Named(_, value), 'd' | 'b' | 'o' | 'c' | 'U') => integer(spec, verb, *value),
        (Value::Float(value), _) => float(spec, verb, *value),
        (Value::Text(_) | Value::Time(_) | Value::Duration(_) | Value::Named(..), _) => {
            match string(spec, verb, &sprint(value)?) {
                Some(text) => {
                    spec.pad(out, &text, false);
                    return Ok(());
                }
                None => None,
            }
        }
        (Value::Nil, 'v') => Some("<nil>".to_owned()),
        (Value::Labels(_) | Value::Arguments(_) | Value::Sample(_), 'v' | 's')
        | (Value::Samples(_) | Value::Root(_), 'v' | 's') => {
            out.push_str(&sprint(value)?);
            return Ok(());
        }
        _ => None,
    };
    match text {
        Some(text) => spec.pad(out, &text, true),
        None => {
            let _ = write!(out, "%!{verb}({})", typed(value)?);
        }
    }
    Ok(())
}

fn integer(spec: &mut Directive, verb: char, value: i64) -> Option<String> {
    let size = value.unsigned_abs();
    let character = || u32::try_from(size).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
    let digits = match verb {
        'd' | 'v' => size.to_string(),
        'b' => format!("{size:b}"),
        'o' | 'O' => format!("{size:o}"),
        'x' => format!("{size:x}"),
        'X' => format!("{size:X}"),
        'c' => return Some(character().to_string()),
        'q' => return Some(format!("'{}'", escaped(&character().to_string(), '\''))),
        'U' => return Some(format!("U+{size:04X}")),
        _ => return None,
    };
    let digits = match spec.precision {
        Some(0) if value == 0 => return Some(String::new()),
        Some(least) => format!("{digits:0>least$}", least = least.min(u16::MAX.into())),
        None => digits,
    };
    // A precision says how many zeros there are.
    spec.zero &= spec.precision.is_none();
    let prefix = match (verb, spec.sharp) {
        ('O', _) => "0o",
        ('x', true) => "0x",
        ('X', true) => "0X",
        ('b', true) => "0b",
        ('o', true) if !digits.starts_with('0') => "0",
        _ => "",
    };
    Some(format!("{}{prefix}{digits}", spec.sign(value < 0)))
}

fn float(spec: &mut Directive, verb: char, value: f64) -> Option<String> {
    let written = match verb {
        'v' | 'g' => general(value, spec.precision),
        'G' => general(value, spec.precision).to_uppercase(),
        'e' => exponential(value, spec.precision.unwrap_or(6)),
        'E' => exponential(value, spec.precision.unwrap_or(6)).to_uppercase(),
        'f' | 'F' => fixed(value, spec.precision.unwrap_or(6)),
        _ => return None,
    };
    if !value.is_finite() {
        spec.zero = false;
        let sign = if spec.plus { "+" } else { " " };
        return Some(match (value.is_nan(), spec.plus || spec.space) {
            (true, true) => format!("{sign}NaN"),
            (true, false) => "NaN".to_owned(),
            (false, _) if value < 0.0 => "-Inf".to_owned(),
            (false, true) => format!("{sign}Inf"),
            (false, false) => "+Inf".to_owned(),
        });
    }
    match written.strip_prefix('-') {
        Some(digits) => Some(format!("-{digits}")),
        None => Some(format!("{}{written}", spec.sign(false))),
    }
}

fn string(spec: &Directive, verb: char, text: &str) -> Option<String> {
    let cut: String = match spec.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    };
    let bytes = spec.precision.map_or(text.len(), |most| most.min(text.len()));
    let hexadecimal = || text.bytes().take(bytes);
    Some(match verb {
        'v' if spec.sharp => format!("\"{}\"", escaped(&cut, '"')),
        's' | 'v' => cut,
        'q' if spec.sharp && !cut.contains('`') && !cut.contains(char::is_control) => {
            format!("`{cut}`")
        }
        'q' => format!("\"{}\"", escaped(&cut, '"')),
        'x' => hexadecimal().map(|byte| format!("{byte:02x}")).collect(),
        'X' => hexadecimal().map(|byte| format!("{byte:02X}")).collect(),
        _ => return None,
    })
}

/// Escapes what stands between quotes, as Go does.
fn escaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let _ = match character {
            '\x07' => out.write_str("\\a"),
            '\x08' => out.write_str("\\b"),
            '\x0c' => out.write_str("\\f"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            '\x0b' => out.write_str("\\v"),
            '\\' => out.write_str("\\\\"),
            _ if character == quote => write!(out, "\\{quote}"),
            '\0'..='\x1f' | '\x7f' => write!(out, "\\x{:02x}", u32::from(character)),
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                write!(out, "\\u{:04x}", u32::from(character))
            }
            _ => out.write_char(character),
        };
    }
    out
}

impl Directive {
    const fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    /// Writes `text` to the width; zeros of a number follow its sign.
    fn pad(&self, out: &mut String, text: &str, is_number: bool) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.minus {
            out.push_str(text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if self.zero {
            let signed = is_number && text.starts_with(['+', '-', ' ']);
            let (sign, digits) = text.split_at(usize::from(signed));
            out.push_str(sign);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(text);
        }
    }
}
