//! The thread that writes the log.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::storage::folder::Reopening;
use keepwatch_engine::storage::wal::Commit;
use keepwatch_engine::storage::{Log, LogStatus};
use tokio::sync::oneshot;

use crate::supervisor::Release;

/// The most samples that wait to be written. A disk that is slower for longer
/// counts as one that refuses: memory is for series.
const BACKLOG_MAX: usize = 4 << 20;

/// The most samples that are written at once, so that answers come in time.
const GROUP_MAX: usize = 1 << 20;

/// Hands commits to the log, whoever makes them; cheap to clone.
///
/// What comes while a sync is under way is written and synced together, so
/// that many askers share one.
#[derive(Clone)]
pub struct LogWriter {
    orders: Sender<Order>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    reopening: Reopening,
    status: ArcSwap<LogStatus>,
    file_number: AtomicU64,
    /// Samples that wait to be written.
    backlog: AtomicUsize,
    /// The last epoch that may not be gone on with, see
    /// [`LogStatus::refused_epoch`].
    refused_epoch: AtomicU32,
    /// Whether the disk would be asked now.
    takes: AtomicBool,
    /// Samples that were not even handed over.
    samples_refused: AtomicU64,
}

enum Order {
    Write { commits: Vec<Commit>, samples: usize, release: Option<Release> },
    RemoveSealed { before: Timestamp, below: u64, done: oneshot::Sender<()> },
    ShrinkTo { bytes: u64, done: oneshot::Sender<u64> },
    Close { done: oneshot::Sender<()> },
}

impl LogWriter {
    /// Starts the thread; `reopening` is what its folder held. It ends when it is closed, or when the last handle
    /// is dropped.
    ///
    /// # Errors
    /// A thread that the system refuses.
    pub fn start(log: Log, reopening: Reopening, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let shared = Arc::new(Shared {
            reopening,
            status: ArcSwap::from_pointee(log.status().clone()),
            file_number: AtomicU64::new(log.file_number()),
            backlog: AtomicUsize::new(0),
            refused_epoch: AtomicU32::new(0),
            takes: AtomicBool::new(true),
            samples_refused: AtomicU64::new(0),
        });
        let seen = Arc::clone(&shared);
        thread::Builder::new().name("keepwatch-log".to_owned()).spawn(move || {
            let run = AssertUnwindSafe(|| Writing { log, clock, shared: &seen }.run(&inbox));
            if std::panic::catch_unwind(run).is_err() {
                let failure = Some("the thread of the log panicked".to_owned());
                seen.status
                    .rcu(|status| LogStatus { failure: failure.clone(), ..(**status).clone() });
            }
        })?;
        Ok(Self { orders, shared })
    }

    /// Hands over what was changed; `release` is called once it is in the log,
    /// or once it is clear that the disk does not take it.
    pub fn submit(&self, commits: Vec<Commit>, release: Option<Release>) {
        let samples: usize = commits.iter().map(Commit::samples).sum();
        let epoch = commits.iter().map(|commit| commit.epoch).max().unwrap_or(0);
        let waiting = self.shared.backlog.fetch_add(samples, Ordering::Relaxed);
        // Nothing to write is let go behind what was handed over before.
        let unwanted = !commits.is_empty() && epoch <= self.refused_epoch();
        let refused = waiting > BACKLOG_MAX || unwanted;
        let order = Order::Write { commits, samples, release };
        let order =
            if refused { Err(order) } else { self.orders.send(order).map_err(|lost| lost.0) };
        if let Err(Order::Write { samples, release, .. }) = order {
            self.shared.refused_epoch.fetch_max(epoch, Ordering::Relaxed);
            self.shared.backlog.fetch_sub(samples, Ordering::Relaxed);
            self.shared.samples_refused.fetch_add(samples as u64, Ordering::Relaxed);
            if let Some(release) = release {
                release();
            }
        }
    }

    /// Returns how the log fares.
    #[must_use]
    pub fn status(&self) -> LogStatus {
        let mut status = LogStatus::clone(&self.shared.status.load());
        let refused = self.shared.samples_refused.load(Ordering::Relaxed);
        status.samples_unlogged += refused;
        if refused > 0 && status.failure.is_none() && self.backlog() > BACKLOG_MAX {
            status.failure = Some(format!("more than {BACKLOG_MAX} samples wait to be written"));
        }
        status
    }

    /// Returns what the data folder held when it was opened.
    #[must_use]
    pub fn reopening(&self) -> &Reopening {
        &self.shared.reopening
    }

