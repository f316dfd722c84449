//! The alert evaluator as a component.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use keepwatch_engine::alert::{
    Acknowledgement, Alert, AlertError, AlertFilter, Due, Evaluator, HistoryFilter, RuleStatus,
    Silence, Transition,
};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::registry::DerivedSample;
use keepwatch_engine::rules::group::{GroupState, Groups};

use super::evaluation::{AlertOutlets, Bench, NotStored, Outcome};
use super::messages::{
    Acknowledge, ActiveAlerts, AddRule, AddSilence, AlertHistory, AlertSubscribers,
    AlertTransition, DisableRule, EnableRule, EvaluateNow, ExpireSilence, PruneAlertHistory,
    RemoveRule, RuleGroups, Rules, Silences, SubscribeAlerts, UnsubscribeAlerts,
};
use crate::Error;
use crate::courier::{Couriers, DeliveryStatus, SubscriptionId};
use crate::supervisor::{Answer, Component, Keep, Receive, Scope, Timer};

/// The longest sleep between two looks at what is due: the wall clock may be
/// set while the timer runs.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Evaluates alert rules and tells subscribers.
pub struct AlertEvaluator {
    pub(super) evaluator: Evaluator,
    keep: Keep<Evaluator>,
    pub(super) groups: Groups,
    pub(super) groups_keep: Keep<Groups>,
    couriers: Couriers<AlertTransition>,
    pub(super) bench: Bench,
    /// Rules whose evaluation is under way.
    busy: HashSet<Arc<str>>,
    /// Groups whose evaluation is under way.
    pub(super) busy_groups: HashSet<usize>,
    timer: Option<(Timer, Timestamp)>,
}

impl AlertEvaluator {
    /// Creates an incarnation that goes on from what the last one kept.
    #[must_use]
    pub fn new(
        keep: Keep<Evaluator>,
        couriers: Couriers<AlertTransition>,
        outlets: AlertOutlets,
    ) -> Self {
        Self {
            evaluator: Evaluator::clone(&keep.load()),
            keep,
            groups: Groups::default(),
            groups_keep: Keep::new(Groups::default()),
            couriers,
            bench: Bench::new(outlets),
            busy: HashSet::new(),
            busy_groups: HashSet::new(),
            timer: None,
        }
    }

    /// Sets the groups of rule files, whose alerting rules the evaluator has
    /// already.
    #[must_use]
    pub fn with_groups(mut self, keep: Keep<Groups>) -> Self {
        self.groups = Groups::clone(&keep.load());
        self.groups_keep = keep;
        self
    }

    /// Starts the evaluations that are due, and sets the timer for the next.
    fn look(&mut self, scope: &mut Scope<Self>) {
        // What the last round left, if one of its evaluations is stuck.
        scope.keep(&self.keep, self.evaluator.clone());
        let busy = &self.busy;
        for due in self.evaluator.due(scope.now(), |rule| busy.contains(rule)) {
            self.busy.insert(Arc::clone(due.rule.name()));
            let surroundings = Arc::clone(self.evaluator.surroundings());
            let workshop = scope.workshop().clone();
            let job = self.bench.clone().evaluate(due.clone(), surroundings, workshop);
            scope.spawn(job, move |this, outcome, scope| {
                this.busy.remove(due.rule.name());
                this.finish(&due, outcome, scope);
            });
        }
        self.look_at_groups(scope);
        self.set_timer(scope);
    }

    /// Sets the one timer to when something is due next.
    fn set_timer(&mut self, scope: &mut Scope<Self>) {
        let now = scope.now();
        let due = [self.evaluator.next_due(now), self.groups.next_due(now)];
        let next = due.into_iter().flatten().min().map(|next| next.min(now + LOOK_EVERY));
        match (self.timer, next) {
            // A timer that is set earlier looks again by itself.
            (Some((_, set)), Some(next)) if now < set && set <= next => return,
            (Some((timer, _)), _) => scope.cancel(timer),
            (None, _) => {}
        }
        self.timer = next.map(|next| {
            let timer = scope.after(next.since(now), |this, scope| {
                this.timer = None;
                this.look(scope);
            });
            (timer, next)
        });
    }

    /// Takes the outcome of an evaluation. Returns what it changed, and what
    /// the series of the rule's alerts are now.
    pub(super) fn take(
        &mut self,
        due: &Due,
        outcome: Outcome,
    ) -> (Vec<Arc<Transition>>, Vec<DerivedSample>) {
        let name = due.rule.name();
        let failed_before = self.evaluator.last_error(name).is_some();
        let transitions = self.evaluator.step(due, outcome);
        tell_failure(name, due.at, failed_before, self.evaluator.last_error(name));
        (transitions, self.evaluator.show(name, due.query_at))
    }

