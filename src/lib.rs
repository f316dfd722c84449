//! keepwatch, a monitoring engine that lives inside an actix application.

pub mod collect;
pub mod config;
pub mod monitor;
pub mod notation;
pub mod probe;
#[cfg(feature = "web")]
pub mod web;

pub use monitor::{ClosingReport, Monitor, MonitorBuilder, StartError};

/// Errors of delivery, and the components' own.
pub use keepwatch_actors::Error;
/// Addresses, supervision and status.
pub use keepwatch_actors::supervisor;
/// Methods that turn the samples of a window into one value.
pub use keepwatch_engine::aggregate;
/// Alert rules, conditions and transitions.
pub use keepwatch_engine::alert;
/// Check definitions, outcomes and reports.
pub use keepwatch_engine::health;
/// Handles that any thread writes.
pub use keepwatch_engine::instrument;
/// Labels, definitions, samples, records and time.
pub use keepwatch_engine::model;

/// Every message that a component takes, and every event that it sends.
pub mod messages {
    pub use keepwatch_actors::aggregator::{
        AddAggregation, Aggregate, AggregateNow, Aggregations, RemoveAggregation,
    };
    pub use keepwatch_actors::alert_evaluator::messages::*;
    pub use keepwatch_actors::courier::{DeliveryStatus, Subscriber, SubscriptionId};
    pub use keepwatch_actors::health_checker::{
        AddCheck, AddChecks, Beat, CheckNow, Health, HealthChanged, HealthHistory,
        HealthSubscribers, PruneHealthHistory, RemoveCheck, SubscribeHealth, UnsubscribeHealth,
    };
    pub use keepwatch_actors::registry::{
        AppendBatch, Collect, CurrentValues, Metrics, Prune, Record, RecordBatch, RegisterMetric,
        RegisterMode, Resolve, Select, StorageReport, StorageStatistics, Values,
    };
}

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
