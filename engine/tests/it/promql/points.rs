//! Values of series in the expanding notation: `5 2+3x2 _ stale {{count:3}}`.

use keepwatch_engine::model::stale_marker;

use super::cursor::Cursor;
use super::duration::milliseconds;

/// What a series has at one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slot {
    /// Nothing.
    Nothing,
    /// A float, the staleness marker included.
    Float(f64),
    /// A native histogram, whose parts are not looked at.
    Histogram,
}

/// Reads the values of a series.
pub(super) fn slots(text: &str) -> Result<Vec<Slot>, String> {
    let mut slots = Vec::new();
    let mut cursor = Cursor::new(text.trim());
    while !cursor.is_at_end() {
        item(&mut cursor, &mut slots)?;
        if !cursor.is_at_end() && !cursor.peek().is_some_and(char::is_whitespace) {
            return Err(format!("expected a space at {:?}", cursor.rest()));
        }
        cursor.skip_spaces();
    }
    Ok(slots)
}

/// Reads the start timestamps of a series, in milliseconds from its samples.
pub(super) fn start_offsets(text: &str) -> Result<Vec<Option<i64>>, String> {
    let mut offsets = Vec::new();
    for word in text.split_whitespace() {
        let mut cursor = Cursor::new(word);
        if cursor.eat("_") {
            let repeats = repeats(&mut cursor)?.unwrap_or(1);
            offsets.extend(std::iter::repeat_n(None, repeats));
        } else {
            let mut offset = milliseconds(signed(&mut cursor, |_| false))?;
            let growth = signed(&mut cursor, |_| false);
            let growth = if growth.is_empty() { 0 } else { milliseconds(growth)? };
            for _ in 0..=repeats(&mut cursor)?.unwrap_or(0) {
                offsets.push(Some(offset));
                offset += growth;
            }
        }
        if !cursor.is_at_end() {
            return Err(format!("{word:?} is no start timestamp"));
        }
    }
    Ok(offsets)
}

/// Reads one item with its repetitions.
fn item(cursor: &mut Cursor<'_>, slots: &mut Vec<Slot>) -> Result<(), String> {
    if cursor.eat("_") {
        let count = repeats(cursor)?.unwrap_or(1);
        slots.extend(std::iter::repeat_n(Slot::Nothing, count));
        return Ok(());
    }
    if cursor.eat("stale") {
        let more = repeats(cursor)?.unwrap_or(0);
        slots.extend(std::iter::repeat_n(Slot::Float(stale_marker()), more + 1));
        return Ok(());
    }
    if cursor.rest().starts_with("{{") {
        cursor.take_through("}}")?;
        if cursor.eat("+") || cursor.eat("-") {
            cursor.take_through("}}")?;
        }
        let more = repeats(cursor)?.unwrap_or(0);
        slots.extend(std::iter::repeat_n(Slot::Histogram, more + 1));
        return Ok(());
    }
    let mut value = number(signed(cursor, is_exponent))?;
    let growth = signed(cursor, is_exponent);
    let growth = if growth.is_empty() { None } else { Some(number(growth)?) };
    let more = repeats(cursor)?;
    if growth.is_some() && more.is_none() {
        return Err(format!("no count of repetitions at {:?}", cursor.rest()));
    }
    slots.push(Slot::Float(value));
    for _ in 0..more.unwrap_or(0) {
        value += growth.unwrap_or(0.0);
        slots.push(Slot::Float(value));
    }
    Ok(())
}

/// Reads a number as PromQL writes it.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// Says whether a sign behind this text belongs to an exponent: `1e-3`.
fn is_exponent(text: &str) -> bool {
    text.strip_suffix(['e', 'E'])
        .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Takes a number or a duration with its sign, up to a space, a repetition or
/// another sign.
fn signed<'a>(cursor: &mut Cursor<'a>, goes_on: impl Fn(&str) -> bool) -> &'a str {
    let text = cursor.rest();
    let ends = |&(at, character): &(usize, char)| match character {
        '+' | '-' => at > 0 && !goes_on(&text[..at]),
        other => other == 'x' || other.is_whitespace(),
    };
    let end = text.char_indices().find(ends).map_or(text.len(), |(at, _)| at);
    *cursor = Cursor::new(&text[end..]);
    &text[..end]
}

/// Takes `x12` if it is next.
fn repeats(cursor: &mut Cursor<'_>) -> Result<Option<usize>, String> {
    if !cursor.eat("x") {
        return Ok(None);
    }
    let digits = cursor.take_while(|character| character.is_ascii_digit());
    digits.parse().map(Some).map_err(|_| format!("{digits:?} is no count of repetitions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let check = |text: &str, expected: &[Slot]| {
            assert_eq!(slots(text).as_deref(), Ok(expected), "{text}");
        };
        let float = Slot::Float;
        check("5 2+3x2 _", &[float(5.0), float(2.0), float(5.0), float(8.0), Slot::Nothing]);
        check("1x2", &[float(1.0); 3]);
        check("_x3", &[Slot::Nothing; 3]);
        check("-1-2x1", &[float(-1.0), float(-3.0)]);
        check("1e-3+1e+1x1 +Inf", &[float(0.001), float(10.001), float(f64::INFINITY)]);
        check("{{schema:1 sum:3}}+{{sum:1}}x1 2", &[Slot::Histogram, Slot::Histogram, float(2.0)]);
        let stale = slots("stale").unwrap();
        assert!(
            matches!(stale[..], [Slot::Float(value)] if value.to_bits() == stale_marker().to_bits())
        );
        for refused in ["1+1", "abc", "1x", "{{", "1,2"] {
            assert!(slots(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn starts() {
        let expected = [None, Some(-30_000), Some(-90_000), Some(-150_000), Some(0), Some(60_000)];
        assert_eq!(start_offsets("_ -30s-1mx2 0 +1m").as_deref(), Ok(&expected[..]));
        assert!(start_offsets("1").is_err());
    }
}