    fn finish(
        &mut self,
        due: &Due,
        outcome: Outcome,
        scope: &mut Scope<Self>,
    ) -> Vec<Arc<Transition>> {
        let (transitions, samples) = self.take(due, outcome);
        self.store(Arc::clone(due.rule.name()), samples, scope);
        self.publish_if_settled(&transitions, scope);
        transitions
    }

    /// Stores the series of a rule's alerts; the rule has failed if it cannot.
    fn store(&self, rule: Arc<str>, samples: Vec<DerivedSample>, scope: &mut Scope<Self>) {
        if samples.is_empty() {
            return;
        }
        scope.spawn(self.bench.clone().store(samples), move |this, stored, _| {
            if let Err(NotStored { ended, reason }) = stored {
                this.evaluator.not_stored(&rule, &ended, reason);
            }
        });
    }

    /// Publishes unless there is nothing to tell and evaluations are under way:
    /// outcomes that move nothing are kept once for all of these.
    pub(super) fn publish_if_settled(&self, transitions: &[Arc<Transition>], scope: &Scope<Self>) {
        let settled = self.busy.is_empty() && self.busy_groups.is_empty();
        if settled || !transitions.is_empty() {
            self.publish(transitions, scope);
        }
    }

    /// Keeps the state, then tells what changed; a superseded incarnation
    /// does neither.
    pub(super) fn publish(&self, transitions: &[Arc<Transition>], scope: &Scope<Self>) {
        if !scope.keep(&self.keep, self.evaluator.clone()) {
            return;
        }
        for transition in transitions.iter().filter(|transition| transition.notifies()) {
            log::info!("{transition}");
            self.couriers.publish(&AlertTransition(Arc::clone(transition)));
        }
    }

    /// Keeps what a message changed and sets the timer by it.
    fn settle<R: 'static>(
        &mut self,
        changed: Result<R, AlertError>,
        scope: &mut Scope<Self>,
    ) -> Answer<R> {
        match changed {
            Err(refused) => Err(refused).into(),
            Ok(reply) => {
                self.set_timer(scope);
                scope.keep_and_answer(&self.keep, self.evaluator.clone(), reply)
            }
        }
    }

    /// Tells what ended with a rule, too.
    fn settle_ended(
        &mut self,
        ended: Result<Vec<Arc<Transition>>, AlertError>,
        scope: &mut Scope<Self>,
    ) -> Answer<()> {
        let ended = ended.map(|transitions| self.publish(&transitions, scope));
        self.settle(ended, scope)
    }
}

/// Logs why a rule fails: as a warning if it did not fail before.
pub(super) fn tell_failure(
    rule: &str,
    at: Timestamp,
    failed_before: bool,
    error: Option<&impl std::fmt::Display>,
) {
    let Some(error) = error else { return };
    let level = if failed_before { log::Level::Debug } else { log::Level::Warn };
    log::log!(level, "rule {rule:?} at {at}: {error}");
}

impl Component for AlertEvaluator {
    const NAME: &'static str = "alert_evaluator";

    fn started(&mut self, scope: &mut Scope<Self>) {
        self.evaluator = Evaluator::clone(&scope.resume(&self.keep));
        self.groups = Groups::clone(&scope.resume(&self.groups_keep));
        self.set_timer(scope);
    }
}

impl Receive<AddRule> for AlertEvaluator {
    fn receive(&mut self, AddRule(rule): AddRule, scope: &mut Scope<Self>) -> Answer<()> {
        let added = self.evaluator.add_rule(rule, scope.now());
        self.settle(added, scope)
    }
}

impl Receive<RemoveRule> for AlertEvaluator {
    fn receive(&mut self, message: RemoveRule, scope: &mut Scope<Self>) -> Answer<()> {
        let hidden = self.evaluator.hide(&message.rule, scope.now());
        self.store(Arc::clone(&message.rule), hidden, scope);
        let ended = self.evaluator.remove_rule(&message.rule, scope.now());
        self.settle_ended(ended, scope)
    }
}

impl Receive<EnableRule> for AlertEvaluator {
    fn receive(&mut self, message: EnableRule, scope: &mut Scope<Self>) -> Answer<()> {
        let enabled = self.evaluator.enable_rule(&message.rule, scope.now());
        self.settle(enabled, scope)
    }
}

impl Receive<DisableRule> for AlertEvaluator {
    fn receive(&mut self, message: DisableRule, scope: &mut Scope<Self>) -> Answer<()> {
        let hidden = self.evaluator.hide(&message.rule, scope.now());
        self.store(Arc::clone(&message.rule), hidden, scope);
        let ended = self.evaluator.disable_rule(&message.rule, scope.now());
        self.settle_ended(ended, scope)
    }
}

impl Receive<Rules> for AlertEvaluator {
    fn receive(&mut self, _: Rules, _: &mut Scope<Self>) -> Answer<Vec<RuleStatus>> {
        Answer::ok(self.evaluator.rules())
    }
}

