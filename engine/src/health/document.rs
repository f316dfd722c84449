//! application/health+json. Source: draft-inadarei-api-health-check-06.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::{CheckReport, Group, HealthReport, HealthStatus};
use crate::model::Timestamp;

/// What the service says of itself at the top of its health document. Empty
/// fields are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceDescription {
    /// The public version of the service's interface.
    pub version: Option<Arc<str>>,
    /// The release that runs.
    pub release_id: Option<Arc<str>>,
    /// A unique id of the service.
    pub service_id: Option<Arc<str>>,
    /// What the service is, for people.
    pub description: Option<Arc<str>>,
}

/// A health document: serialise it and send it as `application/health+json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthDocument {
    /// `pass`, `warn` or `fail`.
    pub status: &'static str,
    /// The public version of the service's interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<Arc<str>>,
    /// The release that runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_id: Option<Arc<str>>,
    /// Notes on the state, for people.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it does not pass; left out when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// A unique id of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_id: Option<Arc<str>>,
    /// What the service is, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Arc<str>>,
    /// The checks, by `component:measurement`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, Vec<CheckObject>>,
}

/// One check of a health document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckObject {
    /// The check's name.
    pub component_id: Arc<str>,
    /// `component`, `datastore` or `system`.
    pub component_type: &'static str,
    /// What was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_value: Option<f64>,
    /// The unit of what was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_unit: Option<Arc<str>>,
    /// `pass`, `warn` or `fail`.
    pub status: &'static str,
    /// The endpoints that are affected; left out on pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affected_endpoints: Vec<Arc<str>>,
    /// When it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Why it does not pass; left out when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Arc<str>>,
}

impl HealthDocument {
    /// Makes the document of everything, or of one group.
    ///
    /// A check that observes no value of its own is given its response time.
    #[must_use]
    pub fn new(report: &HealthReport, group: Option<Group>, service: &ServiceDescription) -> Self {
        let (status, reason) = match group {
            Some(group) => {
                let group = report.group(group);
                (group.status, group.reason.clone())
            }
            None => (report.status, None),
        };
        let mut checks: BTreeMap<String, Vec<CheckObject>> = BTreeMap::new();
        let mut failed = Vec::new();
        for check in &report.checks {
            if group.is_some_and(|group| !check.groups.contains(group)) {
                continue;
            }
            if !check.status.is_passing() {
                failed.push(format!("{} {}", check.name, check.status));
            }
            let (key, object) = object(check);
            checks.entry(key).or_default().push(object);
        }
        let explained = reason.or_else(|| (!failed.is_empty()).then(|| failed.join(", ")));
        Self {
            status: word(status),
            version: service.version.clone(),
            release_id: service.release_id.clone(),
            notes: report.is_draining.then(|| "shutting down".to_owned()).into_iter().collect(),
            output: explained.filter(|_| status != HealthStatus::Up),
            service_id: service.service_id.clone(),
            description: service.description.clone(),
            checks,
        }
    }
}

fn object(check: &CheckReport) -> (String, CheckObject) {
    // A colon parts component from measurement, so neither may have one.
    let component = check.name.replace(':', ".");
    let (measurement, value, unit) = match &check.observed {
        Some(observed) => (
            check.measurement.replace(':', "."),
            observed.value.is_finite().then_some(observed.value),
            Some(observed.unit.clone()).filter(|unit| !unit.is_empty()),
        ),
        None => (
            "responseTime".to_owned(),
            check.duration.map(|duration| duration.as_secs_f64() * 1_000.0),
            check.duration.map(|_| "ms".into()),
        ),
    };
    let passes = check.status == HealthStatus::Up;
    let object = CheckObject {
        component_id: check.name.clone(),
        component_type: check.component_type.as_str(),
        observed_value: value,
        observed_unit: unit,
        status: word(check.status),
        affected_endpoints: if passes { Vec::new() } else { check.affected_endpoints.clone() },
        time: check.last_check,
        output: check.message.clone().filter(|_| !passes),
    };
    (format!("{component}:{measurement}"), object)
}

const fn word(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Up => "pass",
        HealthStatus::Degraded => "warn",
        HealthStatus::Unknown | HealthStatus::Blocked | HealthStatus::Down => "fail",
    }
}
