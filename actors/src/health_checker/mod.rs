//! Runs health checks and tells how everything stands.
//!
//! The component owns the definitions, the states and the history of all
//! checks (a [`HealthMachine`](keepwatch_engine::health::HealthMachine)), the
//! [`probe`]s that carry checks out, and the subscribers to changes. It runs
//! no check itself: each run is a job in the workshop, with a hard time limit
//! and a caught panic, and there is one at a time of each check.
//!
//! All of that is a [`HealthState`], which the component keeps: a restart
//! loses nothing, and whoever holds the [`Keep`](crate::supervisor::Keep) can
//! report from it even while the component is down.

mod component;
mod messages;
pub mod probe;
mod receive;
mod series;
mod state;
#[cfg(test)]
mod tests;

pub use component::HealthChecker;
pub use messages::{
    AddCheck, AddChecks, Beat, CheckNow, DrainHealth, Health, HealthChanged, HealthHistory,
    HealthSubscribers, PruneHealthHistory, RemoveCheck, SubscribeHealth, UnsubscribeHealth,
};
pub use series::SeriesOutlets;
pub use state::HealthState;
