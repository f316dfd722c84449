//! Who writes a slab.

use super::atomic::{AtomicBool, Ordering};

/// Whether a thread has a slab. What one wrote before it left, the next one
/// sees, so that it goes on from there.
pub(super) struct Tenancy(pub(super) AtomicBool);

impl Tenancy {
    /// Takes the slab if nobody has it.
    pub(super) fn take(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Leaves the slab to the next one.
    pub(super) fn leave(&self) {
        self.0.store(false, Ordering::Release);
    }
}
