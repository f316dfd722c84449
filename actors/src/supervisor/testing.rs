//! A supervisor on paused time, for tests.
//!
//! Everything runs on one arbiter whose clock moves only when nothing is left
//! to do, so an hour of back-off takes milliseconds and no test sleeps.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Timestamp;
use tokio::time::Instant;

use super::{Placement, Supervisor, Workshop};

/// The wall time at which every test begins: 2023-11-14T22:13:20Z.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A clock that follows tokio's, paused or not. Clones jump together.
#[derive(Debug, Clone)]
pub struct TokioClock {
    origin: Instant,
    ahead_ms: Arc<AtomicU64>,
}

impl TokioClock {
    /// Creates a clock that reads [`EPOCH`] now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now(), ahead_ms: Arc::default() }
    }

    /// Sets the wall time, and no other, so far ahead of what has passed.
    pub fn set_ahead(&self, by: Duration) {
        let by_ms = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead_ms.store(by_ms, Ordering::Relaxed);
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        EPOCH + self.monotonic() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Instant::now().duration_since(self.origin)
    }
}

/// Runs a test inside an actix system whose time is paused.
pub fn paused<F: Future>(test: F) -> F::Output {
    actix_rt::System::new().block_on(async move {
        tokio::time::pause();
        test.await
    })
}

/// Runs a test inside an actix system on the machine's time, for what needs
/// threads: hung components and their replacement.
pub fn threaded<F: Future>(test: F) -> F::Output {
    actix_rt::System::new().block_on(test)
}

/// Creates a supervisor whose components all run on the test's arbiter.
#[must_use]
pub fn supervisor() -> Supervisor {
    supervisor_by(TokioClock::new())
}

/// Creates such a supervisor that goes by the given clock.
#[must_use]
pub fn supervisor_by(clock: TokioClock) -> Supervisor {
    Supervisor::new(Arc::new(clock), Workshop::here(), Placement::Together)
}

/// Creates a supervisor whose components each have a thread, for tests in
/// which one of them blocks.
#[must_use]
pub fn supervisor_on_threads() -> Supervisor {
    Supervisor::new(Arc::new(TokioClock::new()), Workshop::here(), Placement::OwnArbiters)
}

/// Lets `time` pass: on paused time at once, after everything due before has
/// run.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
