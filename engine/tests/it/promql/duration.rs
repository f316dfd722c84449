//! Lengths of time as the files write them.

/// The units and what they are in milliseconds; longer names first.
const UNITS: [(&str, i64); 7] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
    ("y", 31_536_000_000),
];

/// Reads `5m`, `10s53ms`, `-1m` or `0` as milliseconds.
pub(super) fn milliseconds(text: &str) -> Result<i64, String> {
    let refused = || format!("{text:?} is no duration");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(refused());
    }
    let mut sum = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        let (number, unit) = rest.split_at(digits);
        let number: i64 = number.parse().map_err(|_| refused())?;
        let unit = UNITS.iter().find_map(|(name, ms)| Some((unit.strip_prefix(name)?, ms)));
        let (behind, ms) = unit.ok_or_else(refused)?;
        sum += number * ms;
        rest = behind;
    }
    Ok(sign * sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let check = |text, expected| assert_eq!(milliseconds(text), Ok(expected), "{text}");
        check("0", 0);
        check("1ms", 1);
        check("10s53ms", 10_053);
        check("-59999ms", -59_999);
        check("+1m", 60_000);
        check("1h30m", 5_400_000);
        for refused in ["", "-", "5", "m", "1x", "5m3"] {
            assert!(milliseconds(refused).is_err(), "{refused}");
        }
    }
}