impl Receive<RuleGroups> for AlertEvaluator {
    fn receive(&mut self, _: RuleGroups, _: &mut Scope<Self>) -> Answer<Vec<Arc<GroupState>>> {
        Answer::ok(self.groups.iter().cloned().collect())
    }
}

impl Receive<EvaluateNow> for AlertEvaluator {
    fn receive(
        &mut self,
        message: EvaluateNow,
        scope: &mut Scope<Self>,
    ) -> Answer<Vec<AlertTransition>> {
        let due = match self.evaluator.due_now(message.rule.as_deref(), scope.now()) {
            Ok(due) => due,
            Err(error) => return Err::<_, Error>(error.into()).into(),
        };
        let workshop = scope.workshop();
        let surroundings = self.evaluator.surroundings();
        let jobs = due.into_iter().map(|due| {
            let (bench, surroundings) = (self.bench.clone(), Arc::clone(surroundings));
            let job = bench.evaluate(due.clone(), surroundings, workshop.clone());
            async move { (due, job.await) }
        });
        scope.answer(join_all(jobs), |this, outcomes, scope| {
            let transitions =
                outcomes.into_iter().flat_map(|(due, outcome)| this.finish(&due, outcome, scope));
            Ok(transitions.map(AlertTransition).collect())
        })
    }
}

impl Receive<ActiveAlerts> for AlertEvaluator {
    fn receive(&mut self, message: ActiveAlerts, _: &mut Scope<Self>) -> Answer<Vec<Alert>> {
        let ActiveAlerts { severity, matchers } = message;
        Answer::ok(self.evaluator.active(&AlertFilter { severity, matchers }))
    }
}

impl Receive<AlertHistory> for AlertEvaluator {
    fn receive(
        &mut self,
        message: AlertHistory,
        _: &mut Scope<Self>,
    ) -> Answer<Vec<AlertTransition>> {
        let AlertHistory { range, severity, rule, limit } = message;
        let found = self.evaluator.history(&HistoryFilter { range, severity, rule, limit });
        Answer::ok(found.into_iter().map(AlertTransition).collect())
    }
}

impl Receive<Acknowledge> for AlertEvaluator {
    fn receive(&mut self, message: Acknowledge, scope: &mut Scope<Self>) -> Answer<Alert> {
        let Acknowledge { alert, by, comment } = message;
        let acknowledgement = Acknowledgement { by, comment, at: scope.now() };
        let acknowledged = self.evaluator.acknowledge(&alert, acknowledgement);
        self.settle(acknowledged, scope)
    }
}

impl Receive<AddSilence> for AlertEvaluator {
    fn receive(
        &mut self,
        AddSilence(request): AddSilence,
        scope: &mut Scope<Self>,
    ) -> Answer<Arc<Silence>> {
        let added = self.evaluator.add_silence(request, scope.now());
        self.settle(added, scope)
    }
}

impl Receive<ExpireSilence> for AlertEvaluator {
    fn receive(&mut self, message: ExpireSilence, scope: &mut Scope<Self>) -> Answer<Arc<Silence>> {
        let expired = self.evaluator.expire_silence(message.id, scope.now());
        self.settle(expired, scope)
    }
}

impl Receive<Silences> for AlertEvaluator {
    fn receive(&mut self, _: Silences, _: &mut Scope<Self>) -> Answer<Vec<Arc<Silence>>> {
        Answer::ok(self.evaluator.silences())
    }
}

impl Receive<SubscribeAlerts> for AlertEvaluator {
    fn receive(
        &mut self,
        SubscribeAlerts(subscriber): SubscribeAlerts,
        _: &mut Scope<Self>,
    ) -> Answer<SubscriptionId> {
        Answer::ok(self.couriers.subscribe(subscriber))
    }
}

impl Receive<UnsubscribeAlerts> for AlertEvaluator {
    fn receive(
        &mut self,
        UnsubscribeAlerts(id): UnsubscribeAlerts,
        _: &mut Scope<Self>,
    ) -> Answer<bool> {
        Answer::ok(self.couriers.unsubscribe(id))
    }
}

impl Receive<AlertSubscribers> for AlertEvaluator {
    fn receive(&mut self, _: AlertSubscribers, _: &mut Scope<Self>) -> Answer<Vec<DeliveryStatus>> {
        Answer::ok(self.couriers.statuses())
    }
}

impl Receive<PruneAlertHistory> for AlertEvaluator {
    fn receive(&mut self, message: PruneAlertHistory, scope: &mut Scope<Self>) -> Answer<usize> {
        let PruneAlertHistory { before, max, dry_run } = message;
        if dry_run {
            return Answer::ok(self.evaluator.prunable_history(before, max));
        }
        let removed = self.evaluator.prune_history(before, max);
        scope.keep(&self.keep, self.evaluator.clone());
        Answer::ok(removed)
    }
}
