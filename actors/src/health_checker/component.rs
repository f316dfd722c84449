//! The health checker as a component.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::health::{
    CheckReport, HealthError, HealthReport, HealthTransition, Outcome, Run,
};
use keepwatch_engine::model::{Record, Timestamp};
use tokio::sync::oneshot;

use super::HealthState;
use super::messages::{
    AddCheck, AddChecks, Beat, CheckNow, DrainHealth, Health, HealthChanged, HealthHistory,
    HealthSubscribers, PruneHealthHistory, RemoveCheck, SubscribeHealth, UnsubscribeHealth,
};
use super::state::ArmedProbe;
use crate::courier::{Couriers, DeliveryStatus, SubscriptionId};
use crate::supervisor::{Answer, Component, Keep, Receive, Scope, Timer, WorkError, Workshop};

/// Sends records to whoever stores them; must not block.
pub type Recorder = Arc<dyn Fn(Vec<Record>) + Send + Sync>;

/// How often every check's status is recorded, besides when it changes: a
/// blocked check has no results of its own, and its series must not end.
const RECORD_EVERY: Duration = Duration::from_secs(15);

/// How long after a change it is recorded.
const RECORD_DELAY: Duration = Duration::from_millis(10);

/// Runs health checks and tells how everything stands.
pub struct HealthChecker {
    state: HealthState,
    keep: Keep<HealthState>,
    couriers: Couriers<HealthChanged>,
    record: Option<Recorder>,
    timer: Option<(Timer, Timestamp)>,
    /// Checks whose series lag behind; a timer is set while there are any.
    unrecorded: BTreeSet<Arc<str>>,
    /// Those who asked for a run and wait for its end.
    waiting: BTreeMap<Arc<str>, Vec<oneshot::Sender<()>>>,
}

/// How a run ended.
enum Ended {
    With(Outcome),
    /// It timed out, and could not be aborted.
    Stuck,
    /// The engine is stopping.
    Never,
}

impl HealthChecker {
    /// Creates an incarnation that goes on from what the last one kept.
    #[must_use]
    pub fn new(
        keep: Keep<HealthState>,
        couriers: Couriers<HealthChanged>,
        record: Option<Recorder>,
    ) -> Self {
        let state = HealthState::clone(&keep.load());
        Self {
            state,
            keep,
            couriers,
            record,
            timer: None,
            unrecorded: BTreeSet::new(),
            waiting: BTreeMap::new(),
        }
    }

    /// Does what is due, tells what changed, and sets the timer for what is
    /// due next.
    fn advance(&mut self, mut told: Vec<HealthTransition>, scope: &mut Scope<Self>) {
        let now = scope.now();
        told.extend(self.state.machine.tick(now));
        self.tell(told, scope);
        for run in self.state.machine.due(now) {
            self.start(run, scope);
        }
        self.set_timer(now, scope);
        scope.keep(&self.keep, self.state.clone());
    }

    fn tell(&mut self, told: Vec<HealthTransition>, scope: &mut Scope<Self>) {
        for transition in told {
            log::info!("{transition}");
            self.record_soon([Arc::clone(&transition.check)], scope);
            self.couriers.publish(&HealthChanged(Arc::new(transition)));
        }
    }

    fn start(&mut self, run: Run, scope: &mut Scope<Self>) {
        let Some(armed) = self.state.probes.get(&run.check) else { return };
        let (clock, begun) = (scope.clock(), scope.monotonic());
        let job = carry_out(armed.clone(), scope.workshop().clone(), run.timeout);
        let timed = async move {
            let ended = job.await;
            (ended, clock.monotonic().saturating_sub(begun))
        };
        scope.spawn(timed, move |checker, (ended, took), scope| {
            checker.ended(&run, ended, took, scope);
        });
    }

    fn ended(&mut self, run: &Run, ended: Ended, took: Duration, scope: &mut Scope<Self>) {
        let now = scope.now();
        let machine = &mut self.state.machine;
        let told = match ended {
            Ended::With(outcome) => machine.finished(&run.check, run.id, outcome, took, now),
            Ended::Stuck => {
                let told = machine.overran(&run.check, run.id, now);
                self.await_release(&run.check, scope);
                told
            }
            Ended::Never => return,
        };
        self.record_soon([Arc::clone(&run.check)], scope);
        // Whoever waited may have given up.
        for waiting in self.waiting.remove(&run.check).unwrap_or_default() {
            let _ = waiting.send(());
        }
        self.advance(told, scope);
    }

