//! How the health checker answers.

use std::sync::Arc;

use keepwatch_engine::health::{CheckReport, HealthError, HealthReport, HealthTransition};
use tokio::sync::oneshot;

use super::HealthChecker;
use super::messages::{
    AddCheck, AddChecks, Beat, CheckNow, DrainHealth, Health, HealthHistory, HealthSubscribers,
    PruneHealthHistory, RemoveCheck, SubscribeHealth, UnsubscribeHealth,
};
use crate::courier::{DeliveryStatus, SubscriptionId};
use crate::supervisor::{Answer, Receive, Scope};

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
