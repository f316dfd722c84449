//! States that are on or off.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::refusals::RefusalCells;

/// The states of one thing, each on or off; cheap to clone, usable on any
/// thread. All are off at first.
#[derive(Debug, Clone)]
pub struct StateSet(pub(super) Arc<StateSetCell>);

#[derive(Debug)]
pub(super) struct StateSetCell {
    states: Arc<[Arc<str>]>,
    /// The bit of each state, in their order.
    on: AtomicU64,
    refusals: Arc<RefusalCells>,
}

impl StateSet {
    /// Switches a state on or off. One that the metric does not have is left
    /// out and counted as refused.
    pub fn set(&self, state: &str, on: bool) {
        let Some(bit) = self.0.bit(state) else { return };
        if on {
            self.0.on.fetch_or(bit, Ordering::Relaxed);
        } else {
            self.0.on.fetch_and(!bit, Ordering::Relaxed);
        }
    }

    /// Switches a state on and all others off, for what is in one state at a
    /// time. A state that the metric does not have is left out and counted as
    /// refused.
    pub fn enter(&self, state: &str) {
        if let Some(bit) = self.0.bit(state) {
            self.0.on.store(bit, Ordering::Relaxed);
        }
    }

    /// Says whether a state is on.
    #[must_use]
    pub fn is_on(&self, state: &str) -> bool {
        let on = self.0.on.load(Ordering::Relaxed);
        self.0.place(state).is_some_and(|place| on >> place & 1 == 1)
    }
}

impl StateSetCell {
    pub(super) fn new(states: &[Arc<str>], refusals: Arc<RefusalCells>) -> Self {
        Self { states: states.into(), on: AtomicU64::new(0), refusals }
    }

    fn place(&self, state: &str) -> Option<usize> {
        self.states.iter().position(|known| **known == *state)
    }

    fn bit(&self, state: &str) -> Option<u64> {
        let place = self.place(state);
        if place.is_none() {
            self.refusals.states.fetch_add(1, Ordering::Relaxed);
        }
        // A definition has 64 states at most.
        place.map(|place| 1 << place)
    }

    /// Appends 1 or 0 for each state.
    pub(super) fn read(&self, into: &mut Vec<f64>) {
        let on = self.on.load(Ordering::Relaxed);
        into.extend((0..self.states.len()).map(|place| f64::from(u8::from(on >> place & 1 == 1))));
    }
}
