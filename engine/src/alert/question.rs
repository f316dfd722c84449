//! What a rule asks at each evaluation.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::aggregate::Method;
use crate::model::{Labels, MatchOp, Matcher};
use crate::promql::{Answer, Expression, LabelSet, PointValue, Value};
use crate::storage::Selector;

use super::{EvaluationError, Reading};

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
