//! The state of one check: what its own results say of it.

use std::sync::Arc;
use std::time::Duration;

use super::kept::KeptCheck;
use super::schedule::jittered;
use super::{CheckDefinition, HealthStatus, Observed, Outcome, RunId, Verdict};
use crate::model::Timestamp;

/// The longest delay before a check's first run: starts are spread out, yet
/// nobody waits for first results.
const FIRST_DELAY_MAX: Duration = Duration::from_secs(1);

/// One check: its definition, and what its own results say of it.
///
/// What others' failures make of it is added by the machine, which is the
/// only one to write `gate`, `status` and `since`.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) definition: Arc<CheckDefinition>,
    pub(super) gate: Gate,
    /// What the check's own results say; never `Blocked`.
    pub(super) standing: HealthStatus,
    /// What was last told of the check.
    pub(super) status: HealthStatus,
    pub(super) since: Timestamp,
    /// Holds dependents back: set when the check fails and cleared only when
    /// it is up again, so that a failure that goes stale frees nobody.
    pub(super) holds_dependents: bool,
    pub(super) is_stale: bool,
    pub(super) in_flight: Option<InFlight>,
    pub(super) next_due: Timestamp,
    pub(super) message: Option<Arc<str>>,
    pub(super) observed: Option<Observed>,
    pub(super) duration: Option<Duration>,
    pub(super) last_check: Option<Timestamp>,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_failure: Option<Timestamp>,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) consecutive_failures: u32,
    pub(super) consecutive_successes: u32,
    pub(super) runs_total: u64,
    pub(super) failures_total: u64,
    /// How it stood before the last start, until its first result.
    pub(super) before: Option<Arc<KeptCheck>>,
}

/// Whether a check may run, and whether what it finds may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Gate {
    /// It runs, and its results are told.
    Open,
    /// A dependency failed: it does not run.
    Shut {
        /// The check at the root of the failure.
        root: Arc<str>,
    },
    /// The dependency is back: the check runs, and is blocked until it has
    /// been checked again.
    Rechecking {
        /// The check that was at the root of the failure.
        root: Arc<str>,
    },
}

/// A run that was started and has not ended.
#[derive(Debug, Clone)]
pub(super) struct InFlight {
    pub(super) id: RunId,
    pub(super) started: Timestamp,
    /// A dependency failed meanwhile: what the run finds says nothing.
    pub(super) is_void: bool,
    /// The run timed out and could not be aborted.
    pub(super) is_overrun: bool,
}

impl Check {
    pub(super) fn new(definition: CheckDefinition, now: Timestamp) -> Self {
        let first = match definition.heartbeat {
            Some(ttl) => ttl,
            None => {
                let spread = definition.interval.mul_f64(definition.jitter).min(FIRST_DELAY_MAX);
                jittered(spread, 1.0, &definition.name, 0) / 2
            }
        };
        Self {
            definition: Arc::new(definition),
            gate: Gate::Open,
            standing: HealthStatus::Unknown,
            status: HealthStatus::Unknown,
            since: now,
            holds_dependents: false,
            is_stale: false,
            in_flight: None,
            next_due: now + first,
            message: None,
            observed: None,
            duration: None,
            last_check: None,
            last_success: None,
            last_failure: None,
            failing_since: None,
            consecutive_failures: 0,
            consecutive_successes: 0,
            runs_total: 0,
            failures_total: 0,
            before: None,
        }
    }

    pub(super) fn is_heartbeat(&self) -> bool {
        self.definition.heartbeat.is_some()
    }

    /// Says whether a result is still missing since the check was added.
    pub(super) fn is_new(&self) -> bool {
        self.runs_total == 0
    }

    /// Returns the root check that keeps this one blocked.
    pub(super) fn root(&self) -> Option<&Arc<str>> {
        match &self.gate {
            Gate::Open => None,
            Gate::Shut { root } | Gate::Rechecking { root } => Some(root),
        }
    }

