//! The addresses of the five components.

use keepwatch_actors::aggregator::Aggregator;
use keepwatch_actors::alert_evaluator::AlertEvaluator;
use keepwatch_actors::health_checker::HealthChecker;
use keepwatch_actors::registry::Registry;
use keepwatch_actors::supervisor::{Address, Component};

/// The addresses of the five components.
#[derive(Debug, Clone)]
pub struct Components {
    pub(super) registry: Address<Registry>,
    pub(super) alert_evaluator: Address<AlertEvaluator>,
    pub(super) health_checker: Address<HealthChecker>,
    pub(super) aggregator: Address<Aggregator>,
}

/// A component that a [`Monitor`](super::Monitor) seats: how a message's type
/// finds its owner.
pub trait Seated: Component {
    /// Returns the component's address.
    fn address(components: &Components) -> &Address<Self>;
}

macro_rules! seated {
    ($($component:ty: $field:ident),+ $(,)?) => {$(
        impl Seated for $component {
            fn address(components: &Components) -> &Address<Self> {
                &components.$field
            }
        }
    )+};
}

seated! {
    Registry: registry,
    AlertEvaluator: alert_evaluator,
    HealthChecker: health_checker,
    Aggregator: aggregator,
}
