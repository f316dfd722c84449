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
use crate::registry::{CutSamples, EvictSamples, Metrics};
use crate::supervisor::{Outlet, WorkError, Workshop};

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
    /// Rollups that were written.
    pub rolled: RolledUp,
    /// Up to when samples are sealed.
    pub sealed_before: Option<Timestamp>,
    /// What went wrong; the next round tries again.
    pub failures: Vec<String>,
}

/// Keeps a data folder in order: retention, sealing, rollups.
#[derive(Clone)]
pub struct Upkeep {
    folder: Arc<DataFolder>,
    log: LogWriter,
    workshop: Workshop,
    cut: Outlet<CutSamples>,
    evict: Outlet<EvictSamples>,
    metrics: Outlet<Metrics>,
    options: UpkeepOptions,
}

impl Upkeep {
    /// Creates the upkeep of a folder and its log.
    #[must_use]
    pub fn new(
        folder: Arc<DataFolder>,
        log: LogWriter,
        workshop: Workshop,
        cut: Outlet<CutSamples>,
        evict: Outlet<EvictSamples>,
        metrics: Outlet<Metrics>,
        options: UpkeepOptions,
    ) -> Self {
        Self { folder, log, workshop, cut, evict, metrics, options }
    }

    /// Carries out a round at the time `now`. Samples before `sealed_before`
    /// were sealed by the round before.
    ///
    /// Retention comes first: it needs no space, and makes some.
    pub async fn round(
        self,
        retention: SampleRetention,
        sealed_before: Option<Timestamp>,
        now: Timestamp,
    ) -> UpkeepReport {
        let mut report = UpkeepReport { sealed_before, ..UpkeepReport::default() };
        let keeping = self.keeping(&retention).await;
        self.retain(keeping.clone(), now, &mut report).await;
        let before = self.folder.sealable_before(self.options.out_of_order, now);
        if sealed_before.is_none_or(|sealed| sealed < before) {
            match self.seal(before, &mut report).await {
                Ok(()) => report.sealed_before = Some(before),
                Err(failure) => report.failures.push(format!("sealing: {failure}")),
            }
            match self.on_disk(move |folder| folder.roll_up(&keeping, now)).await {
                Ok(rolled) => report.rolled = rolled,
                Err(failure) => report.failures.push(format!("rollups: {failure}")),
            }
        }
        report
    }

    /// Joins what the policy and the metrics' definitions say.
    async fn keeping(&self, retention: &SampleRetention) -> Keeping {
        let mut by_metric = retention.by_metric.clone();
        // Without an answer the policy alone holds for this round.
        let metrics: Vec<Arc<MetricDefinition>> =
            self.metrics.send(Metrics).await.unwrap_or_default();
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

    async fn retain(&self, keeping: Keeping, now: Timestamp, report: &mut UpkeepReport) {
        let log_bytes = self.log.status().bytes;
        match self.on_disk(move |folder| folder.retain(&keeping, log_bytes, now)).await {
            Ok(retained) => {
                if let Some(bytes) = retained.log_bytes_max {
                    report.log_bytes_dropped = self.log.shrink_to(bytes).await;
                }
                report.retained = retained;
            }
            Err(failure) => report.failures.push(format!("retention: {failure}")),
        }
    }

    async fn seal(&self, before: Timestamp, report: &mut UpkeepReport) -> Result<(), String> {
        let below = self.log.file_number();
        let mut series: Vec<CutSeries> = Vec::new();
        let mut cursor = Some(0);
        while let Some(from) = cursor {
            let budget = self.options.series_per_slice;
            let slice = CutSamples { cursor: from, budget, before };
            let cut = self.cut.send(slice).await.map_err(|error| error.to_string())?;
            series.extend(cut.series);
            // A cursor that does not grow would never end.
            cursor = cut.next.filter(|&next| next > from);
        }
        let Sealing { sealed, segments, chunks_lost, .. } =
            self.on_disk(move |folder| folder.seal(series, before)).await?;
        report.segments = segments;
        report.chunks_lost = chunks_lost;
        let sealed = Arc::new(sealed);
        let mut from = 0;
        // Once at least, so that the store learns up to when samples are
        // sealed.
        loop {
            let to = (from + self.options.series_per_slice).min(sealed.len());
            let slice = EvictSamples { sealed: Arc::clone(&sealed), from, to, before };
            let evicted = self.evict.send(slice).await.map_err(|error| error.to_string())?;
            report.samples_sealed += evicted as u64;
            from = to;
            if from >= sealed.len() {
                break;
            }
        }
        self.log.remove_sealed(before, below);
        Ok(())
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&DataFolder) -> Result<T, DataError> + Send + 'static,
    ) -> Result<T, String> {
        let folder = Arc::clone(&self.folder);
        match self.workshop.compute(STEP_LIMIT, move || work(&folder)).await {
            Ok(done) => done.map_err(|error| error.to_string()),
            Err(
                error @ (WorkError::TimedOut(_) | WorkError::Panicked(_) | WorkError::Cancelled),
            ) => Err(error.to_string()),
        }
    }
}

impl fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upkeep").field("options", &self.options).finish_non_exhaustive()
    }
}
