//! The actix actor around a component.
//!
//! It owns the mailbox, hosts the component's state, and lets nothing but
//! guarded calls into component code. A panic costs the component its state
//! and one message its answer; the mailbox and what is queued in it stay.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::fut::{ActorFutureExt as _, wrap_future};
use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, StreamHandler};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;

use super::answer::Kind;
use super::guard::{drop_guarded, guarded};
use super::intensity::{Intensity, Verdict};
use super::lane::{Drain, Envelope};
use super::scope::{Event, Scope};
use super::seat::Seat;
use super::status::ComponentState;
use super::vitals::Pulse;
use super::{Answer, Component, Receive, Request};
use crate::Error;

/// Messages between two yields to the arbiter. Without them a flooded mailbox
/// starves every timer on its thread (713 ms measured; 16 ms with).
const MESSAGES_A_TURN: u32 = 128;

pub(super) struct Shell<C: Component> {
    seat: Arc<Seat<C>>,
    pulse: Arc<Pulse>,
    component: Option<C>,
    scope: Scope<C>,
    /// Polled as a stream when the mailbox is idle and by hand between turns
    /// when it is not, because actix polls no stream before the mailbox is
    /// empty. One thread, and never borrowed across a call.
    events: Rc<RefCell<UnboundedReceiver<Event<C>>>>,
    intensity: Intensity,
    turn: u32,
    draining: Option<oneshot::Sender<()>>,
}

impl<C: Component> Shell<C> {
    pub(super) fn new(seat: Arc<Seat<C>>, pulse: Arc<Pulse>, intensity: Intensity) -> Self {
        let (sender, receiver) = unbounded_channel();
        let scope =
            Scope::new(Arc::clone(&seat.clock), seat.workshop.clone(), Arc::clone(&pulse), sender);
        Self {
            seat,
            pulse,
            component: None,
            scope,
            events: Rc::new(RefCell::new(receiver)),
            intensity,
            turn: 0,
            draining: None,
        }
    }

    /// Runs component code; `None` if there is no component or it panicked,
    /// in which case it has been dealt with.
    fn enter<T>(
        &mut self,
        ctx: &mut Context<Self>,
        code: impl FnOnce(&mut C, &mut Scope<C>) -> T,
    ) -> Option<T> {
        let component = self.component.as_mut()?;
        self.scope.enter();
        self.pulse.enter();
        let result = guarded(|| code(component, &mut self.scope));
        self.pulse.leave();
        match result {
            Ok(output) => Some(output),
            Err(panic) => {
                self.fail(panic, ctx);
                None
            }
        }
    }

    /// Builds the component and begins its incarnation.
    fn build(&mut self, ctx: &mut Context<Self>) -> bool {
        self.scope.renew();
        // A rebuild after a rest is watched like the first: it may hang.
        self.seat.set_state(ComponentState::Starting);
        self.pulse.enter();
        let built = guarded(|| (self.seat.factory)());
        self.pulse.leave();
        match built {
            Err(panic) => {
                self.fail(panic, ctx);
                return false;
            }
            Ok(component) => self.component = Some(component),
        }
        if self.stop_if_fenced(ctx) {
            return false;
        }
        if self.enter(ctx, C::started).is_none() || self.stop_if_fenced(ctx) {
            return false;
        }
        self.intensity.revived(self.seat.clock.monotonic());
        self.seat.set_state(ComponentState::Running);
        true
    }

    /// Stops a shell whose seat a successor has; it must touch nothing there.
    fn stop_if_fenced(&mut self, ctx: &mut Context<Self>) -> bool {
        let fenced = self.pulse.is_fenced();
        if fenced {
            ctx.stop();
        }
        fenced
    }

    fn rebuild(&mut self, ctx: &mut Context<Self>) {
        if !self.stop_if_fenced(ctx) && self.build(ctx) {
            self.seat.vitals.count_restart();
            log::warn!("{} was restarted", C::NAME);
        }
    }

    /// Ends the incarnation after a panic and follows the verdict.
    fn fail(&mut self, panic: String, ctx: &mut Context<Self>) {
        log::error!("{} panicked: {panic}", C::NAME);
        self.seat.vitals.count_fault(panic);
        // The old incarnation is gone before the next one begins. Its
        // destructor is component code as well.
        if let Err(second) = drop_guarded(self.component.take()) {
            log::error!("{} panicked while it was dropped: {second}", C::NAME);
        }
        self.scope.renew();
        if self.stop_if_fenced(ctx) {
            return;
        }
        match self.intensity.failed(self.seat.clock.monotonic()) {
            Verdict::Restart => self.rebuild(ctx),
            Verdict::Rest(rest) => {
                log::error!("{} fails too often: resting for {rest:?}", C::NAME);
                self.seat.set_state(ComponentState::Resting);
                let pause = wrap_future::<_, Self>(tokio::time::sleep(rest));
                ctx.wait(pause.map(|(), shell, ctx| shell.rebuild(ctx)));
            }
            Verdict::Down(probe) => {
                log::error!("{} is down; next try in {probe:?}", C::NAME);
                self.seat.set_state(ComponentState::Down);
                let events = self.scope.events();
                actix_rt::spawn(async move {
                    tokio::time::sleep(probe).await;
                    // A closed channel means that the shell has stopped.
                    let _ = events.send(Event::Probe);
                });
            }
        }
    }

