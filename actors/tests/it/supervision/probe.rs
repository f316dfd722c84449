//! A component that fails on command.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use keepwatch_actors::Error;
use keepwatch_actors::request;
use keepwatch_actors::supervisor::{
    Address, Answer, Component, Keep, Receive, Scope, Settings, Supervisor,
};

/// Where the probe panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Handler,
    Timer,
    Job,
    Continuation,
    Drop,
}

/// Adds to the total and answers the sum so far.
pub(super) struct Add(pub(super) u64);
/// Panics at a place.
pub(super) struct Panic(pub(super) Place);
/// Blocks the thread.
pub(super) struct Block(pub(super) Duration);
/// Answers after a delay.
pub(super) struct Later(pub(super) Duration);
/// Answers how many ticks the probe's timer has made.
pub(super) struct Ticks;

request! {
    Add => u64, owner Probe;
    Panic => (), owner Probe;
    Block => (), owner Probe;
    Later => u64, owner Probe;
    Ticks => u64, owner Probe;
}

/// What tests control and see of the probe from outside.
#[derive(Clone)]
pub(super) struct Strings {
    pub(super) total: Keep<u64>,
    pub(super) built: Arc<AtomicUsize>,
    /// The factory blocks its thread this long, once.
    pub(super) factory_blocks_ms: Arc<AtomicU64>,
    /// The factory panics while this is set.
    pub(super) factory_fails: Arc<AtomicBool>,
}

impl Strings {
    pub(super) fn new() -> Self {
        Self {
            total: Keep::new(0),
            built: Arc::default(),
            factory_blocks_ms: Arc::default(),
            factory_fails: Arc::default(),
        }
    }

    pub(super) fn built(&self) -> usize {
        self.built.load(Ordering::SeqCst)
    }

    /// Seats a probe on these strings.
    pub(super) fn seat(&self, supervisor: &mut Supervisor, settings: Settings) -> Address<Probe> {
        let strings = self.clone();
        supervisor.seat(settings, move || Probe::new(strings.clone()))
    }
}

pub(super) struct Probe {
    strings: Strings,
    total: u64,
    ticks: u64,
    panic_on_drop: bool,
}

impl Probe {
    #[expect(clippy::disallowed_methods, reason = "blocking the arbiter is what is tested")]
    fn new(strings: Strings) -> Self {
        strings.built.fetch_add(1, Ordering::SeqCst);
        let block = strings.factory_blocks_ms.swap(0, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(block));
        assert!(!strings.factory_fails.load(Ordering::SeqCst), "the factory fails");
        let total = *strings.total.load();
        Self { strings, total, ticks: 0, panic_on_drop: false }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        assert!(!self.panic_on_drop, "the destructor fails");
    }
}

impl Component for Probe {
    const NAME: &'static str = "probe";

    fn started(&mut self, scope: &mut Scope<Self>) {
        let second = Duration::from_secs(1);
        scope.every(second, second, |probe, _| probe.ticks += 1);
    }
}

impl Receive<Add> for Probe {
    fn receive(&mut self, Add(amount): Add, scope: &mut Scope<Self>) -> Answer<u64> {
        self.total += amount;
        scope.keep(&self.strings.total, self.total);
        Answer::ok(self.total)
    }
}

impl Receive<Panic> for Probe {
    fn receive(&mut self, Panic(place): Panic, scope: &mut Scope<Self>) -> Answer<()> {
        match place {
            Place::Handler => panic!("in the handler"),
            Place::Timer => {
                scope.after(Duration::ZERO, |_, _| panic!("in the timer"));
                Answer::ok(())
            }
            Place::Job => scope.answer(async { panic!("in the job") }, |_, (), _| Ok(())),
            Place::Continuation => {
                scope.answer(tokio::task::yield_now(), |_, (), _| panic!("in the continuation"))
            }
            Place::Drop => {
                self.panic_on_drop = true;
                panic!("before the destructor")
            }
        }
    }
}

impl Receive<Block> for Probe {
    #[expect(clippy::disallowed_methods, reason = "blocking the arbiter is what is tested")]
    fn receive(&mut self, Block(time): Block, _: &mut Scope<Self>) -> Answer<()> {
        std::thread::sleep(time);
        Answer::ok(())
    }
}

impl Receive<Later> for Probe {
    fn receive(&mut self, Later(delay): Later, scope: &mut Scope<Self>) -> Answer<u64> {
        scope.answer(tokio::time::sleep(delay), |probe, (), _| Ok::<_, Error>(probe.total))
    }
}

impl Receive<Ticks> for Probe {
    fn receive(&mut self, _: Ticks, _: &mut Scope<Self>) -> Answer<u64> {
        Answer::ok(self.ticks)
    }
}
