//! The aggregator as a component.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::{AggregateError, AggregationState, Definition, Due, Schedule};
use keepwatch_engine::model::{Labels, Timestamp};

use super::messages::{AddAggregation, Aggregate, AggregateNow, Aggregations, RemoveAggregation};
pub use super::run::AggregatorOutlets;
use crate::supervisor::{Answer, Component, Keep, Receive, Scope, Timer};

/// The longest sleep between two looks at what is due: the wall clock may be
/// set while the timer runs.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Runs aggregations.
pub struct Aggregator {
    schedule: Schedule,
    keep: Keep<Schedule>,
    outlets: AggregatorOutlets,
    /// Aggregations whose run is under way.
    busy: HashSet<Arc<str>>,
    timer: Option<Timer>,
}

impl Aggregator {
    /// Creates an incarnation that goes on from what the last one kept.
    #[must_use]
    pub fn new(keep: Keep<Schedule>, outlets: AggregatorOutlets) -> Self {
        let schedule = Schedule::clone(&keep.load());
        Self { schedule, keep, outlets, busy: HashSet::new(), timer: None }
    }

    /// Starts the runs that are due and sets the timer for the next.
    fn look(&mut self, scope: &mut Scope<Self>) {
        let busy = &self.busy;
        for due in self.schedule.due(scope.now(), |name| busy.contains(name)) {
            self.busy.insert(Arc::clone(due.definition.name()));
            let (begun, run) = (scope.monotonic(), self.run(due.clone(), scope));
            scope.spawn(run, move |this, outcome, scope| {
                this.busy.remove(due.definition.name());
                if let Err(error) = &outcome {
                    log::warn!("aggregation {:?}: {error}", due.definition.name());
                }
                let took = scope.monotonic().saturating_sub(begun);
                let outcome = outcome.map_err(|error| error.to_string());
                this.schedule.finished(&due, took, outcome);
                scope.keep(&this.keep, this.schedule.clone());
            });
        }
        self.set_timer(scope);
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
    ) -> impl Future<Output = Result<usize, crate::Error>> + use<> {
        let (outlets, workshop) = (self.outlets.clone(), scope.workshop().clone());
        async move {
            let Due { definition, at } = due;
            let computed = outlets.compute(Arc::clone(&definition), at, workshop).await?;
            outlets.store(&definition, computed, at).await
        }
    }

    /// Keeps what a message changed and sets the timer by it.
    fn settle(
        &mut self,
        changed: Result<(), AggregateError>,
        scope: &mut Scope<Self>,
    ) -> Answer<()> {
        if changed.is_ok() {
            scope.keep(&self.keep, self.schedule.clone());
            self.set_timer(scope);
        }
        changed.into()
    }
}

impl Component for Aggregator {
    const NAME: &'static str = "aggregator";

    fn started(&mut self, scope: &mut Scope<Self>) {
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
        match self.schedule.get(&message.name) {
            Err(error) => Err::<usize, _>(error).into(),
            Ok(definition) => {
                let run = self.run(Due { definition, at: scope.now() }, scope);
                scope.answer(run, |_, outcome, _| outcome)
            }
        }
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
        let definition = Arc::new(message.definition);
        let compute = async move { outlets.compute(definition, at, workshop).await };
        scope.answer(compute, |_, computed, _| computed.map(|computed| computed.values))
    }
}
