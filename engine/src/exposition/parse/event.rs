//! What a parser gives.

use std::fmt;
use std::sync::Arc;

use crate::model::{Labels, LabelsError, MetricKind, Timestamp};

/// One thing read from a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A family begins. It comes once a family, before its samples, with
    /// everything that the text says of it ahead of them.
    Family(Arc<Family>),
    /// A sample of a family that was announced before.
    Sample(SampleLine),
}

/// A metric family: the samples that share a name, type, unit and help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The name without the suffixes of its samples; in OpenMetrics a counter
    /// `x` has samples `x_total`.
    pub name: Arc<str>,
    /// The type.
    pub kind: FamilyKind,
    /// The unit, such as `seconds`; empty if there is none.
    pub unit: String,
    /// The help text, unescaped; empty if there is none.
    pub help: String,
}

impl Family {
    /// Returns what a sample of this name is within the family; `None` if it
    /// does not belong to it.
    #[must_use]
    pub fn role(&self, sample: &str) -> Option<Role> {
        let suffix = sample.strip_prefix(&*self.name)?;
        let roles = self.kind.suffixes();
        roles.iter().find(|(own, _)| *own == suffix).map(|&(_, role)| role)
    }

    /// Returns the names that no other family may have: its own and those of
    /// its samples.
    pub(in crate::exposition) fn names(&self) -> impl Iterator<Item = String> {
        let suffixes = self.kind.suffixes().iter().map(|(suffix, _)| *suffix);
        let others = suffixes.filter(|suffix| !suffix.is_empty());
        std::iter::once("").chain(others).map(|suffix| format!("{}{suffix}", self.name))
    }
}

/// The type of a family, in the terms of OpenMetrics 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FamilyKind {
    /// Nothing is known of the values; `untyped` in the Prometheus format.
    Unknown,
    /// A value that goes up and down.
    Gauge,
    /// A running total.
    Counter,
    /// Cumulative buckets, a sum and a count that only grow.
    Histogram,
    /// Cumulative buckets, a sum and a count that also fall.
    GaugeHistogram,
    /// Quantiles, a sum and a count.
    Summary,
    /// Labels that describe something; the value is 1.
    Info,
    /// Named states that are each 0 or 1.
    StateSet,
}

impl FamilyKind {
    const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Gauge,
        Self::Counter,
        Self::Histogram,
        Self::GaugeHistogram,
        Self::Summary,
        Self::Info,
        Self::StateSet,
    ];

    /// Returns the type's name in OpenMetrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// Returns the type of this OpenMetrics name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns the kind that this project stores such a family as. What it
    /// has no kind for is a gauge, which takes every value; the parts of a
    /// gauge histogram have none as a whole.
    #[must_use]
    pub const fn metric_kind(self) -> Option<MetricKind> {
        match self {
            Self::Counter => Some(MetricKind::Counter),
            Self::Histogram => Some(MetricKind::Histogram),
            Self::Summary => Some(MetricKind::Summary),
            Self::Unknown | Self::Gauge | Self::Info | Self::StateSet => Some(MetricKind::Gauge),
            Self::GaugeHistogram => None,
        }
    }

    /// Returns the suffixes of the family's samples, with what each means.
    const fn suffixes(self) -> &'static [(&'static str, Role)] {
        match self {
            Self::Unknown | Self::Gauge => &[("", Role::Value)],
            Self::Counter => &[("_total", Role::Total), ("_created", Role::Created)],
            Self::Histogram => &[
                ("_bucket", Role::Bucket),
                ("_sum", Role::Sum),
                ("_count", Role::Count),
                ("_created", Role::Created),
            ],
            Self::GaugeHistogram => {
                &[("_bucket", Role::Bucket), ("_gsum", Role::Sum), ("_gcount", Role::Count)]
            }
            Self::Summary => &[
                ("", Role::Quantile),
                ("_sum", Role::Sum),
                ("_count", Role::Count),
                ("_created", Role::Created),
            ],
            Self::Info => &[("_info", Role::Info)],
            Self::StateSet => &[("", Role::State)],
        }
    }
}

impl fmt::Display for FamilyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a sample is within its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The value of a gauge or of a family of unknown type.
    Value,
    /// A counter's running total.
    Total,
    /// A cumulative bucket, whose bound is the label `le`.
    Bucket,
    /// A quantile, which is the label `quantile`.
    Quantile,
    /// The sum of the measurements.
    Sum,
    /// The number of measurements.
    Count,
    /// When the total, histogram or summary began, in Unix seconds.
    Created,
    /// The 1 of an info.
    Info,
    /// A state, whose name is the value of the label named as the family.
    State,
}

/// A sample as a line has it.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleLine {
    /// The family it belongs to.
    pub family: Arc<Family>,
    /// What it is within the family.
    pub role: Role,
    /// The sample's own name, suffix included.
    pub name: String,
    /// The labels in the order of the text, each name once, unescaped. The
    /// Prometheus format allows names of any characters.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// When the value held; `None` if the text does not say. Finer than a
    /// millisecond is rounded, beyond the range of `i64` saturates.
    pub at: Option<Timestamp>,
    /// The exemplar, if there is one.
    pub exemplar: Option<Exemplar>,
}

impl SampleLine {
    /// Takes the labels as a label set of the model.
    ///
    /// # Errors
    /// Names that the model does not allow.
    pub fn label_set(&self) -> Result<Labels, LabelsError> {
        Labels::foreign(self.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// An event that a sample counted, with a reference such as a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// The labels in the order of the text, each name once.
    pub labels: Vec<(String, String)>,
    /// The measured value.
    pub value: f64,
    /// When it was measured.
    pub at: Option<Timestamp>,
}
