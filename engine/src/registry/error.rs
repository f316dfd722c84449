//! Why the registry refused something.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::DropReason;
use crate::instrument::{LabelError, RegisterError};
use crate::model::{MetricKind, NameError, Timestamp};
use crate::storage::AppendError;

/// Why the registry refused a registration, a record or a read.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The metric was not registered.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// No metric has this name.
    #[error("unknown metric {metric:?}{}", meant(.similar.as_deref()))]
    UnknownMetric {
        /// The name as given.
        metric: Arc<str>,
        /// A registered name that is near.
        similar: Option<Arc<str>>,
    },
    /// A label of the metric has no value.
    #[error("metric {metric:?} needs a value for label {label:?}")]
    MissingLabel {
        /// The metric.
        metric: Arc<str>,
        /// The label.
        label: Arc<str>,
    },
    /// A label that the metric does not have.
    #[error("metric {metric:?} has no label {label:?}; it has {{{}}}", labels.join(","))]
    ExtraLabel {
        /// The metric.
        metric: Arc<str>,
        /// The label as given.
        label: Arc<str>,
        /// The labels that the metric has.
        labels: Vec<Arc<str>>,
    },
    /// A label that is given twice.
    #[error("metric {metric:?}: label {label:?} is given twice")]
    LabelTwice {
        /// The metric.
        metric: Arc<str>,
        /// The label.
        label: Arc<str>,
    },
    /// A name that cannot be.
    #[error("metric {metric:?}: {source}")]
    Name {
        /// The metric.
        metric: Arc<str>,
        /// What is wrong with its name or that of a label.
        source: NameError,
    },
    /// A label value that is too long.
    #[error("metric {metric:?}: label {label:?} has a value of {bytes} bytes; at most {max}")]
    LabelValueTooLong {
        /// The metric.
        metric: Arc<str>,
        /// The label.
        label: Arc<str>,
        /// The value's length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// An observation that makes no sense for the metric's kind.
    #[error("metric {metric:?} is a {kind}: it takes {takes}, not {given}")]
    WrongKind {
        /// The metric.
        metric: Arc<str>,
        /// Its kind.
        kind: MetricKind,
        /// What the kind takes.
        takes: &'static str,
        /// What was given.
        given: &'static str,
    },
    /// A NaN or an infinity where it makes no sense.
    #[error("metric {metric:?}: {value} is no {what}")]
    NotANumber {
        /// The metric.
        metric: Arc<str>,
        /// The value as given.
        value: f64,
        /// What the value was meant as.
        what: &'static str,
    },
    /// A negative step or total of a counter.
    #[error("metric {metric:?}: a counter's {what} must not be negative, got {value}")]
    Negative {
        /// The metric.
        metric: Arc<str>,
        /// The value as given.
        value: f64,
        /// What the value was meant as.
        what: &'static str,
    },
    /// Older than the out-of-order window of its series.
    #[error(
        "metric {metric:?}: timestamp {at} is more than {window:?} older than the newest \
         sample at {newest}"
    )]
    TooOld {
        /// The metric.
        metric: Arc<str>,
        /// The timestamp as given.
        at: Timestamp,
        /// The series' newest sample.
        newest: Timestamp,
        /// The window.
        window: Duration,
    },
    /// Older than what is kept at all.
    #[error("metric {metric:?}: timestamp {at} is more than {max:?} behind {now}")]
    Expired {
        /// The metric.
        metric: Arc<str>,
        /// The timestamp as given.
        at: Timestamp,
        /// When it was refused.
        now: Timestamp,
        /// How far back samples are taken.
        max: Duration,
    },
    /// Too far ahead of the clock.
    #[error("metric {metric:?}: timestamp {at} is more than {tolerance:?} ahead of {now}")]
    TooFarInFuture {
        /// The metric.
        metric: Arc<str>,
        /// The timestamp as given.
        at: Timestamp,
        /// When it was refused.
        now: Timestamp,
        /// The tolerance.
        tolerance: Duration,
    },
    /// Another value at a timestamp that is taken.
    #[error("metric {metric:?} already has {stored} at {at} for these labels; got {given}")]
    Duplicate {
        /// The metric.
        metric: Arc<str>,
        /// The timestamp.
        at: Timestamp,
        /// The value that is kept.
        stored: f64,
        /// The value that was refused.
        given: f64,
    },
    /// A new series beyond the metric's limit.
    #[error("metric {metric:?} has {max} sets of label values, which is its limit")]
    SeriesOfMetric {
        /// The metric.
        metric: Arc<str>,
        /// The limit.
        max: usize,
    },
    /// A new series beyond the limit in all.
    #[error("no room for a new series of {metric:?}: there may be {max} series in all")]
    SeriesTotal {
        /// The metric.
        metric: Arc<str>,
        /// The limit.
        max: usize,
    },
    /// A rule's series under the name of a registered metric.
    #[error("metric {metric:?} is registered; a rule cannot write its series")]
    Registered {
        /// The metric.
        metric: Arc<str>,
    },
    /// A reference to a series that no longer exists.
    #[error("the series no longer exists; resolve it again")]
    UnknownSeries,
}

impl RegistryError {
    /// Returns under which reason the refusal of an observation is counted;
    /// `None` for what is no observation.
    #[must_use]
    pub const fn reason(&self) -> Option<DropReason> {
        Some(match self {
            Self::Register(_) => return None,
            Self::UnknownMetric { .. } => DropReason::UnknownMetric,
            Self::MissingLabel { .. }
            | Self::ExtraLabel { .. }
            | Self::LabelTwice { .. }
            | Self::Name { .. } => DropReason::Labels,
            Self::LabelValueTooLong { .. } => DropReason::LabelValue,
            Self::WrongKind { .. } | Self::Registered { .. } => DropReason::WrongKind,
            Self::NotANumber { .. } => DropReason::NotANumber,
            Self::Negative { .. } => DropReason::Negative,
            Self::TooOld { .. } | Self::Expired { .. } => DropReason::TooOld,
            Self::TooFarInFuture { .. } => DropReason::TooFarInFuture,
            Self::Duplicate { .. } => DropReason::Duplicate,
            Self::SeriesOfMetric { .. } => DropReason::SeriesOfMetric,
            Self::SeriesTotal { .. } => DropReason::SeriesTotal,
            Self::UnknownSeries => DropReason::UnknownSeries,
        })
    }

    /// Says of which metric an append was refused.
    pub(super) fn append(metric: &Arc<str>, error: AppendError) -> Self {
        let metric = Arc::clone(metric);
        match error {
            AppendError::UnknownSeries { .. } => Self::UnknownSeries,
            AppendError::Duplicate { at, stored, given } => {
                Self::Duplicate { metric, at, stored, given }
            }
            AppendError::TooOld { at, newest, window } => {
                Self::TooOld { metric, at, newest, window }
            }
            AppendError::TooFarInFuture { at, now, tolerance } => {
                Self::TooFarInFuture { metric, at, now, tolerance }
            }
        }
    }

    /// Says why a cell was refused.
    pub(super) fn label(error: LabelError) -> Self {
        match error {
            LabelError::ValueTooLong { metric, label, bytes, max } => {
                Self::LabelValueTooLong { metric, label, bytes, max }
            }
            LabelError::TooManySeries { metric, max } => Self::SeriesOfMetric { metric, max },
            LabelError::Count { metric, mut labels, .. }
            | LabelError::Names { metric, mut labels, .. } => {
                Self::MissingLabel { metric, label: labels.pop().unwrap_or_default() }
            }
        }
    }
}

fn meant(similar: Option<&str>) -> String {
    similar.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default()
}
