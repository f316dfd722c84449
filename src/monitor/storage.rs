//! Where the series are kept, and how.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_actors::durability::{LogWriter, Upkeep, UpkeepOptions, UpkeepOutlets, UpkeepReport};
use keepwatch_actors::health_checker::AddCheck;
use keepwatch_actors::janitor::JanitorState;
use keepwatch_actors::registry::Registry;
use keepwatch_actors::supervisor::{Address, Keep, Workshop};
use keepwatch_engine::alert::{Rule, Severity};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::health::{CheckDefinition, Outcome};
use keepwatch_engine::registry::Limits;
use keepwatch_engine::storage::folder::{DamagedFile, DataFolder, Keeping, Reopening, WINDOW};
use keepwatch_engine::storage::wal::Writer;
use keepwatch_engine::storage::{Ledger, Log, LogStatus, SyncPolicy};
use tokio::sync::watch;

use super::error::StartError;
use crate::collect::storage::DEGRADED;

/// The name of the check of a data folder.
pub(super) const CHECK: &str = "keepwatch storage";

/// The name of the rule on it.
pub(super) const RULE: &str = "KeepwatchStorageDegraded";

/// The check is carried out as often as the folder is kept up, within these.
const CHECK_EVERY_MIN: Duration = Duration::from_secs(1);
const CHECK_EVERY_MAX: Duration = Duration::from_secs(15);

/// The most series that one slice of upkeep looks at, so that the registry is
/// busy for well under a millisecond at a time.
const SERIES_PER_SLICE: usize = 1_000;

/// How series are stored; the folder is
/// [`MonitorBuilder::data_dir`](super::MonitorBuilder::data_dir).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StorageOptions {
    /// When the log is synced: before anything is acknowledged by default.
    pub sync: SyncPolicy,
    /// The span of a segment; 2 h by default, 1 min to 1 day.
    pub window: Duration,
    /// The most bytes of all files in the data folder; no limit by default.
    /// Beyond it the oldest files go.
    pub disk_max: Option<u64>,
    /// The most bytes that samples may take in memory; 1 GiB by default.
    /// Beyond it the oldest chunks go, which only happens while they cannot be
    /// sealed, or without a data folder.
    pub memory_max: Option<usize>,
    /// How long rollups of five minutes are kept; 35 days by default.
    pub five_minutes: Duration,
    /// How long rollups of an hour are kept; 400 days by default.
    pub hours: Duration,
    /// How often the data folder is kept up; 1 min by default.
    pub upkeep_interval: Duration,
}

impl Default for StorageOptions {
    fn default() -> Self {
        let Keeping { five_minutes, hours, .. } = Keeping::default();
        Self {
            sync: SyncPolicy::EveryBatch,
            window: WINDOW,
            disk_max: None,
            memory_max: Some(1 << 30),
            five_minutes,
            hours,
            upkeep_interval: Duration::from_secs(60),
        }
    }
}

/// A data folder and its log, or the memory alone.
#[derive(Clone)]
pub(super) struct Storage {
    pub(super) ledger: Arc<Ledger>,
    pub(super) disk: Option<(Arc<DataFolder>, LogWriter)>,
}

/// What was found in a data folder, or the memory alone.
pub(super) struct Found {
    ledger: Arc<Ledger>,
    disk: Option<(DataFolder, Writer, Reopening)>,
    /// What is lost of what is not series.
    pub(super) damaged: Vec<DamagedFile>,
    took: Duration,
}

impl Found {
    /// Opens a folder and brings back what is there. Damage is no reason not
    /// to start.
    pub(super) fn open(
        path: Option<&Path>,
        options: &StorageOptions,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let mut found =
            Self { ledger: Arc::default(), disk: None, damaged: Vec::new(), took: Duration::ZERO };
        let Some(path) = path else { return Ok(found) };
        let begun = clock.monotonic();
        let (folder, ledger, writer, report) = DataFolder::open(path, options.window, clock.now())?;
        found.took = clock.monotonic().saturating_sub(begun);
        found.ledger = ledger;
        found.disk = Some((folder, writer, report));
        Ok(found)
    }
}

