//! The aggregator as a component.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::{
    AggregateError, AggregationState, Definition, Due, Results, Schedule,
};
use keepwatch_engine::model::{Labels, Timestamp};
use tokio::sync::Semaphore;

use super::messages::{AddAggregation, Aggregate, AggregateNow, Aggregations, RemoveAggregation};
pub use super::run::AggregatorOutlets;
use super::run::Computed;
use crate::Error;
use crate::supervisor::{Answer, Component, Keep, Receive, Scope, Timer};

/// The longest sleep between two looks at what is due: the wall clock may be
/// set while the timer runs.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How many runs may be under way at once, so that ten thousand definitions
/// of one interval do not fill the registry's mailbox.
const AT_ONCE: usize = 64;

/// Runs aggregations.
pub struct Aggregator {
    schedule: Schedule,
    keep: Keep<Schedule>,
    outlets: AggregatorOutlets,
    turns: Arc<Semaphore>,
    /// Aggregations whose run is under way.
    busy: HashSet<Arc<str>>,
    timer: Option<Timer>,
}

impl Aggregator {
    /// Creates an incarnation that goes on from what the last one kept.
    #[must_use]
    pub fn new(keep: Keep<Schedule>, outlets: AggregatorOutlets) -> Self {
        let schedule = Schedule::clone(&keep.load());
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { schedule, keep, outlets, turns, busy: HashSet::new(), timer: None }
    }

    /// Starts the runs that are due and sets the timer for the next.
    fn look(&mut self, scope: &mut Scope<Self>) {
        let busy = &self.busy;
        let due = self.schedule.due(scope.now(), |name| busy.contains(name));
        // Kept before they run: one that fails the component is not run again
        // by its successor.
        if !due.is_empty() {
            scope.keep(&self.keep, self.schedule.clone());
        }
        for due in due {
            self.busy.insert(Arc::clone(due.definition.name()));
            let (begun, run) = (scope.monotonic(), self.run(due.clone(), scope));
            scope.spawn(run, move |this, outcome, scope| {
                // A failure is in the state and in the log.
                let _ = this.end(&due, begun, outcome, scope);
            });
        }
        self.set_timer(scope);
    }

    /// Takes note of how a run ended.
    fn end(
        &mut self,
        due: &Due,
        begun: Duration,
        outcome: Result<Results, Error>,
        scope: &Scope<Self>,
    ) -> Result<usize, Error> {
        self.busy.remove(due.definition.name());
        if let Err(error) = &outcome {
            log::warn!("aggregation {:?}: {error}", due.definition.name());
        }
        let took = scope.monotonic().saturating_sub(begun);
        self.schedule.finished(due, took, outcome.clone().map_err(|error| error.to_string()));
        scope.keep(&self.keep, self.schedule.clone());
        outcome.map(|results| results.stored)
    }

    /// Sets the one timer to when something is due next.
    fn set_timer(&mut self, scope: &mut Scope<Self>) {
        if let Some(timer) = self.timer.take() {
            scope.cancel(timer);
        }
        self.timer = self.schedule.next_due().map(|next| {
            // A run that is late because the last one is under way is looked
            // for again in a second, not at once.
            let wait = next.since(scope.now());
            let wait = if wait.is_zero() { Duration::from_secs(1) } else { wait.min(LOOK_EVERY) };
            scope.after(wait, |this, scope| {
                this.timer = None;
                this.look(scope);
            })
        });
    }

    /// Returns the job of one run.
    fn run(
        &self,
        due: Due,
        scope: &Scope<Self>,
    ) -> impl Future<Output = Result<Results, Error>> + use<> {
        let (outlets, workshop) = (self.outlets.clone(), scope.workshop().clone());
        let turns = Arc::clone(&self.turns);
        async move {
            // The semaphore is never closed; without a turn there is no harm.
            let _turn = turns.acquire().await;
            let Due { definition, at, before } = due;
            let computed = outlets.compute(&definition, at, workshop).await?;
            outlets.store(computed, at, &before).await
        }
    }

    /// Keeps what a message changed and sets the timer by it.
    fn settle(
        &mut self,
        changed: Result<(), AggregateError>,
        scope: &mut Scope<Self>,
    ) -> Answer<()> {
        match changed {
            Err(refused) => Err(refused).into(),
            Ok(()) => {
                self.set_timer(scope);
                scope.keep_and_answer(&self.keep, self.schedule.clone(), ())
            }
        }
    }
}

impl Component for Aggregator {
    const NAME: &'static str = "aggregator";

    fn started(&mut self, scope: &mut Scope<Self>) {
        self.schedule = Schedule::clone(&scope.resume(&self.keep));
        self.look(scope);
    }
}

impl Receive<AddAggregation> for Aggregator {
    fn receive(
        &mut self,
        AddAggregation(definition): AddAggregation,
        scope: &mut Scope<Self>,
    ) -> Answer<()> {
        let added = self.schedule.add(definition, scope.now());
        self.settle(added, scope)
    }
}

impl Receive<RemoveAggregation> for Aggregator {
    fn receive(&mut self, message: RemoveAggregation, scope: &mut Scope<Self>) -> Answer<()> {
        let removed = self.schedule.remove(&message.name);
        self.settle(removed, scope)
    }
}

impl Receive<Aggregations> for Aggregator {
    fn receive(
        &mut self,
        _: Aggregations,
        _: &mut Scope<Self>,
    ) -> Answer<Vec<(Arc<Definition>, AggregationState)>> {
        Answer::ok(self.schedule.states())
    }
}

impl Receive<AggregateNow> for Aggregator {
    fn receive(&mut self, message: AggregateNow, scope: &mut Scope<Self>) -> Answer<usize> {
        let due = match self.schedule.due_now(&message.name, scope.now()) {
            Ok(due) => due,
            Err(error) => return Err::<usize, _>(error).into(),
        };
        if !self.busy.insert(Arc::clone(&message.name)) {
            let name = message.name.to_string();
            return Err::<usize, _>(AggregateError::UnderWay { name }).into();
        }
        let (begun, run) = (scope.monotonic(), self.run(due.clone(), scope));
        scope.answer(run, move |this, outcome, scope| this.end(&due, begun, outcome, scope))
    }
}

impl Receive<Aggregate> for Aggregator {
    fn receive(
        &mut self,
        message: Aggregate,
        scope: &mut Scope<Self>,
    ) -> Answer<Vec<(Labels, f64)>> {
        let at: Timestamp = message.at.unwrap_or_else(|| scope.now());
        let (outlets, workshop) = (self.outlets.clone(), scope.workshop().clone());
        let definition = message.definition;
        let compute = async move { outlets.compute(&definition, at, workshop).await };
        scope.answer(compute, |_, computed, _| computed.map(Computed::into_values))
    }
}
