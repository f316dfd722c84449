//! Why a definition was refused.

use thiserror::Error;

use super::{MetricKind, NativeBuckets};
use crate::model::name::NameError;

/// Why a definition was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum DefinitionError {
    /// The metric's or a label's name is not valid.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two labels have one name, or one where names are escaped.
    #[error("metric {metric:?} names label {label:?} twice{}", written_as(label, again))]
    DuplicateLabel {
        /// The metric.
        metric: String,
        /// The label.
        label: String,
        /// What the second one is called.
        again: String,
    },
    /// A label is one that the kind keeps for itself.
    #[error("metric {metric:?}: label {label:?} belongs to the {kind} itself")]
    KindLabel {
        /// The metric.
        metric: String,
        /// The label: `le`, `quantile`, or the name of a set of states.
        label: String,
        /// The kind.
        kind: MetricKind,
    },
    /// Bucket bounds that are not finite and strictly growing.
    #[error("metric {metric:?}: bucket bounds must be finite and grow strictly, got {bounds:?}")]
    Bounds {
        /// The metric.
        metric: String,
        /// The bounds as given.
        bounds: Vec<f64>,
    },
    /// A quantile outside 0 to 1, or one that is there twice.
    #[error("metric {metric:?}: quantiles must differ and lie between 0 and 1, got {quantile:?}")]
    Quantile {
        /// The metric.
        metric: String,
        /// The quantile as given.
        quantile: f64,
    },
    /// Bounds on a metric that is no histogram, or quantiles on one that is
    /// no summary.
    #[error("metric {metric:?} is a {kind}: it takes no {what}")]
    NotOfKind {
        /// The metric.
        metric: String,
        /// Its kind.
        kind: MetricKind,
        /// What was given, such as `bucket bounds`.
        what: &'static str,
    },
    /// Native buckets that cannot be.
    #[error("metric {metric:?}: native buckets must have {expected}, got {native}")]
    Native {
        /// The metric.
        metric: String,
        /// The buckets as given.
        native: NativeBuckets,
        /// What they should be.
        expected: &'static str,
    },
    /// States that are none, too many, empty or the same.
    #[error("metric {metric:?}: states must be 1 to 64 names that differ, got {states:?}")]
    States {
        /// The metric.
        metric: String,
        /// The states as given.
        states: Vec<String>,
    },
    /// The name of an info does not say so.
    #[error("metric {metric:?}: the name of an info must end in \"_info\"")]
    InfoName {
        /// The metric.
        metric: String,
    },
    /// The unit has characters that a name may not have.
    #[error("metric {metric:?}: unit {unit:?} must be letters, digits or '_'")]
    Unit {
        /// The metric.
        metric: String,
        /// The unit as given.
        unit: String,
    },
}

/// Says how else a label is written, where names are escaped.
fn written_as(label: &str, again: &str) -> String {
    if label == again { String::new() } else { format!(", as {again:?} is escaped alike") }
}