    fn take_event(&mut self, event: Event<C>, ctx: &mut Context<Self>) {
        if self.stop_if_fenced(ctx) {
            return;
        }
        let current = self.scope.incarnation();
        match event {
            Event::Run { incarnation, code } if incarnation == current => {
                self.enter(ctx, code);
            }
            Event::Panicked { incarnation, message } if incarnation == current => {
                self.fail(message, ctx);
            }
            Event::Probe if self.component.is_none() => self.rebuild(ctx),
            // Left over from an incarnation that has ended.
            Event::Run { .. } | Event::Panicked { .. } | Event::Probe => {}
        }
        self.finish_if_drained(ctx);
    }

    /// Lets timers, jobs and neighbours have their turn.
    fn take_turn(&mut self, ctx: &mut Context<Self>) {
        self.turn += 1;
        if self.turn < MESSAGES_A_TURN {
            return;
        }
        self.turn = 0;
        // Only what waits now: an event that makes another must not keep the
        // mailbox waiting.
        let waiting = self.events.borrow().len();
        for _ in 0..waiting {
            let event = self.events.borrow_mut().try_recv();
            match event {
                Ok(event) => self.take_event(event, ctx),
                Err(_) => break,
            }
        }
        ctx.wait(wrap_future(tokio::task::yield_now()));
    }

    fn finish_if_drained(&mut self, ctx: &mut Context<Self>) {
        let idle = self.component.is_none() || self.scope.answers_due() == 0;
        if !idle {
            return;
        }
        if let Some(done) = self.draining.take() {
            if let Err(panic) = drop_guarded(self.component.take()) {
                log::error!("{} panicked while it stopped: {panic}", C::NAME);
            }
            self.seat.set_state(ComponentState::Stopped);
            // The supervisor may have given up on this component.
            let _ = done.send(());
            ctx.stop();
        }
    }
}

impl<C: Component> Actor for Shell<C> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let events = Rc::clone(&self.events);
        ctx.add_stream(futures_util::stream::poll_fn(move |cx| events.borrow_mut().poll_recv(cx)));
        if self.build(ctx) && self.pulse.epoch > 1 {
            self.seat.vitals.count_restart();
        }
    }
}

impl<C: Component> Drop for Shell<C> {
    fn drop(&mut self) {
        // When the arbiter itself ends, the component's destructor must not
        // take the thread's other tasks with it.
        if let Err(panic) = drop_guarded(self.component.take()) {
            log::error!("{} panicked while it was dropped: {panic}", C::NAME);
        }
    }
}

impl<C: Component> StreamHandler<Event<C>> for Shell<C> {
    fn handle(&mut self, event: Event<C>, ctx: &mut Context<Self>) {
        self.take_event(event, ctx);
    }
}

impl<C, M> Handler<Envelope<M>> for Shell<C>
where
    C: Component + Receive<M>,
    M: Request<Owner = C>,
{
    type Result = ();

    fn handle(&mut self, envelope: Envelope<M>, ctx: &mut Context<Self>) {
        self.pulse.take_up();
        // A replaced component answers nothing more; the fence has told its
        // askers.
        if self.stop_if_fenced(ctx) {
            return;
        }
        let Envelope { message, reply } = envelope;
        if self.component.is_none() {
            self.seat.vitals.count_dead_letters(1);
            // A message may carry closures of the user's.
            if let Err(panic) = drop_guarded(message) {
                log::error!("a message for {} panicked while it was dropped: {panic}", C::NAME);
            }
            if let Some(reply) = reply {
                // The asker may have given up.
                let _ = reply.send(Err(Error::Down { component: C::NAME }));
            }
            return;
        }
        let answer = self.enter(ctx, |component, scope| component.receive(message, scope));
        if self.stop_if_fenced(ctx) {
            // Replaced meanwhile: the successor may not have what was done
            // here, so it must not be acknowledged.
            return;
        }
        match (answer, reply) {
            // A panic: the dropped reply tells the asker.
            (None, _) => {}
            (Some(Answer(Kind::Later(connect))), reply) => connect(reply),
            (Some(Answer(Kind::Now(result))), Some(reply)) => {
                // The asker may have given up.
                let _ = reply.send(result);
            }
            (Some(Answer(Kind::Now(Err(error)))), None) => {
                log::debug!("{}: {error}", C::NAME);
                self.seat.vitals.count_unheard_error();
            }
            (Some(Answer(Kind::Now(Ok(_)))), None) => {}
        }
        self.take_turn(ctx);
    }
}

impl<C: Component> Handler<Drain> for Shell<C> {
    type Result = ();

    fn handle(&mut self, drain: Drain, ctx: &mut Context<Self>) {
        self.enter(ctx, C::stopping);
        self.draining = Some(drain.done);
        self.finish_if_drained(ctx);
    }
}
