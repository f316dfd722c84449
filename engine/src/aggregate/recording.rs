//! Aggregations in PromQL: recording rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::AggregateError;
use crate::model::{Labels, Sample, Timestamp, stale_marker};
use crate::promql::{Answer, Expression, PointValue, Value};
use crate::registry::DerivedSample;

/// What an expression finds, stored under a name with labels laid over.
/// Source: Prometheus' recording rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recording {
    pub(super) expression: Expression,
    pub(super) labels: Vec<(Arc<str>, Arc<str>)>,
}

impl Recording {
    /// Returns the expression, whose result is a vector or a scalar.
    #[must_use]
    pub const fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Returns the labels that are laid over those of the result; an empty
    /// value removes a label.
    #[must_use]
    pub fn labels(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.labels
    }

    /// Returns the value of each series of an answer, by its labels.
    ///
    /// # Errors
    /// Two series that have the same labels, without their names and under
    /// those of the rule; an answer that is no vector or scalar.
    pub fn values(&self, answer: Answer) -> Result<BTreeMap<Labels, f64>, AggregateError> {
        let found = match answer.value {
            Value::Scalar(point) => vec![(Labels::EMPTY, point.value)],
            Value::Vector(series) => {
                series.into_iter().map(|(set, point)| (set.labels, point.value)).collect()
            }
            Value::String(_) | Value::Matrix(_) => {
                return Err(AggregateError::Answer {
                    found: answer.value.value_type().to_string(),
                });
            }
        };
        let mut values = BTreeMap::new();
        for (labels, value) in found {
            let PointValue::Float(value) = value;
            let laid =
                |labels: Labels, (name, value): &(Arc<str>, Arc<str>)| labels.with(name, value);
            let labels = self.labels.iter().fold(labels, laid);
            if values.insert(labels.clone(), value).is_some() {
                return Err(AggregateError::SameLabels { labels: labels.to_string() });
            }
        }
        Ok(values)
    }
}

/// Returns what is to be stored of the values of a run at `at`: a sample of
/// each, and a staleness marker for each series that the run `before` had and
/// this one has not.
#[must_use]
pub fn recorded(
    name: &Arc<str>,
    values: &BTreeMap<Labels, f64>,
    before: &BTreeSet<Labels>,
    at: Timestamp,
) -> Vec<DerivedSample> {
    let over = before.iter().filter(|labels| !values.contains_key(labels));
    let over = over.map(|labels| (labels, stale_marker()));
    let values = values.iter().map(|(labels, value)| (labels, *value)).chain(over);
    let sample = |(labels, value): (&Labels, f64)| DerivedSample {
        name: Arc::clone(name),
        labels: labels.clone(),
        sample: Sample::new(at, value),
    };
    values.map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{Definition, Source};
    use crate::model::is_stale;
    use crate::promql::annotation::Annotations;
    use crate::promql::{LabelSet, Point};

    const AT: Timestamp = Timestamp::from_millis(60_000);

    fn recording() -> Recording {
        let builder = Definition::expression("n", "x").label("team", "ops").label("pod", "");
        let definition = builder.build().unwrap();
        let Source::Expression(recording) = definition.source() else { panic!("{definition:?}") };
        recording.clone()
    }

    fn answer(series: &[(&[(&str, &str)], f64)]) -> Answer {
        let one = |&(labels, value): &(&[(&str, &str)], f64)| {
            let labels = Labels::new(labels.iter().copied()).unwrap();
            let set = LabelSet { name: "x".into(), labels };
            (set, Point { at_ms: AT.millis(), value: PointValue::Float(value) })
        };
        let value = Value::Vector(series.iter().map(one).collect());
        Answer { value, annotations: Annotations::default(), samples_read: 0 }
    }

    #[test]
    fn labels_are_laid_over_and_what_is_gone_is_marked() {
        let found = answer(&[(&[("job", "a"), ("pod", "p")], 1.0), (&[("job", "b")], f64::NAN)]);
        let values = recording().values(found).unwrap();
        let gone = Labels::new([("job", "c"), ("team", "ops")]).unwrap();
        let still = Labels::new([("job", "a"), ("team", "ops")]).unwrap();
        let before = BTreeSet::from([gone, still]);
        let told: Vec<_> = recorded(&"n".into(), &values, &before, AT)
            .iter()
            .map(|one| (one.labels.to_string(), is_stale(one.sample.value)))
            .collect();
        let expected = [
            ("{job=\"a\",team=\"ops\"}", false),
            ("{job=\"b\",team=\"ops\"}", false),
            ("{job=\"c\",team=\"ops\"}", true),
        ];
        assert_eq!(told, expected.map(|(labels, stale)| (labels.to_owned(), stale)));
    }

    #[test]
    fn series_that_become_the_same_are_an_error() {
        let found = answer(&[(&[("pod", "p")], 1.0), (&[("pod", "q")], 2.0)]);
        let error = recording().values(found).unwrap_err().to_string();
        assert!(error.contains("have the same labels {team=\"ops\"}"), "{error}");
    }
}
