//! One component as its supervisor holds it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::Actor as _;
use actix_rt::Arbiter;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use super::Component;
use super::intensity::{Intensity, Verdict};
use super::lane::{Drain, Lane};
use super::root::{ChildDrain, Placement, SeatedArbiter};
use super::seat::Seat;
use super::shell::Shell;
use super::status::ComponentState;
use super::vitals::Pulse;

/// A component whose type the supervisor need not know.
pub(super) trait Child {
    /// Gives the component its first mailbox.
    fn start(&mut self);
    /// Looks for signs of life at the monotonic time `now` and replaces the
    /// component if there are none.
    fn watch(&mut self, now: Duration);
    /// Returns where the component runs, if it has an arbiter of its own.
    fn arbiter(&self) -> Option<SeatedArbiter>;
    /// Stops the component once its queue is handled, or at the deadline.
    fn drain(&mut self, deadline: Duration) -> LocalBoxFuture<'_, ChildDrain>;
}

/// The supervisor's side of a seat.
pub(super) struct Post<C: Component> {
    seat: Arc<Seat<C>>,
    placement: Placement,
    epoch: u64,
    arbiter: Option<Arbiter>,
    /// The last progress seen, and when it was first seen.
    seen: (u64, Duration),
    hangs: Intensity,
    /// When a component that hung too often is tried again.
    retry_at: Option<Duration>,
}

impl<C: Component> Post<C> {
    pub(super) fn new(seat: Arc<Seat<C>>, placement: Placement) -> Self {
        // A hang takes `hung_after` to be seen, so the period in which hangs
        // are counted must be a multiple of it.
        let mut limits = seat.settings.intensity.clone();
        limits.period = limits.period.max(seat.settings.hung_after * 20);
        let hangs = Intensity::new(limits);
        let seen = (0, Duration::ZERO);
        Self { seat, placement, epoch: 0, arbiter: None, seen, hangs, retry_at: None }
    }

    /// Gives the component a fresh mailbox, on a fresh arbiter if it has its
    /// own.
    fn open_lane(&mut self, now: Duration) {
        self.epoch += 1;
        self.retry_at = None;
        self.seen = (0, now);
        let pulse = Arc::new(Pulse::new(self.epoch));
        let intensity = Intensity::new(self.seat.settings.intensity.clone());
        let (seat, beat) = (Arc::clone(&self.seat), Arc::clone(&pulse));
        self.seat.set_state(ComponentState::Starting);
        let addr = match self.placement {
            Placement::Together => Shell::new(seat, beat, intensity).start(),
            Placement::OwnArbiters => {
                let arbiter = Arbiter::new();
                let addr = Shell::start_in_arbiter(&arbiter.handle(), move |_| {
                    Shell::new(seat, beat, intensity)
                });
                self.arbiter = Some(arbiter);
                addr
            }
        };
        self.seat.lane.store(Some(Arc::new(Lane { addr, pulse })));
    }

    /// Gives up the current mailbox: releases its askers and fences off
    /// whatever still runs behind it. Returns the messages left in it.
    fn close_lane(&mut self) -> u64 {
        let Some(lane) = self.seat.lane.swap(None) else { return 0 };
        lane.pulse.fence();
        let left = lane.pulse.queued() as u64;
        self.seat.vitals.count_dead_letters(left);
        self.seat.vitals.close_lane(lane.pulse.handled());
        if let Some(arbiter) = self.arbiter.take() {
            // Takes effect when the thread comes to itself.
            arbiter.stop();
        }
        left
    }

    fn replace(&mut self, now: Duration) {
        let after = self.seat.settings.hung_after;
        log::error!("{} has not moved for {after:?}: it is replaced", C::NAME);
        self.seat.vitals.count_replacement(format!("no progress for {after:?}"));
        self.close_lane();
        match self.hangs.failed(now) {
            Verdict::Restart => {
                self.open_lane(now);
                self.hangs.revived(now);
            }
            Verdict::Rest(rest) => {
                self.seat.set_state(ComponentState::Resting);
                self.retry_at = Some(now + rest);
            }
            Verdict::Down(probe) => {
                self.seat.set_state(ComponentState::Down);
                self.retry_at = Some(now + probe);
            }
        }
    }
}

impl<C: Component> Child for Post<C> {
    fn start(&mut self) {
        self.open_lane(self.seat.clock.monotonic());
    }

    fn watch(&mut self, now: Duration) {
        if self.retry_at.is_some_and(|at| at <= now) {
            self.open_lane(now);
            self.hangs.revived(now);
        }
        let progress = self.seat.lane.load().as_ref().map(|lane| lane.pulse.progress());
        let Some((moved, busy)) = progress else { return };
        let watched =
            matches!(self.seat.vitals.state(), ComponentState::Starting | ComponentState::Running);
        if !busy || !watched || moved != self.seen.0 {
            self.seen = (moved, now);
        } else if now.saturating_sub(self.seen.1) >= self.seat.settings.hung_after {
            self.seen = (0, now);
            self.replace(now);
        }
    }

    fn arbiter(&self) -> Option<SeatedArbiter> {
        let arbiter = self.arbiter.as_ref()?.handle();
        Some(SeatedArbiter { component: C::NAME, epoch: self.epoch, arbiter })
    }

    fn drain(&mut self, deadline: Duration) -> LocalBoxFuture<'_, ChildDrain> {
        async move {
            let begun = self.seat.clock.monotonic();
            self.seat.closing.store(true, Ordering::Relaxed);
            let (done, stopped) = oneshot::channel();
            let lane = self.seat.lane.load_full();
            let clean = match lane {
                // Resting after a hang: nothing is queued, nothing is owed.
                None => true,
                Some(lane) => {
                    lane.addr.do_send(Drain { done });
                    tokio::time::timeout(deadline, stopped).await.is_ok_and(|sent| sent.is_ok())
                }
            };
            self.seat.set_state(ComponentState::Stopped);
            let undelivered = self.close_lane();
            let took = self.seat.clock.monotonic().saturating_sub(begun);
            ChildDrain { status: self.seat.status(), clean, undelivered, took }
        }
        .boxed_local()
    }
}
