//! Metric definitions.

mod builder;
mod error;
mod form;
mod native;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use builder::{DEFAULT_BOUNDS, DEFAULT_QUANTILES, DefinitionBuilder};
pub use error::DefinitionError;
use form::Form;
pub use native::NativeBuckets;

/// What a metric measures. Terms of OpenMetrics 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MetricKind {
    /// A running total that only grows, or starts again at zero.
    Counter,
    /// A value that goes up and down.
    Gauge,
    /// Measurements counted in buckets; stored as the series `_bucket`,
    /// `_sum` and `_count`.
    Histogram,
    /// Measurements with quantiles over a sliding window; stored as the
    /// series with `quantile`, `_sum` and `_count`.
    Summary,
    /// Facts that stand in the labels; its value is 1.
    Info,
    /// States of which each is on or off; stored as a series for each, whose
    /// label of the metric's name is the state, with the value 1 or 0.
    StateSet,
}

impl MetricKind {
    /// Says whether a series of this kind is a value at a time, and not a
    /// running total or a part of a distribution.
    #[must_use]
    pub const fn is_level(self) -> bool {
        matches!(self, Self::Gauge | Self::Info | Self::StateSet)
    }

    /// Says whether metrics of this kind are measurements, which have a count
    /// and a sum.
    #[must_use]
    pub const fn is_distribution(self) -> bool {
        matches!(self, Self::Histogram | Self::Summary)
    }

    /// Returns the kind's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a metric is: its name, kind, help, unit, labels and bounds.
///
/// Valid by construction: make one with [`MetricDefinition::counter`] and its
/// siblings, then [`build`](DefinitionBuilder::build).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct MetricDefinition {
    name: Arc<str>,
    kind: MetricKind,
    help: Arc<str>,
    unit: Arc<str>,
    label_names: Arc<[Arc<str>]>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    bounds: Arc<[f64]>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    quantiles: Arc<[f64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    native: Option<NativeBuckets>,
    #[serde(skip_serializing_if = "<[Arc<str>]>::is_empty")]
    states: Arc<[Arc<str>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series_max: Option<usize>,
}

impl MetricDefinition {
    /// Starts the definition of a counter.
    pub fn counter(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::Counter)
    }

    /// Returns the definition of a gauge that rules or other programs made,
    /// whose name may be any text and whose labels are not known.
    pub(crate) fn foreign_gauge(name: Arc<str>) -> Self {
        Self {
            name,
            kind: MetricKind::Gauge,
            help: "".into(),
            unit: "".into(),
            label_names: Arc::default(),
            bounds: Arc::default(),
            quantiles: Arc::default(),
            native: None,
            states: Arc::default(),
            retention: None,
            series_max: None,
        }
    }

    /// Starts the definition of a gauge.
    pub fn gauge(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::Gauge)
    }

    /// Starts the definition of a histogram.
    pub fn histogram(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::Histogram)
    }

    /// Starts the definition of a summary.
    pub fn summary(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::Summary)
    }

    /// Starts the definition of an info, whose name ends in `_info`.
    pub fn info(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::Info)
    }

    /// Starts the definition of a set of states.
    pub fn state_set(name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), MetricKind::StateSet)
    }

    /// Starts the definition of a metric whose kind is known at run time.
    pub fn of_kind(kind: MetricKind, name: impl Into<Arc<str>>) -> DefinitionBuilder {
        DefinitionBuilder::new(name.into(), kind)
    }

    /// Returns the metric's name.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the metric's kind.
    #[must_use]
    pub const fn kind(&self) -> MetricKind {
        self.kind
    }

    /// Returns the help text; may be empty.
    #[must_use]
    pub fn help(&self) -> &str {
        &self.help
    }

    /// Returns the unit, such as `seconds`; empty if there is none.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Returns the names of the labels, as declared.
    #[must_use]
    pub fn label_names(&self) -> &[Arc<str>] {
        &self.label_names
    }

    /// Returns the upper bounds of the buckets without `+Inf`; empty unless
    /// the metric is a histogram.
    #[must_use]
    pub fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    /// Returns the quantiles; empty unless the metric is a summary.
    #[must_use]
    pub fn quantiles(&self) -> &[f64] {
        &self.quantiles
    }

    /// Returns how a histogram's exponential buckets are; `None` if it has
    /// none.
    #[must_use]
    pub const fn native(&self) -> Option<NativeBuckets> {
        self.native
    }

    /// Returns the names of the states; empty unless the metric is a set of
    /// states.
    #[must_use]
    pub fn states(&self) -> &[Arc<str>] {
        &self.states
    }

    /// Returns how long samples are kept; `None` means as the engine's
    /// default says.
    #[must_use]
    pub const fn retention(&self) -> Option<Duration> {
        self.retention
    }

    /// Returns the cap on the metric's series; `None` means as the engine's
    /// default says.
    #[must_use]
    pub const fn series_max(&self) -> Option<usize> {
        self.series_max
    }
}

impl fmt::Display for MetricDefinition {
    /// Writes the parts that make two definitions differ, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        write!(f, "{{{}}}", self.label_names.join(","))?;
        if !self.unit.is_empty() {
            write!(f, " unit {}", self.unit)?;
        }
        if !self.bounds.is_empty() {
            write!(f, " bounds {:?}", self.bounds)?;
        }
        if !self.quantiles.is_empty() {
            write!(f, " quantiles {:?}", self.quantiles)?;
        }
        if let Some(native) = self.native {
            write!(f, " {native}")?;
        }
        if !self.states.is_empty() {
            write!(f, " states {:?}", self.states)?;
        }
        if let Some(retention) = self.retention {
            write!(f, " retention {retention:?}")?;
        }
        if let Some(cap) = self.series_max {
            write!(f, " series_max {cap}")?;
        }
        write!(f, " help {:?}", self.help)
    }
}
