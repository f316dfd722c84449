//! What the failures of some checks make of others.

use std::sync::Arc;

use super::check::{Check, Gate};
use super::{Dependency, Group, HealthMachine, HealthStatus, HealthTransition};
use crate::model::Timestamp;

impl HealthMachine {
    /// Works out every status anew, dependencies first, and returns what
    /// changed.
    pub(super) fn settle(&mut self, now: Timestamp) -> Vec<HealthTransition> {
        let mut transitions = Vec::new();
        let graph = Arc::clone(&self.graph);
        for name in graph.order() {
            let Some(check) = self.checks.get(name) else { continue };
            let root = self.blocking_root(&check.definition.dependencies);
            let failed_optional = self.failed_optional(&check.definition.dependencies);
            let Some(check) = self.checks.get_mut(name) else { continue };
            match (root, check.gate.clone()) {
                (Some(root), _) => check.shut(root),
                (None, Gate::Shut { root }) => check.reopen(root, now),
                (None, Gate::Open | Gate::Rechecking { .. }) => {}
            }
            let (status, message) = told(check, failed_optional.as_deref());
            if status.is_failed() {
                check.holds_dependents = true;
            } else if status.is_passing() {
                check.holds_dependents = false;
            }
            if status == check.status {
                continue;
            }
            let mut from = std::mem::replace(&mut check.status, status);
            check.since = now;
            // The first result after a start: what was known before goes on.
            if let Some(before) = check.before.take() {
                if before.status == status {
                    check.since = before.since;
                    continue;
                }
                from = before.status;
            }
            let (check, root) = (name.clone(), check.root().cloned());
            transitions.push(HealthTransition { check, from, to: status, root, message, at: now });
        }
        if !transitions.is_empty() {
            let history = Arc::make_mut(&mut self.history);
            transitions.iter().cloned().for_each(|transition| history.push(transition));
        }
        self.has_started = self.has_started || self.startup_passes();
        transitions
    }

    /// Says whether there are startup checks and all of them pass.
    fn startup_passes(&self) -> bool {
        let mut startup = self
            .checks
            .values()
            .filter(|check| check.definition.groups.contains(Group::Startup))
            .peekable();
        startup.peek().is_some() && startup.all(|check| check.status.is_passing())
    }

    /// Returns the check at the root of the first dependency that holds back.
    fn blocking_root(&self, dependencies: &[Dependency]) -> Option<Arc<str>> {
        dependencies.iter().find_map(|dependency| match dependency {
            Dependency::Required(name) => self.root_of(name),
            Dependency::Optional(_) => None,
            Dependency::AnyOf { members, .. } => {
                let mut roots = members.iter().map(|name| self.root_of(name));
                let first = roots.next().flatten()?;
                roots.all(|root| root.is_some()).then_some(first)
            }
        })
    }

    /// Returns what failed at the root, if `name` holds its dependents back.
    fn root_of(&self, name: &Arc<str>) -> Option<Arc<str>> {
        let check = self.checks.get(name).filter(|check| check.holds_dependents)?;
        Some(check.root().unwrap_or(name).clone())
    }

    fn failed_optional(&self, dependencies: &[Dependency]) -> Option<Arc<str>> {
        dependencies.iter().find_map(|dependency| match dependency {
            Dependency::Optional(name) => self.root_of(name).map(|_| name.clone()),
            Dependency::Required(_) | Dependency::AnyOf { .. } => None,
        })
    }

    /// Returns why a check stands as it does, as told to subscribers.
    pub(super) fn message(&self, check: &Check) -> Option<Arc<str>> {
        told(check, self.failed_optional(&check.definition.dependencies).as_deref()).1
    }
}

/// Returns what is told of a check, and why.
fn told(check: &Check, failed_optional: Option<&str>) -> (HealthStatus, Option<Arc<str>>) {
    match (&check.gate, check.standing, failed_optional) {
        (Gate::Shut { root }, ..) => {
            (HealthStatus::Blocked, Some(format!("{root:?} is down").into()))
        }
        (Gate::Rechecking { root }, ..) => {
            let message = format!("{root:?} is back; not yet checked again");
            (HealthStatus::Blocked, Some(message.into()))
        }
        (Gate::Open, HealthStatus::Up, Some(name)) => {
            let message = format!("the optional dependency {name:?} is down");
            (HealthStatus::Degraded, Some(message.into()))
        }
        (Gate::Open, standing, _) => (standing, check.message.clone()),
    }
}
