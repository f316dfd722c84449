//! The supervisor itself: the one actor that knows every component.
//!
//! It runs on an arbiter of its own, where no component code runs, starts its
//! children in the order they were seated, replaces those that hang, and
//! stops them in reverse.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext as _, Context, Handler, Message, ResponseFuture};
use actix_rt::ArbiterHandle;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, Shared};
use keepwatch_engine::clock::Clock;
use serde::Serialize;

use super::child::{Child, Post};
use super::seat::{Seat, Settings};
use super::status::ComponentStatus;
use super::{Address, Component, Workshop};

/// How often the warden looks at the components.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// Where components run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Each on an arbiter, and so a thread, of its own.
    OwnArbiters,
    /// All on the supervisor's arbiter: for tests on paused time. A component
    /// that hangs there hangs everything.
    Together,
}

/// Starts, watches and stops the components.
pub struct Supervisor {
    clock: Arc<dyn Clock>,
    workshop: Workshop,
    placement: Placement,
    children: Vec<Box<dyn Child>>,
    /// What can be seen of each child, also while they are being stopped.
    views: Vec<View>,
    ending: Option<Ending>,
}

type View = Box<dyn Fn() -> ComponentStatus>;

type Ending = Shared<LocalBoxFuture<'static, ShutdownReport>>;

impl Supervisor {
    /// Creates a supervisor without children.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, workshop: Workshop, placement: Placement) -> Self {
        Self { clock, workshop, placement, children: Vec::new(), views: Vec::new(), ending: None }
    }

    /// Seats a component that `factory` builds, and rebuilds after a failure.
    /// The address is valid at once; messages are handled from
    /// [`Actor::start`] on. Must be called inside the actix system.
    pub fn seat<C: Component>(
        &mut self,
        settings: Settings,
        factory: impl Fn() -> C + Send + Sync + 'static,
    ) -> Address<C> {
        let clock = Arc::clone(&self.clock);
        let address = Seat::reserve(settings, clock, self.workshop.clone(), factory);
        let seat = Arc::clone(&address.seat);
        self.views.push(Box::new(move || seat.status()));
        self.children.push(Box::new(Post::new(Arc::clone(&address.seat), self.placement)));
        address
    }

    /// Opens the seats and starts the supervisor. Called instead of
    /// [`Actor::start`], so that messages can be sent as soon as it returns.
    pub fn open(mut self) -> Addr<Self> {
        for child in &mut self.children {
            child.start();
        }
        self.start()
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        ctx.run_interval(WATCH_EVERY, |supervisor, _| {
            if supervisor.ending.is_none() {
                let now = supervisor.clock.monotonic();
                for child in &mut supervisor.children {
                    child.watch(now);
                }
            }
        });
    }
}

/// Asks the supervisor how its children are.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Vec<ComponentStatus>")]
pub struct Status;

impl Handler<Status> for Supervisor {
    type Result = Vec<ComponentStatus>;

    fn handle(&mut self, _: Status, _: &mut Context<Self>) -> Self::Result {
        self.views.iter().map(|view| view()).collect()
    }
}

/// Asks the supervisor where its children run.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Vec<SeatedArbiter>")]
pub struct Arbiters;

/// Where a component runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeatedArbiter {
    /// The component.
    pub component: &'static str,
    /// Which of the component's arbiters it is: one that hung is replaced.
    pub epoch: u64,
    /// The arbiter.
    pub arbiter: ArbiterHandle,
}

impl Handler<Arbiters> for Supervisor {
    type Result = Vec<SeatedArbiter>;

    fn handle(&mut self, _: Arbiters, _: &mut Context<Self>) -> Self::Result {
        self.children.iter().filter_map(|child| child.arbiter()).collect()
    }
}

/// Tells the supervisor to drain and stop its children, last started first.
///
/// Each handles what is queued and finishes the answers it owes, for at most
/// `deadline`; then it is given up. Asked twice, both askers get the report
/// of the one shutdown.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "ShutdownReport")]
pub struct Shutdown {
    /// The longest time a child may take.
    pub deadline: Duration,
}

impl Handler<Shutdown> for Supervisor {
    type Result = ResponseFuture<ShutdownReport>;

    fn handle(&mut self, order: Shutdown, _: &mut Context<Self>) -> Self::Result {
        let ending = self.ending.get_or_insert_with(|| {
            let children = std::mem::take(&mut self.children);
            end(children, order.deadline, Arc::clone(&self.clock)).boxed_local().shared()
        });
        Box::pin(ending.clone())
    }
}

async fn end(
    mut children: Vec<Box<dyn Child>>,
    deadline: Duration,
    clock: Arc<dyn Clock>,
) -> ShutdownReport {
    let begun = clock.monotonic();
    let mut drains = Vec::with_capacity(children.len());
    for child in children.iter_mut().rev() {
        drains.push(child.drain(deadline).await);
    }
    ShutdownReport { children: drains, took: clock.monotonic().saturating_sub(begun) }
}

/// How a shutdown went.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Each component, in the order they were stopped.
    pub children: Vec<ChildDrain>,
    /// How long it took.
    pub took: Duration,
}

impl ShutdownReport {
    /// Returns how many messages were queued and never handled.
    #[must_use]
    pub fn undelivered(&self) -> u64 {
        self.children.iter().map(|child| child.undelivered).sum()
    }

    /// Says whether every component handled its queue and stopped in time.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.children.iter().all(|child| child.clean)
    }
}

/// How one component stopped.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChildDrain {
    /// The component's last status.
    #[serde(flatten)]
    pub status: ComponentStatus,
    /// Whether it handled its queue and stopped in time.
    pub clean: bool,
    /// Messages that were queued and never handled.
    pub undelivered: u64,
    /// How long it took.
    pub took: Duration,
}
