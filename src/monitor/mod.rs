//! The handle on a running engine, and its builder.
//!
//! [`Monitor::builder`] collects what is to be watched; `start` brings the
//! engine up on a thread of its own. The handle is cheap to clone and works
//! from any thread and under any runtime. The engine stops, in order, on
//! [`Monitor::shutdown`] or when the last handle is dropped.

mod assembly;
mod builder;
mod callbacks;
mod closing;
mod collecting;
mod components;
mod error;
mod exposing;
mod persisting;
mod probing;
mod query;
mod restoring;
mod state_file;
mod storage;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use keepwatch_actors::Error;
use keepwatch_actors::aggregator::Aggregator;
use keepwatch_actors::alert_evaluator::AlertEvaluator;
use keepwatch_actors::health_checker::HealthChecker;
use keepwatch_actors::janitor::Janitor;
use keepwatch_actors::querier::Querier;
use keepwatch_actors::registry::Registry;
use keepwatch_actors::summary::{self, Sources, Summary};
use keepwatch_actors::supervisor::{
    Address, ComponentStatus, Receive, Request, Status, Supervisor, Workshop,
};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::exposition::Exposition;
use keepwatch_engine::instrument::{
    Catalogue, Counter, Gauge, Histogram, Info, StateSet, StaticMetric,
};
use tokio::sync::{mpsc, watch};

pub use builder::MonitorBuilder;
pub use closing::ClosingReport;
pub use components::{Components, Seated};
pub use error::StartError;
pub use keepwatch_actors::querier::{FoundSeries, QueryFailure, QueryLimits};
pub use keepwatch_engine::instrument::{MetricBuilder, MetricError};
pub use storage::StorageOptions;

use probing::Watched;
use thread::EngineThread;

use crate::scrape::ScrapedTarget;

/// A running engine. Clones share it.
#[derive(Clone)]
pub struct Monitor {
    inner: Arc<Inner>,
}

struct Inner {
    components: Components,
    supervisor: Addr<Supervisor>,
    sources: Sources,
    catalogue: Catalogue,
    exposition: Exposition,
    targets: Vec<Arc<ScrapedTarget>>,
    workshop: Workshop,
    querier: Querier,
    clock: Arc<dyn Clock>,
    watched: mpsc::UnboundedSender<Watched>,
    /// Its drop, like a message on it, ends the engine.
    stop: mpsc::UnboundedSender<()>,
    closed: watch::Receiver<Option<ClosingReport>>,
    thread: EngineThread,
}

impl Monitor {
    /// Starts the description of an engine.
    #[must_use]
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::default()
    }

    /// Sends a message to the component that owns it, which the message's
    /// type decides, and waits for the answer.
    ///
    /// # Errors
    /// As [`Address::send`].
    pub async fn send<M>(&self, message: M) -> Result<M::Reply, Error>
    where
        M: Request,
        M::Owner: Seated,
    {
        M::Owner::address(&self.inner.components).send(message).await
    }

    /// Queues a message for the component that owns it, without waiting.
    ///
    /// # Errors
    /// As [`Address::try_send`].
    pub fn try_send<M>(&self, message: M) -> Result<(), Error>
    where
        M: Request,
        M::Owner: Seated,
    {
        M::Owner::address(&self.inner.components).try_send(message)
    }

    /// Returns an actix recipient for one kind of message, for actors of the
    /// application's. It stays valid across restarts.
    #[must_use]
    pub fn recipient<M>(&self) -> actix::Recipient<M>
    where
        M: Request,
        M::Owner: Seated + Receive<M>,
    {
        M::Owner::address(&self.inner.components).recipient()
    }

    /// Returns the address of the metric registry.
    #[must_use]
    pub fn registry(&self) -> &Address<Registry> {
        &self.inner.components.registry
    }

    /// Returns the address of the alert evaluator.
    #[must_use]
    pub fn alert_evaluator(&self) -> &Address<AlertEvaluator> {
        &self.inner.components.alert_evaluator
    }

    /// Returns the address of the health checker.
    #[must_use]
    pub fn health_checker(&self) -> &Address<HealthChecker> {
        &self.inner.components.health_checker
    }

    /// Returns the address of the aggregator.
    #[must_use]
    pub fn aggregator(&self) -> &Address<Aggregator> {
        &self.inner.components.aggregator
    }

    /// Returns the address of the janitor.
    #[must_use]
    pub fn janitor(&self) -> &Address<Janitor> {
        &self.inner.components.janitor
    }

    /// Returns the address of the supervisor, for its [`Status`].
    #[must_use]
    pub fn supervisor(&self) -> &Addr<Supervisor> {
        &self.inner.supervisor
    }

    /// Starts the definition of a counter.
    pub fn counter(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Counter> {
        self.inner.catalogue.counter(name)
    }

    /// Starts the definition of a gauge.
    pub fn gauge(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Gauge> {
        self.inner.catalogue.gauge(name)
    }

    /// Starts the definition of a histogram.
    pub fn histogram(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Histogram> {
        self.inner.catalogue.histogram(name)
    }

    /// Starts the definition of a summary.
    pub fn summary_metric(
        &self,
        name: impl Into<Arc<str>>,
    ) -> MetricBuilder<keepwatch_engine::instrument::Summary> {
        self.inner.catalogue.summary(name)
    }

    /// Starts the definition of an info, whose name ends in `_info`.
    pub fn info(&self, name: impl Into<Arc<str>>) -> MetricBuilder<Info> {
        self.inner.catalogue.info(name)
    }

    /// Starts the definition of a set of states.
    pub fn state_set(&self, name: impl Into<Arc<str>>) -> MetricBuilder<StateSet> {
        self.inner.catalogue.state_set(name)
    }

    /// Returns the metrics; its handles work for as long as anybody has them,
    /// whether the engine runs or not.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    /// Takes in a metric that a library declared as a `static`, with what it
    /// has counted already.
    ///
    /// # Errors
    /// As [`Catalogue::adopt`].
    pub fn adopt(&self, declared: &dyn StaticMetric) -> Result<(), MetricError> {
        Ok(self.inner.catalogue.adopt(declared)?)
    }

    /// Returns each component's state and counts; none once the engine has
    /// stopped.
    pub async fn status(&self) -> Vec<ComponentStatus> {
        self.inner.supervisor.send(Status).await.unwrap_or_default()
    }

    /// Takes a summary of everything, with figures over the last `window`.
    pub async fn summary(&self, window: Duration) -> Summary {
        summary::gather(&self.inner.sources, window).await
    }

    /// Returns the targets that are scraped, and how each fares.
    #[must_use]
    pub fn targets(&self) -> &[Arc<ScrapedTarget>] {
        &self.inner.targets
    }

    /// Returns the engine's clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Stops the engine in order and returns how that went: readiness goes
    /// down first, then each component handles what is queued and stops, last
    /// started first, then subscribers get what waits for them. Each step has
    /// a deadline (default 10 s). Asked again, it returns the same report.
    pub async fn shutdown(&self) -> ClosingReport {
        // A closed channel means that it has been told before.
        let _ = self.inner.stop.send(());
        let mut closed = self.inner.closed.clone();
        let report = match closed.wait_for(Option::is_some).await {
            Ok(report) => report.clone().unwrap_or_default(),
            // The thread died without a report, which only a panic does.
            Err(_) => ClosingReport {
                failure: Some("the engine's thread died".to_owned()),
                ..ClosingReport::default()
            },
        };
        self.inner.thread.ended().await;
        report
    }
}

impl std::fmt::Debug for Monitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}
