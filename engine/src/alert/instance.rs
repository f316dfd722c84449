//! The state machine of one alert.
//!
//! ```text
//! (none) ──▶ pending ──▶ firing ◀──▶ no_data
//!    ╲          │  ╱        │           │
//!     ╲─────────┼─▶         ▼           ▼
//!               ▼        resolved ◀─────┘
//!           inactive
//! ```
//!
//! Only time that evaluations vouch for counts toward `for`: a gap of more
//! than two intervals (downtime, failed evaluations, silence of the series)
//! counts as one interval, so that nothing fires on time nobody watched. For
//! rules of rule files only downtime is such a gap, as in Prometheus.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Labels, Timestamp};

use super::{Acknowledgement, AlertState, Annotations, Fingerprint, Rule, SilenceId, wire};

/// How long a pending alert outlives evaluations that do not judge it.
pub(super) const OUTAGE_TOLERANCE: Duration = Duration::from_secs(3_600);

/// How long a series that fell silent is remembered after its last value.
pub(super) const SILENT_REMEMBERED: Duration = Duration::from_secs(24 * 3_600);

/// What an evaluation says of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The condition holds.
    Match,
    /// It does not.
    NoMatch,
    /// It is not known whether it holds; nothing changes.
    Hold,
    /// It is not known for want of data, and the alert is to say so.
    NoData,
}

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) from: AlertState,
    pub(super) to: AlertState,
}

/// One alert that is pending or raised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "KeptInstance")]
pub(super) struct Instance {
    pub(super) labels: Labels,
    #[serde(skip_serializing)]
    pub(super) fingerprint: Fingerprint,
    pub(super) state: AlertState,
    pub(super) active_at: Timestamp,
    pub(super) fired_at: Option<Timestamp>,
    #[serde(with = "wire")]
    pub(super) value: Option<f64>,
    pub(super) annotations: Annotations,
    /// Whether it speaks for the rule rather than for one of its series.
    pub(super) of_rule: bool,
    /// Whether subscribers were told that it fires.
    pub(super) notified: bool,
    pub(super) silenced_by: Option<SilenceId>,
    pub(super) acknowledged: Option<Acknowledgement>,
    /// When it last counted as met.
    pub(super) matched_at: Timestamp,
    /// For how long it is known to have been met.
    held: Duration,
    /// Since when a firing alert is only kept firing.
    kept_since: Option<Timestamp>,
    /// Whether nobody watched since it last counted as met, because keepwatch
    /// did not run.
    #[serde(skip_serializing)]
    pub(super) resumed: bool,
}

/// An alert as it was kept.
#[derive(Deserialize)]
struct KeptInstance {
    labels: Labels,
    state: AlertState,
    active_at: Timestamp,
    #[serde(default)]
    fired_at: Option<Timestamp>,
    #[serde(default, with = "wire")]
    value: Option<f64>,
    #[serde(default)]
    annotations: Annotations,
    #[serde(default)]
    of_rule: bool,
    #[serde(default)]
    notified: bool,
    #[serde(default)]
    silenced_by: Option<SilenceId>,
    #[serde(default)]
    acknowledged: Option<Acknowledgement>,
    matched_at: Timestamp,
    #[serde(default)]
    held: Duration,
    #[serde(default)]
    kept_since: Option<Timestamp>,
}

impl TryFrom<KeptInstance> for Instance {
    type Error = String;

    fn try_from(kept: KeptInstance) -> Result<Self, String> {
        let fits = match kept.state {
            AlertState::Pending => kept.fired_at.is_none(),
            AlertState::Firing | AlertState::NoData => kept.fired_at.is_some(),
            AlertState::Inactive | AlertState::Resolved => false,
        };
        if !fits {
            let (state, fired) = (kept.state, kept.fired_at);
            return Err(format!("an alert that is {state} and fired at {fired:?} is none to keep"));
        }
        Ok(Self {
            fingerprint: Fingerprint::of(&kept.labels),
            labels: kept.labels,
            state: kept.state,
            active_at: kept.active_at,
            fired_at: kept.fired_at,
            value: kept.value,
            annotations: kept.annotations,
            of_rule: kept.of_rule,
            notified: kept.notified,
            silenced_by: kept.silenced_by,
            acknowledged: kept.acknowledged,
            matched_at: kept.matched_at,
            held: kept.held,
            kept_since: kept.kept_since,
            resumed: true,
        })
    }
}

