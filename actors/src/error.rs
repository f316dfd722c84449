//! Why a message was not answered as asked.

use std::time::Duration;

use keepwatch_engine::aggregate::AggregateError;
use keepwatch_engine::alert::AlertError;
use keepwatch_engine::health::HealthError;
use keepwatch_engine::registry::RegistryError;
use keepwatch_engine::retention::RetentionError;
use thiserror::Error;

/// Why a component did not do what a message asked for.
///
/// The first group is the supervisor's word about delivery, the second the
/// component's word about the request itself.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The component's mailbox is full; the message was not queued.
    #[error("{component} is overloaded: its mailbox holds its bound of {bound} messages")]
    Overloaded {
        /// The component.
        component: &'static str,
        /// The bound of its mailbox.
        bound: usize,
    },
    /// No answer came in time. The message may still be handled.
    #[error("{component} gave no answer within {after:?}")]
    Timeout {
        /// The component.
        component: &'static str,
        /// How long the asker waited.
        after: Duration,
    },
    /// The component failed while it handled the message, or was replaced
    /// before it came to it.
    #[error("{component} failed before it answered")]
    Faulted {
        /// The component.
        component: &'static str,
    },
    /// The component failed too often and is down until a probe revives it.
    #[error("{component} is down: it failed too often and is probed for recovery")]
    Down {
        /// The component.
        component: &'static str,
    },
    /// The engine has stopped or is stopping.
    #[error("{component} has stopped")]
    Stopped {
        /// The component.
        component: &'static str,
    },
    /// The aggregator refused it.
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    /// The health checker refused a check, or a request about one.
    #[error(transparent)]
    Health(#[from] HealthError),
    /// The alert evaluator refused it.
    #[error(transparent)]
    Alert(#[from] AlertError),
    /// The janitor refused it.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// The registry refused it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}
