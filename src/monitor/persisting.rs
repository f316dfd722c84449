//! Writes what the components keep to the state file of the data folder.
//!
//! Each component publishes its state in a `Keep`; the persister compares it
//! with what it wrote last and writes the difference, all components in one
//! transaction. It looks every second, and at once when somebody waits for an
//! answer: a definition, a silence, an acknowledgement, a policy is
//! acknowledged when it is on the disk. Alert states, histories, health and
//! the definitions of metrics, which nobody is answered for, may lag by that
//! second.
//!
//! A disk that refuses loses nothing while the engine runs: the difference is
//! tried again every second and grows no larger than the state; a file that
//! is not open is opened again, see [`StateFile`]. Each failure is counted in
//! [`SAVES`], logged once a minute, and seen by the check of the data folder;
//! whoever waits is answered all the same, as the change holds in memory.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use keepwatch_actors::supervisor::{Keep, SaveBell, Workshop};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::instrument::{
    Catalogue, CatalogueRevision, CounterFamily, KeptMetrics, RegisterError,
};
use keepwatch_engine::model::MetricDefinition;
use keepwatch_engine::storage::state::{Batch, Stored, Written};
use tokio::sync::{oneshot, watch};
use tokio::time::{MissedTickBehavior, interval};

use super::state_file::StateFile;

/// Counts writes of the state file, by outcome.
const SAVES: &str = "keepwatch_state_saves_total";

/// How often the state is looked at when nobody waits.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// The longest that a write is waited for. One that takes longer goes on, and
/// no other begins beside it; whoever asked for it times out.
const SAVE_LIMIT: Duration = Duration::from_secs(3);

/// How often a disk that refuses is logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Whose state is written.
pub(super) trait Source: Send {
    /// Adds what has changed since the last write that succeeded.
    fn changes(&mut self, batch: &mut Batch);
    /// Takes note of how the write of the last changes went, and releases who
    /// waits for it.
    fn written(&mut self, succeeded: bool);
}

/// A keep and the value of it that is in the file.
pub(super) struct KeepSource<T> {
    keep: Keep<T>,
    saved: Arc<T>,
    /// What was added to the batch that is being written.
    pending: Option<(u64, Arc<T>)>,
}

impl<T> KeepSource<T> {
    /// Takes over a keep whose state is in the file as `saved`.
    pub(super) fn new(keep: Keep<T>, saved: T) -> Self {
        Self { keep, saved: Arc::new(saved), pending: None }
    }
}

impl<T: Stored + Send + Sync> Source for KeepSource<T> {
    fn changes(&mut self, batch: &mut Batch) {
        let (version, latest) = self.keep.latest();
        if !Arc::ptr_eq(&latest, &self.saved) {
            latest.changes_since(&self.saved, batch);
        }
        self.pending = Some((version, latest));
    }

    fn written(&mut self, succeeded: bool) {
        let Some((version, value)) = self.pending.take() else { return };
        if succeeded {
            self.saved = value;
        }
        self.keep.settle(version);
    }
}

/// The catalogue, whose owner is nobody: handles register metrics on any
/// thread.
pub(super) struct CatalogueSource {
    catalogue: Catalogue,
    clock: Arc<dyn Clock>,
    saved: KeptMetrics,
    pending: Option<(CatalogueRevision, KeptMetrics)>,
    /// What was looked at last, so that nothing is compared in vain.
    seen: Option<CatalogueRevision>,
}

impl CatalogueSource {
    pub(super) fn new(catalogue: Catalogue, clock: Arc<dyn Clock>, saved: KeptMetrics) -> Self {
        Self { catalogue, clock, saved, pending: None, seen: None }
    }
}

impl Source for CatalogueSource {
    fn changes(&mut self, batch: &mut Batch) {
        if self.seen.as_ref().is_some_and(|seen| self.catalogue.is_at(seen)) {
            return;
        }
        let revision = self.catalogue.revision();
        let kept = self.catalogue.kept(&self.saved, self.clock.now());
        kept.changes_since(&self.saved, batch);
        self.pending = Some((revision, kept));
    }

    fn written(&mut self, succeeded: bool) {
        if let Some((revision, kept)) = self.pending.take().filter(|_| succeeded) {
            self.seen = Some(revision);
            self.saved = kept;
        }
    }
}

/// A state file and whose state is written to it. It goes to the pool for
/// each write, so that neither comparing nor the disk holds a component up.
struct Desk {
    file: StateFile,
    sources: Vec<Box<dyn Source>>,
}

impl Desk {
    /// Writes what has changed, at the time `now`; without one for the last
    /// time.
    fn save(&mut self, now: Option<Duration>) -> Result<Written, String> {
        let mut batch = Batch::new();
        for source in &mut self.sources {
            source.changes(&mut batch);
        }
        for entry in batch.left_out() {
            log::error!("not kept: {entry}");
        }
        let written = self.file.write(&batch, now);
        for source in &mut self.sources {
            source.written(written.is_ok());
        }
        written
    }
}

