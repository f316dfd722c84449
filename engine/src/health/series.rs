//! The results of checks as series.

use crate::model::{DefinitionError, MetricDefinition, Record};

use super::HealthMachine;
use super::check::Check;

/// Gauge by `check`: 1 up, 0.5 degraded, 0 down or blocked; no sample while
/// unknown.
pub const CHECK_STATUS: &str = "keepwatch_health_status";
/// Gauge by `check`: how long the last run took, in seconds.
pub const CHECK_DURATION_SECONDS: &str = "keepwatch_health_check_duration_seconds";
/// Counter by `check`: results.
pub const CHECK_RUNS_TOTAL: &str = "keepwatch_health_check_runs_total";
/// Counter by `check`: failures among the results.
pub const CHECK_FAILURES_TOTAL: &str = "keepwatch_health_check_failures_total";

/// Defines the metrics that [`HealthMachine::records`] fills.
///
/// # Errors
/// None in practice: the names are constants that a test checks.
pub fn series_definitions() -> Result<Vec<MetricDefinition>, DefinitionError> {
    [
        MetricDefinition::gauge(CHECK_STATUS)
            .help("Status of a health check: 1 up, 0.5 degraded, 0 down or blocked."),
        MetricDefinition::gauge(CHECK_DURATION_SECONDS)
            .help("Duration of the last run of a health check.")
            .unit("seconds"),
        MetricDefinition::counter(CHECK_RUNS_TOTAL).help("Results of a health check."),
        MetricDefinition::counter(CHECK_FAILURES_TOTAL).help("Failures of a health check."),
    ]
    .into_iter()
    .map(|definition| definition.labels(["check"]).build())
    .collect()
}

impl HealthMachine {
    /// Returns how every check stands as records for the registry.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.checks.values().flat_map(check_records).collect()
    }

    /// Returns how one check stands as records; none if it does not exist.
    #[must_use]
    pub fn records_of(&self, check: &str) -> Vec<Record> {
        self.checks.get(check).map(check_records).unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "series hold doubles")]
fn check_records(check: &Check) -> Vec<Record> {
    let of = |metric: &str, value: f64| {
        Record::set(metric, value).label("check", check.definition.name.clone())
    };
    let mut records = Vec::with_capacity(4);
    if let Some(value) = check.status.series_value() {
        records.push(of(CHECK_STATUS, value));
    }
    if check.is_new() {
        return records;
    }
    if let Some(duration) = check.duration.filter(|_| !check.is_heartbeat()) {
        records.push(of(CHECK_DURATION_SECONDS, duration.as_secs_f64()));
    }
    records.push(of(CHECK_RUNS_TOTAL, check.runs_total as f64));
    records.push(of(CHECK_FAILURES_TOTAL, check.failures_total as f64));
    records
}
