//! Everything at a glance, on demand: metrics, alerts, health, components,
//! storage.
//!
//! [`gather`] asks each component and computes the figures on the pool. A
//! component that does not answer costs its own part of the summary and no
//! other: the part is absent, and [`Summary::missing`] says why. The value
//! serialises to JSON and displays as text for a terminal of 100 columns.

mod gather;
mod number;
mod text;

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::Digest;
use keepwatch_engine::alert::Severity;
use keepwatch_engine::health::HealthStatus;
use keepwatch_engine::model::{Labels, MetricKind, Timestamp};
use serde::Serialize;

use crate::supervisor::ComponentStatus;

pub use gather::{Sources, gather};
pub use number::short;

/// The state of everything at one point in time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// When it was taken.
    pub at: Timestamp,
    /// The window of the figures, in seconds; it ends at `at`.
    #[serde(rename = "window_seconds", serialize_with = "seconds")]
    pub window: Duration,
    /// How long it took, in seconds.
    #[serde(rename = "took_seconds", serialize_with = "seconds")]
    pub took: Duration,
    /// The overall health.
    pub health: Option<HealthDigest>,
    /// The alerts that are not inactive, the most severe first.
    pub alerts: Option<Vec<AlertDigest>>,
    /// Each component, in the order they were started.
    pub components: Vec<ComponentStatus>,
    /// What is stored.
    pub storage: Option<StorageDigest>,
    /// Each metric, by name.
    pub metrics: Option<Vec<MetricDigest>>,
    /// The parts that are absent, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
}

/// How the checks stand.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HealthDigest {
    /// The worst of all.
    pub status: HealthStatus,
    /// Each check, by name.
    pub checks: Vec<CheckDigest>,
}

/// How one check stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckDigest {
    /// The check's name.
    pub name: Arc<str>,
    /// Its status.
    pub status: HealthStatus,
    /// Since when.
    pub since: Timestamp,
    /// The failed check that blocks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Arc<str>>,
    /// What the last run said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlertDigest {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The alert's labels.
    pub labels: Labels,
    /// How bad it is.
    pub severity: Severity,
    /// `pending` or `firing`.
    pub state: &'static str,
    /// Since when the condition holds.
    pub since: Timestamp,
    /// The value at the last evaluation.
    pub value: Option<f64>,
    /// Who acknowledged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<Arc<str>>,
}

/// What is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StorageDigest {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have in memory.
    pub samples: usize,
    /// How many bytes of memory these take.
    pub bytes: usize,
    /// What is on disk, if there is a data folder.
    pub disk: Option<DiskDigest>,
    /// How many observations were left out, by reason.
    pub drops: keepwatch_engine::registry::Drops,
}

/// How much is on disk, and what was lost there.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DiskDigest {
    /// How many segments of samples there are.
    pub segments: usize,
    /// How many samples they have.
    pub samples: u64,
    /// How many bytes segments, rollups and the log take.
    pub bytes: u64,
    /// Samples that are in memory only, because the disk refused them.
    pub samples_unlogged: u64,
    /// Why the disk does not take anything at present.
    pub failure: Option<String>,
    /// What was found damaged when the folder was opened, as text.
    pub damage: Option<String>,
    /// Samples in segments that reads found damaged.
    pub samples_damaged: u64,
}

/// One metric and its series.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MetricDigest {
    /// The metric's name.
    pub name: Arc<str>,
    /// What it measures.
    pub kind: MetricKind,
    /// What it means.
    pub help: String,
    /// Its unit; empty if there is none.
    pub unit: String,
    /// The names of its labels.
    pub label_names: Vec<Arc<str>>,
    /// The figures of its series, by labels.
    pub series: Vec<Digest>,
    /// How many series were left out of the list.
    pub series_left_out: usize,
}

/// A part that is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Missing {
    /// The part: `metrics`, `alerts`, `health` or `storage`.
    pub part: &'static str,
    /// Why it is absent.
    pub reason: String,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