/// Writes the sources to the file, in its time.
pub(super) struct Persister {
    /// `None` while a write that takes too long is under way.
    desk: Option<Desk>,
    away: Option<oneshot::Receiver<(Desk, Result<Written, String>)>>,
    bell: SaveBell,
    workshop: Workshop,
    clock: Arc<dyn Clock>,
    saves: CounterFamily,
    logged: Option<Duration>,
    /// Why the last write failed, if it did.
    failure: watch::Sender<Option<String>>,
}

impl Persister {
    pub(super) fn new(
        file: StateFile,
        sources: Vec<Box<dyn Source>>,
        bell: SaveBell,
        workshop: Workshop,
        clock: Arc<dyn Clock>,
        catalogue: &Catalogue,
    ) -> Result<Self, RegisterError> {
        let desk = Some(Desk { file, sources });
        let saves = catalogue.family(saves())?;
        let failure = watch::Sender::new(None);
        Ok(Self { desk, away: None, bell, workshop, clock, saves, logged: None, failure })
    }

    /// Returns where it can be seen why the last write failed.
    pub(super) fn failure(&self) -> watch::Receiver<Option<String>> {
        self.failure.subscribe()
    }

    /// Saves until `stop` completes, then once more; says why that failed, if
    /// it did.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), String> {
        let mut ticks = interval(SAVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let bell = self.bell.clone();
        let mut stop = pin!(stop.fuse());
        loop {
            let stopped = tokio::select! {
                () = &mut stop => true,
                () = bell.rung() => false,
                _ = ticks.tick() => false,
            };
            let now = (!stopped).then(|| self.clock.monotonic());
            let saved = self.save(now).await;
            self.publish(&saved);
            if stopped {
                return saved;
            }
            if let Err(reason) = saved {
                self.complain(&reason);
                // A disk that refuses is not asked again at once, however
                // many wait.
                tokio::select! {
                    () = &mut stop => return self.save(None).await,
                    _ = ticks.tick() => {}
                }
            }
        }
    }

    /// Writes what has changed, on a pool thread.
    async fn save(&mut self, now: Option<Duration>) -> Result<(), String> {
        let Some(mut desk) = self.take_desk() else {
            self.count("failed");
            return Err("an earlier write is still under way".to_owned());
        };
        let (give_back, away) = oneshot::channel();
        self.away = Some(away);
        let job = move || {
            let saved = desk.save(now);
            // The persister waits for it, or has ended.
            let _ = give_back.send((desk, saved));
        };
        let finished = self.workshop.compute(SAVE_LIMIT, job).await;
        match (self.returned(), finished) {
            (Some(saved), _) => saved,
            (None, Err(error)) => {
                self.count("failed");
                Err(format!("writing the state file {error}"))
            }
            (None, Ok(())) => Err("the state file is lost".to_owned()),
        }
    }

    /// Takes the desk; one that is still at work is not there.
    fn take_desk(&mut self) -> Option<Desk> {
        if self.desk.is_none()
            && let Some(Err(reason)) = self.returned()
        {
            self.complain(&reason);
        }
        self.desk.take()
    }

    /// Takes back the desk if it has come, and counts what it did.
    fn returned(&mut self) -> Option<Result<(), String>> {
        let (desk, saved) = self.away.as_mut()?.try_recv().ok()?;
        self.desk = Some(desk);
        self.away = None;
        match &saved {
            Ok(Written { entries: 0, .. }) => {}
            Ok(_) => self.count("ok"),
            Err(_) => self.count("failed"),
        }
        Some(saved.map(|_| ()))
    }

    fn publish(&self, saved: &Result<(), String>) {
        let failure = saved.as_ref().err();
        self.failure.send_if_modified(|shown| {
            let differs = shown.as_ref() != failure;
            if differs {
                *shown = failure.cloned();
            }
            differs
        });
    }

    fn count(&self, outcome: &'static str) {
        // One label value of two: there is always room for it.
        if let Ok(count) = self.saves.with(&[outcome]) {
            count.increment();
        }
    }

    fn complain(&mut self, reason: &str) {
        let now = self.clock.monotonic();
        if self.logged.is_none_or(|last| now.saturating_sub(last) >= LOG_EVERY) {
            self.logged = Some(now);
            log::error!("the state was not saved and is tried again: {reason}");
        }
    }
}

fn saves() -> MetricDefinition {
    MetricDefinition::counter(SAVES)
        .help("Writes of alert states, silences, health and definitions to the disk, by outcome.")
        .labels(["outcome"])
        .build()
        .expect("a constant definition that a test builds")
}
