//! A group and what it has done so far.

use std::sync::Arc;
use std::time::Duration;

use super::member::{Member, free_name, rule_of};
use super::{InstantVector, RecordingState, RuleError, Schedule};
use crate::alert::{AlertError, Evaluator, Membership};
use crate::model::Timestamp;
use crate::registry::DerivedSample;
use crate::rules::file::{RuleDefinition, RuleGroup};

/// What holds for groups that say nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDefaults {
    /// The time between two evaluations; 1 min by default.
    pub interval: Duration,
    /// How far back the rules look; nothing by default.
    pub query_offset: Duration,
}

impl Default for GroupDefaults {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60), query_offset: Duration::ZERO }
    }
}

/// A group and what it has done so far.
#[derive(Debug, Clone)]
pub struct GroupState {
    file: Arc<str>,
    name: Arc<str>,
    limit: usize,
    query_offset: Duration,
    schedule: Schedule,
    took: Duration,
    members: Vec<Member>,
}

impl GroupState {
    /// Creates the state of a group of `file` that was not evaluated yet; the
    /// evaluator takes its alerting rules, as `group/alert` or, where there are
    /// several, `group/alert#` and a hash that does not depend on their order.
    ///
    /// # Errors
    /// More rules than the evaluator takes.
    pub fn new(
        file: &Arc<str>,
        group: &RuleGroup,
        defaults: &GroupDefaults,
        evaluator: &mut Evaluator,
        now: Timestamp,
    ) -> Result<Self, AlertError> {
        let interval = group.interval.unwrap_or(defaults.interval);
        let schedule = Schedule::new(interval, file, &group.name, now);
        let mut members = Vec::with_capacity(group.rules.len());
        for rule in &group.rules {
            members.push(match rule {
                RuleDefinition::Recording(rule) => {
                    let state = RecordingState::default();
                    Member::Recording { rule: Arc::new(rule.clone()), state }
                }
                RuleDefinition::Alerting(written) => {
                    let (file, group_name) = (Arc::clone(file), Arc::clone(&group.name));
                    let alert = Arc::clone(&written.alert);
                    let membership = Membership { file, group: group_name, alert };
                    let name = free_name(&membership, written, group, evaluator);
                    let rule =
                        rule_of(Arc::clone(&name), written, membership, group.limit, interval);
                    evaluator.configure_rule(rule, now)?;
                    Member::Alerting { rule: name }
                }
            });
        }
        Ok(Self {
            file: Arc::clone(file),
            name: Arc::clone(&group.name),
            limit: group.limit,
            query_offset: group.query_offset.unwrap_or(defaults.query_offset),
            schedule,
            took: Duration::ZERO,
            members,
        })
    }

    /// Returns the name of its file.
    #[must_use]
    pub const fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Returns its name.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Returns the most series or alerts that one rule may come to; 0 for any
    /// number.
    #[must_use]
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Returns how far back the rules look.
    #[must_use]
    pub const fn query_offset(&self) -> Duration {
        self.query_offset
    }

    /// Returns when the group is evaluated.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns how long the last evaluation took.
    #[must_use]
    pub const fn took(&self) -> Duration {
        self.took
    }

    /// Takes how long an evaluation took.
    pub(super) fn finish(&mut self, took: Duration) {
        self.took = took;
    }

    /// Returns the time of the evaluation that is due at `now`, once; see
    /// [`Schedule::due`]. While it is `busy`, that is missed too.
    pub fn due(&mut self, now: Timestamp, busy: bool) -> Option<Timestamp> {
        self.schedule.due(now, busy)
    }

    /// Returns the time at which the queries of the evaluation at `at` are
    /// asked, and which its samples have.
    #[must_use]
    pub fn query_time(&self, at: Timestamp) -> Timestamp {
        at - self.query_offset
    }

    /// Returns the rules in their order.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Returns the rule `index`, from 0.
    #[must_use]
    pub fn member(&self, index: usize) -> Option<&Member> {
        self.members.get(index)
    }

    /// Takes that what [`record`](Self::record) returned for the rule `index` was
    /// not stored: the evaluation has failed.
    pub fn not_stored(&mut self, index: usize, samples: &[DerivedSample], reason: String) {
        if let Some(Member::Recording { state, .. }) = self.members.get_mut(index) {
            state.not_stored(samples, reason);
        }
    }

    /// Takes what the expression of the recording rule `index` came to in the
    /// evaluation at `at`, and returns the samples to append. A rule that is
    /// none puts out nothing.
    pub fn record(
        &mut self,
        index: usize,
        at: Timestamp,
        answer: Result<InstantVector, RuleError>,
    ) -> Vec<DerivedSample> {
        let sampled_at = self.query_time(at);
        match self.members.get_mut(index) {
            Some(Member::Recording { rule, state }) => {
                state.step(rule, self.limit, answer, at, sampled_at)
            }
            _ => Vec::new(),
        }
    }
}
