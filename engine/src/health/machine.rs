//! All checks together: what runs when, and what failures make of others.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::check::{Check, Gate};
use super::graph::DependencyGraph;
use super::history::{HISTORY_LEN_DEFAULT, TransitionHistory};
use super::kept::KeptCheck;
use super::{CheckDefinition, HealthError, HealthTransition, Outcome};
use crate::model::{TimeRange, Timestamp};

/// Names one run of one check; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(u64);

/// A run to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The check.
    pub check: Arc<str>,
    /// The run, to be handed back with its outcome.
    pub id: RunId,
    /// How long it may take.
    pub timeout: Duration,
}

/// All checks, their graph, their states and the history of their changes.
///
/// Cheap to clone: what outlives an owner is a copy of the machine.
///
/// The owner calls [`tick`](Self::tick) and [`due`](Self::due) whenever
/// [`next_due`](Self::next_due) comes, carries the runs out, and hands each
/// outcome to [`finished`](Self::finished). What these return is what
/// subscribers are told.
#[derive(Debug, Clone)]
pub struct HealthMachine {
    pub(super) checks: BTreeMap<Arc<str>, Check>,
    pub(super) graph: Arc<DependencyGraph>,
    pub(super) history: Arc<TransitionHistory>,
    /// How checks stood that have not been added again.
    pub(super) unclaimed: Arc<BTreeMap<Arc<str>, Arc<KeptCheck>>>,
    runs: u64,
    pub(super) is_draining: bool,
    pub(super) has_started: bool,
}

impl Default for HealthMachine {
    fn default() -> Self {
        Self::new()
    }
}

