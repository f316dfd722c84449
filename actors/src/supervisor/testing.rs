//! A supervisor on paused time, for tests.
//!
//! Everything runs on one arbiter whose clock moves only when nothing is left
//! to do, so an hour of back-off takes milliseconds and no test sleeps.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Timestamp;
use tokio::time::Instant;

use super::{Placement, Supervisor, Workshop};

/// The wall time at which every test begins: 2023-11-14T22:13:20Z.
pub const EPOCH: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A clock that follows tokio's, paused or not.
#[derive(Debug, Clone)]
pub struct TokioClock {
    origin: Instant,
}

impl TokioClock {
    /// Creates a clock that reads [`EPOCH`] now.
    #[must_use]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        EPOCH + self.monotonic()
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
    Supervisor::new(Arc::new(TokioClock::new()), Workshop::here(), Placement::Together)
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
