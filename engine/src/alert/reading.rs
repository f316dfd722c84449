//! What a rule judges of a series.

use crate::aggregate::{Method, observe};
use crate::model::{Labels, MetricDefinition, MetricKind, SeriesSamples, Timestamp};

use super::{EvaluationError, Rule};

/// What one evaluation found of one series: the input of the state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The series' labels, without the rule's.
    pub labels: Labels,
    /// The value over the window by the rule's method; `None` without a
    /// sample to tell it from.
    pub value: Option<f64>,
    /// How far the window's last value lies from its first, relative to the
    /// first: 0.5 is a rise by half. See [`relative_change`].
    pub change: Option<f64>,
}

impl Reading {
    /// Creates a reading of a value whose change is not known.
    #[must_use]
    pub const fn new(labels: Labels, value: Option<f64>) -> Self {
        Self { labels, value, change: None }
    }
}

impl Rule {
    /// Reads what the evaluation at `at` judges from the stored series of the
    /// rule's metric, samples from [`sample_range`](Self::sample_range).
    ///
    /// # Errors
    /// A method that means nothing for the metric's kind.
    pub fn readings(
        &self,
        definition: &MetricDefinition,
        parts: Vec<SeriesSamples>,
        at: Timestamp,
    ) -> Result<Vec<Reading>, EvaluationError> {
        if let Some(method) = self.method {
            check_method(method, definition.kind())?;
        }
        let window = self.range(at);
        let mut readings = Vec::new();
        for series in observe(definition, parts) {
            let value = match self.method {
                Some(method) => series.value(method, window),
                None => series.natural(window),
            };
            let first = series.value(Method::First, window);
            let last = series.value(Method::Last, window);
            let change = first.zip(last).map(|(first, last)| relative_change(first, last));
            readings.push(Reading { labels: series.labels().clone(), value, change });
        }
        Ok(readings)
    }
}

/// Refuses methods over single samples for kinds that store none.
fn check_method(method: Method, kind: MetricKind) -> Result<(), EvaluationError> {
    let distribution = matches!(kind, MetricKind::Histogram | MetricKind::Summary);
    let by_sample = matches!(
        method,
        Method::Min
            | Method::Max
            | Method::First
            | Method::Last
            | Method::Delta
            | Method::StdDev
            | Method::Variance
    );
    if distribution && by_sample {
        return Err(EvaluationError::Method { method, kind });
    }
    Ok(())
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
    use crate::alert::{Condition, RuleBuilder};
    use crate::model::Sample;

    fn samples(values: &[f64]) -> Vec<Sample> {
        let at = |index: usize| Timestamp::from_millis(index as i64 * 60_000);
        values.iter().enumerate().map(|(i, value)| Sample::new(at(i), *value)).collect()
    }

    #[test]
    fn a_counter_is_read_as_its_increase_and_a_gauge_as_its_latest_value() {
        let read = |definition: MetricDefinition, rule: RuleBuilder, values: &[f64]| {
            let rule = rule.when(Condition::absent()).build().unwrap();
            let series = SeriesSamples {
                name: definition.name().clone(),
                labels: Labels::EMPTY,
                samples: samples(values),
            };
            let at = Timestamp::from_millis(10 * 60_000);
            let readings = rule.readings(&definition, vec![series], at).unwrap();
            (readings[0].value, readings[0].change)
        };
        let counter = || MetricDefinition::counter("m").build().unwrap();
        let gauge = || MetricDefinition::gauge("m").build().unwrap();
        let rule = || Rule::on("r", "m");
        // Minutes 0 to 10; the window holds 6 to 10, minute 5 is the baseline.
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
        assert_eq!(read(counter(), rule(), &values), (Some(5.0), Some(4.0 / 11.0)));
        assert_eq!(read(gauge(), rule(), &values), (Some(15.0), Some(4.0 / 11.0)));
        assert_eq!(read(gauge(), rule().method(Method::Min), &values).0, Some(11.0));
        assert_eq!(read(gauge(), rule(), &values[..3]), (None, None));
    }

    #[test]
    fn a_method_that_means_nothing_for_the_kind_is_an_error() {
        let histogram = MetricDefinition::histogram("m").build().unwrap();
        let rule = Rule::on("r", "m").method(Method::Max).when(Condition::absent());
        let error = rule.build().unwrap().readings(&histogram, Vec::new(), Timestamp::MIN);
        assert_eq!(error.unwrap_err().to_string(), "method max means nothing for a histogram");
    }

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
