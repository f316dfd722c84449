//! Carrying out rule groups: one rule after the other, each on what those
//! before it have stored.

use std::sync::Arc;

use keepwatch_engine::alert::Due;
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::registry::DerivedSample;
use keepwatch_engine::rules::file::RecordingRule;
use keepwatch_engine::rules::group::{DueGroup, Member};

use super::AlertEvaluator;
use crate::supervisor::Scope;

/// The next rule of a group to evaluate.
enum Next {
    Record(Arc<RecordingRule>),
    Judge(Due),
}

impl AlertEvaluator {
    /// Starts the groups that are due.
    pub(super) fn look_at_groups(&mut self, scope: &mut Scope<Self>) {
        let busy = &self.busy_groups;
        let due = self.groups.due(scope.now(), |index| busy.contains(&index));
        for due in due {
            self.busy_groups.insert(due.index);
            self.advance(due, 0, Vec::new(), scope);
        }
    }

    /// Evaluates a group from the rule `member` on, once `samples` are stored.
    fn advance(
        &mut self,
        due: DueGroup,
        member: usize,
        samples: Vec<DerivedSample>,
        scope: &mut Scope<Self>,
    ) {
        match self.next(due, member) {
            None => {
                self.bench.store(samples);
                self.busy_groups.remove(&due.index);
                scope.keep(&self.groups_keep, self.groups.clone());
                self.publish(&[], scope);
            }
            Some((member, query_at, Next::Record(rule))) => {
                let job = self.bench.clone().record(samples, rule, query_at);
                scope.spawn(job, move |this, answer, scope| {
                    let samples = this.groups.record(due, member, answer);
                    this.advance(due, member + 1, samples, scope);
                });
            }
            Some((member, _, Next::Judge(rule))) => {
                let surroundings = Arc::clone(self.evaluator.surroundings());
                let bench = self.bench.clone();
                let workshop = scope.workshop().clone();
                let job = bench.judge(samples, rule.clone(), surroundings, workshop);
                scope.spawn(job, move |this, outcome, scope| {
                    let (transitions, samples) = this.take(&rule, outcome);
                    if !transitions.is_empty() {
                        this.publish(&transitions, scope);
                    }
                    this.advance(due, member + 1, samples, scope);
                });
            }
        }
    }

    /// Returns the first rule from `member` on that is not switched off, its
    /// place, and the time to ask at.
    fn next(&self, due: DueGroup, member: usize) -> Option<(usize, Timestamp, Next)> {
        let group = self.groups.get(due.index)?;
        let query_at = group.query_time(due.at);
        let members = group.members().iter().enumerate().skip(member);
        let mut open = members.filter_map(|(place, member)| match member {
            Member::Recording { rule, .. } => Some((place, Next::Record(Arc::clone(rule)))),
            Member::Alerting { rule } => {
                let due = self.evaluator.due_in_group(rule, due.at, query_at)?;
                Some((place, Next::Judge(due)))
            }
        });
        open.next().map(|(place, next)| (place, query_at, next))
    }
}
