//! What the health checker is asked.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::health::{
    CheckDefinition, CheckReport, HealthReport, HealthTransition, Outcome,
};
use keepwatch_engine::model::{TimeRange, Timestamp};

use super::HealthChecker;
use super::probe::{BlockingProbe, Probe};
use crate::courier::{DeliveryStatus, Subscriber, SubscriptionId};

/// Adds a check. It runs within a second.
///
/// Refused: a value out of range, a name that is taken, a dependency that
/// does not exist, a cycle, a liveness check that depends on one that is not.
#[derive(Clone)]
pub struct AddCheck {
    pub(super) definition: CheckDefinition,
    pub(super) probe: Option<Arc<dyn Probe>>,
}

impl AddCheck {
    /// Adds a check that an async closure or another [`Probe`] carries out.
    pub fn new(definition: CheckDefinition, probe: impl Probe) -> Self {
        Self { definition, probe: Some(Arc::new(probe)) }
    }

    /// Adds a check that a closure carries out which may block its thread.
    pub fn blocking<O: Into<Outcome>>(
        definition: CheckDefinition,
        check: impl Fn() -> O + Send + Sync + 'static,
    ) -> Self {
        Self::new(definition, BlockingProbe::new(check))
    }

    /// Adds a check that waits for a [`Beat`] at least every `ttl`.
    pub fn heartbeat(name: impl Into<Arc<str>>, ttl: Duration) -> Self {
        Self::waiting(CheckDefinition::heartbeat(name, ttl))
    }

    /// Adds a check that waits for [`Beat`]s, by its definition.
    #[must_use]
    pub const fn waiting(definition: CheckDefinition) -> Self {
        Self { definition, probe: None }
    }

    /// Returns what the check is.
    #[must_use]
    pub const fn definition(&self) -> &CheckDefinition {
        &self.definition
    }
}

impl fmt::Debug for AddCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddCheck").field("definition", &self.definition).finish_non_exhaustive()
    }
}

/// Adds checks that may depend on each other, in any order: all or none.
#[derive(Debug, Clone)]
pub struct AddChecks(pub Vec<AddCheck>);

/// Removes a check that no other depends on.
#[derive(Debug, Clone)]
pub struct RemoveCheck {
    /// The check.
    pub check: Arc<str>,
}

/// Runs a check now, and answers how it stands after that. Refused while the
/// check is blocked, and for one that waits for heartbeats.
#[derive(Debug, Clone)]
pub struct CheckNow {
    /// The check.
    pub check: Arc<str>,
}

/// Keeps a check alive that waits for heartbeats.
#[derive(Debug, Clone)]
pub struct Beat {
    /// The check.
    pub check: Arc<str>,
}

/// Asks how everything stands. Runs no check.
#[derive(Debug, Clone, Copy)]
pub struct Health;

/// Asks for status changes, oldest first.
#[derive(Debug, Clone)]
pub struct HealthHistory {
    /// The span of time.
    pub range: TimeRange,
    /// One check, or all.
    pub check: Option<Arc<str>>,
    /// The most changes to answer; the newest are.
    pub limit: usize,
}

/// A check's status changed: the event that subscribers get. Dereferences to
/// the [`HealthTransition`]; cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthChanged(pub Arc<HealthTransition>);

impl Deref for HealthChanged {
    type Target = HealthTransition;

    fn deref(&self) -> &HealthTransition {
        &self.0
    }
}

impl actix::Message for HealthChanged {
    type Result = ();
}

/// Tells a subscriber of every status change from now on.
#[derive(Debug)]
pub struct SubscribeHealth(pub Subscriber<HealthChanged>);

/// Ends a subscription; answers whether there was one.
#[derive(Debug, Clone, Copy)]
pub struct UnsubscribeHealth(pub SubscriptionId);

/// What became of each subscriber's events.
#[derive(Debug, Clone, Copy)]
pub struct HealthSubscribers;

/// Takes readiness down, before anything else is shut down.
#[derive(Debug, Clone, Copy)]
pub struct DrainHealth;

/// Forgets status changes from before a point in time; answers how many they
/// are.
#[derive(Debug, Clone, Copy)]
pub struct PruneHealthHistory {
    /// The first point in time to keep.
    pub before: Timestamp,
    /// Count only, and forget nothing.
    pub dry_run: bool,
}

crate::request! {
    AddCheck => (), owner HealthChecker;
    AddChecks => (), owner HealthChecker;
    RemoveCheck => (), owner HealthChecker;
    CheckNow => CheckReport, owner HealthChecker;
    Beat => (), owner HealthChecker;
    Health => HealthReport, owner HealthChecker;
    HealthHistory => Vec<HealthTransition>, owner HealthChecker;
    SubscribeHealth => SubscriptionId, owner HealthChecker;
    UnsubscribeHealth => bool, owner HealthChecker;
    HealthSubscribers => Vec<DeliveryStatus>, owner HealthChecker;
    DrainHealth => (), owner HealthChecker;
    PruneHealthHistory => usize, owner HealthChecker;
}
