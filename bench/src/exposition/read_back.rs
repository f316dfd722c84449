//! Whether all wrote the same.

/// What a text comes to: its samples and the sum of their values.
#[derive(Debug, PartialEq)]
pub(super) struct Tally {
    samples: usize,
    sum: f64,
}

/// Counts the samples whose names start with `name`.
pub(super) fn tally(text: &str, name: &str) -> Tally {
    let lines = text.lines().filter(|line| line.starts_with(name));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    let (samples, sum) = values.fold((0, 0.0), |(count, sum), value| (count + 1, sum + value));
    Tally { samples, sum }
}
