//! One alert of an alerting rule.

use std::sync::Arc;
use std::time::Duration;

use crate::alert::AlertState;
use crate::model::{Labels, Timestamp};

/// For how long an alert is kept after it was resolved.
pub const RESOLVED_KEPT: Duration = Duration::from_secs(15 * 60);

/// An alert that is pending, firing or resolved; cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveAlert {
    /// What tells it from all others: the labels of the series without its
    /// name, those of the rule and `alertname`.
    pub labels: Labels,
    /// The annotations with their templates expanded, in the order of the
    /// rule.
    pub annotations: Arc<[(Arc<str>, Arc<str>)]>,
    /// [`Pending`](AlertState::Pending), [`Firing`](AlertState::Firing) or
    /// [`Resolved`](AlertState::Resolved).
    pub state: AlertState,
    /// The value of the last evaluation that had one.
    pub value: f64,
    /// The first evaluation of this episode.
    pub active_at: Timestamp,
    /// When it began to fire.
    pub fired_at: Option<Timestamp>,
    /// Since when it only fires because of `keep_firing_for`.
    pub kept_since: Option<Timestamp>,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
}

/// What became of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertChange {
    /// The alert afterwards. Its state is [`Inactive`](AlertState::Inactive)
    /// if it was pending and ended.
    pub alert: ActiveAlert,
    /// The state before; [`Inactive`](AlertState::Inactive) for a new alert.
    pub from: AlertState,
    /// The time of the evaluation.
    pub at: Timestamp,
}

impl ActiveAlert {
    /// Creates the alert of a series that has a value at `at`.
    pub(super) fn begin(
        labels: Labels,
        annotations: Arc<[(Arc<str>, Arc<str>)]>,
        value: f64,
        at: Timestamp,
    ) -> Self {
        Self {
            labels,
            annotations,
            state: AlertState::Pending,
            value,
            active_at: at,
            fired_at: None,
            kept_since: None,
            resolved_at: None,
        }
    }

    /// Says whether it is pending or firing.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        matches!(self.state, AlertState::Pending | AlertState::Firing)
    }

    /// Fires if it has been pending for long enough.
    pub(super) fn fire_when_due(&mut self, pending_for: Duration, at: Timestamp) {
        if self.state == AlertState::Pending && at.since(self.active_at) >= pending_for {
            self.state = AlertState::Firing;
            self.fired_at = Some(at);
        }
    }

    /// Takes that the series has no value at `at`. A pending alert becomes
    /// inactive, and a resolved one when it was kept for long enough; such an
    /// alert is over and must be dropped.
    pub(super) fn miss(&mut self, keep_firing_for: Duration, at: Timestamp) {
        match self.state {
            AlertState::Pending => self.state = AlertState::Inactive,
            AlertState::Firing => {
                let kept_since = *self.kept_since.get_or_insert(at);
                if at.since(kept_since) >= keep_firing_for {
                    self.state = AlertState::Resolved;
                    self.resolved_at = Some(at);
                }
            }
            _ => {
                if self.resolved_at.is_none_or(|resolved| at.since(resolved) > RESOLVED_KEPT) {
                    self.state = AlertState::Inactive;
                }
            }
        }
    }
}
