//! What became of a subscriber's events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde::Serialize;

use super::SubscriptionId;

/// What became of one subscriber's events so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeliveryStatus {
    /// The subscription.
    pub id: SubscriptionId,
    /// The subscriber's name, as given when it subscribed.
    pub subscriber: Arc<str>,
    /// Events that wait for it, the one being delivered included.
    pub queued: usize,
    /// Events delivered.
    pub delivered: u64,
    /// Events whose delivery took longer than the limit.
    pub timed_out: u64,
    /// Events on which the subscriber panicked, or returned an error, or was
    /// gone.
    pub failed: u64,
    /// Events left out because the queue was full.
    pub dropped: u64,
    /// What went wrong last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl DeliveryStatus {
    /// Returns how many events did not reach the subscriber, for whatever
    /// reason; those that still wait are not among them.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.timed_out + self.failed + self.dropped
    }
}

/// The counts behind a [`DeliveryStatus`]; the courier's task writes, anybody
/// reads.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) queued: AtomicUsize,
    delivered: AtomicU64,
    timed_out: AtomicU64,
    failed: AtomicU64,
    pub(super) dropped: AtomicU64,
    last_error: ArcSwapOption<String>,
}

impl Tally {
    pub(super) fn made(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn timed_out(&self, limit: Duration) {
        self.timed_out.fetch_add(1, Ordering::Relaxed);
        self.last_error.store(Some(Arc::new(format!("timed out after {limit:?}"))));
    }

    pub(super) fn failed(&self, error: String) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.last_error.store(Some(Arc::new(error)));
    }

    pub(super) fn status(&self, id: SubscriptionId, subscriber: &Arc<str>) -> DeliveryStatus {
        DeliveryStatus {
            id,
            subscriber: Arc::clone(subscriber),
            queued: self.queued.load(Ordering::Relaxed),
            delivered: self.delivered.load(Ordering::Relaxed),
            timed_out: self.timed_out.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            last_error: self.last_error.load().as_deref().cloned(),
        }
    }
}
