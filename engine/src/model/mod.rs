//! The words that every other room speaks: time, labels, matchers, metric
//! definitions, samples and records.
//!
//! Values here are cheap to clone (shared text, `Copy` numbers) and valid by
//! construction: a [`MetricDefinition`] that exists passed its checks.

mod definition;
mod label;
mod matcher;
mod name;
mod pattern;
mod record;
mod sample;
mod subject;
mod timestamp;

pub use definition::{
    DEFAULT_BOUNDS, DEFAULT_QUANTILES, DefinitionBuilder, DefinitionError, MetricDefinition,
    MetricKind, NativeBuckets,
};
pub use label::{Labels, LabelsError};
pub use matcher::{MatchOp, Matcher, MatcherError};
pub use name::{
    NAME_BYTES_MAX, NameError, check_foreign_label_name, check_foreign_metric_name,
    check_label_name, check_metric_name,
};
pub(crate) use name::{fits_name, underscored};
pub use record::{Observation, Record};
pub use sample::{STALE_NAN_BITS, Sample, SeriesSamples, is_stale, stale_marker};
pub use subject::Subject;
pub use timestamp::{TimeRange, Timestamp};