impl Storage {
    /// Begins to write to what was found. Damage is logged, with what it
    /// cost, and told of for as long as the engine runs.
    pub(super) fn start(
        found: Found,
        options: &StorageOptions,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, StartError> {
        let Found { ledger, disk, damaged, took } = found;
        let Some((folder, writer, mut report)) = disk else {
            return Ok(Self { ledger, disk: None });
        };
        report.damaged.extend(damaged);
        let path = folder.path();
        if report.lost_anything() {
            log::error!("{path:?} is damaged: {report}");
        } else {
            log::info!("{path:?} holds {report}, opened in {took:?}");
        }
        let log = Log::new(writer, options.sync);
        let log = LogWriter::start(log, report, Arc::clone(clock)).map_err(StartError::Thread)?;
        Ok(Self { ledger, disk: Some((Arc::new(folder), log)) })
    }

    pub(super) fn log(&self) -> Option<LogWriter> {
        self.disk.as_ref().map(|(_, log)| log.clone())
    }

    /// Returns the upkeep of what is stored.
    pub(super) fn upkeep(
        &self,
        options: &StorageOptions,
        limits: &Limits,
        registry: &Address<Registry>,
        workshop: Workshop,
    ) -> Upkeep {
        let outlets = UpkeepOutlets {
            cut: registry.outlet(),
            evict: registry.outlet(),
            shed: registry.outlet(),
            census: registry.outlet(),
            metrics: registry.outlet(),
        };
        let options = UpkeepOptions {
            five_minutes: options.five_minutes,
            hours: options.hours,
            bytes_max: options.disk_max,
            memory_max: options.memory_max,
            out_of_order: limits.out_of_order_window,
            series_per_slice: SERIES_PER_SLICE,
        };
        Upkeep::new(self.disk.clone(), workshop, outlets, options)
    }

    /// Returns the check that watches a data folder.
    pub(super) fn check(
        &self,
        options: &StorageOptions,
        janitor: &Keep<JanitorState>,
        state: Option<watch::Receiver<Option<String>>>,
    ) -> Option<AddCheck> {
        let (_, log) = self.disk.clone()?;
        let interval = options.upkeep_interval.clamp(CHECK_EVERY_MIN, CHECK_EVERY_MAX);
        let definition = CheckDefinition::new(CHECK).measurement("storage").interval(interval);
        // What the janitor published: its address would hold it, and with it
        // the folder, from what it reaches.
        let janitor = janitor.clone();
        Some(AddCheck::new(definition, move || {
            let (status, last) = (log.status(), janitor.load());
            let unsaved = state.as_ref().and_then(|state| state.borrow().clone());
            async move { outcome(&status, last.last_upkeep(), unsaved) }
        }))
    }

    /// Returns the rule that watches a data folder.
    pub(super) fn rule() -> Option<Rule> {
        Rule::on(RULE, DEGRADED)
            .when_text("value > 0")
            .severity(Severity::Error)
            .description(
                "The data folder does not take samples or states, which are kept in memory \
                 only, or it cannot be kept up.",
            )
            .build()
            .ok()
    }

    /// Writes and syncs what was handed to the log; returns what was not kept.
    pub(super) async fn close(&self) -> Option<String> {
        let (_, log) = self.disk.as_ref()?;
        log.close().await;
        let status = log.status();
        status
            .failure
            .map(|failure| format!("{} samples are lost: {failure}", status.samples_unlogged))
    }
}

/// Says how a data folder fares by its log, by its last round of upkeep, if
/// there was one, and by why the state was not saved, if it was not.
fn outcome(log: &LogStatus, upkeep: Option<&UpkeepReport>, unsaved: Option<String>) -> Outcome {
    let unlogged = log
        .failure
        .as_ref()
        .map(|failure| format!("{} samples are in memory only: {failure}", log.samples_unlogged));
    let neglected = upkeep
        .filter(|upkeep| !upkeep.failures.is_empty())
        .map(|upkeep| format!("the last upkeep failed: {}", upkeep.failures.join("; ")));
    let unsaved = unsaved.map(|reason| format!("the state is not saved: {reason}"));
    let troubles: Vec<String> = unlogged.into_iter().chain(neglected).chain(unsaved).collect();
    if troubles.is_empty() { Outcome::healthy() } else { Outcome::degraded(troubles.join("; ")) }
}
