//! What a rule judges of a series.

use crate::model::Labels;
use crate::promql::LabelSet;

/// What one evaluation found of one series: the input of the state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The series, with its name if it has one.
    pub series: LabelSet,
    /// The value over the window by the rule's method; `None` without a
    /// sample to tell it from.
    pub value: Option<f64>,
    /// How far the window's last value lies from its first, relative to the
    /// first: 0.5 is a rise by half. See [`relative_change`].
    pub change: Option<f64>,
}

impl Reading {
    /// Creates a reading of a series without a name, whose change is not
    /// known.
    #[must_use]
    pub fn new(labels: Labels, value: Option<f64>) -> Self {
        Self { series: LabelSet::nameless(labels), value, change: None }
    }
}

/// Returns (`last` − `first`) ÷ |`first`|: zero if both are equal, infinite
/// for a change from zero.
#[must_use]
#[expect(clippy::float_cmp, reason = "equal values have not changed, exactly")]
pub fn relative_change(first: f64, last: f64) -> f64 {
    if first == last { 0.0 } else { (last - first) / first.abs() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_is_relative_to_the_first_value() {
        for (first, last, change) in [
            (2.0, 3.0, 0.5),
            (-2.0, -3.0, -0.5),
            (4.0, 1.0, -0.75),
            (0.0, 0.0, 0.0),
            (0.0, 1.0, f64::INFINITY),
            (0.0, -1.0, f64::NEG_INFINITY),
        ] {
            assert_eq!(relative_change(first, last), change, "{first} to {last}");
        }
    }
}