    /// Returns how many samples wait to be written.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.shared.backlog.load(Ordering::Relaxed)
    }

    /// Returns the epoch that has to be left now: it was refused, and the disk
    /// is to be tried again.
    #[must_use]
    pub fn epoch_to_leave(&self) -> Option<u32> {
        let epoch = self.refused_epoch();
        (epoch > 0 && self.shared.takes.load(Ordering::Relaxed)).then_some(epoch)
    }

    fn refused_epoch(&self) -> u32 {
        self.shared.refused_epoch.load(Ordering::Relaxed)
    }

    /// Returns the number of the file that is being written; commits that were
    /// released lie in it and in those below it.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.shared.file_number.load(Ordering::Acquire)
    }

    /// Removes the files below the number `below` whose samples are all before
    /// `before`: they are in segments.
    pub async fn remove_sealed(&self, before: Timestamp, below: u64) {
        let (done, removed) = oneshot::channel();
        let _ = self.orders.send(Order::RemoveSealed { before, below, done });
        // A thread that has ended leaves them to the next start.
        let _ = removed.await;
    }

    /// Removes the oldest files until no more than `bytes` are left; answers
    /// how many bytes went.
    pub async fn shrink_to(&self, bytes: u64) -> u64 {
        let (done, freed) = oneshot::channel();
        let _ = self.orders.send(Order::ShrinkTo { bytes, done });
        freed.await.unwrap_or(0)
    }

    /// Writes and syncs everything that was handed over, then ends the thread.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let _ = self.orders.send(Order::Close { done });
        // Dropped unsent by a thread that had ended before.
        let _ = closed.await;
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// What lives on the thread.
struct Writing<'a> {
    log: Log,
    clock: Arc<dyn Clock>,
    shared: &'a Shared,
}

impl Writing<'_> {
    fn run(mut self, inbox: &Receiver<Order>) {
        loop {
            let now = self.clock.monotonic();
            let first = match self.log.due_in(now) {
                Some(wait) => inbox.recv_timeout(wait.max(Duration::from_millis(1))),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let carry_on = match first {
                Ok(order) => self.carry_out(order, inbox),
                Err(RecvTimeoutError::Timeout) => {
                    self.log.tick(self.clock.monotonic());
                    true
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.log.close(self.clock.monotonic());
                    false
                }
            };
            self.publish();
            if !carry_on {
                return;
            }
        }
    }

    /// Carries out an order, and with a write those that wait behind it; says
    /// whether there is more to come.
    fn carry_out(&mut self, order: Order, inbox: &Receiver<Order>) -> bool {
        let mut next = Some(order);
        while let Some(order) = next.take() {
            match order {
                Order::Write { commits, samples, release } => {
                    next = self.write(commits, samples, release, inbox);
                }
                Order::RemoveSealed { before, below, done } => {
                    self.log.remove_sealed(before, below, self.clock.monotonic());
                    // Whoever waits goes by the size of what is left.
                    self.publish();
                    let _ = done.send(());
                }
                Order::ShrinkTo { bytes, done } => {
                    let freed = self.log.shrink_to(bytes, self.clock.monotonic());
                    // Whoever asked may have given up.
                    let _ = done.send(freed);
                }
                Order::Close { done } => {
                    self.log.close(self.clock.monotonic());
                    self.publish();
                    let _ = done.send(());
                    return false;
                }
            }
        }
        true
    }

    /// Writes commits and those that wait behind them; returns the order that
    /// ended the group.
    fn write(
        &mut self,
        mut commits: Vec<Commit>,
        mut samples: usize,
        release: Option<Release>,
        inbox: &Receiver<Order>,
    ) -> Option<Order> {
        let mut releases: Vec<Release> = release.into_iter().collect();
        let mut behind = None;
        while samples < GROUP_MAX {
            match inbox.try_recv() {
                Ok(Order::Write { commits: more, samples: count, release }) => {
                    commits.extend(more);
                    samples += count;
                    releases.extend(release);
                }
                Ok(other) => {
                    behind = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let failing = self.log.status().failure.is_some();
        self.log.write(&commits, self.clock.monotonic());
        self.shared.backlog.fetch_sub(samples, Ordering::Relaxed);
        match &self.log.status().failure {
            Some(failure) if !failing => {
                log::error!("samples are kept in memory only: {failure}");
            }
            None if failing => log::info!("the log is written again"),
            _ => {}
        }
        // Before the answers: who has one finds its sample counted.
        self.publish();
        for release in releases {
            release();
        }
        behind
    }

    fn publish(&self) {
        let refused = self.log.status().refused_epoch;
        self.shared.refused_epoch.fetch_max(refused, Ordering::Relaxed);
        self.shared.takes.store(self.log.takes(self.clock.monotonic()), Ordering::Relaxed);
        self.shared.file_number.store(self.log.file_number(), Ordering::Release);
        self.shared.status.store(Arc::new(self.log.status().clone()));
    }
}