    /// Says whether a run is to be started now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.is_heartbeat()
            && !matches!(self.gate, Gate::Shut { .. })
            && self.in_flight.is_none()
            && self.due_at(now) <= now
    }

    /// Returns when the check wants attention next: a run, the end of a
    /// beat's validity, a result that goes stale. Never, while it is blocked.
    pub(super) fn wakes_at(&self, now: Timestamp) -> Option<Timestamp> {
        if matches!(self.gate, Gate::Shut { .. }) {
            return None;
        }
        let is_running = self.in_flight.as_ref().is_some_and(|run| !run.is_overrun);
        let due = (!is_running).then(|| self.due_at(now));
        due.into_iter().chain(self.stale_at()).min()
    }

    /// Returns when the check runs next, or when its beat expires.
    pub(super) fn next_run(&self, now: Timestamp) -> Option<Timestamp> {
        (!matches!(self.gate, Gate::Shut { .. })).then(|| self.due_at(now))
    }

    /// Returns when the check is due. A clock that was set back does not
    /// leave a check waiting for the time that it showed before.
    fn due_at(&self, now: Timestamp) -> Timestamp {
        let longest =
            self.definition.heartbeat.unwrap_or(self.definition.interval.saturating_mul(2));
        if self.next_due > now + longest { now } else { self.next_due }
    }

    fn stale_at(&self) -> Option<Timestamp> {
        if self.is_heartbeat() || self.gate != Gate::Open || self.standing == HealthStatus::Unknown
        {
            return None;
        }
        self.last_check.map(|at| at + self.definition.stale_limit() + Duration::from_millis(1))
    }

    pub(super) fn start(&mut self, id: RunId, now: Timestamp) {
        self.in_flight = Some(InFlight { id, started: now, is_void: false, is_overrun: false });
    }

    /// Does what time alone demands: results go stale, beats expire, and a
    /// run that can't be aborted fails once more at each interval.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if matches!(self.gate, Gate::Shut { .. }) {
            return;
        }
        if let Some(ttl) = self.definition.heartbeat {
            if self.next_due > now + ttl {
                self.next_due = now + ttl;
            }
            if self.next_due <= now {
                self.expire(ttl, now);
            }
            return;
        }
        if let Some(run) = self.in_flight.as_ref().filter(|run| run.is_overrun)
            && self.due_at(now) <= now
        {
            let started = run.started;
            let lasted = now.since(started);
            let message = format!("a run could not be aborted and is in flight for {lasted:?}");
            self.record(Outcome::failed(message), lasted, now);
            self.reschedule(now, now);
        }
        if self.stale_at().is_some_and(|at| at <= now) {
            let age = self.last_check.map(|at| now.since(at)).unwrap_or_default();
            self.forget();
            self.is_stale = true;
            self.message = Some(format!("no result for {age:?}").into());
        }
    }

    fn expire(&mut self, ttl: Duration, now: Timestamp) {
        let message = match self.last_success {
            Some(at) => format!("no heartbeat for {:?}; expected one every {ttl:?}", now.since(at)),
            None => format!("no heartbeat yet; expected one every {ttl:?}"),
        };
        self.record(Outcome::failed(message), Duration::ZERO, now);
        self.next_due = now + ttl;
    }

    pub(super) fn beat(&mut self, ttl: Duration, now: Timestamp) {
        self.record(Outcome::healthy(), Duration::ZERO, now);
        self.next_due = now + ttl;
    }

    /// Takes the outcome of a run or a beat into account.
    pub(super) fn record(&mut self, outcome: Outcome, duration: Duration, now: Timestamp) {
        self.runs_total = self.runs_total.saturating_add(1);
        self.last_check = Some(now);
        self.duration = Some(duration);
        self.observed = outcome.observed;
        self.is_stale = false;
        if matches!(self.gate, Gate::Rechecking { .. }) {
            self.gate = Gate::Open;
        }
        match outcome.verdict {
            Verdict::Failed(message) => self.record_failure(message, now),
            Verdict::Degraded(message) => {
                self.record_success(HealthStatus::Degraded, Some(message), now);
            }
            Verdict::Healthy => self.record_success(HealthStatus::Up, None, now),
        }
    }

    fn record_failure(&mut self, message: Arc<str>, now: Timestamp) {
        self.message = Some(message);
        self.last_failure = Some(now);
        self.failures_total = self.failures_total.saturating_add(1);
        self.consecutive_successes = 0;
        self.consecutive_failures = self.consecutive_failures.saturating_add(1);
        let failing_since = *self.failing_since.get_or_insert(now);
        if self.consecutive_failures >= self.definition.fall
            && now.since(failing_since) >= self.definition.error_time_min
        {
            self.standing = HealthStatus::Down;
        }
    }

    fn record_success(&mut self, found: HealthStatus, message: Option<Arc<str>>, now: Timestamp) {
        self.last_success = Some(now);
        self.consecutive_failures = 0;
        self.failing_since = None;
        self.consecutive_successes = self.consecutive_successes.saturating_add(1);
        if self.standing == HealthStatus::Down && self.consecutive_successes < self.definition.rise
        {
            // Still down, for the reason that the last failure gave.
            return;
        }
        self.standing = found;
        self.message = message;
    }

    /// Sets the next run by when the last one started.
    pub(super) fn reschedule(&mut self, started: Timestamp, now: Timestamp) {
        let definition = &self.definition;
        let interval = match definition.fast_interval {
            Some(fast) if self.is_in_transition() => fast,
            _ => definition.interval,
        };
        let delay = jittered(interval, definition.jitter, &definition.name, self.runs_total);
        self.next_due = now.max(started + delay);
    }

    /// Says whether results and standing disagree.
    fn is_in_transition(&self) -> bool {
        match self.standing {
            HealthStatus::Down => self.consecutive_successes > 0,
            _ => self.consecutive_failures > 0,
        }
    }

    /// Stops the check, because something that it needs failed.
    pub(super) fn shut(&mut self, root: Arc<str>) {
        if let Some(run) = &mut self.in_flight {
            run.is_void = true;
        }
        self.gate = Gate::Shut { root };
    }

    /// Lets the check run again, now that what it needs is back.
    pub(super) fn reopen(&mut self, root: Arc<str>, now: Timestamp) {
        let Some(ttl) = self.definition.heartbeat else {
            self.forget();
            self.next_due = now;
            self.gate = Gate::Rechecking { root };
            return;
        };
        // A beat that still holds needs no second one; without one the sender
        // gets a whole time to live, since it could not beat before.
        self.gate = Gate::Open;
        let holds = self.last_success.is_some_and(|at| at + ttl > now);
        if !holds {
            self.forget();
            self.next_due = now + ttl;
        }
    }

    /// Goes back to the state before the first result.
    fn forget(&mut self) {
        self.standing = HealthStatus::Unknown;
        self.message = None;
        self.consecutive_failures = 0;
        self.consecutive_successes = 0;
        self.failing_since = None;
    }
}
