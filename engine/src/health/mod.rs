//! Health checks: the dependency graph and the status machine.
//!
//! The room owns what a check is ([`CheckDefinition`]), what a run found
//! ([`Outcome`]), and the machine that turns outcomes into statuses
//! ([`HealthMachine`]). It runs nothing itself: the owner carries the runs
//! out and hands the outcomes back.
//!
//! What always holds:
//! - The graph of dependencies has no circle.
//! - A check has one run in flight at most, even one that can't be aborted.
//! - A check under a failed dependency does not run. It is
//!   [`Blocked`](HealthStatus::Blocked), and names the check at the root.
//! - When that dependency is back, the check is due at once and stays blocked
//!   until it has been checked again.
//! - A result does not hold for ever: a stale one leaves the check
//!   [`Unknown`](HealthStatus::Unknown), which ranks worse than
//!   [`Up`](HealthStatus::Up). A failure that goes stale frees no dependent.
//! - Liveness hangs on liveness checks alone, readiness on the startup group
//!   first, and a draining process is not ready.

mod check;
mod definition;
mod dependency;
mod document;
mod error;
mod graph;
mod history;
mod kept;
mod machine;
mod outcome;
mod report;
mod schedule;
mod series;
mod settle;
mod status;
#[cfg(test)]
mod tests;

pub use definition::{
    CHECK_NAME_BYTES_MAX, CheckDefinition, ComponentType, JITTER_MAX, PERIOD_MAX, PERIOD_MIN,
};
pub use dependency::Dependency;
pub use document::{CheckObject, HealthDocument, ServiceDescription};
pub use error::HealthError;
pub use history::{HISTORY_LEN_DEFAULT, HealthTransition};
pub use machine::{HealthMachine, Run, RunId};
pub use outcome::{MESSAGE_CHARS_MAX, Observed, Outcome, Verdict};
pub use report::{CheckReport, GroupReport, HealthReport};
pub use series::{
    CHECK_DURATION_SECONDS, CHECK_FAILURES_TOTAL, CHECK_RUNS_TOTAL, CHECK_STATUS,
    series_definitions,
};
pub use status::{Group, Groups, HealthStatus};
