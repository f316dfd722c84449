//! `absent` and `absent_over_time`: whether any series is there.

use super::absence::{ABSENT, is_absent};
use crate::model::{MatchOp, Matcher};

/// At which steps some series has a sample.
#[derive(Debug, Clone)]
pub struct Presence {
    present: Vec<bool>,
}

impl Presence {
    /// Creates the state over `steps` steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { present: vec![false; steps] }
    }

    /// Takes in one series, a value a step; for `absent_over_time` what
    /// `present_over_time` gives.
    pub fn add(&mut self, column: &[f64]) {
        for (present, &value) in self.present.iter_mut().zip(column) {
            *present |= !is_absent(value);
        }
    }

    /// Returns 1 at the steps at which no series has a sample, and no sample
    /// at the others.
    #[must_use]
    pub fn absence(&self) -> Vec<f64> {
        self.present.iter().map(|&present| if present { ABSENT } else { 1.0 }).collect()
    }
}

/// Returns the labels that the result of `absent` takes from the conditions of
/// its selector, by name: those of equalities, but for the metric's name and
/// for names with a further condition after their equality.
#[must_use]
pub fn absent_labels<'a>(
    conditions: impl IntoIterator<Item = &'a Matcher>,
) -> Vec<(&'a str, &'a str)> {
    let mut labels: Vec<(&str, Option<&str>)> = Vec::new();
    for condition in conditions {
        let name = condition.name();
        if name == "__name__" {
            continue;
        }
        let known = labels.iter().position(|(label, _)| *label == name);
        match (condition.op(), known) {
            (MatchOp::Equal, None) => labels.push((name, Some(condition.value()))),
            (_, Some(index)) => labels[index].1 = None,
            (_, None) => {}
        }
    }
    let mut labels: Vec<_> =
        labels.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    labels.sort_unstable();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(conditions: &[(&str, MatchOp, &str)], expected: &[(&str, &str)]) {
        let matchers: Vec<Matcher> = conditions
            .iter()
            .map(|&(name, op, value)| Matcher::new(name, op, value).unwrap())
            .collect();
        assert_eq!(absent_labels(&matchers), expected);
    }

    #[test]
    fn labels_come_from_single_equalities() {
        use MatchOp::{Equal, NotEqual, Regex};
        check(&[("__name__", Equal, "x")], &[]);
        check(
            &[("job", Equal, "a"), ("instance", Equal, "b"), ("method", Regex, ".x")],
            &[("instance", "b"), ("job", "a")],
        );
        check(&[("job", Equal, "a"), ("job", Equal, "b"), ("foo", Equal, "c")], &[("foo", "c")]);
        check(&[("job", Equal, "a"), ("job", Regex, "b")], &[]);
        check(&[("job", Equal, "a"), ("job", Equal, "b"), ("job", Equal, "c")], &[]);
        check(&[("job", NotEqual, "a")], &[]);
    }

    #[test]
    fn it_is_absent_where_no_series_is() {
        let mut presence = Presence::new(3);
        presence.add(&[1.0, ABSENT, ABSENT]);
        presence.add(&[ABSENT, f64::NAN, ABSENT]);
        let absence = presence.absence();
        assert!(is_absent(absence[0]) && is_absent(absence[1]));
        assert_eq!(absence[2], 1.0);
    }
}
