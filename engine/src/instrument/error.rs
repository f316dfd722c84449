//! Why a metric or a set of label values was refused.

use std::sync::Arc;

use thiserror::Error;

use crate::model::{MetricDefinition, MetricKind};

/// Why a metric was not registered.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Strict registration of a name that is taken.
    #[error("metric {:?} is already registered, as {existing}", existing.name())]
    Duplicate {
        /// What is registered.
        existing: Arc<MetricDefinition>,
    },
    /// The name is registered with another definition.
    #[error(
        "metric {:?} is already registered with another definition: registered {existing}; \
         given {given}", existing.name()
    )]
    Conflict {
        /// What is registered.
        existing: Arc<MetricDefinition>,
        /// What was given.
        given: Arc<MetricDefinition>,
    },
    /// One of the metric's series would have the name of another metric's, or
    /// one that is the same where names are escaped.
    #[error("{given} would have a series named {series:?}, which belongs to {existing}")]
    SeriesName {
        /// The name in question.
        series: Arc<str>,
        /// Whose it is.
        existing: Arc<MetricDefinition>,
        /// What was given.
        given: Arc<MetricDefinition>,
    },
    /// The definition is of another kind than the handle that was asked for.
    #[error("{given} has no {handle} handles")]
    Kind {
        /// What was given.
        given: Arc<MetricDefinition>,
        /// The kind of the handle.
        handle: MetricKind,
    },
    /// The metric has more labels than a series may have.
    #[error("metric {metric:?} has {labels} labels; at most {max} are allowed")]
    TooManyLabels {
        /// The metric.
        metric: Arc<str>,
        /// How many it has.
        labels: usize,
        /// The limit.
        max: usize,
    },
}

/// Why there is no cell for these label values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// Not as many values as the metric has labels.
    #[error("metric {metric:?} has the labels {{{}}}; got {given} values", labels.join(","))]
    Count {
        /// The metric.
        metric: Arc<str>,
        /// Its labels.
        labels: Vec<Arc<str>>,
        /// How many values were given.
        given: usize,
    },
    /// The labels of a type are not those of the metric.
    #[error(
        "metric {metric:?} has the labels {{{}}}; the type has {{{}}}",
        labels.join(","), typed.join(",")
    )]
    Names {
        /// The metric.
        metric: Arc<str>,
        /// Its labels.
        labels: Vec<Arc<str>>,
        /// The labels of the type.
        typed: &'static [&'static str],
    },
    /// A value is too long.
    #[error("metric {metric:?}: label {label:?} has a value of {bytes} bytes; at most {max}")]
    ValueTooLong {
        /// The metric.
        metric: Arc<str>,
        /// The label.
        label: Arc<str>,
        /// The value's length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The metric has as many sets of label values as it may have.
    #[error("metric {metric:?} has {max} sets of label values, which is its limit")]
    TooManySeries {
        /// The metric.
        metric: Arc<str>,
        /// The limit.
        max: usize,
    },
}
