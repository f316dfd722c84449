//! Why the health room refused something.

use std::sync::Arc;

use thiserror::Error;

/// Why a check, or a request about one, was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HealthError {
    /// A check's name can't be a name.
    #[error("check name {check:?} must be {expected}")]
    Name {
        /// The name as given, cut if it is long.
        check: String,
        /// What a name must be.
        expected: &'static str,
    },
    /// A value lies outside its range.
    #[error("check {check:?}: {field} must be {expected}, got {value}")]
    Value {
        /// The check.
        check: Arc<str>,
        /// The field of the definition.
        field: &'static str,
        /// The value as given.
        value: String,
        /// The range.
        expected: String,
    },
    /// A text that names no group.
    #[error("group {text:?} is not one of liveness, readiness, startup")]
    Group {
        /// The text.
        text: String,
    },
    /// A check of that name exists.
    #[error("check {check:?} exists already")]
    Duplicate {
        /// The check.
        check: Arc<str>,
    },
    /// A dependency names no check.
    #[error("check {check:?} depends on {dependency:?}, which does not exist")]
    MissingDependency {
        /// The check.
        check: Arc<str>,
        /// The missing one.
        dependency: Arc<str>,
    },
    /// A dependency is given twice.
    #[error("check {check:?} names its dependency {dependency:?} twice")]
    DuplicateDependency {
        /// The check.
        check: Arc<str>,
        /// The dependency.
        dependency: Arc<str>,
    },
    /// An any-of group without members could never be satisfied.
    #[error("check {check:?}: the any-of group {group:?} has no members")]
    EmptyGroup {
        /// The check.
        check: Arc<str>,
        /// The group.
        group: Arc<str>,
    },
    /// Checks depend on each other in a circle.
    #[error("checks depend on each other in a cycle: {}", .path.join(" → "))]
    Cycle {
        /// The checks of the circle; the first is also the last.
        path: Vec<Arc<str>>,
    },
    /// A liveness check depends on one that is not: a database's failure
    /// would have the process restarted.
    #[error(
        "liveness check {check:?} depends on {dependency:?}, which is not in the liveness group"
    )]
    LivenessDependency {
        /// The liveness check.
        check: Arc<str>,
        /// Its dependency.
        dependency: Arc<str>,
    },
    /// A check has no way to be carried out, or two.
    #[error("check {check:?} {expected}")]
    Probe {
        /// The check.
        check: Arc<str>,
        /// What it needs.
        expected: &'static str,
    },
    /// No check has that name.
    #[error("check {check:?} does not exist")]
    UnknownCheck {
        /// The name.
        check: String,
    },
    /// A check that others depend on can't go before them.
    #[error("check {check:?} can't be removed: {} depend on it", quoted(.dependents))]
    DependedOn {
        /// The check.
        check: Arc<str>,
        /// The checks that name it as a dependency.
        dependents: Vec<Arc<str>>,
    },
    /// A beat for a check that runs by itself.
    #[error("check {check:?} takes no heartbeat: it runs by itself")]
    NotHeartbeat {
        /// The check.
        check: Arc<str>,
    },
    /// A request to run a check that waits for beats.
    #[error("check {check:?} can't be run: it waits for heartbeats")]
    NotRunnable {
        /// The check.
        check: Arc<str>,
    },
    /// A request to run a check that is blocked.
    #[error("check {check:?} does not run while {root:?} is down")]
    Blocked {
        /// The check.
        check: Arc<str>,
        /// The check at the root of the failure.
        root: Arc<str>,
    },
}

fn quoted(names: &[Arc<str>]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
