//! Carries events to subscribers: alerts, changes of health.
//!
//! Each subscriber has a bounded queue of its own, a time limit, and one
//! delivery at a time. Callbacks run in the
//! [`Workshop`](crate::supervisor::Workshop), so one that blocks, panics or
//! never ends costs its own deliveries and nobody else's. When a queue is
//! full the oldest event gives way, and is counted.
//!
//! A [`Courier`] is part of its component's state and is cheap to clone: a
//! component that keeps it loses no event to a restart. A delivery that was
//! under way then is made again, so events arrive at least once.

mod event;
mod subscriber;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;

use crate::supervisor::{Component, Scope};

pub use event::Event;
use subscriber::Delivery;
pub use subscriber::{Receipt, Subscriber};

/// Names a subscription for as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SubscriptionId(u64);

/// How a subscriber is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubscriberStatus {
    /// The subscription.
    pub id: SubscriptionId,
    /// The subscriber's name.
    pub name: Arc<str>,
    /// Events that wait, the one under way included.
    pub queued: usize,
    /// Events delivered.
    pub delivered: u64,
    /// Deliveries that failed: an error, a panic, a time limit.
    pub failed: u64,
    /// Events that gave way because the queue was full.
    pub dropped: u64,
    /// Why the last failure failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// Queues events for subscribers and delivers them.
pub struct Courier<T: Send + Sync + 'static> {
    lanes: Vec<Lane<T>>,
    subscriptions: u64,
}

/// One subscriber and what waits for it.
struct Lane<T: Send + Sync + 'static> {
    subscriber: Subscriber<T>,
    queue: VecDeque<Event<T>>,
    in_flight: Option<Event<T>>,
    status: SubscriberStatus,
}

impl<T: Send + Sync + 'static> Courier<T> {
    /// Creates a courier without subscribers.
    #[must_use]
    pub const fn new() -> Self {
        Self { lanes: Vec::new(), subscriptions: 0 }
    }

    /// Takes over from an incarnation that ended: what was under way is
    /// delivered again.
    #[must_use]
    pub fn resumed(mut self) -> Self {
        for lane in &mut self.lanes {
            if let Some(event) = lane.in_flight.take() {
                lane.queue.push_front(event);
            }
        }
        self
    }

    /// Adds a subscriber.
    pub fn subscribe(&mut self, subscriber: Subscriber<T>) -> SubscriptionId {
        let id = SubscriptionId(self.subscriptions);
        self.subscriptions += 1;
        let status = SubscriberStatus {
            id,
            name: Arc::clone(&subscriber.name),
            queued: 0,
            delivered: 0,
            failed: 0,
            dropped: 0,
            last_error: None,
        };
        self.lanes.push(Lane { subscriber, queue: VecDeque::new(), in_flight: None, status });
        id
    }

    /// Removes a subscriber and what waits for it; says whether there was
    /// one.
    pub fn unsubscribe(&mut self, id: SubscriptionId) -> bool {
        let before = self.lanes.len();
        self.lanes.retain(|lane| lane.status.id != id);
        self.lanes.len() < before
    }

    /// Queues an event for every subscriber. [`dispatch`] sends it off.
    pub fn post(&mut self, event: T) {
        let event = Event::new(event);
        for lane in &mut self.lanes {
            if lane.queue.len() >= lane.subscriber.queue_max {
                lane.queue.pop_front();
                lane.status.dropped += 1;
            }
            lane.queue.push_back(event.clone());
        }
    }

    /// Returns how each subscriber is served.
    #[must_use]
    pub fn status(&self) -> Vec<SubscriberStatus> {
        let queued = |lane: &Lane<T>| lane.queue.len() + usize::from(lane.in_flight.is_some());
        self.lanes
            .iter()
            .map(|lane| SubscriberStatus { queued: queued(lane), ..lane.status.clone() })
            .collect()
    }

    fn ended(&mut self, id: SubscriptionId, delivery: Delivery) {
        // A subscriber may have left while its delivery was under way.
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.status.id == id) else { return };
        lane.in_flight = None;
        match delivery {
            Delivery::Made => lane.status.delivered += 1,
            Delivery::Failed(error) => {
                log::warn!("subscriber {:?} failed: {error}", lane.status.name);
                lane.status.failed += 1;
                lane.status.last_error = Some(error);
            }
            Delivery::Gone => {
                log::info!("subscriber {:?} is gone", lane.status.name);
                self.unsubscribe(id);
            }
        }
    }
}

/// A component that tells subscribers of `T`.
pub trait Carry<T: Send + Sync + 'static>: Component {
    /// Returns the component's courier.
    fn courier(&mut self) -> &mut Courier<T>;

    /// Publishes the courier in the component's [`Keep`](crate::supervisor::Keep),
    /// so that a restart makes no delivery twice that has ended.
    fn keep_courier(&mut self, scope: &mut Scope<Self>);
}

/// Starts a delivery to every subscriber that is free and has an event; the
/// next one follows by itself.
pub fn dispatch<T: Send + Sync + 'static, C: Carry<T>>(component: &mut C, scope: &mut Scope<C>) {
    for lane in &mut component.courier().lanes {
        if lane.in_flight.is_some() {
            continue;
        }
        let Some(event) = lane.queue.pop_front() else { continue };
        lane.in_flight = Some(event.clone());
        let id = lane.status.id;
        let delivery = lane.subscriber.deliver(event, scope.workshop().clone());
        scope.spawn(delivery, move |component, delivery, scope| {
            component.courier().ended(id, delivery);
            dispatch(component, scope);
            component.keep_courier(scope);
        });
    }
}

impl<T: Send + Sync + 'static> Default for Courier<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Send + Sync + 'static> Clone for Courier<T> {
    fn clone(&self) -> Self {
        Self { lanes: self.lanes.clone(), subscriptions: self.subscriptions }
    }
}

impl<T: Send + Sync + 'static> Clone for Lane<T> {
    fn clone(&self) -> Self {
        Self {
            subscriber: self.subscriber.clone(),
            queue: self.queue.clone(),
            in_flight: self.in_flight.clone(),
            status: self.status.clone(),
        }
    }
}
