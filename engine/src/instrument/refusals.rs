//! What handles left out.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many writes through a metric's handles were left out, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refusals {
    /// A NaN, or an infinite step of a running total.
    pub not_a_number: u64,
    /// A negative step of a counter.
    pub negative: u64,
    /// A set of label values beyond the metric's limit; what was counted of it
    /// is in the overflow series, if it came through a handle.
    pub series: u64,
    /// A wrong number of label values, or an over-long one.
    pub labels: u64,
    /// A state that the metric does not have.
    pub states: u64,
    /// An exemplar whose labels are too long.
    pub exemplars: u64,
}

#[derive(Debug, Default)]
pub(super) struct RefusalCells {
    pub(super) not_a_number: AtomicU64,
    pub(super) negative: AtomicU64,
    pub(super) series: AtomicU64,
    pub(super) labels: AtomicU64,
    pub(super) states: AtomicU64,
    pub(super) exemplars: AtomicU64,
    /// Whether a counter of the metric counts elsewhere than in its word.
    fractions: AtomicBool,
}

impl RefusalCells {
    /// Notes, before it happens, that a counter counts elsewhere than in its
    /// word.
    pub(super) fn note_fractions(&self) {
        if !self.fractions.load(Ordering::Relaxed) {
            self.fractions.store(true, Ordering::Release);
        }
    }

    pub(super) fn has_fractions(&self) -> bool {
        self.fractions.load(Ordering::Acquire)
    }

    pub(super) fn read(&self) -> Refusals {
        let load = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Refusals {
            not_a_number: load(&self.not_a_number),
            negative: load(&self.negative),
            series: load(&self.series),
            labels: load(&self.labels),
            states: load(&self.states),
            exemplars: load(&self.exemplars),
        }
    }
}
