//! Metric definitions.

mod builder;
mod error;
mod form;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use builder::{DEFAULT_BOUNDS, DEFAULT_QUANTILES, DefinitionBuilder};
pub use error::DefinitionError;
use form::Form;

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
}

impl MetricKind {
    /// Returns the kind's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
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
        if let Some(retention) = self.retention {
            write!(f, " retention {retention:?}")?;
        }
        if let Some(cap) = self.series_max {
            write!(f, " series_max {cap}")?;
        }
        write!(f, " help {:?}", self.help)
    }
}
