//! The place of a component: its settings, its counts, and the mailbox that
//! is its own at the moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr};
use arc_swap::ArcSwapOption;
use keepwatch_engine::clock::Clock;

use super::front::Front;
use super::intensity::IntensityLimits;
use super::lane::{Envelope, Lane};
use super::status::{ComponentState, ComponentStatus};
use super::vitals::{Pulse, Vitals};
use super::{Address, Component, Receive, Request, Workshop};
use crate::Error;

/// How a component is supervised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Messages that may wait before senders are refused; default 10,000.
    pub mailbox_bound: usize,
    /// How long an ask waits for its answer; default 5 s.
    pub ask_timeout: Duration,
    /// How long a component may sit in one message, or leave its queue
    /// untouched, before it is replaced; default 10 s.
    pub hung_after: Duration,
    /// How often it may fail.
    pub intensity: IntensityLimits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mailbox_bound: 10_000,
            ask_timeout: Duration::from_secs(5),
            hung_after: Duration::from_secs(10),
            intensity: IntensityLimits::default(),
        }
    }
}

/// The place of one component; senders, shell and supervisor share it.
pub struct Seat<C: Component> {
    pub(super) settings: Settings,
    pub(super) vitals: Vitals,
    pub(super) lane: ArcSwapOption<Lane<C>>,
    pub(super) closing: AtomicBool,
    pub(super) front: Addr<Front<C>>,
    pub(super) factory: Box<dyn Fn() -> C + Send + Sync>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) workshop: Workshop,
}

impl<C: Component> Seat<C> {
    /// Creates the seat of a component that `factory` builds, and returns its
    /// address. Must be called on the supervisor's arbiter.
    pub(super) fn reserve(
        settings: Settings,
        clock: Arc<dyn Clock>,
        workshop: Workshop,
        factory: impl Fn() -> C + Send + Sync + 'static,
    ) -> Address<C> {
        let seat = Arc::new_cyclic(|seat| Self {
            settings,
            vitals: Vitals::new(),
            lane: ArcSwapOption::empty(),
            closing: AtomicBool::new(false),
            front: Front { seat: seat.clone() }.start(),
            factory: Box::new(factory),
            clock,
            workshop,
        });
        Address { seat }
    }

    /// Admits an envelope and queues it in the current lane; `then` gets the
    /// lane's pulse.
    pub(super) fn post<M, T>(
        &self,
        envelope: Envelope<M>,
        then: impl FnOnce(&Arc<Pulse>) -> T,
    ) -> Result<T, Error>
    where
        M: Request<Owner = C>,
        C: Receive<M>,
    {
        if self.closing.load(Ordering::Relaxed) {
            self.vitals.count_refused();
            return Err(Error::Stopped { component: C::NAME });
        }
        let lane = self.lane.load();
        let Some(lane) = lane.as_ref() else {
            self.vitals.count_refused();
            return Err(self.unanswered());
        };
        if !lane.pulse.admit(self.settings.mailbox_bound) {
            self.vitals.count_refused();
            let bound = self.settings.mailbox_bound;
            return Err(Error::Overloaded { component: C::NAME, bound });
        }
        lane.addr.do_send(envelope);
        Ok(then(&lane.pulse))
    }

    /// Returns why an ask came to nothing.
    pub(super) fn unanswered(&self) -> Error {
        let component = C::NAME;
        match self.vitals.state() {
            ComponentState::Stopped => Error::Stopped { component },
            ComponentState::Down => Error::Down { component },
            _ => Error::Faulted { component },
        }
    }

    pub(super) fn set_state(&self, state: ComponentState) {
        self.vitals.set_state(state, self.clock.now());
    }

    pub(super) fn status(&self) -> ComponentStatus {
        let lane = self.lane.load();
        let pulse = lane.as_ref().map(|lane| &lane.pulse);
        let vitals = &self.vitals;
        ComponentStatus {
            component: C::NAME,
            state: vitals.state(),
            since: vitals.since(),
            queued: pulse.map_or(0, |pulse| pulse.queued()),
            queue_bound: self.settings.mailbox_bound,
            handled: vitals.handled_before() + pulse.map_or(0, |pulse| pulse.handled()),
            refused: vitals.refused(),
            timeouts: vitals.timeouts(),
            dead_letters: vitals.dead_letters(),
            unheard_errors: vitals.unheard_errors(),
            faults: vitals.faults(),
            restarts: vitals.restarts(),
            replacements: vitals.replacements(),
            last_fault: vitals.last_fault(),
        }
    }
}