impl HealthMachine {
    /// Creates a machine without checks that remembers
    /// [`HISTORY_LEN_DEFAULT`] transitions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_history_len(HISTORY_LEN_DEFAULT)
    }

    /// Creates a machine without checks that remembers `len_max` transitions.
    #[must_use]
    pub fn with_history_len(len_max: usize) -> Self {
        Self {
            checks: BTreeMap::new(),
            graph: Arc::default(),
            history: Arc::new(TransitionHistory::new(len_max)),
            unclaimed: Arc::default(),
            runs: 0,
            is_draining: false,
            has_started: false,
        }
    }

    /// Adds a check; its dependencies must be there. It is due within a
    /// second.
    ///
    /// # Errors
    /// A value out of range, a name that is taken, a dependency that does not
    /// exist, a cycle, a liveness check that depends on one that is not.
    pub fn add(&mut self, check: CheckDefinition, now: Timestamp) -> Result<(), HealthError> {
        self.add_all(vec![check], now)
    }

    /// Adds checks that may depend on each other, in any order.
    ///
    /// # Errors
    /// As [`add`](Self::add); then none of them is added.
    pub fn add_all(
        &mut self,
        checks: Vec<CheckDefinition>,
        now: Timestamp,
    ) -> Result<(), HealthError> {
        Arc::make_mut(&mut self.graph).insert(&checks)?;
        for check in checks {
            let name = check.name.clone();
            let mut check = Check::new(check, now);
            if self.unclaimed.contains_key(&name)
                && let Some(kept) = Arc::make_mut(&mut self.unclaimed).remove(&name)
            {
                check.adopt(kept, now);
            }
            self.checks.insert(name, check);
        }
        Ok(())
    }

    /// Removes a check. A run that is in flight ends unheard.
    ///
    /// # Errors
    /// No check has that name, or others depend on it.
    pub fn remove(&mut self, check: &str) -> Result<(), HealthError> {
        Arc::make_mut(&mut self.graph).remove(check)?;
        self.checks.remove(check);
        Ok(())
    }

    /// Iterates over the definitions, by name.
    pub fn definitions(&self) -> impl Iterator<Item = &CheckDefinition> {
        self.checks.values().map(|check| check.definition.as_ref())
    }

    /// Iterates over the checks' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.checks.keys()
    }

    /// Does what time alone demands: results go stale, beats expire.
    #[must_use = "subscribers wait for the transitions"]
    pub fn tick(&mut self, now: Timestamp) -> Vec<HealthTransition> {
        for check in self.checks.values_mut() {
            check.tick(now);
        }
        self.settle(now)
    }

    /// Starts every run that is due: none of a blocked check, none while
    /// another run of the same check is in flight.
    #[must_use = "a run that is not carried out leaves its check in flight"]
    pub fn due(&mut self, now: Timestamp) -> Vec<Run> {
        let mut runs = Vec::new();
        for (name, check) in &mut self.checks {
            if !check.is_due(now) {
                continue;
            }
            self.runs += 1;
            let id = RunId(self.runs);
            check.start(id, now);
            runs.push(Run { check: name.clone(), id, timeout: check.definition.timeout });
        }
        runs
    }

    /// Returns when the machine wants attention next; `None` while nothing
    /// can happen without a call.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.checks.values().filter_map(|check| check.wakes_at(now)).min()
    }

    /// Takes the outcome of a run. A run that the machine does not wait for
    /// (its check was removed, or has been given up) changes nothing.
    #[must_use = "subscribers wait for the transitions"]
    pub fn finished(
        &mut self,
        check: &str,
        run: RunId,
        outcome: Outcome,
        duration: Duration,
        now: Timestamp,
    ) -> Vec<HealthTransition> {
        let Some(state) = self.checks.get_mut(check) else { return Vec::new() };
        let Some(flight) = state.in_flight.take_if(|flight| flight.id == run) else {
            return Vec::new();
        };
        if flight.is_void {
            // Seen under a failed dependency: not evidence. Run again.
            state.next_due = now;
            return Vec::new();
        }
        state.record(outcome, duration, now);
        state.reschedule(flight.started, now);
        self.settle(now)
    }

    /// Takes a run that timed out and could not be aborted: a failure, and the
    /// check stays in flight until [`released`](Self::released).
    #[must_use = "subscribers wait for the transitions"]
    pub fn overran(&mut self, check: &str, run: RunId, now: Timestamp) -> Vec<HealthTransition> {
        let Some(state) = self.checks.get_mut(check) else { return Vec::new() };
        let Some(flight) = state.in_flight.as_mut().filter(|flight| flight.id == run) else {
            return Vec::new();
        };
        flight.is_overrun = true;
        let (started, is_void) = (flight.started, flight.is_void);
        if is_void {
            state.next_due = now;
            return Vec::new();
        }
        let limit = state.definition.timeout;
        let message = format!("timed out after {limit:?} and could not be aborted");
        state.record(Outcome::failed(message), now.since(started), now);
        state.reschedule(started, now);
        self.settle(now)
    }

    /// Iterates over the checks with a run that could not be aborted.
    pub fn overrunning(&self) -> impl Iterator<Item = &Arc<str>> {
        self.checks
            .iter()
            .filter(|(_, check)| check.in_flight.as_ref().is_some_and(|run| run.is_overrun))
            .map(|(name, _)| name)
    }

    /// Takes note that a run that could not be aborted has ended after all;
    /// the check is due at once.
    pub fn released(&mut self, check: &str, now: Timestamp) {
        if let Some(state) = self.checks.get_mut(check)
            && state.in_flight.take_if(|flight| flight.is_overrun).is_some()
        {
            state.next_due = now;
        }
    }

    /// Goes on after the owner was restarted. What its runs found is lost, so
    /// their checks are due at once, or as soon as the run that `is_running`
    /// knows of has been [`released`](Self::released).
    pub fn resume(&mut self, now: Timestamp, is_running: impl Fn(&str) -> bool) {
        for (name, check) in &mut self.checks {
            let Some(flight) = &mut check.in_flight else { continue };
            if is_running(name) {
                // Nobody hears it any more. If it has not ended within an
                // interval it is stuck, and fails.
                flight.is_overrun = true;
                check.next_due = now + check.definition.interval;
            } else {
                check.in_flight = None;
                check.next_due = now;
            }
        }
    }

    /// Makes a check due now.
    ///
    /// # Errors
    /// No check has that name, it waits for heartbeats, or it is blocked.
    pub fn check_now(&mut self, check: &str, now: Timestamp) -> Result<(), HealthError> {
        let state = self.state_mut(check)?;
        let name = state.definition.name.clone();
        if state.is_heartbeat() {
            return Err(HealthError::NotRunnable { check: name });
        }
        if let Gate::Shut { root } = &state.gate {
            return Err(HealthError::Blocked { check: name, root: root.clone() });
        }
        state.next_due = now;
        Ok(())
    }

    /// Takes a heartbeat: the check is up until its time to live is over.
    ///
    /// # Errors
    /// No check has that name, or it runs by itself.
    pub fn beat(
        &mut self,
        check: &str,
        now: Timestamp,
    ) -> Result<Vec<HealthTransition>, HealthError> {
        let state = self.state_mut(check)?;
        let Some(ttl) = state.definition.heartbeat else {
            return Err(HealthError::NotHeartbeat { check: state.definition.name.clone() });
        };
        state.beat(ttl, now);
        Ok(self.settle(now))
    }

    /// Takes readiness down for good, before anything else is shut down.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    /// Returns the newest `limit` transitions of the span, of one check or of
    /// all, oldest first.
    #[must_use]
    pub fn history(
        &self,
        range: TimeRange,
        check: Option<&str>,
        limit: usize,
    ) -> Vec<HealthTransition> {
        self.history.select(range, check, limit)
    }

    /// Returns the number of transitions that are remembered.
    #[must_use]
    pub fn history_len(&self) -> usize {
        self.history.len()
    }

    /// Returns the number of transitions from before `cutoff`.
    #[must_use]
    pub fn history_before(&self, cutoff: Timestamp) -> usize {
        self.history.count_before(cutoff)
    }

    /// Forgets the transitions from before `cutoff`, and returns how many
    /// they were. How checks stood that nobody added again is forgotten as
    /// well, if it is as old.
    pub fn prune_history(&mut self, cutoff: Timestamp) -> usize {
        if self.unclaimed.values().any(|kept| kept.last_seen() < cutoff) {
            Arc::make_mut(&mut self.unclaimed).retain(|_, kept| kept.last_seen() >= cutoff);
        }
        let count = self.history.count_before(cutoff);
        if count > 0 {
            Arc::make_mut(&mut self.history).prune(cutoff);
        }
        count
    }

    fn state_mut(&mut self, check: &str) -> Result<&mut Check, HealthError> {
        self.checks
            .get_mut(check)
            .ok_or_else(|| HealthError::UnknownCheck { check: check.to_owned() })
    }
}
