//! Carrying out rule groups: one rule after the other, each on what those
//! before it have stored.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::alert::{Due, Transition};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::registry::DerivedSample;
use keepwatch_engine::rules::file::RecordingRule;
use keepwatch_engine::rules::group::{DueGroup, Member};

use super::AlertEvaluator;
use super::component::tell_failure;
use super::evaluation::NotStored;
use crate::supervisor::Scope;

/// The next rule of a group to evaluate.
enum Next {
    Record(Arc<RecordingRule>, Timestamp),
    Judge(Due),
}

/// A group that is under way.
struct Run {
    due: DueGroup,
    /// The next of its rules.
    member: usize,
    /// What became of its alerts so far.
    transitions: Vec<Arc<Transition>>,
    /// When it began.
    since: Duration,
}

/// Who put out what is to be stored.
enum Source {
    Member(usize),
    Alerts(Arc<str>),
}

impl AlertEvaluator {
    /// Starts the groups that are due.
    pub(super) fn look_at_groups(&mut self, scope: &mut Scope<Self>) {
        let busy = &self.busy_groups;
        let due = self.groups.due(scope.now(), |index| busy.contains(&index));
        for due in due {
            self.busy_groups.insert(due.index);
            let since = scope.monotonic();
            self.advance(Run { due, member: 0, transitions: Vec::new(), since }, scope);
        }
    }

    /// Evaluates a group from its next rule on.
    fn advance(&mut self, mut run: Run, scope: &mut Scope<Self>) {
        let due = run.due;
        let Some((member, next)) = self.next(&run) else { return self.end(run, scope) };
        run.member = member + 1;
        let bench = self.bench.clone();
        match next {
            Next::Record(rule, query_at) => {
                let job = bench.record(Arc::clone(&rule), query_at);
                scope.spawn(job, move |this, answer, scope| {
                    let failed_before = this.groups.last_error(due, member).is_some();
                    let samples = this.groups.record(due, member, answer);
                    let error = this.groups.last_error(due, member);
                    tell_failure(&rule.record, due.at, failed_before, error);
                    this.store_and_advance(run, Source::Member(member), samples, scope);
                });
            }
            Next::Judge(rule) => {
                let surroundings = Arc::clone(self.evaluator.surroundings());
                let job = bench.evaluate(rule.clone(), surroundings, scope.workshop().clone());
                scope.spawn(job, move |this, outcome, scope| {
                    let (transitions, samples) = this.take(&rule, outcome);
                    run.transitions.extend(transitions);
                    let source = Source::Alerts(Arc::clone(rule.rule.name()));
                    this.store_and_advance(run, source, samples, scope);
                });
            }
        }
    }

    /// Goes on when samples are stored, so that the next rule sees them.
    fn store_and_advance(
        &mut self,
        run: Run,
        source: Source,
        samples: Vec<DerivedSample>,
        scope: &mut Scope<Self>,
    ) {
        if samples.is_empty() {
            return self.advance(run, scope);
        }
        let job = self.bench.clone().store(samples);
        scope.spawn(job, move |this, stored, scope| {
            if let Err(NotStored { ended, reason }) = stored {
                match source {
                    Source::Member(member) => {
                        this.groups.not_stored(run.due, member, &ended, reason);
                    }
                    Source::Alerts(rule) => this.evaluator.not_stored(&rule, &ended, reason),
                }
            }
            this.advance(run, scope);
        });
    }

    /// Keeps what a group came to, once for all of its rules, and tells of it.
    fn end(&mut self, run: Run, scope: &Scope<Self>) {
        let Run { due, transitions, since, .. } = run;
        self.groups.finish(due, scope.monotonic().saturating_sub(since));
        self.busy_groups.remove(&due.index);
        scope.keep(&self.groups_keep, self.groups.clone());
        self.publish_if_settled(&transitions, scope);
    }

    /// Returns the next rule of a group that is not switched off, and its place.
    fn next(&self, run: &Run) -> Option<(usize, Next)> {
        let group = self.groups.get(run.due.index)?;
        let query_at = group.query_time(run.due.at);
        let members = group.members().iter().enumerate().skip(run.member);
        let mut open = members.filter_map(|(place, member)| match member {
            Member::Recording { rule, .. } => {
                Some((place, Next::Record(Arc::clone(rule), query_at)))
            }
            Member::Alerting { rule } => {
                let due = self.evaluator.due_in_group(rule, run.due.at, query_at)?;
                Some((place, Next::Judge(due)))
            }
        });
        open.next()
    }
}
