//! What a rule asks at each evaluation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::aggregate::{Method, observe};
use crate::model::{Labels, MatchOp, Matcher, MetricDefinition, MetricKind};
use crate::model::{SeriesSamples, TimeRange, Timestamp};
use crate::promql::{Answer, Expression, LabelSet, PointValue, Value};
use crate::storage::Selector;

use super::{EvaluationError, Reading, relative_change};

/// How far before the window the sample may lie that a counter grew from.
pub(super) const BASELINE: Duration = Duration::from_secs(5 * 60);

/// What a rule asks; its condition judges the answer, series by series.
/// Serialises as the fields of the one or as `expression`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Question {
    /// How the series of a metric fared.
    Metric(MetricQuestion),
    /// What PromQL finds.
    Expression {
        /// The query, whose result is a vector or a scalar.
        expression: Expression,
    },
}

impl Question {
    /// Returns the metric that it asks of; `None` for an expression.
    #[must_use]
    pub const fn metric(&self) -> Option<&Arc<str>> {
        match self {
            Self::Metric(question) => Some(&question.metric),
            Self::Expression { .. } => None,
        }
    }

    /// Returns the expression that it is; `None` for a question about a metric.
    #[must_use]
    pub const fn expression(&self) -> Option<&Expression> {
        match self {
            Self::Metric(_) => None,
            Self::Expression { expression } => Some(expression),
        }
    }

    /// Returns the labels that every series of an answer has, as far as they
    /// are known without one: what matchers ask to be equal, as PromQL's
    /// `absent` does.
    pub(super) fn known_labels(&self) -> Labels {
        let Self::Metric(question) = self else { return Labels::EMPTY };
        let equal = question.matchers.iter().filter(|matcher| matcher.op() == MatchOp::Equal);
        equal.fold(Labels::EMPTY, |labels, matcher| labels.with(matcher.name(), matcher.value()))
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metric(question) => {
                let MetricQuestion { metric, matchers, method, .. } = question;
                let (metric, matchers) = (Arc::clone(metric), matchers.clone());
                let selector = Selector { metric, matchers };
                match method {
                    Some(method) => write!(f, "{method}({selector})"),
                    None => write!(f, "{selector}"),
                }
            }
            Self::Expression { expression } => write!(f, "{expression}"),
        }
    }
}

/// A question about the series of one metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricQuestion {
    pub(super) metric: Arc<str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) matchers: Vec<Matcher>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<Method>,
    pub(super) window: Duration,
}

impl MetricQuestion {
    /// Returns the name of the metric.
    #[must_use]
    pub const fn metric(&self) -> &Arc<str> {
        &self.metric
    }

    /// Returns which of the metric's series are meant.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Returns how a series' samples become its value; `None`: as the metric's
    /// kind suggests.
    #[must_use]
    pub const fn method(&self) -> Option<Method> {
        self.method
    }

    /// Returns how far back an evaluation looks.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// Returns the span that the evaluation at `at` looks at.
    #[must_use]
    pub fn range(&self, at: Timestamp) -> TimeRange {
        TimeRange::last(self.window, at)
    }

    /// Returns the span of samples that the evaluation at `at` needs: the
    /// window, and before it the sample that a counter grew from.
    #[must_use]
    pub fn sample_range(&self, at: Timestamp) -> TimeRange {
        TimeRange::new(self.range(at).start - BASELINE, at)
    }

    /// Reads what the evaluation at `at` judges from the stored series of the
    /// metric, samples from [`sample_range`](Self::sample_range).
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
            let (name, labels) = (Arc::clone(definition.name()), series.labels().clone());
            readings.push(Reading { series: LabelSet { name, labels }, value, change });
        }
        Ok(readings)
    }
}

/// Refuses methods over single samples for kinds that store none.
pub(super) fn check_method(method: Method, kind: MetricKind) -> Result<(), EvaluationError> {
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

impl Reading {
    /// Reads the answer to an expression: a reading of each series.
    ///
    /// # Errors
    /// Two series that differ in their name alone are found when the answer is
    /// judged; here it is only what is no vector or scalar.
    pub fn of_answer(answer: Answer) -> Result<Vec<Self>, EvaluationError> {
        let read = |series, value: PointValue| Self { series, value: value.float(), change: None };
        match answer.value {
            Value::Scalar(point) => Ok(vec![read(LabelSet::default(), point.value)]),
            Value::Vector(series) => {
                Ok(series.into_iter().map(|(set, point)| read(set, point.value)).collect())
            }
            value @ (Value::String(_) | Value::Matrix(_)) => {
                Err(EvaluationError::Answer { found: value.value_type().to_string() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::{Condition, Rule, RuleBuilder};
    use crate::model::Sample;

    fn samples(values: &[f64]) -> Vec<Sample> {
        let at = |index: usize| Timestamp::from_millis(index as i64 * 60_000);
        values.iter().enumerate().map(|(i, value)| Sample::new(at(i), *value)).collect()
    }

    fn question(rule: RuleBuilder) -> MetricQuestion {
        let rule = rule.when(Condition::absent()).build().unwrap();
        let Question::Metric(question) = rule.question() else { panic!("{rule:?}") };
        question.clone()
    }

    #[test]
    fn a_counter_is_read_as_its_increase_and_a_gauge_as_its_latest_value() {
        let read = |definition: MetricDefinition, rule: RuleBuilder, values: &[f64]| {
            let series = SeriesSamples {
                name: definition.name().clone(),
                labels: Labels::EMPTY,
                samples: samples(values),
            };
            let at = Timestamp::from_millis(10 * 60_000);
            let readings = question(rule).readings(&definition, vec![series], at).unwrap();
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
        let question = question(Rule::on("r", "m").method(Method::Max));
        let error = question.readings(&histogram, Vec::new(), Timestamp::MIN);
        assert_eq!(error.unwrap_err().to_string(), "method max means nothing for a histogram");
    }
}
