//! Messages that make each component fail where its code runs.

use std::time::Duration;

use keepwatch_actors::aggregator::Aggregator;
use keepwatch_actors::alert_evaluator::AlertEvaluator;
use keepwatch_actors::health_checker::HealthChecker;
use keepwatch_actors::janitor::Janitor;
use keepwatch_actors::registry::Registry;
use keepwatch_actors::request;
use keepwatch_actors::supervisor::{Answer, Component, Receive, Scope};

/// Where a component panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Handler,
    Timer,
    Continuation,
    /// In the handler, and then once in the factory.
    Factory,
}

pub(super) const PLACES: [Place; 4] =
    [Place::Handler, Place::Timer, Place::Continuation, Place::Factory];

fn fail<C: Component>(place: Place, scope: &mut Scope<C>) -> Answer<()> {
    match place {
        Place::Handler | Place::Factory => panic!("in the handler"),
        Place::Timer => {
            scope.after(Duration::ZERO, |_, _| panic!("in the timer"));
            Answer::ok(())
        }
        Place::Continuation => {
            scope.answer(tokio::task::yield_now(), |_, (), _| panic!("in the continuation"))
        }
    }
}

macro_rules! failing {
    ($($message:ident: $component:ty),+ $(,)?) => {$(
        /// Makes the component panic.
        pub(crate) struct $message(pub(crate) Place);

        request! { $message => (), owner $component }

        impl Receive<$message> for $component {
            fn receive(&mut self, message: $message, scope: &mut Scope<Self>) -> Answer<()> {
                fail(message.0, scope)
            }
        }
    )+};
}

failing! {
    FailRegistry: Registry,
    FailAlertEvaluator: AlertEvaluator,
    FailHealthChecker: HealthChecker,
    FailAggregator: Aggregator,
    FailJanitor: Janitor,
}

/// Blocks the registry's thread.
pub(super) struct HangRegistry(pub(super) Duration);

request! { HangRegistry => (), owner Registry }

impl Receive<HangRegistry> for Registry {
    #[expect(clippy::disallowed_methods, reason = "blocking the arbiter is what is tested")]
    fn receive(&mut self, HangRegistry(time): HangRegistry, _: &mut Scope<Self>) -> Answer<()> {
        std::thread::sleep(time);
        Answer::ok(())
    }
}
