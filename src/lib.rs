//! A monitoring engine that lives inside an actix application.
//!
//! ```
//! use keepwatch::Monitor;
//! use keepwatch::aggregate::{Definition, Method};
//! use keepwatch::alert::Rule;
//! use keepwatch::health::CheckDefinition;
//! use keepwatch::messages::{AddCheck, AlertTransition, Metrics};
//!
//! # fn main() -> anyhow::Result<()> {
//! let slow = Rule::on("Slow", "job_duration_seconds").when_text("value > 2.5").build()?;
//! let rate = Definition::of("jobs_total", Method::Rate).by(["queue"]).build()?;
//! let queue = AddCheck::new(CheckDefinition::new("queue"), || async { Ok::<_, String>(()) });
//! let monitor = Monitor::builder()
//!     .rule(slow)
//!     .aggregation(rate)
//!     .check(queue)
//!     .on_alert(|alert: AlertTransition| println!("{alert}"))
//!     .start()?;
//!
//! let jobs = monitor.counter("jobs_total").labels(["queue"]).register()?;
//! let duration = monitor.histogram("job_duration_seconds").unit("seconds").register_one()?;
//! jobs.with(&["mail"])?.increment();
//! duration.observe(0.25);
//!
//! actix_rt::System::new().block_on(async {
//!     let metrics = monitor.send(Metrics).await?;
//!     assert!(metrics.iter().any(|metric| metric.name().as_ref() == "jobs_total"));
//!     assert!(monitor.shutdown().await.is_clean());
//!     anyhow::Ok(())
//! })
//! # }
//! ```
//!
//! - [`Monitor`] is the handle, [`MonitorBuilder`] describes what it is made
//!   of; [`messages`] has what can be asked, and sent, at any time.
//! - [`alert`], [`health`], [`aggregate`] and [`retention`] have the
//!   definitions, [`instrument`] the handles that count, [`model`] the words.
//! - `web::scope` serves it all over HTTP (feature `web`), [`collect`] has the
//!   host's figures (`host`), [`probe`] checks that need them or HTTP
//!   (`http-check`); the binary is the feature `cli`. All are on by default.

pub mod bridge;
pub mod collect;
pub mod config;
pub mod monitor;
pub mod notation;
pub mod probe;
#[cfg(feature = "web")]
pub mod web;

pub use monitor::{ClosingReport, Monitor, MonitorBuilder, StartError};

/// Addresses, supervision and status.
pub use keepwatch_actors::supervisor;
/// Errors of delivery, and the components' own; and the macro that declares a
/// message of one's own for a component.
pub use keepwatch_actors::{Error, request};
#[cfg(feature = "derive")]
pub use keepwatch_derive::{LabelSet, LabelValue};
/// Methods that turn the samples of a window into one value.
pub use keepwatch_engine::aggregate;
/// Alert rules, conditions and transitions.
pub use keepwatch_engine::alert;
/// Where the time comes from.
pub use keepwatch_engine::clock;
/// Current values in the formats of scrapers.
pub use keepwatch_engine::exposition;
/// Check definitions, outcomes and reports.
pub use keepwatch_engine::health;
/// Handles that any thread writes.
pub use keepwatch_engine::instrument;
/// Typed labels: the traits, and what derives them.
pub use keepwatch_engine::instrument::{LabelSet, LabelValue};
/// Labels, definitions, samples, records and time.
pub use keepwatch_engine::model;
/// PromQL: queries, plans and results.
pub use keepwatch_engine::promql;
/// Limits of what is recorded, and why something was left out.
pub use keepwatch_engine::registry;
/// How long things are kept.
pub use keepwatch_engine::retention;
/// Prometheus rule files, and their unit tests.
pub use keepwatch_engine::rules;
/// Selectors, snapshots and the data folder.
pub use keepwatch_engine::storage;
/// Templates of the labels and annotations of rules.
pub use keepwatch_engine::template;

/// The components, as types of [`supervisor::Address`].
pub mod components {
    pub use keepwatch_actors::aggregator::Aggregator;
    pub use keepwatch_actors::alert_evaluator::AlertEvaluator;
    pub use keepwatch_actors::health_checker::HealthChecker;
    pub use keepwatch_actors::janitor::Janitor;
    pub use keepwatch_actors::registry::Registry;
}

/// Every message that a component takes, and every event that it sends.
pub mod messages {
    pub use keepwatch_actors::aggregator::{
        AddAggregation, Aggregate, AggregateNow, Aggregations, RemoveAggregation,
    };
    pub use keepwatch_actors::alert_evaluator::messages::*;
    pub use keepwatch_actors::courier::{DeliveryStatus, Receipt, Subscriber, SubscriptionId};
    pub use keepwatch_actors::durability::UpkeepReport;
    pub use keepwatch_actors::health_checker::{
        AddCheck, AddChecks, Beat, CheckNow, Health, HealthChanged, HealthHistory,
        HealthSubscribers, PruneHealthHistory, RemoveCheck, SubscribeHealth, UnsubscribeHealth,
    };
    pub use keepwatch_actors::janitor::{
        Clean, CurrentPolicy, KeepUp, LastCleaning, LastUpkeep, SetPolicy,
    };
    pub use keepwatch_actors::registry::{
        AppendBatch, AppendDerived, Collect, CurrentValues, FindSeries, KindOf, Metrics, Prune,
        Record, RecordBatch, RegisterMetric, RegisterMode, Resolve, RolledUp, Rollups, Select,
        StorageReport, StorageStatistics, Values,
    };
}

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
