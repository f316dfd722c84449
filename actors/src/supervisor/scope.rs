//! What a component can do besides answering: read the time, set timers,
//! start jobs, keep values.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::answer::{Answer, Kind, ReplyTo};
use super::guard::panic_message;
use super::vitals::Pulse;
use super::{Component, Keep, Workshop};
use crate::Error;

/// Component code that comes back to the shell from a timer or a job.
pub(super) enum Event<C: Component> {
    /// Code to run on the component, if the incarnation that asked for it
    /// still lives.
    Run { incarnation: u64, code: Code<C> },
    /// A job that panicked.
    Panicked { incarnation: u64, message: String },
    /// A component that is down may try again.
    Probe,
}

pub(super) type Code<C> = Box<dyn FnOnce(&mut C, &mut Scope<C>)>;

/// A timer that was set; for [`Scope::cancel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timer(u64);

/// What a component reaches while one of its methods runs.
///
/// Timers and jobs run as tasks of their own on the component's arbiter and
/// come back over one channel, so a thousand of them cost the mailbox
/// nothing. A restart ends them all.
pub struct Scope<C: Component> {
    clock: Arc<dyn Clock>,
    now: Cell<Option<Timestamp>>,
    workshop: Workshop,
    pulse: Arc<Pulse>,
    incarnation: u64,
    events: UnboundedSender<Event<C>>,
    jobs: JoinSet<()>,
    timers: HashMap<Timer, AbortHandle>,
    timers_set: u64,
    answers_due: usize,
}

