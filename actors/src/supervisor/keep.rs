//! What outlives an incarnation.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// A value that a component publishes and its next incarnation begins with:
/// its definitions and the states worth keeping.
///
/// The value is immutable; a component replaces it as a whole, through
/// [`Scope::keep`](super::Scope::keep), before it acknowledges a change.
/// Clones share the value. An arc-swap holds it, because the successor of a
/// hung component must read it while its predecessor still occupies another
/// thread.
pub struct Keep<T> {
    slot: Arc<ArcSwap<Published<T>>>,
}

struct Published<T> {
    /// The lane that published; a later lane fences off earlier ones.
    epoch: u64,
    value: Arc<T>,
}

impl<T> Keep<T> {
    /// Creates a keep that holds `value`.
    pub fn new(value: T) -> Self {
        let first = Published { epoch: 0, value: Arc::new(value) };
        Self { slot: Arc::new(ArcSwap::from_pointee(first)) }
    }

    /// Returns the value that was published last.
    #[must_use]
    pub fn load(&self) -> Arc<T> {
        Arc::clone(&self.slot.load().value)
    }

    /// Publishes `value` unless a later epoch has published; says whether it
    /// did.
    pub(super) fn publish(&self, epoch: u64, value: T) -> bool {
        let next = Arc::new(Published { epoch, value: Arc::new(value) });
        let mut current = self.slot.load();
        loop {
            if current.epoch > epoch {
                return false;
            }
            let seen = self.slot.compare_and_swap(&*current, Arc::clone(&next));
            if Arc::ptr_eq(&seen, &current) {
                return true;
            }
            current = seen;
        }
    }
}

impl<T> Clone for Keep<T> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<T: fmt::Debug> fmt::Debug for Keep<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keep").field(&self.load()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_epoch_cannot_publish_over_a_later_one() {
        let keep = Keep::new("first");
        assert!(keep.publish(1, "second"));
        assert!(keep.publish(1, "third"));
        assert!(keep.publish(2, "fourth"));
        assert!(!keep.publish(1, "late"), "the woken predecessor is fenced off");
        assert_eq!(*keep.load(), "fourth");
    }
}
