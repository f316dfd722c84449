//! What carries a check out: closures, and the built-in probes.
//!
//! Every async closure is a probe. What needs more than std and tokio, such
//! as HTTP, implements [`Probe`] elsewhere.

mod mailbox;
mod tcp;
mod usage;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use keepwatch_engine::health::Outcome;

pub use mailbox::MailboxProbe;
pub use tcp::TcpProbe;
pub use usage::{Usage, UsageProbe};

/// Carries a check out.
///
/// Async closures are probes. They may return `()`, `bool`, an [`Outcome`],
/// or a `Result` of these whose error is the message.
///
/// ```
/// use keepwatch_actors::health_checker::AddCheck;
/// use keepwatch_engine::health::{CheckDefinition, Outcome};
///
/// let check = AddCheck::new(CheckDefinition::new("queue"), || async {
///     let depth = 17.0;
///     Ok::<_, std::io::Error>(Outcome::healthy().observed(depth, "messages"))
/// });
/// # let _ = check;
/// ```
pub trait Probe: Send + Sync + 'static {
    /// Begins one run.
    ///
    /// It is polled on a thread of its own, where it may use `spawn_local`
    /// and may even block. It is dropped when its time is over; one that
    /// blocks then keeps its check in flight until it ends.
    fn run(&self) -> BoxFuture<'static, Outcome>;
}

impl<P, F, O> Probe for P
where
    P: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = O> + Send + 'static,
    O: Into<Outcome> + 'static,
{
    fn run(&self) -> BoxFuture<'static, Outcome> {
        self().map(Into::into).boxed()
    }
}

/// A check that a closure carries out which may block its thread.
#[derive(Clone)]
pub struct BlockingProbe {
    check: Arc<dyn Fn() -> Outcome + Send + Sync>,
}

impl BlockingProbe {
    /// Creates a probe from a closure.
    pub fn new<O: Into<Outcome>>(check: impl Fn() -> O + Send + Sync + 'static) -> Self {
        Self { check: Arc::new(move || check().into()) }
    }
}

impl Probe for BlockingProbe {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        let check = Arc::clone(&self.check);
        async move { check() }.boxed()
    }
}

impl fmt::Debug for BlockingProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingProbe").finish_non_exhaustive()
    }
}
