//! How long things are kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use super::RetentionError;
use crate::model::{Timestamp, check_metric_name};
use crate::registry::SampleRetention;

/// Twenty-four hours.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The shortest time that anything is kept: 1 min.
pub const KEPT_MIN: Duration = Duration::from_secs(60);

/// The longest time that anything is kept: 10 years of 365 days.
pub const KEPT_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// How long samples, series and histories are kept.
///
/// Valid by construction: make one with [`Policy::builder`]. Results of
/// aggregations are metrics like others and have their retention by name.
/// Serialises with every time in seconds, and deserialises through the checks
/// of the builder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Form")]
pub struct Policy {
    samples: Duration,
    by_metric: BTreeMap<Arc<str>, Duration>,
    idle_after: Option<Duration>,
    alert_history: Duration,
    health_history: Duration,
}

impl Policy {
    /// Starts a policy from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder::default()
    }

    /// Returns how long samples are kept whose metric has no retention of its
    /// own; 7 days by default.
    #[must_use]
    pub const fn samples(&self) -> Duration {
        self.samples
    }

    /// Returns the retention of single metrics; it goes before that of the
    /// metric's definition.
    #[must_use]
    pub const fn by_metric(&self) -> &BTreeMap<Arc<str>, Duration> {
        &self.by_metric
    }

    /// Returns after how long without a sample a series goes; 7 days by
    /// default, `None` if only with its last sample.
    #[must_use]
    pub const fn idle_after(&self) -> Option<Duration> {
        self.idle_after
    }

    /// Returns how long the history of alerts is kept; as samples by default.
    #[must_use]
    pub const fn alert_history(&self) -> Duration {
        self.alert_history
    }

    /// Returns how long the history of health is kept; as samples by default.
    #[must_use]
    pub const fn health_history(&self) -> Duration {
        self.health_history
    }

    /// Returns the part that the registry carries out.
    #[must_use]
    pub fn sample_retention(&self) -> SampleRetention {
        SampleRetention {
            samples: self.samples,
            by_metric: self.by_metric.iter().map(|(name, kept)| (name.clone(), *kept)).collect(),
            idle_after: self.idle_after,
        }
    }

    /// Returns the first point in time of the alert history to keep.
    #[must_use]
    pub fn alert_history_before(&self, now: Timestamp) -> Timestamp {
        now - self.alert_history
    }

    /// Returns the first point in time of the health history to keep.
    #[must_use]
    pub fn health_history_before(&self, now: Timestamp) -> Timestamp {
        now - self.health_history
    }
}

impl Default for Policy {
    fn default() -> Self {
        let samples = 7 * DAY;
        Self {
            samples,
            by_metric: BTreeMap::new(),
            idle_after: Some(samples),
            alert_history: samples,
            health_history: samples,
        }
    }
}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut policy = serializer.serialize_struct("Policy", 5)?;
        policy.serialize_field("samples_seconds", &self.samples.as_secs_f64())?;
        policy.serialize_field("by_metric_seconds", &SecondsByName(&self.by_metric))?;
        let idle_after = self.idle_after.map(|after| after.as_secs_f64());
        policy.serialize_field("idle_after_seconds", &idle_after)?;
        policy.serialize_field("alert_history_seconds", &self.alert_history.as_secs_f64())?;
        policy.serialize_field("health_history_seconds", &self.health_history.as_secs_f64())?;
        policy.end()
    }
}

/// A policy as it comes in.
#[derive(Deserialize)]
struct Form {
    samples_seconds: f64,
    #[serde(default)]
    by_metric_seconds: BTreeMap<Arc<str>, f64>,
    idle_after_seconds: Option<f64>,
    alert_history_seconds: f64,
    health_history_seconds: f64,
}

impl TryFrom<Form> for Policy {
    type Error = RetentionError;

    fn try_from(form: Form) -> Result<Self, RetentionError> {
        // What is no duration is none that may be kept, and is refused as
        // such.
        let span = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        let by_metric = form.by_metric_seconds.into_iter();
        let builder = PolicyBuilder {
            samples: span(form.samples_seconds),
            by_metric: by_metric.map(|(name, seconds)| (name, span(seconds))).collect(),
            idle_after: form.idle_after_seconds.map(span),
            alert_history: Some(span(form.alert_history_seconds)),
            health_history: Some(span(form.health_history_seconds)),
        };
        builder.build()
    }
}

struct SecondsByName<'a>(&'a BTreeMap<Arc<str>, Duration>);

impl Serialize for SecondsByName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, kept) in self.0 {
            map.serialize_entry(name, &kept.as_secs_f64())?;
        }
        map.end()
    }
}

/// A [`Policy`] in the making. Every time must lie between [`KEPT_MIN`] and
/// [`KEPT_MAX`].
#[derive(Debug, Clone)]
#[must_use = "a policy is made by `build`"]
pub struct PolicyBuilder {
    samples: Duration,
    by_metric: BTreeMap<Arc<str>, Duration>,
    idle_after: Option<Duration>,
    alert_history: Option<Duration>,
    health_history: Option<Duration>,
}

impl Default for PolicyBuilder {
    fn default() -> Self {
        let Policy { samples, by_metric, idle_after, .. } = Policy::default();
        Self { samples, by_metric, idle_after, alert_history: None, health_history: None }
    }
}

impl PolicyBuilder {
    /// Keeps samples for `kept`; 7 days by default.
    pub fn samples(mut self, kept: Duration) -> Self {
        self.samples = kept;
        self
    }

    /// Keeps the samples of one metric for `kept`, whatever its definition
    /// says. Of a histogram or summary, all component series.
    pub fn metric(mut self, metric: impl Into<Arc<str>>, kept: Duration) -> Self {
        self.by_metric.insert(metric.into(), kept);
        self
    }

    /// Removes a series, its samples included, after `idle` without a new
    /// one; 7 days by default. It begins anew when it is written again.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.idle_after = Some(idle);
        self
    }

    /// Keeps idle series for as long as they have samples.
    pub fn never_idle(mut self) -> Self {
        self.idle_after = None;
        self
    }

    /// Keeps the history of alerts for `kept`; as samples by default.
    pub fn alert_history(mut self, kept: Duration) -> Self {
        self.alert_history = Some(kept);
        self
    }

    /// Keeps the history of health for `kept`; as samples by default.
    pub fn health_history(mut self, kept: Duration) -> Self {
        self.health_history = Some(kept);
        self
    }

    /// Checks the policy.
    ///
    /// # Errors
    /// The first time that is out of its range, or the first name of a metric
    /// that is not valid.
    pub fn build(self) -> Result<Policy, RetentionError> {
        let samples = checked("retention.samples", self.samples)?;
        for (metric, &kept) in &self.by_metric {
            check_metric_name(metric)?;
            checked(&format!("retention.metrics.{metric}"), kept)?;
        }
        if let Some(idle) = self.idle_after {
            checked("retention.idle", idle)?;
        }
        let alert_history = self.alert_history.unwrap_or(samples);
        let health_history = self.health_history.unwrap_or(samples);
        Ok(Policy {
            samples,
            by_metric: self.by_metric,
            idle_after: self.idle_after,
            alert_history: checked("retention.alerts", alert_history)?,
            health_history: checked("retention.health", health_history)?,
        })
    }
}

fn checked(key: &str, value: Duration) -> Result<Duration, RetentionError> {
    if (KEPT_MIN..=KEPT_MAX).contains(&value) {
        return Ok(value);
    }
    Err(RetentionError::OutOfRange { key: key.to_owned(), value, min: KEPT_MIN, max: KEPT_MAX })
}