impl<C: Component> Scope<C> {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        workshop: Workshop,
        pulse: Arc<Pulse>,
        events: UnboundedSender<Event<C>>,
    ) -> Self {
        Self {
            clock,
            now: Cell::new(None),
            workshop,
            pulse,
            incarnation: 0,
            events,
            jobs: JoinSet::new(),
            timers: HashMap::new(),
            timers_set: 0,
            answers_due: 0,
        }
    }

    /// Returns the time of this entry: the clock is read once a message,
    /// however often this is called.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now.get().unwrap_or_else(|| {
            let now = self.clock.now();
            self.now.set(Some(now));
            now
        })
    }

    /// Returns the monotonic time, for durations.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    /// Returns the clock itself, for jobs that outlast this entry.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// Returns the place where user code runs.
    #[must_use]
    pub const fn workshop(&self) -> &Workshop {
        &self.workshop
    }

    /// Calls `tick` after `first` and then every `interval`.
    ///
    /// Ticks keep their grid. One that comes while the last still waits for
    /// the component is left out, so a stall is followed by one tick and not
    /// by a burst. An interval of zero counts as one millisecond.
    pub fn every(
        &mut self,
        interval: Duration,
        first: Duration,
        tick: impl Fn(&mut C, &mut Self) + 'static,
    ) -> Timer {
        let (events, incarnation) = (self.events.clone(), self.incarnation);
        let waiting = Rc::new(Cell::new(false));
        let tick = Rc::new(tick);
        self.set_timer(async move {
            let period = interval.max(Duration::from_millis(1));
            let mut grid = interval_at(Instant::now() + first, period);
            grid.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                grid.tick().await;
                if waiting.replace(true) {
                    continue;
                }
                let (waiting, tick) = (Rc::clone(&waiting), Rc::clone(&tick));
                let code: Code<C> = Box::new(move |component, scope| {
                    waiting.set(false);
                    tick(component, scope);
                });
                if events.send(Event::Run { incarnation, code }).is_err() {
                    return;
                }
            }
        })
    }

    /// Calls `then` once, after `delay`.
    pub fn after(
        &mut self,
        delay: Duration,
        then: impl FnOnce(&mut C, &mut Self) + 'static,
    ) -> Timer {
        let (events, incarnation) = (self.events.clone(), self.incarnation);
        // The timer that is about to be set; it forgets itself when it fires.
        let timer = Timer(self.timers_set);
        self.set_timer(async move {
            tokio::time::sleep(delay).await;
            let code: Code<C> = Box::new(move |component, scope| {
                // Cancelled after it fired and before it was handled.
                if scope.timers.remove(&timer).is_some() {
                    then(component, scope);
                }
            });
            // A closed channel means that the shell is gone, and with it
            // whoever set the timer.
            let _ = events.send(Event::Run { incarnation, code });
        })
    }

    /// Cancels a timer; one that has fired, or was set by an earlier
    /// incarnation, is none.
    pub fn cancel(&mut self, timer: Timer) {
        if let Some(task) = self.timers.remove(&timer) {
            task.abort();
        }
    }

    /// Runs `job` in a task of its own on the component's arbiter, then calls
    /// `then` with its output. A restart ends it.
    pub fn spawn<T: 'static>(
        &mut self,
        job: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut C, T, &mut Self) + 'static,
    ) {
        let (events, incarnation) = (self.events.clone(), self.incarnation);
        self.reap();
        self.jobs.spawn_local(async move {
            let event = match AssertUnwindSafe(job).catch_unwind().await {
                Ok(output) => {
                    let code: Code<C> =
                        Box::new(move |component, scope| then(component, output, scope));
                    Event::Run { incarnation, code }
                }
                Err(panic) => Event::Panicked { incarnation, message: panic_message(panic) },
            };
            // As above: a closed channel means that nobody waits any more.
            let _ = events.send(event);
        });
    }

    /// Answers later: runs `job`, then answers with what `then` makes of its
    /// output. An ordered shutdown waits for it.
    pub fn answer<T: 'static, R: 'static>(
        &mut self,
        job: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut C, T, &mut Self) -> Result<R, Error> + 'static,
    ) -> Answer<R> {
        // Holds the asker's channel; dropped with the job if a restart ends
        // it, which tells the asker.
        let asker: Rc<Cell<Option<ReplyTo<R>>>> = Rc::default();
        let slot = Rc::clone(&asker);
        self.answers_due += 1;
        self.spawn(job, move |component, output, scope| {
            let result = then(component, output, scope);
            scope.answers_due = scope.answers_due.saturating_sub(1);
            if let Some(asker) = slot.take() {
                // The asker may have given up.
                let _ = asker.send(result);
            }
        });
        Answer(Kind::Later(Box::new(move |reply| asker.set(reply))))
    }

    /// Publishes `value` in `keep` for the next incarnation; says whether it
    /// did. A component that was replaced while it hung is refused.
    pub fn keep<T>(&self, keep: &Keep<T>, value: T) -> bool {
        self.publish(keep, value).is_some()
    }

    /// Publishes `value` in `keep`, and answers with `reply` once it is on
    /// the disk, if it is saved at all. A component that was replaced while
    /// it hung is refused.
    ///
    /// A disk that fails keeps nobody waiting: the failure is counted and
    /// logged by whoever saves, and the change holds in memory.
    pub fn keep_and_answer<T: 'static, R: 'static>(
        &mut self,
        keep: &Keep<T>,
        value: T,
        reply: R,
    ) -> Answer<R> {
        let Some(version) = self.publish(keep, value) else {
            // Only the next incarnation may answer.
            return Err(Error::Faulted { component: C::NAME }).into();
        };
        match keep.saving(version) {
            None => Answer::ok(reply),
            Some(saved) => self.answer(saved, move |_, (), _| Ok(reply)),
        }
    }

    /// Returns the value of a keep for this incarnation to go on from, and
    /// fences off its predecessor: what that one publishes from now on would
    /// be lost, so it is refused.
    #[must_use]
    pub fn resume<T>(&self, keep: &Keep<T>) -> Arc<T> {
        keep.claim(self.pulse.epoch)
    }

    fn publish<T>(&self, keep: &Keep<T>, value: T) -> Option<u64> {
        if self.pulse.is_fenced() { None } else { keep.publish(self.pulse.epoch, value) }
    }

    fn set_timer(&mut self, task: impl Future<Output = ()> + 'static) -> Timer {
        let timer = Timer(self.timers_set);
        self.timers_set += 1;
        self.reap();
        let handle = self.jobs.spawn_local(task);
        self.timers.insert(timer, handle);
        timer
    }

    /// Forgets tasks that have ended.
    fn reap(&mut self) {
        while self.jobs.try_join_next().is_some() {}
    }

    /// Begins a new entry into component code.
    pub(super) fn enter(&self) {
        self.now.set(None);
    }

    /// Ends everything the incarnation had under way and begins the next.
    pub(super) fn renew(&mut self) {
        self.jobs = JoinSet::new();
        self.timers.clear();
        self.answers_due = 0;
        self.incarnation += 1;
    }

    pub(super) const fn incarnation(&self) -> u64 {
        self.incarnation
    }

    pub(super) const fn answers_due(&self) -> usize {
        self.answers_due
    }

    pub(super) fn events(&self) -> UnboundedSender<Event<C>> {
        self.events.clone()
    }
}
