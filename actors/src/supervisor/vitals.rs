//! What can be seen of a component from outside, without asking it.
//!
//! All of it is atomics: the warden must see that a component is stuck while
//! it is stuck, and senders count themselves in before they queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use keepwatch_engine::model::Timestamp;
use tokio::sync::Notify;

use super::status::ComponentState;

/// A value on cache lines of its own. Senders and the shell write their counts
/// on different cores for each message; sharing a line would make each wait
/// for the other. Two lines, because processors fetch them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// The signs of life of one lane: one mailbox and the shell behind it.
#[derive(Debug)]
pub(super) struct Pulse {
    pub(super) epoch: u64,
    fenced: AtomicBool,
    release: Notify,
    /// Messages admitted and not yet taken up.
    queued: Apart<AtomicUsize>,
    steps: Apart<Steps>,
}

/// What the shell counts; nobody else writes it.
#[derive(Debug, Default)]
struct Steps {
    /// Messages taken up.
    handled: AtomicU64,
    /// Entries into component code, and returns; different means that it is
    /// inside.
    entered: AtomicU64,
    left: AtomicU64,
}

impl Pulse {
    pub(super) fn new(epoch: u64) -> Self {
        Self {
            epoch,
            fenced: AtomicBool::new(false),
            release: Notify::new(),
            queued: Apart::default(),
            steps: Apart::default(),
        }
    }

    /// Counts a message in, if fewer than `bound` are waiting.
    pub(super) fn admit(&self, bound: usize) -> bool {
        if self.queued.0.fetch_add(1, Ordering::Relaxed) < bound {
            return true;
        }
        self.queued.0.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Counts a message out of the queue.
    pub(super) fn take_up(&self) {
        self.queued.0.fetch_sub(1, Ordering::Relaxed);
        bump(&self.steps.0.handled);
    }

    pub(super) fn enter(&self) {
        bump(&self.steps.0.entered);
    }

    pub(super) fn leave(&self) {
        bump(&self.steps.0.left);
    }

    pub(super) fn queued(&self) -> usize {
        self.queued.0.load(Ordering::Relaxed)
    }

    pub(super) fn handled(&self) -> u64 {
        self.steps.0.handled.load(Ordering::Relaxed)
    }

    /// Returns a number that changes whenever component code is entered or
    /// left, and whether there is anything to do.
    pub(super) fn progress(&self) -> (u64, bool) {
        let entered = self.steps.0.entered.load(Ordering::Relaxed);
        let left = self.steps.0.left.load(Ordering::Relaxed);
        let moved = entered.wrapping_add(left).wrapping_add(self.handled());
        (moved, entered != left || self.queued() > 0)
    }

    /// Shuts the lane for good and wakes whoever waits for an answer from it.
    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::Release);
        self.release.notify_waiters();
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.fenced.load(Ordering::Acquire)
    }

    /// Completes when the lane is fenced.
    pub(super) async fn fenced(&self) {
        let released = self.release.notified();
        tokio::pin!(released);
        // Enlisted before the flag is read, so that a fence between the two
        // is not missed.
        released.as_mut().enable();
        if !self.is_fenced() {
            released.await;
        }
    }
}

/// Adds one to a cell that has a single writer.
fn bump(cell: &AtomicU64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

/// The counts of a component over all its lanes.
#[derive(Debug)]
pub(super) struct Vitals {
    state: AtomicU8,
    since_ms: AtomicI64,
    /// Messages handled by lanes that are gone.
    handled_before: AtomicU64,
    refused: AtomicU64,
    timeouts: AtomicU64,
    dead_letters: AtomicU64,
    unheard_errors: AtomicU64,
    faults: AtomicU64,
    restarts: AtomicU64,
    replacements: AtomicU64,
    last_fault: ArcSwapOption<String>,
}

impl Vitals {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(ComponentState::Starting as u8),
            since_ms: AtomicI64::new(0),
            handled_before: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            dead_letters: AtomicU64::new(0),
            unheard_errors: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            restarts: AtomicU64::new(0),
            replacements: AtomicU64::new(0),
            last_fault: ArcSwapOption::empty(),
        }
    }

    pub(super) fn set_state(&self, state: ComponentState, now: Timestamp) {
        if self.state.swap(state as u8, Ordering::Relaxed) != state as u8 {
            self.since_ms.store(now.millis(), Ordering::Relaxed);
        }
    }

    pub(super) fn state(&self) -> ComponentState {
        ComponentState::from_u8(self.state.load(Ordering::Relaxed))
    }

    pub(super) fn since(&self) -> Timestamp {
        Timestamp::from_millis(self.since_ms.load(Ordering::Relaxed))
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_timeout(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_dead_letters(&self, letters: u64) {
        self.dead_letters.fetch_add(letters, Ordering::Relaxed);
    }

    pub(super) fn count_unheard_error(&self) {
        self.unheard_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_fault(&self, message: String) {
        self.faults.fetch_add(1, Ordering::Relaxed);
        self.last_fault.store(Some(Arc::new(message)));
    }

    pub(super) fn count_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_replacement(&self, reason: String) {
        self.replacements.fetch_add(1, Ordering::Relaxed);
        self.last_fault.store(Some(Arc::new(reason)));
    }

    /// Takes over what a lane that is gone has handled.
    pub(super) fn close_lane(&self, handled: u64) {
        self.handled_before.fetch_add(handled, Ordering::Relaxed);
    }

    pub(super) fn handled_before(&self) -> u64 {
        self.handled_before.load(Ordering::Relaxed)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn timeouts(&self) -> u64 {
        self.timeouts.load(Ordering::Relaxed)
    }

    pub(super) fn dead_letters(&self) -> u64 {
        self.dead_letters.load(Ordering::Relaxed)
    }

    pub(super) fn unheard_errors(&self) -> u64 {
        self.unheard_errors.load(Ordering::Relaxed)
    }

    pub(super) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    pub(super) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    pub(super) fn replacements(&self) -> u64 {
        self.replacements.load(Ordering::Relaxed)
    }

    pub(super) fn last_fault(&self) -> Option<String> {
        self.last_fault.load().as_deref().cloned()
    }
}
