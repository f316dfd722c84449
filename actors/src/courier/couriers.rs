//! The couriers of one kind of event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use serde::Serialize;
use tokio::sync::{Notify, mpsc};

use super::status::{DeliveryStatus, Tally};
use super::subscriber::{Delivery, Event, Subscriber};
use crate::supervisor::Workshop;

/// Names a subscription, for unsubscribing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct SubscriptionId(u64);

/// The couriers of one kind of event. Clones share them, so each incarnation
/// of the component that publishes finds the subscribers of the last.
pub struct Couriers<E: Event> {
    office: Arc<Office<E>>,
}

struct Office<E: Event> {
    workshop: Workshop,
    subscriptions: AtomicU64,
    /// Replaced as a whole, so that publishing never waits.
    couriers: ArcSwap<Vec<Arc<Courier<E>>>>,
    /// Wakes whoever waits for the queues to empty.
    settled: Notify,
}

struct Courier<E> {
    id: SubscriptionId,
    name: Arc<str>,
    queue: mpsc::Sender<E>,
    tally: Arc<Tally>,
}

impl<E: Event> Couriers<E> {
    /// Creates an office without subscribers, whose deliveries run in
    /// `workshop`.
    #[must_use]
    pub fn new(workshop: Workshop) -> Self {
        let office = Office {
            workshop,
            subscriptions: AtomicU64::new(0),
            couriers: ArcSwap::default(),
            settled: Notify::new(),
        };
        Self { office: Arc::new(office) }
    }

    /// Adds a subscriber and starts its courier.
    pub fn subscribe(&self, subscriber: Subscriber<E>) -> SubscriptionId {
        let office = &self.office;
        let id = SubscriptionId(office.subscriptions.fetch_add(1, Ordering::Relaxed) + 1);
        let (queue, events) = mpsc::channel(subscriber.queue_bound);
        let tally = Arc::<Tally>::default();
        let name = Arc::clone(&subscriber.name);
        let courier = Arc::new(Courier { id, name, queue, tally: Arc::clone(&tally) });
        office.couriers.rcu(|couriers| {
            couriers.iter().cloned().chain([Arc::clone(&courier)]).collect::<Vec<_>>()
        });
        office.workshop.spawn(self.clone().round(id, subscriber, events, tally));
        id
    }

    /// Removes a subscriber; what it has queued is still delivered. Says
    /// whether there was one.
    pub fn unsubscribe(&self, id: SubscriptionId) -> bool {
        let before = self.office.couriers.rcu(|couriers| {
            couriers.iter().filter(|courier| courier.id != id).cloned().collect::<Vec<_>>()
        });
        before.iter().any(|courier| courier.id == id)
    }

    /// Queues `event` for every subscriber. Never waits.
    pub fn publish(&self, event: &E) {
        for courier in self.office.couriers.load().iter() {
            courier.tally.queued.fetch_add(1, Ordering::Relaxed);
            if courier.queue.try_send(event.clone()).is_err() {
                courier.tally.queued.fetch_sub(1, Ordering::Relaxed);
                courier.tally.dropped.fetch_add(1, Ordering::Relaxed);
                log::warn!(
                    "the queue of subscriber {:?} is full: an event is dropped",
                    courier.name
                );
            }
        }
    }

    /// Returns what became of each subscriber's events.
    #[must_use]
    pub fn statuses(&self) -> Vec<DeliveryStatus> {
        let couriers = self.office.couriers.load();
        couriers.iter().map(|courier| courier.tally.status(courier.id, &courier.name)).collect()
    }

    /// Waits until every queue is empty, at most `limit`; returns how many
    /// events are left.
    pub async fn settle(&self, limit: Duration) -> usize {
        let settled = async {
            loop {
                let next = self.office.settled.notified();
                tokio::pin!(next);
                // Enlisted before the counts are read, so that none is missed.
                next.as_mut().enable();
                if self.queued() == 0 {
                    return;
                }
                next.await;
            }
        };
        // Past the limit, what is left is the answer.
        let _ = tokio::time::timeout(limit, settled).await;
        self.queued()
    }

    fn queued(&self) -> usize {
        let couriers = self.office.couriers.load();
        couriers.iter().map(|courier| courier.tally.queued.load(Ordering::Relaxed)).sum()
    }

    /// Delivers one subscriber's events, one at a time.
    async fn round(
        self,
        id: SubscriptionId,
        subscriber: Subscriber<E>,
        mut events: mpsc::Receiver<E>,
        tally: Arc<Tally>,
    ) {
        let name = Arc::clone(&subscriber.name);
        while let Some(event) = events.recv().await {
            let delivery = subscriber.deliver(event, &self.office.workshop).await;
            match delivery {
                Delivery::Made => tally.made(),
                Delivery::TimedOut(limit) => {
                    log::warn!("subscriber {name:?} took longer than {limit:?} over an event");
                    tally.timed_out(limit);
                }
                Delivery::Failed(error) => {
                    log::warn!("subscriber {name:?} failed on an event: {error}");
                    tally.failed(error);
                }
                Delivery::Gone => {
                    log::info!("subscriber {name:?} is gone");
                    tally.failed("the subscriber is gone".to_owned());
                    self.unsubscribe(id);
                }
            }
            // Last, so that who waits for empty queues finds the counts right.
            tally.queued.fetch_sub(1, Ordering::Relaxed);
            self.office.settled.notify_waiters();
        }
    }
}

impl<E: Event> Clone for Couriers<E> {
    fn clone(&self) -> Self {
        Self { office: Arc::clone(&self.office) }
    }
}
