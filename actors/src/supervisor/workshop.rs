//! Where user code runs: checks, callbacks, collectors, queries.
//!
//! Each job has a pool thread of its own, a time limit and a caught panic, so
//! that a check which blocks its thread costs that check and nobody else.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use thiserror::Error;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;

use super::guard::{guarded, panic_message};

/// The most threads that user code may hold at once, stuck ones included.
/// What is over waits for its turn, and its limit begins with it.
const USER_THREADS: usize = 96;

/// The threads beside them that stay for the engine's own work, which stuck
/// user code must not hold up.
const OWN_THREADS: usize = 32;

/// Why a job brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WorkError {
    /// It took longer than its limit. A future is dropped at its next await;
    /// blocking code runs on, unobserved.
    #[error("timed out after {0:?}")]
    TimedOut(Duration),
    /// It panicked with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// The engine stopped before it ended.
    #[error("cancelled: the engine is stopping")]
    Cancelled,
}

/// Runs user code apart from the components. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workshop {
    place: Place,
    running: Arc<AtomicUsize>,
}

#[derive(Debug, Clone)]
enum Place {
    /// A runtime whose blocking pool gives each job a thread.
    Pool { handle: Handle, turns: Arc<Semaphore> },
    /// The current thread: for tests on paused time, which a second thread
    /// would hold up.
    Here,
}

impl Workshop {
    /// Creates a workshop and the runtime that drives it. The runtime must be
    /// kept as long as the workshop is used, and dropped outside of async
    /// code.
    ///
    /// # Errors
    /// Threads that the system refuses.
    pub fn start() -> std::io::Result<(Self, Runtime)> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(USER_THREADS + OWN_THREADS)
            .thread_name("keepwatch-work")
            .enable_all()
            .build()?;
        let turns = Arc::new(Semaphore::new(USER_THREADS));
        let place = Place::Pool { handle: runtime.handle().clone(), turns };
        Ok((Self { place, running: Arc::default() }, runtime))
    }

    /// Creates a workshop that runs its jobs on the current thread, for tests
    /// on paused time.
    #[must_use]
    pub fn here() -> Self {
        Self { place: Place::Here, running: Arc::default() }
    }

    /// Returns how many jobs are running, those past their limit included.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Starts a task of keepwatch's own that only waits and hands out work;
    /// user code goes through [`run`](Self::run) and
    /// [`blocking`](Self::blocking). It ends with the workshop.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        match &self.place {
            Place::Pool { handle, .. } => drop(handle.spawn(task)),
            Place::Here => drop(tokio::task::spawn_local(task)),
        }
    }

    /// Runs a future, at most `limit`, on a thread of its own, where it may
    /// block and may use `spawn_local`.
    ///
    /// # Errors
    /// [`WorkError`] when it brings nothing.
    pub async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, WorkError> {
        let seat = Running::enter(&self.running);
        let timed = async move {
            let _seat = seat;
            match tokio::time::timeout(limit, AssertUnwindSafe(job).catch_unwind()).await {
                Ok(Ok(output)) => Ok(output),
                Ok(Err(panic)) => Err(WorkError::Panicked(panic_message(panic))),
                Err(_) => Err(WorkError::TimedOut(limit)),
            }
        };
        match &self.place {
            Place::Pool { handle, turns } => {
                let turn = Arc::clone(turns).acquire_owned().await;
                let inside = handle.clone();
                // A destructor of the job's may panic after it timed out.
                let whole = move || {
                    let _turn = turn;
                    guarded(|| inside.block_on(LocalSet::new().run_until(timed)))
                        .unwrap_or_else(|panic| Err(WorkError::Panicked(panic)))
                };
                in_time(handle, limit, whole).await
            }
            Place::Here => timed.await,
        }
    }

    /// Runs blocking code of the user's, observed for at most `limit`, on a
    /// thread of its own.
    ///
    /// # Errors
    /// [`WorkError`] when it brings nothing.
    pub async fn blocking<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let seat = Running::enter(&self.running);
        let whole = move || {
            let _seat = seat;
            guarded(job).map_err(WorkError::Panicked)
        };
        match &self.place {
            Place::Pool { handle, turns } => {
                let turn = Arc::clone(turns).acquire_owned().await;
                let whole = move || {
                    let _turn = turn;
                    whole()
                };
                in_time(handle, limit, whole).await
            }
            Place::Here => whole(),
        }
    }

    /// Runs work of the engine's own, such as reading a snapshot, at most
    /// `limit`, on threads that user code cannot take.
    ///
    /// # Errors
    /// [`WorkError`] when it brings nothing.
    pub async fn compute<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, WorkError> {
        let whole = move || guarded(work).map_err(WorkError::Panicked);
        match &self.place {
            Place::Pool { handle, .. } => in_time(handle, limit, whole).await,
            Place::Here => whole(),
        }
    }
}

/// Waits for pool work, a little longer than its own limit: a future that
/// yields is then ended by its own timeout, and only one that blocks is left
/// behind.
async fn in_time<T: Send + 'static>(
    handle: &Handle,
    limit: Duration,
    work: impl FnOnce() -> Result<T, WorkError> + Send + 'static,
) -> Result<T, WorkError> {
    let (sender, receiver) = oneshot::channel();
    handle.spawn_blocking(move || {
        // Work that had to wait until nobody listens any more is not done.
        if !sender.is_closed() {
            // Nobody may listen to what came too late.
            let _ = sender.send(work());
        }
    });
    match tokio::time::timeout(limit + Duration::from_millis(50), receiver).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(WorkError::Cancelled),
        Err(_) => Err(WorkError::TimedOut(limit)),
    }
}

/// Counts a job while it lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn enter(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
