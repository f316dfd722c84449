//! The upkeep of the data folder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::model::{MetricDefinition, Timestamp};
use keepwatch_engine::registry::SampleRetention;
use keepwatch_engine::storage::CutSeries;
use keepwatch_engine::storage::folder::{
    DataError, DataFolder, Keeping, Retained, RolledUp, Sealing,
};
use serde::Serialize;

use super::LogWriter;
use crate::registry::{CutSamples, EvictSamples, Metrics, ShedSamples, TakeCensus};
use crate::supervisor::{Outlet, Workshop};

/// The longest that one step on the disk may take.
const STEP_LIMIT: Duration = Duration::from_secs(10 * 60);

/// How the data folder is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// How long rollups of five minutes are kept; 35 days by default.
    pub five_minutes: Duration,
    /// How long rollups of an hour are kept; 400 days by default.
    pub hours: Duration,
    /// The most bytes of all files, the log included; no limit by default.
    pub bytes_max: Option<u64>,
    /// The most bytes that samples may take in memory; no limit by default.
    /// Beyond it the oldest samples are sealed early: those that come later
    /// out of their order are refused. They are dropped if there is no disk or
    /// it refuses.
    pub memory_max: Option<usize>,
    /// How much older than its series' newest a sample may be.
    pub out_of_order: Duration,
    /// The most series that one slice looks at.
    pub series_per_slice: usize,
}

/// What a round of upkeep did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpkeepReport {
    /// What was removed.
    pub retained: Retained,
    /// Bytes of the log that went because the budget was used up.
    pub log_bytes_dropped: u64,
    /// Segments that were written.
    pub segments: usize,
    /// Samples that left the memory for them.
    pub samples_sealed: u64,
    /// Chunks that could not be decoded any more.
    pub chunks_lost: usize,
    /// Samples that were dropped because memory had no room for them.
    pub samples_shed: u64,
    /// Rollups that were written.
    pub rolled: RolledUp,
    /// Up to when samples are sealed.
    pub sealed_before: Option<Timestamp>,
    /// Up to when what is sealed was looked at for rollups.
    pub rolled_before: Option<Timestamp>,
    /// What went wrong; the next round tries again.
    pub failures: Vec<String>,
}

/// Keeps what is stored in order: retention, sealing and rollups of a data
/// folder, and the budget of the memory.
#[derive(Clone)]
pub struct Upkeep {
    disk: Option<Disk>,
    workshop: Workshop,
    outlets: UpkeepOutlets,
    options: UpkeepOptions,
}

/// A data folder and its log.
#[derive(Clone)]
struct Disk {
    folder: Arc<DataFolder>,
    log: LogWriter,
}

/// Whom the upkeep reaches.
#[derive(Debug, Clone)]
pub struct UpkeepOutlets {
    /// Hands out what is to be sealed.
    pub cut: Outlet<CutSamples>,
    /// Lets go what was sealed.
    pub evict: Outlet<EvictSamples>,
    /// Drops what memory has no room for.
    pub shed: Outlet<ShedSamples>,
    /// For the size of the memory.
    pub census: Outlet<TakeCensus>,
    /// For the retention of single metrics.
    pub metrics: Outlet<Metrics>,
}

impl Upkeep {
    /// Creates the upkeep of a folder and its log, or of the memory alone.
    #[must_use]
    pub fn new(
        disk: Option<(Arc<DataFolder>, LogWriter)>,
        workshop: Workshop,
        outlets: UpkeepOutlets,
        options: UpkeepOptions,
    ) -> Self {
        let disk = disk.map(|(folder, log)| Disk { folder, log });
        Self { disk, workshop, outlets, options }
    }

    /// Carries out a round at the time `now`; `last` is what the round before
    /// did. A step that failed is tried again. What is removed for its age is
    /// so at the time `steady`, which does not follow a clock that jumps.
    ///
    /// Retention comes first: it needs no space, and makes some. A log that is
    /// too large for the budget is cut after sealing, as that may be all it
    /// takes.
    pub async fn round(
        self,
        retention: SampleRetention,
        last: Option<Arc<UpkeepReport>>,
        now: Timestamp,
        steady: Timestamp,
    ) -> UpkeepReport {
        let mut report = UpkeepReport::default();
        if let Some(last) = last {
            report.sealed_before = last.sealed_before;
            report.rolled_before = last.rolled_before;
        }
        if let Some(disk) = &self.disk {
            let keeping = self.keeping(&retention).await;
            self.retain(disk, keeping.clone(), steady, &mut report).await;
            let before = disk.folder.sealable_before(self.options.out_of_order, now);
            if report.sealed_before.is_none_or(|sealed| sealed < before) {
                match self.seal(disk, before, &mut report).await {
                    Ok(()) => report.sealed_before = Some(before),
                    Err(failure) => report.failures.push(format!("sealing: {failure}")),
                }
            }
            if report.retained.log_bytes_max.is_some() {
                // What could be sealed has left the log by now.
                self.retain(disk, keeping.clone(), steady, &mut report).await;
            }
            if let Some(bytes) = report.retained.log_bytes_max {
                report.log_bytes_dropped = disk.log.shrink_to(bytes).await;
            }
            if report.rolled_before.is_none_or(|rolled| rolled < before) {
                match self.on_disk(disk, move |folder| folder.roll_up(&keeping, now)).await {
                    Ok(rolled) => {
                        report.rolled = rolled;
                        // What was not sealed yet is looked at again.
                        report.rolled_before = report.sealed_before;
                    }
                    Err(failure) => report.failures.push(format!("rollups: {failure}")),
                }
            }
        }
        if let Err(failure) = self.fit_memory(now, &mut report).await {
            report.failures.push(format!("the memory's budget: {failure}"));
        }
        report
    }

