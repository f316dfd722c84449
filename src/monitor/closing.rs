//! The end of an engine, in order.

use std::time::Duration;

use actix::Addr;
use keepwatch_actors::alert_evaluator::messages::AlertTransition;
use keepwatch_actors::courier::{Couriers, DeliveryStatus};
use keepwatch_actors::health_checker::HealthChecker;
use keepwatch_actors::health_checker::{DrainHealth, HealthChanged};
use keepwatch_actors::supervisor::{Address, ChildDrain, Shutdown, Supervisor};
use serde::Serialize;

/// How the engine stopped.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClosingReport {
    /// How long the engine ran.
    pub ran: Duration,
    /// How long stopping took.
    pub took: Duration,
    /// Each component, in the order they were stopped.
    pub components: Vec<ChildDrain>,
    /// Messages that were queued and never handled.
    pub undelivered_messages: u64,
    /// Events on which a subscriber failed, panicked or took too long, and
    /// those dropped because its queue was full, since the start.
    pub lost_events: u64,
    /// What kept the components from being stopped in order, if anything did.
    pub failure: Option<String>,
    /// Why the series were not saved; `None` if they were, and without a data
    /// folder.
    pub unsaved: Option<String>,
    /// Why the last alert states, silences, health and definitions were not
    /// saved; `None` if they were, and without a data folder.
    pub unsaved_state: Option<String>,
    /// Alert and health events that subscribers did not get in time.
    pub undelivered_events: usize,
}

impl ClosingReport {
    /// Says whether everything stopped in time, and nothing was left or lost.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.undelivered_messages == 0
            && self.undelivered_events == 0
            && self.lost_events == 0
            && self.unsaved.is_none()
            && self.unsaved_state.is_none()
            && self.failure.is_none()
            && self.components.iter().all(|component| component.clean)
    }
}

/// Whom the end concerns.
pub(super) struct Closing {
    pub(super) supervisor: Addr<Supervisor>,
    pub(super) health_checker: Address<HealthChecker>,
    pub(super) alert_couriers: Couriers<AlertTransition>,
    pub(super) health_couriers: Couriers<HealthChanged>,
    /// The longest time for each component, and for the subscribers.
    pub(super) deadline: Duration,
}

impl Closing {
    /// Takes readiness down: load balancers must see it before anything is
    /// refused. A checker that is down cannot be ready either.
    pub(super) async fn drain(&self) {
        let _ = self.health_checker.send(DrainHealth).await;
    }

    /// Stops everything; the times are the caller's to fill in.
    pub(super) async fn close(self) -> ClosingReport {
        self.drain().await;
        let order = Shutdown { deadline: self.deadline };
        let (components, failure) = match self.supervisor.send(order).await {
            Ok(report) => (report.children, None),
            Err(error) => (Vec::new(), Some(format!("the supervisor did not report: {error}"))),
        };
        let (alerts, health) = tokio::join!(
            self.alert_couriers.settle(self.deadline),
            self.health_couriers.settle(self.deadline),
        );
        let lost =
            |statuses: &[DeliveryStatus]| statuses.iter().map(DeliveryStatus::lost).sum::<u64>();
        ClosingReport {
            lost_events: lost(&self.alert_couriers.statuses())
                + lost(&self.health_couriers.statuses()),
            undelivered_messages: components.iter().map(|drain| drain.undelivered).sum(),
            undelivered_events: alerts + health,
            components,
            failure,
            ..ClosingReport::default()
        }
    }
}
