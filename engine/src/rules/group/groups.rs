//! All groups.

use std::sync::Arc;
use std::time::Duration;

use super::{GroupDefaults, GroupState, InstantVector, Member, RuleError};
use crate::alert::{AlertError, Evaluator};
use crate::model::Timestamp;
use crate::registry::DerivedSample;
use crate::rules::file::RuleFile;

/// The groups of all rule files, in the order they were added; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Groups(Vec<Arc<GroupState>>);

/// A group whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueGroup {
    /// Which of the groups it is, from 0.
    pub index: usize,
    /// The time to evaluate it at.
    pub at: Timestamp,
}

impl Groups {
    /// Adds the groups of a file; the evaluator takes their alerting rules.
    ///
    /// # Errors
    /// More rules than the evaluator takes.
    pub fn add(
        &mut self,
        file: &Arc<str>,
        content: &RuleFile,
        defaults: &GroupDefaults,
        evaluator: &mut Evaluator,
        now: Timestamp,
    ) -> Result<(), AlertError> {
        for group in &content.groups {
            self.0.push(Arc::new(GroupState::new(file, group, defaults, evaluator, now)?));
        }
        Ok(())
    }

    /// Returns the groups.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<GroupState>> {
        self.0.iter()
    }

    /// Returns one of the groups, from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Arc<GroupState>> {
        self.0.get(index)
    }

    /// Returns when a group is next due.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().map(|group| group.schedule().next(now)).min()
    }

    /// Returns the groups whose time has come, and notes that they are under
    /// way. `busy` names groups whose last evaluation is still under way:
    /// theirs is missed, as are times that passed unused.
    pub fn due(&mut self, now: Timestamp, busy: impl Fn(usize) -> bool) -> Vec<DueGroup> {
        let mut due = Vec::new();
        for (index, group) in self.0.iter_mut().enumerate() {
            if !group.schedule().is_due(now) {
                continue;
            }
            let found = Arc::make_mut(group).due(now, busy(index));
            due.extend(found.map(|at| DueGroup { index, at }));
        }
        due
    }

    /// Takes that what [`record`](Self::record) returned was not stored, as
    /// [`GroupState::not_stored`].
    pub fn not_stored(
        &mut self,
        due: DueGroup,
        member: usize,
        samples: &[DerivedSample],
        reason: String,
    ) {
        if let Some(group) = self.0.get_mut(due.index) {
            Arc::make_mut(group).not_stored(member, samples, reason);
        }
    }

    /// Returns why the last evaluation of a recording rule failed, if it did.
    #[must_use]
    pub fn last_error(&self, due: DueGroup, member: usize) -> Option<&RuleError> {
        match self.get(due.index)?.member(member)? {
            Member::Recording { state, .. } => state.last_error(),
            Member::Alerting { .. } => None,
        }
    }

    /// Takes that the evaluation of a group has ended, and how long it took.
    pub fn finish(&mut self, due: DueGroup, took: Duration) {
        if let Some(group) = self.0.get_mut(due.index) {
            Arc::make_mut(group).finish(took);
        }
    }

    /// Takes what the expression of a recording rule came to, as
    /// [`GroupState::record`]; nothing for a group that is none.
    pub fn record(
        &mut self,
        due: DueGroup,
        member: usize,
        answer: Result<InstantVector, RuleError>,
    ) -> Vec<DerivedSample> {
        let group = self.0.get_mut(due.index).map(Arc::make_mut);
        group.map_or_else(Vec::new, |group| group.record(member, due.at, answer))
    }
}