    /// Makes what is in memory fit its budget: seals the oldest samples before
    /// their window ends, and drops them only if no disk takes them.
    async fn fit_memory(&self, now: Timestamp, report: &mut UpkeepReport) -> Result<(), String> {
        let Some(bytes_max) = self.options.memory_max else { return Ok(()) };
        let census = self.outlets.census.send(TakeCensus).await.map_err(told)?;
        let measure = move || census.shed_before(bytes_max);
        let before = self.workshop.compute(STEP_LIMIT, measure).await.map_err(told)?;
        let Some(before) = before else { return Ok(()) };
        if let Some(disk) = &self.disk {
            // What lies ahead of the clock would keep the present from being
            // recorded.
            match self.seal(disk, before.min(now), report).await {
                Ok(()) => return Ok(()),
                Err(failure) => report.failures.push(format!("sealing early: {failure}")),
            }
        }
        report.samples_shed = self.shed(before).await?;
        Ok(())
    }

    /// Drops the chunks that end before a time; returns how many samples went.
    async fn shed(&self, before: Timestamp) -> Result<u64, String> {
        let (mut shed, mut cursor) = (0, Some(0));
        while let Some(from) = cursor {
            let budget = self.options.series_per_slice;
            let slice = ShedSamples { cursor: from, budget, before };
            let (next, samples) = self.outlets.shed.send(slice).await.map_err(told)?;
            shed += samples as u64;
            cursor = next.filter(|&next| next > from);
        }
        Ok(shed)
    }

    /// Joins what the policy and the metrics' definitions say.
    async fn keeping(&self, retention: &SampleRetention) -> Keeping {
        let mut by_metric = retention.by_metric.clone();
        // Without an answer the policy alone holds for this round.
        let metrics: Vec<Arc<MetricDefinition>> =
            self.outlets.metrics.send(Metrics).await.unwrap_or_default();
        for definition in metrics {
            if let Some(own) = definition.retention() {
                by_metric.entry(Arc::clone(definition.name())).or_insert(own);
            }
        }
        Keeping {
            samples: retention.samples,
            by_metric,
            five_minutes: self.options.five_minutes,
            hours: self.options.hours,
            bytes_max: self.options.bytes_max,
        }
    }

    async fn retain(
        &self,
        disk: &Disk,
        keeping: Keeping,
        now: Timestamp,
        report: &mut UpkeepReport,
    ) {
        let log_bytes = disk.log.status().bytes;
        match self.on_disk(disk, move |folder| folder.retain(&keeping, log_bytes, now)).await {
            Ok(mut retained) => {
                let failures = std::mem::take(&mut retained.failures).into_iter();
                report.failures.extend(failures.map(|failure| format!("retention: {failure}")));
                report.retained += retained;
            }
            Err(failure) => report.failures.push(format!("retention: {failure}")),
        }
    }

    async fn seal(
        &self,
        disk: &Disk,
        before: Timestamp,
        report: &mut UpkeepReport,
    ) -> Result<(), String> {
        let below = disk.log.file_number();
        let budget = self.options.series_per_slice;
        let mut series: Vec<CutSeries> = Vec::new();
        let mut cursor = Some(0);
        while let Some(from) = cursor {
            let slice = CutSamples { cursor: from, budget, before };
            let cut = self.outlets.cut.send(slice).await.map_err(told)?;
            series.extend(cut.series);
            // A cursor that does not grow would never end.
            cursor = cut.next.filter(|&next| next > from);
        }
        let Sealing { sealed, segments, chunks_lost, set_aside, .. } =
            self.on_disk(disk, move |folder| folder.seal(series, before)).await?;
        report.segments += segments;
        report.chunks_lost += chunks_lost;
        if set_aside > 0 {
            report.failures.push(format!(
                "sealing: {set_aside} segments had damage; they are kept beside the new ones"
            ));
        }
        let sealed = Arc::new(sealed);
        let mut from = 0;
        // Once at least, so that the store learns up to when samples are
        // sealed.
        loop {
            let to = (from + budget).min(sealed.len());
            let slice = EvictSamples { sealed: Arc::clone(&sealed), from, to, before };
            let evicted = self.outlets.evict.send(slice).await.map_err(told)?;
            report.samples_sealed += evicted as u64;
            from = to;
            if from >= sealed.len() {
                break;
            }
        }
        disk.log.remove_sealed(before, below).await;
        Ok(())
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        disk: &Disk,
        work: impl FnOnce(&DataFolder) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, String> {
        let folder = Arc::clone(&disk.folder);
        let done = self.workshop.compute(STEP_LIMIT, move || work(&folder)).await;
        done.map_err(told)?.map_err(told)
    }
}

fn told(error: impl fmt::Display) -> String {
    error.to_string()
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").field("options", &self.options).finish_non_exhaustive()
    }
}
