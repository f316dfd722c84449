//! What is written of a metric.

use std::sync::Arc;

use crate::model::{Labels, MetricDefinition, is_stale};
use crate::storage::Snapshot;

/// A metric and the current values of its series.
#[derive(Debug, Clone)]
pub struct Current {
    /// The metric.
    pub definition: Arc<MetricDefinition>,
    /// Its series in any order: name, labels and value.
    pub series: Vec<(Arc<str>, Labels, f64)>,
}

impl Current {
    /// Takes the newest sample of each series; series that have ended are
    /// left out.
    #[must_use]
    pub fn newest(definition: Arc<MetricDefinition>, snapshot: &Snapshot) -> Self {
        let series = snapshot
            .iter()
            .filter_map(|series| {
                let value = series.newest()?.value;
                let name = Arc::clone(series.name());
                (!is_stale(value)).then(|| (name, series.labels().clone(), value))
            })
            .collect();
        Self { definition, series }
    }
}
