//! What the janitor keeps.

use std::sync::Arc;

use keepwatch_engine::retention::{CleaningReport, Policy, SteadyTime};
use keepwatch_engine::storage::state::{Batch, Contents, Stored, Table};
use serde::{Deserialize, Serialize};

use crate::durability::UpkeepReport;

/// The only key of its table.
const KEY: &str = "policy";

/// What the janitor keeps from one incarnation to the next; of it, the policy
/// that was set at run time is also kept from one process to the next.
#[derive(Debug, Clone, Default)]
pub struct JanitorState {
    pub(super) policy: Arc<Policy>,
    configured: Arc<Policy>,
    pub(super) last: Option<Arc<CleaningReport>>,
    /// The last round of upkeep.
    pub(super) upkeep: Option<Arc<UpkeepReport>>,
    /// The time by which things are removed.
    pub(super) steady: SteadyTime,
}

/// A policy that was set at run time.
#[derive(Serialize, Deserialize)]
struct KeptPolicy {
    set: Policy,
    /// The configured one that it took the place of.
    instead_of: Policy,
}

impl JanitorState {
    /// Creates the state before the first cleaning.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        let policy = Arc::new(policy);
        Self { configured: Arc::clone(&policy), policy, ..Self::default() }
    }

    /// Creates the state of what was kept; the default if nothing was.
    #[must_use]
    pub fn restore(contents: &mut Contents) -> Self {
        let kept = contents.take::<KeptPolicy>(Table::Retention);
        match kept.into_iter().find(|(key, _)| key == KEY) {
            None => Self::default(),
            Some((_, KeptPolicy { set, instead_of })) => {
                let (policy, configured) = (Arc::new(set), Arc::new(instead_of));
                Self { policy, configured, ..Self::default() }
            }
        }
    }

    /// Returns what the last round of upkeep did, if there was one.
    #[must_use]
    pub fn last_upkeep(&self) -> Option<&UpkeepReport> {
        self.upkeep.as_deref()
    }

    /// Goes on with the configured policy, unless another was set at run time
    /// in the place of this very one: a configuration that was changed since
    /// goes before.
    pub fn configure(&mut self, policy: Policy) {
        if policy != *self.configured || !self.is_set() {
            *self = Self::new(policy);
        }
    }

    /// Says whether the policy was set at run time.
    fn is_set(&self) -> bool {
        self.policy != self.configured
    }
}

impl Stored for JanitorState {
    fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        let kept = |state: &Self| {
            let (policy, configured) = (&state.policy, &state.configured);
            state.is_set().then(|| (Arc::clone(policy), Arc::clone(configured)))
        };
        match (kept(self), kept(saved)) {
            (now, before) if now == before => {}
            (Some((set, instead_of)), _) => {
                let set = Policy::clone(&set);
                let kept = KeptPolicy { set, instead_of: Policy::clone(&instead_of) };
                batch.put(Table::Retention, KEY, &kept);
            }
            (None, _) => batch.remove(Table::Retention, KEY),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn days(days: u32) -> Policy {
        Policy::builder().samples(Duration::from_secs(86_400) * days).build().unwrap()
    }

    #[test]
    fn a_policy_set_at_run_time_stands_until_the_configuration_changes() {
        let mut state = JanitorState::new(days(7));
        let mut batch = Batch::new();
        state.changes_since(&JanitorState::default(), &mut batch);
        assert!(batch.is_empty(), "what is configured comes anew");
        state.policy = Arc::new(days(2));
        state.changes_since(&JanitorState::default(), &mut batch);
        let kept = JanitorState::restore(&mut Contents::from(batch));
        for (configured, expected) in [(7, 2), (8, 8)] {
            let mut next = kept.clone();
            next.configure(days(configured));
            assert_eq!(*next.policy, days(expected));
            let mut batch = Batch::new();
            next.changes_since(&kept, &mut batch);
            assert_eq!(batch.is_empty(), expected == 2);
        }
    }
}