    /// Waits until a run that could not be aborted ends after all.
    fn await_release(&self, check: &Arc<str>, scope: &mut Scope<Self>) {
        let Some(armed) = self.state.probes.get(check) else { return };
        let check = Arc::clone(check);
        let turn = Arc::clone(&armed.turn).acquire_owned();
        scope.spawn(turn, move |checker, turn, scope| {
            drop(turn);
            checker.state.machine.released(&check, scope.now());
            checker.advance(Vec::new(), scope);
        });
    }

    /// Sets the one timer to when the machine wants attention next.
    fn set_timer(&mut self, now: Timestamp, scope: &mut Scope<Self>) {
        let next = self.state.machine.next_due(now);
        match (self.timer, next) {
            (Some((_, set)), Some(next)) if set == next => return,
            (Some((timer, _)), _) => scope.cancel(timer),
            (None, _) => {}
        }
        self.timer = next.map(|next| {
            let timer = scope.after(next.since(now), |checker, scope| {
                checker.timer = None;
                checker.advance(Vec::new(), scope);
            });
            (timer, next)
        });
    }

    /// Records how checks stand, in a moment: what changes twice at once is
    /// recorded once, since a series has one value at a time.
    fn record_soon(&mut self, checks: impl IntoIterator<Item = Arc<str>>, scope: &mut Scope<Self>) {
        if self.unrecorded.is_empty() {
            scope.after(RECORD_DELAY, |checker, _| checker.record());
        }
        self.unrecorded.extend(checks);
    }

    fn record(&mut self) {
        let checks = std::mem::take(&mut self.unrecorded);
        let machine = &self.state.machine;
        let records: Vec<Record> =
            checks.iter().flat_map(|check| machine.records_of(check)).collect();
        if let Some(record) = self.record.as_ref().filter(|_| !records.is_empty()) {
            record(records);
        }
    }
}

/// Runs a probe once, in its turn.
async fn carry_out(armed: ArmedProbe, workshop: Workshop, limit: Duration) -> Ended {
    let Ok(turn) = Arc::clone(&armed.turn).try_acquire_owned() else { return Ended::Stuck };
    let probe = armed.probe;
    let job = async move {
        let _turn = turn;
        // Called out there, for the case that it panics itself.
        probe.run().await
    };
    match workshop.run(limit, job).await {
        Ok(outcome) => Ended::With(outcome),
        Err(WorkError::TimedOut(_)) if armed.turn.available_permits() == 0 => Ended::Stuck,
        Err(WorkError::Cancelled) => Ended::Never,
        Err(error) => Ended::With(Outcome::failed(error)),
    }
}

impl Component for HealthChecker {
    const NAME: &'static str = "health_checker";

    fn started(&mut self, scope: &mut Scope<Self>) {
        let (state, machine) = (self.state.clone(), &mut self.state.machine);
        machine.resume(scope.now(), |check| state.is_running(check));
        let stuck: Vec<Arc<str>> = machine.overrunning().cloned().collect();
        for check in stuck {
            self.await_release(&check, scope);
        }
        scope.every(RECORD_EVERY, RECORD_EVERY, |checker, scope| {
            let checks: Vec<Arc<str>> = checker.state.machine.names().cloned().collect();
            checker.record_soon(checks, scope);
        });
        self.advance(Vec::new(), scope);
    }
}

impl Receive<AddCheck> for HealthChecker {
    fn receive(&mut self, check: AddCheck, scope: &mut Scope<Self>) -> Answer<()> {
        self.receive(AddChecks(vec![check]), scope)
    }
}

impl Receive<AddChecks> for HealthChecker {
    fn receive(&mut self, AddChecks(checks): AddChecks, scope: &mut Scope<Self>) -> Answer<()> {
        let added = self.state.add(checks, scope.now());
        self.advance(Vec::new(), scope);
        added.into()
    }
}

