//! How everything stands, as a typed value.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::check::Check;
use super::{ComponentType, Dependency, Group, Groups, HealthMachine, HealthStatus, Observed};
use crate::model::Timestamp;

/// How everything stands at one point in time. Displays as readable text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HealthReport {
    /// When the report was made.
    pub at: Timestamp,
    /// The worst status of all checks; up if there are none.
    pub status: HealthStatus,
    /// The process is shutting down and is not ready for that reason.
    pub is_draining: bool,
    /// Should the process be restarted?
    pub liveness: GroupReport,
    /// May the process be sent requests?
    pub readiness: GroupReport,
    /// Has the process come up?
    pub startup: GroupReport,
    /// Every check, by name.
    pub checks: Vec<CheckReport>,
}

/// How a group of checks stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupReport {
    /// The group's status; it passes when up or degraded.
    pub status: HealthStatus,
    /// Why it does not pass, where that is not one check's doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The names of its checks.
    pub checks: Vec<Arc<str>>,
}

/// How one check stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckReport {
    /// The check's name.
    pub name: Arc<str>,
    /// The type of the thing that it looks at.
    pub component_type: ComponentType,
    /// The groups that it counts for.
    pub groups: Groups,
    /// What it needs of others.
    pub dependencies: Vec<Dependency>,
    /// Its status.
    pub status: HealthStatus,
    /// When it took on that status.
    pub since: Timestamp,
    /// The check at the root of the failure, if it is blocked.
    pub root: Option<Arc<str>>,
    /// Why it stands as it does, as far as it is known.
    pub message: Option<Arc<str>>,
    /// What the last run measured.
    pub observed: Option<Observed>,
    /// What `observed` measures.
    pub measurement: Arc<str>,
    /// How long the last run took. Serialises as seconds.
    #[serde(rename = "duration_seconds", serialize_with = "seconds")]
    pub duration: Option<Duration>,
    /// When the last result came.
    pub last_check: Option<Timestamp>,
    /// When the last good result came.
    pub last_success: Option<Timestamp>,
    /// When the last failure came.
    pub last_failure: Option<Timestamp>,
    /// Failures since the last success.
    pub consecutive_failures: u32,
    /// Successes since the last failure.
    pub consecutive_successes: u32,
    /// Results in all.
    pub runs_total: u64,
    /// Failures in all.
    pub failures_total: u64,
    /// The last result is too old to count.
    pub is_stale: bool,
    /// When the run that is in flight was started.
    pub in_flight_since: Option<Timestamp>,
    /// The run that is in flight timed out and could not be aborted.
    pub is_overrun: bool,
    /// When it runs next, or when its heartbeat expires; none while blocked.
    pub next_due: Option<Timestamp>,
    /// The endpoints that its failure affects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub affected_endpoints: Vec<Arc<str>>,
}

impl HealthReport {
    /// Returns the report of one group.
    #[must_use]
    pub const fn group(&self, group: Group) -> &GroupReport {
        match group {
            Group::Liveness => &self.liveness,
            Group::Readiness => &self.readiness,
            Group::Startup => &self.startup,
        }
    }

    /// Returns the report of one check.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckReport> {
        self.checks.iter().find(|check| check.name.as_ref() == name)
    }
}

impl fmt::Display for HealthReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "health {}", self.status)?;
        for group in Group::ALL {
            let report = self.group(group);
            write!(f, ", {group} {}", report.status)?;
            if let Some(reason) = &report.reason {
                write!(f, " ({reason})")?;
            }
        }
        let width = self.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
        for check in &self.checks {
            match &check.message {
                Some(message) => {
                    write!(f, "\n  {:<width$}  {:<8}  {message}", check.name, check.status)?;
                }
                None => write!(f, "\n  {:<width$}  {}", check.name, check.status)?,
            }
        }
        Ok(())
    }
}

impl HealthMachine {
    /// Reports how everything stands. Call [`tick`](Self::tick) first, so that
    /// what has gone stale is seen.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> HealthReport {
        HealthReport {
            at: now,
            status: worst(self.checks.values()),
            is_draining: self.is_draining,
            liveness: self.liveness(),
            readiness: self.readiness(),
            startup: self.startup(),
            checks: self.checks.values().map(|check| self.check_report(check, now)).collect(),
        }
    }

    /// A liveness check that has not run yet does not count: a process that
    /// has just started is alive.
    fn liveness(&self) -> GroupReport {
        let status = worst(self.members(Group::Liveness).filter(|check| !check.is_new()));
        self.group_report(Group::Liveness, status, None)
    }

    fn readiness(&self) -> GroupReport {
        let waiting = |group| names(self.members(group).filter(|check| !check.status.is_passing()));
        let new = names(self.members(Group::Readiness).filter(|check| check.is_new()));
        let reason = if self.is_draining {
            Some("shutting down".to_owned())
        } else if !self.startup_passed() {
            Some(format!("waiting for the startup checks: {}", waiting(Group::Startup)))
        } else if !new.is_empty() {
            Some(format!("waiting for the first result of: {new}"))
        } else {
            None
        };
        let status = match reason {
            Some(_) => HealthStatus::Down,
            None => worst(self.members(Group::Readiness)),
        };
        self.group_report(Group::Readiness, status, reason)
    }

    /// The startup group passes once and for all.
    fn startup(&self) -> GroupReport {
        let status =
            if self.has_started { HealthStatus::Up } else { worst(self.members(Group::Startup)) };
        self.group_report(Group::Startup, status, None)
    }

    fn startup_passed(&self) -> bool {
        self.has_started || self.members(Group::Startup).next().is_none()
    }

    fn members(&self, group: Group) -> impl Iterator<Item = &Check> {
        self.checks.values().filter(move |check| check.definition.groups.contains(group))
    }

    fn group_report(
        &self,
        group: Group,
        status: HealthStatus,
        reason: Option<String>,
    ) -> GroupReport {
        let checks = self.members(group).map(|check| check.definition.name.clone()).collect();
        GroupReport { status, reason, checks }
    }

    fn check_report(&self, check: &Check, now: Timestamp) -> CheckReport {
        let definition = &check.definition;
        CheckReport {
            name: definition.name.clone(),
            component_type: definition.component_type,
            groups: definition.groups,
            dependencies: definition.dependencies.clone(),
            status: check.status,
            since: check.since,
            root: check.root().cloned(),
            message: self.message(check),
            observed: check.observed.clone(),
            measurement: definition.measurement.clone(),
            duration: check.duration,
            last_check: check.last_check,
            last_success: check.last_success,
            last_failure: check.last_failure,
            consecutive_failures: check.consecutive_failures,
            consecutive_successes: check.consecutive_successes,
            runs_total: check.runs_total,
            failures_total: check.failures_total,
            is_stale: check.is_stale,
            in_flight_since: check.in_flight.as_ref().map(|run| run.started),
            is_overrun: check.in_flight.as_ref().is_some_and(|run| run.is_overrun),
            next_due: check.next_run(now),
            affected_endpoints: definition.affected_endpoints.clone(),
        }
    }
}

fn worst<'a>(checks: impl Iterator<Item = &'a Check>) -> HealthStatus {
    checks.map(|check| check.status).max().unwrap_or(HealthStatus::Up)
}

fn names<'a>(checks: impl Iterator<Item = &'a Check>) -> String {
    checks.map(|check| check.definition.name.as_ref()).collect::<Vec<_>>().join(", ")
}

#[expect(clippy::ref_option, reason = "the shape that serde asks for")]
fn seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration.map(|duration| duration.as_secs_f64()).serialize(serializer)
}
