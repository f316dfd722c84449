//! What the health checker keeps.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use keepwatch_engine::health::{HealthError, HealthMachine, HealthReport};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::storage::state::{Batch, Contents, Stored};
use tokio::sync::Semaphore;

use super::messages::AddCheck;
use super::probe::Probe;

/// All that outlives an incarnation of the health checker: definitions,
/// states and history, and the probes. Cheap to clone.
#[derive(Clone, Default)]
pub struct HealthState {
    pub(super) machine: HealthMachine,
    pub(super) probes: BTreeMap<Arc<str>, ArmedProbe>,
}

/// A probe and the right to run it.
#[derive(Clone)]
pub(super) struct ArmedProbe {
    pub(super) probe: Arc<dyn Probe>,
    /// One permit, which a run holds until it has really ended: one that
    /// can't be aborted holds it across restarts of the component.
    pub(super) turn: Arc<Semaphore>,
}

impl HealthState {
    /// Creates a state without checks that remembers at most `history_len`
    /// status changes.
    #[must_use]
    pub fn with_history_len(history_len: usize) -> Self {
        Self { machine: HealthMachine::with_history_len(history_len), ..Self::default() }
    }

    /// Creates a state of what was kept: how checks stood, for those that
    /// are added again, and the history.
    #[must_use]
    pub fn restore(contents: &mut Contents) -> Self {
        let mut state = Self::default();
        state.machine.restore(contents);
        state
    }

    /// Adds checks that may depend on each other, in any order.
    ///
    /// # Errors
    /// As [`HealthMachine::add`], and a probe that is missing or too many;
    /// then none is added.
    pub fn add(
        &mut self,
        checks: impl IntoIterator<Item = AddCheck>,
        now: Timestamp,
    ) -> Result<(), HealthError> {
        let mut definitions = Vec::new();
        let mut probes = Vec::new();
        for AddCheck { definition, probe } in checks {
            let check = definition.name.clone();
            match (probe, definition.heartbeat) {
                (Some(probe), None) => {
                    let turn = Arc::new(Semaphore::new(1));
                    probes.push((check, ArmedProbe { probe, turn }));
                }
                (None, Some(_)) => {}
                (Some(_), Some(_)) => {
                    let expected = "waits for heartbeats and takes no probe";
                    return Err(HealthError::Probe { check, expected });
                }
                (None, None) => {
                    let expected = "needs a probe, or a time to live for heartbeats";
                    return Err(HealthError::Probe { check, expected });
                }
            }
            definitions.push(definition);
        }
        self.machine.add_all(definitions, now)?;
        self.probes.extend(probes);
        Ok(())
    }

    /// Removes a check that no other depends on.
    pub(super) fn remove(&mut self, check: &str) -> Result<(), HealthError> {
        self.machine.remove(check)?;
        self.probes.remove(check);
        Ok(())
    }

    /// Reports how everything stands at `now`, results that went stale since
    /// included: what an endpoint reads, which needs no component for it.
    #[must_use]
    pub fn report(&self, now: Timestamp) -> HealthReport {
        let mut machine = self.machine.clone();
        // Whoever only looks tells no subscriber.
        drop(machine.tick(now));
        machine.report(now)
    }

    /// Says whether a run of the check still holds its turn.
    pub(super) fn is_running(&self, check: &str) -> bool {
        self.probes.get(check).is_some_and(|armed| armed.turn.available_permits() == 0)
    }
}

impl Stored for HealthState {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        self.machine.changes_since(&saved.machine, batch);
    }
}

impl fmt::Debug for HealthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthState").field("machine", &self.machine).finish_non_exhaustive()
    }
}
