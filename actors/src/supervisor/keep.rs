//! What outlives an incarnation.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

/// A value that a component publishes and its next incarnation begins with:
/// its definitions and the states worth keeping.
///
/// The value is immutable; a component replaces it as a whole, through
/// [`Scope::keep`](super::Scope::keep), before it acknowledges a change.
/// Clones share the value. An arc-swap holds it, because the successor of a
/// hung component must read it while its predecessor still occupies another
/// thread.
///
/// A keep that was made with [`saved_by`](Self::saved_by) is also written to
/// the disk, by somebody who reads [`latest`](Self::latest) and says
/// [`settle`](Self::settle) when it is there. The component knows nothing of
/// it, but for [`Scope::keep_and_answer`](super::Scope::keep_and_answer),
/// which answers once it is.
pub struct Keep<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    slot: ArcSwap<Published<T>>,
    saving: Option<Saving>,
}

struct Saving {
    bell: SaveBell,
    /// The last version that was saved, or given up.
    settled: watch::Sender<u64>,
}

struct Published<T> {
    /// The lane that published; a later lane fences off earlier ones.
    epoch: u64,
    /// Counts publications.
    version: u64,
    value: Arc<T>,
}

/// Rings when somebody waits for a value to be saved. Clones are one bell.
#[derive(Clone, Default)]
pub struct SaveBell {
    rung: Arc<Notify>,
}

impl SaveBell {
    /// Completes when the bell is rung, or was since this last completed.
    pub async fn rung(&self) {
        self.rung.notified().await;
    }
}

impl fmt::Debug for SaveBell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveBell").finish_non_exhaustive()
    }
}

impl<T> Keep<T> {
    /// Creates a keep that holds `value`, in memory alone.
    pub fn new(value: T) -> Self {
        Self::with(value, None)
    }

    /// Creates a keep that holds `value`, the version 0, and is saved by
    /// whoever listens to `bell`.
    pub fn saved_by(bell: &SaveBell, value: T) -> Self {
        let settled = watch::Sender::new(0);
        Self::with(value, Some(Saving { bell: bell.clone(), settled }))
    }

    fn with(value: T, saving: Option<Saving>) -> Self {
        let first = Published { epoch: 0, version: 0, value: Arc::new(value) };
        Self { shared: Arc::new(Shared { slot: ArcSwap::from_pointee(first), saving }) }
    }

    /// Returns the value that was published last.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        Arc::clone(&self.shared.slot.load().value)
    }

    /// Returns the value that was published last, and its version.
    #[must_use]
    pub fn latest(&self) -> (u64, Arc<T>) {
        let published = self.shared.slot.load();
        (published.version, Arc::clone(&published.value))
    }

    /// Releases whoever waits for this version or an earlier one: it is on
    /// the disk, or cannot be and has been counted as lost.
    pub fn settle(&self, version: u64) {
        if let Some(saving) = &self.shared.saving {
            saving.settled.send_if_modified(|settled| {
                let later = version > *settled;
                *settled = version.max(*settled);
                later
            });
        }
    }

    /// Returns the value that was published last, for the lane `epoch` to go
    /// on from. From then on no earlier lane can publish.
    pub(super) fn claim(&self, epoch: u64) -> Arc<T> {
        let claim = |published: &Arc<Published<T>>| Published {
            epoch: epoch.max(published.epoch),
            version: published.version,
            value: Arc::clone(&published.value),
        };
        Arc::clone(&self.shared.slot.rcu(claim).value)
    }

    /// Publishes `value` unless a later epoch has claimed the keep; returns
    /// its version.
    pub(super) fn publish(&self, epoch: u64, value: T) -> Option<u64> {
        let value = Arc::new(value);
        let mut current = self.shared.slot.load();
        loop {
            if current.epoch > epoch {
                return None;
            }
            let version = current.version.wrapping_add(1);
            let next = Arc::new(Published { epoch, version, value: Arc::clone(&value) });
            let seen = self.shared.slot.compare_and_swap(&*current, next);
            if Arc::ptr_eq(&seen, &current) {
                return Some(version);
            }
            current = seen;
        }
    }

    /// Asks for a version to be saved; the future completes when it is
    /// settled. `None` if nobody saves.
    pub(super) fn saving(&self, version: u64) -> Option<impl Future<Output = ()> + use<T>> {
        let saving = self.shared.saving.as_ref()?;
        let mut settled = saving.settled.subscribe();
        saving.bell.rung.notify_one();
        Some(async move {
            // The keep, and so the sender, lives as long as the component; if
            // it is gone there is nobody to answer.
            let _ = settled.wait_for(|settled| *settled >= version).await;
        })
    }
}

impl<T> Clone for Keep<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Keep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keep").field(&self.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn an_earlier_epoch_cannot_publish_over_a_later_one() {
        let keep = Keep::new("first");
        assert_eq!(keep.publish(1, "second"), Some(1));
        assert_eq!(keep.publish(1, "third"), Some(2));
        assert_eq!(keep.publish(2, "fourth"), Some(3));
        assert_eq!(keep.publish(1, "late"), None, "the woken predecessor is fenced off");
        assert_eq!(*keep.load(), "fourth");
    }

    #[test]
    fn a_claim_fences_off_before_anything_is_published() {
        let keep = Keep::new("first");
        keep.publish(1, "second");
        assert_eq!(*keep.claim(2), "second");
        assert_eq!(keep.publish(1, "late"), None, "the successor does not have it");
        assert_eq!(*keep.claim(1), "second", "a claim that comes late takes nothing");
        assert_eq!(keep.publish(2, "third"), Some(2));
    }

    #[test]
    fn who_waits_is_released_by_the_version_or_a_later_one() {
        assert!(Keep::new(0).saving(0).is_none(), "nobody saves");
        let bell = SaveBell::default();
        let keep = Keep::saved_by(&bell, 0);
        assert!(bell.rung().now_or_never().is_none());
        let first = keep.publish(1, 10).unwrap();
        let second = keep.publish(1, 20).unwrap();
        let (one, two) = (keep.saving(first).unwrap(), keep.saving(second).unwrap());
        futures_util::pin_mut!(one, two);
        assert!(bell.rung().now_or_never().is_some());
        assert!(one.as_mut().now_or_never().is_none());
        keep.settle(first);
        assert!(one.now_or_never().is_some());
        assert!(two.as_mut().now_or_never().is_none());
        assert_eq!(keep.latest(), (second, Arc::new(20)));
        keep.settle(second);
        keep.settle(first);
        assert!(two.now_or_never().is_some());
        assert!(keep.saving(first).unwrap().now_or_never().is_some(), "it was saved before");
    }
}