impl Instance {
    /// Creates the alert of a condition that was met for the first time at
    /// `at`, and says what happened.
    pub(super) fn begin(
        rule: &Rule,
        labels: Labels,
        of_rule: bool,
        at: Timestamp,
    ) -> (Self, Change) {
        let mut instance = Self {
            fingerprint: Fingerprint::of(&labels),
            labels,
            state: AlertState::Pending,
            active_at: at,
            fired_at: None,
            value: None,
            annotations: Annotations::default(),
            of_rule,
            notified: false,
            silenced_by: None,
            acknowledged: None,
            matched_at: at,
            held: Duration::ZERO,
            kept_since: None,
            resumed: false,
        };
        instance.fire_when_due(rule, at);
        let change = Change { from: AlertState::Inactive, to: instance.state };
        (instance, change)
    }

    /// Takes what an evaluation at `at` says. An alert that becomes inactive
    /// or resolved is over and must be dropped.
    pub(super) fn advance(
        &mut self,
        signal: Signal,
        rule: &Rule,
        interval: Duration,
        at: Timestamp,
    ) -> Option<Change> {
        let from = self.state;
        match (from, signal) {
            (AlertState::Pending, Signal::Match) => {
                self.hold(rule, interval, at);
                self.fire_when_due(rule, at);
            }
            (AlertState::Pending, Signal::NoMatch) => self.state = AlertState::Inactive,
            (AlertState::Pending, Signal::Hold | Signal::NoData) => {
                // A group's alert waits for as long as its evaluations fail.
                let tolerant = rule.membership.is_some();
                if !tolerant && at.since(self.matched_at) > OUTAGE_TOLERANCE {
                    self.state = AlertState::Inactive;
                }
            }
            (AlertState::Firing | AlertState::NoData, Signal::Match) => {
                self.hold(rule, interval, at);
                self.state = AlertState::Firing;
                self.kept_since = None;
            }
            (AlertState::Firing | AlertState::NoData, Signal::NoMatch) => self.keep(rule, at),
            (AlertState::Firing, Signal::NoData) => self.state = AlertState::NoData,
            // An alert in one of the two last states is dropped before this.
            (AlertState::Firing | AlertState::NoData, _)
            | (AlertState::Inactive | AlertState::Resolved, _) => {}
        }
        (from != self.state).then_some(Change { from, to: self.state })
    }

    /// Says whether the alert would still fire at `at` if its condition did not
    /// hold.
    pub(super) fn will_be_kept(&self, rule: &Rule, at: Timestamp) -> bool {
        let since = self.kept_since.unwrap_or(at);
        self.state.is_raised() && at.since(since) < rule.keep_firing_for
    }

    /// Says whether the series has been silent for so long that it is gone: a
    /// host that was taken down must not keep its alert for ever.
    pub(super) fn is_gone(&self, at: Timestamp) -> bool {
        self.state == AlertState::NoData && at.since(self.matched_at) > SILENT_REMEMBERED
    }

    /// Says whether the alert may go on at `now` after nobody watched: one
    /// that was only pending is too old after an hour.
    pub(super) fn outlasts_outage(&self, now: Timestamp) -> bool {
        self.state.is_raised() || now.since(self.matched_at) <= OUTAGE_TOLERANCE
    }

    /// Says that the condition is met at `at` and counts the time since it
    /// last was.
    fn hold(&mut self, rule: &Rule, interval: Duration, at: Timestamp) {
        let gap = at.since(self.matched_at);
        // Prometheus counts evaluations that failed, but no time it was down.
        let vouched_for = gap <= interval * 2 || rule.membership.is_some() && !self.resumed;
        self.held = self.held.saturating_add(if vouched_for { gap } else { interval });
        self.matched_at = at;
        self.resumed = false;
    }

    fn fire_when_due(&mut self, rule: &Rule, at: Timestamp) {
        if self.held >= rule.pending_for {
            self.state = AlertState::Firing;
            self.fired_at = Some(at);
        }
    }

    fn keep(&mut self, rule: &Rule, at: Timestamp) {
        let since = *self.kept_since.get_or_insert(at);
        self.state = if at.since(since) >= rule.keep_firing_for {
            AlertState::Resolved
        } else {
            AlertState::Firing
        };
    }
}
