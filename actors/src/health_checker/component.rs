//! The health checker as a component.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::health::{HealthTransition, Outcome, Run};
use keepwatch_engine::model::Timestamp;
use log::Level;
use tokio::sync::oneshot;

use super::HealthState;
use super::messages::HealthChanged;
use super::series::{SeriesFeed, SeriesOutlets};
use super::state::ArmedProbe;
use crate::courier::Couriers;
use crate::supervisor::{Component, Keep, Scope, Timer, WorkError, Workshop};

/// Runs health checks and tells how everything stands.
pub struct HealthChecker {
    pub(super) state: HealthState,
    pub(super) keep: Keep<HealthState>,
    pub(super) couriers: Couriers<HealthChanged>,
    pub(super) series: SeriesFeed,
    timer: Option<(Timer, Timestamp)>,
    /// Those who asked for a run and wait for its end.
    pub(super) waiting: BTreeMap<Arc<str>, Vec<oneshot::Sender<()>>>,
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
        series: Option<SeriesOutlets>,
    ) -> Self {
        let state = HealthState::clone(&keep.load());
        Self {
            state,
            keep,
            couriers,
            series: SeriesFeed::new(series),
            timer: None,
            waiting: BTreeMap::new(),
        }
    }

    /// Does what is due, tells what changed, and sets the timer for what is
    /// due next.
    pub(super) fn advance(&mut self, mut told: Vec<HealthTransition>, scope: &mut Scope<Self>) {
        let now = scope.now();
        told.extend(self.state.machine.tick(now));
        let due = self.state.machine.due(now);
        // Kept before anybody is told, so that nobody is told twice; and a
        // superseded incarnation tells nobody.
        if !scope.keep(&self.keep, self.state.clone()) {
            return;
        }
        self.tell(told, scope);
        for run in due {
            self.start(run, scope);
        }
        self.set_timer(now, scope);
    }

    fn tell(&mut self, told: Vec<HealthTransition>, scope: &mut Scope<Self>) {
        for transition in told {
            let level = if transition.to.is_failed() { Level::Warn } else { Level::Info };
            log::log!(level, "{transition}");
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
        self.state = HealthState::clone(&scope.resume(&self.keep));
        let (state, machine) = (self.state.clone(), &mut self.state.machine);
        machine.resume(scope.now(), |check| state.is_running(check));
        let stuck: Vec<Arc<str>> = machine.overrunning().cloned().collect();
        for check in stuck {
            self.await_release(&check, scope);
        }
        self.feed_series(scope);
        self.advance(Vec::new(), scope);
    }
}
