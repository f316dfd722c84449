//! What is kept of the checks, and how they go on from there.
//!
//! Checks hold code, so the program adds them anew with each start; how a
//! check stood is kept by its name and taken up when it is added.
//!
//! - A failure is taken up as it was, if it is not stale: the check is down
//!   since then, holds its dependents back, and needs its `rise` to come up.
//! - Nothing else is: a new process has proved nothing yet, so the check is
//!   unknown until its first result. If that is what it was before, nothing
//!   has changed: it keeps its `since`, and nobody is told.
//! - A check of heartbeats waits a whole time to live for the first one,
//!   because nobody could send it one meanwhile.
//! - Counts of runs and failures begin at zero, as counters of a new process
//!   do.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::check::Check;
use super::{HealthMachine, HealthStatus, HealthTransition};
use crate::model::Timestamp;
use crate::storage::state::{Batch, Contents, Stored, Table};

/// What is kept of one check. Of one that passes no time of a run is kept,
/// as that would be a write with each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptCheck {
    pub(super) status: HealthStatus,
    pub(super) since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_failure: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_success: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    #[serde(default)]
    consecutive_failures: u32,
}

impl KeptCheck {
    fn of(check: &Check) -> Arc<Self> {
        if let Some(before) = &check.before {
            return Arc::clone(before);
        }
        let failed = check.status == HealthStatus::Down;
        Arc::new(Self {
            status: check.status,
            since: check.since,
            message: check.message.clone(),
            last_failure: check.last_failure,
            last_success: check.last_success.filter(|_| failed),
            failing_since: check.failing_since.filter(|_| failed),
            consecutive_failures: if failed { check.consecutive_failures } else { 0 },
        })
    }

    /// Returns the latest point in time that it speaks of.
    pub(super) fn last_seen(&self) -> Timestamp {
        self.last_failure.unwrap_or(self.since).max(self.since)
    }
}

impl Check {
    /// Takes up how a check of this name stood.
    pub(super) fn adopt(&mut self, kept: Arc<KeptCheck>, now: Timestamp) {
        self.last_failure = kept.last_failure;
        self.last_success = kept.last_success;
        let is_fresh = |at: &Timestamp| now.since(*at) <= self.definition.stale_limit();
        let failed = kept.status == HealthStatus::Down && !self.is_heartbeat();
        let Some(last) = kept.last_failure.filter(is_fresh).filter(|_| failed) else {
            self.before = Some(kept);
            return;
        };
        self.standing = HealthStatus::Down;
        self.status = HealthStatus::Down;
        self.since = kept.since;
        self.holds_dependents = true;
        self.message = kept.message.clone();
        self.last_check = Some(last);
        self.failing_since = kept.failing_since;
        self.consecutive_failures = kept.consecutive_failures;
    }
}

impl HealthMachine {
    /// Takes in what was kept, before any check is added.
    pub fn restore(&mut self, contents: &mut Contents) {
        let checks = contents.take::<KeptCheck>(Table::HealthStates).into_iter();
        self.unclaimed =
            Arc::new(checks.map(|(name, kept)| (name.into(), Arc::new(kept))).collect());
        let history = contents.take_sequence::<HealthTransition>(Table::HealthHistory);
        Arc::make_mut(&mut self.history).restore(history);
    }

    fn kept(&self, name: &str) -> Option<Arc<KeptCheck>> {
        let check = self.checks.get(name).map(KeptCheck::of);
        check.or_else(|| self.unclaimed.get(name).cloned())
    }
}

impl Stored for HealthMachine {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        for name in self.checks.keys().chain(self.unclaimed.keys()) {
            if let Some(kept) = self.kept(name)
                && saved.kept(name).as_ref() != Some(&kept)
            {
                batch.put(Table::HealthStates, name.as_ref(), &kept);
            }
        }
        for name in saved.checks.keys().chain(saved.unclaimed.keys()) {
            if self.kept(name).is_none() {
                batch.remove(Table::HealthStates, name.as_ref());
            }
        }
        if !Arc::ptr_eq(&self.history, &saved.history) {
            self.history.changes_since(&saved.history, batch);
        }
    }
}
