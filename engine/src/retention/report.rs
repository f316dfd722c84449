//! What a cleaning pass did.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Target;
use crate::model::Timestamp;
use crate::storage::Removed;

/// What a cleaning pass removed, or would remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CleaningReport {
    /// When the pass began.
    pub started: Timestamp,
    /// How long it took. Serialises as seconds.
    #[serde(rename = "took_seconds", serialize_with = "seconds")]
    pub took: Duration,
    /// Whether it only counted and removed nothing.
    pub dry_run: bool,
    /// In how many slices it was done, failed ones included.
    pub slices: usize,
    /// Series, samples and bytes in all.
    pub removed: Removed,
    /// The same by metric; one that lost nothing is not there.
    pub by_metric: BTreeMap<Arc<str>, Removed>,
    /// How many entries of the alert history are gone.
    pub alert_history: usize,
    /// How many entries of the health history are gone.
    pub health_history: usize,
    /// What could not be cleaned to its end.
    pub failures: Vec<Failure>,
}

/// A target that was not cleaned to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The target.
    pub target: Target,
    /// Why.
    pub error: String,
}

impl fmt::Display for CleaningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Removed { series, samples, bytes } = self.removed;
        let verb = if self.dry_run { "would remove" } else { "removed" };
        write!(
            f,
            "{verb} {samples} samples and {series} series ({bytes} bytes), {} alert and {} health \
             history entries in {:?} and {} slices",
            self.alert_history, self.health_history, self.took, self.slices
        )?;
        for Failure { target, error } in &self.failures {
            write!(f, "; {target}: {error}")?;
        }
        Ok(())
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