impl Receive<RemoveCheck> for HealthChecker {
    fn receive(
        &mut self,
        RemoveCheck { check }: RemoveCheck,
        scope: &mut Scope<Self>,
    ) -> Answer<()> {
        let removed = self.state.remove(&check);
        if removed.is_ok() {
            self.waiting.remove(&check);
        }
        self.advance(Vec::new(), scope);
        removed.into()
    }
}

impl Receive<CheckNow> for HealthChecker {
    fn receive(
        &mut self,
        CheckNow { check }: CheckNow,
        scope: &mut Scope<Self>,
    ) -> Answer<CheckReport> {
        if let Err(refused) = self.state.machine.check_now(&check, scope.now()) {
            return Err(refused).into();
        }
        self.advance(Vec::new(), scope);
        let report = self.state.machine.report(scope.now());
        // Blocked since, or stuck in a run that may never end.
        if let Some(report) = report.check(&check)
            && (report.in_flight_since.is_none() || report.is_overrun)
        {
            return Answer::ok(report.clone());
        }
        let (done, ended) = oneshot::channel();
        self.waiting.entry(Arc::clone(&check)).or_default().push(done);
        scope.answer(ended, move |checker, _, scope| {
            let report = checker.state.machine.report(scope.now());
            let found = report.checks.into_iter().find(|report| report.name == check);
            // Removed while its run was under way.
            found.ok_or_else(|| HealthError::UnknownCheck { check: check.to_string() }.into())
        })
    }
}

impl Receive<Beat> for HealthChecker {
    fn receive(&mut self, Beat { check }: Beat, scope: &mut Scope<Self>) -> Answer<()> {
        match self.state.machine.beat(&check, scope.now()) {
            Ok(told) => {
                self.advance(told, scope);
                Answer::ok(())
            }
            Err(refused) => Err(refused).into(),
        }
    }
}

impl Receive<Health> for HealthChecker {
    fn receive(&mut self, _: Health, scope: &mut Scope<Self>) -> Answer<HealthReport> {
        self.advance(Vec::new(), scope);
        Answer::ok(self.state.machine.report(scope.now()))
    }
}

impl Receive<HealthHistory> for HealthChecker {
    fn receive(
        &mut self,
        query: HealthHistory,
        _: &mut Scope<Self>,
    ) -> Answer<Vec<HealthTransition>> {
        let check = query.check.as_deref();
        Answer::ok(self.state.machine.history(query.range, check, query.limit))
    }
}

impl Receive<SubscribeHealth> for HealthChecker {
    fn receive(
        &mut self,
        SubscribeHealth(subscriber): SubscribeHealth,
        _: &mut Scope<Self>,
    ) -> Answer<SubscriptionId> {
        Answer::ok(self.couriers.subscribe(subscriber))
    }
}

impl Receive<UnsubscribeHealth> for HealthChecker {
    fn receive(
        &mut self,
        UnsubscribeHealth(id): UnsubscribeHealth,
        _: &mut Scope<Self>,
    ) -> Answer<bool> {
        Answer::ok(self.couriers.unsubscribe(id))
    }
}

impl Receive<HealthSubscribers> for HealthChecker {
    fn receive(
        &mut self,
        _: HealthSubscribers,
        _: &mut Scope<Self>,
    ) -> Answer<Vec<DeliveryStatus>> {
        Answer::ok(self.couriers.statuses())
    }
}

impl Receive<DrainHealth> for HealthChecker {
    fn receive(&mut self, _: DrainHealth, scope: &mut Scope<Self>) -> Answer<()> {
        self.state.machine.drain();
        self.advance(Vec::new(), scope);
        Answer::ok(())
    }
}

impl Receive<PruneHealthHistory> for HealthChecker {
    fn receive(
        &mut self,
        PruneHealthHistory { before, dry_run }: PruneHealthHistory,
        scope: &mut Scope<Self>,
    ) -> Answer<usize> {
        if dry_run {
            return Answer::ok(self.state.machine.history_before(before));
        }
        let pruned = self.state.machine.prune_history(before);
        scope.keep(&self.keep, self.state.clone());
        Answer::ok(pruned)
    }
}
