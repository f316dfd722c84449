//! The janitor's own series.

use keepwatch_engine::instrument::{Counter, Family, Gauge, Handle, LabelError, RegisterError};
use keepwatch_engine::model::{DefinitionBuilder, DefinitionError, MetricDefinition};
use keepwatch_engine::retention::{CleaningReport, Target};
use thiserror::Error as ThisError;

use crate::Error;
use crate::durability::UpkeepReport;
use crate::registry::{RegisterMetric, RegisterMode};
use crate::supervisor::Outlet;

/// Why cleaning cannot be counted.
#[derive(Debug, ThisError)]
pub(super) enum SeriesError {
    #[error(transparent)]
    Refused(#[from] Error),
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Labels(#[from] LabelError),
}

/// Handles to what is counted of cleaning. Series that a handle holds are
/// never idle, so the janitor does not remove its own.
#[derive(Debug)]
pub(super) struct CleaningSeries {
    runs: Counter,
    removed_samples: Counter,
    removed_series: Counter,
    removed_entries: Family<Counter>,
    freed_bytes: Counter,
    failures: Family<Counter>,
    duration: Gauge,
    upkeep: UpkeepSeries,
}

/// Handles to what is counted of the upkeep of a data folder.
#[derive(Debug)]
struct UpkeepSeries {
    removed_samples: Family<Counter>,
    sealed_samples: Counter,
    segments: Counter,
    rolled_buckets: Counter,
    lost_chunks: Counter,
    failures: Counter,
}

impl CleaningSeries {
    /// Registers the metrics, or finds them registered.
    pub(super) async fn register(registry: Outlet<RegisterMetric>) -> Result<Self, SeriesError> {
        let total = |what: &str, help: &str| {
            MetricDefinition::counter(format!("keepwatch_cleaning_{what}_total")).help(help)
        };
        let runs = total("runs", "Cleaning passes.");
        let samples = total("removed_samples", "Samples removed by cleaning.");
        let series = total("removed_series", "Series removed by cleaning.");
        let entries = total("removed_entries", "History entries removed by cleaning.");
        let bytes = total("freed_bytes", "Bytes of samples and series freed by cleaning.");
        let failures = total("failures", "Targets that were not cleaned to the end.");
        let duration = MetricDefinition::gauge("keepwatch_cleaning_duration_seconds")
            .help("How long the last cleaning pass took.")
            .unit("seconds");
        Ok(Self {
            runs: single(&registry, runs).await?,
            removed_samples: single(&registry, samples).await?,
            removed_series: single(&registry, series).await?,
            removed_entries: family(&registry, entries.labels(["target"])).await?,
            freed_bytes: single(&registry, bytes).await?,
            failures: family(&registry, failures.labels(["target"])).await?,
            duration: single(&registry, duration).await?,
            upkeep: UpkeepSeries::register(&registry).await?,
        })
    }

    /// Counts what a round of upkeep did.
    pub(super) fn count_upkeep(&self, report: &UpkeepReport) {
        let series = &self.upkeep;
        let removed = [
            ("age", report.retained.expired_samples),
            ("budget", report.retained.over_budget_samples),
            ("memory", report.samples_shed),
        ];
        for (reason, samples) in removed {
            match series.removed_samples.with(&[reason]) {
                Ok(counter) => counter.increment_by(samples),
                Err(error) => log::debug!("upkeep is not counted: {error}"),
            }
        }
        series.sealed_samples.increment_by(report.samples_sealed);
        series.segments.increment_by(whole(report.segments));
        series.rolled_buckets.increment_by(report.rolled.buckets);
        series.lost_chunks.increment_by(whole(report.chunks_lost));
        series.failures.increment_by(whole(report.failures.len()));
    }

    /// Counts what a pass did.
    pub(super) fn count(&self, report: &CleaningReport) {
        self.runs.increment();
        self.removed_samples.increment_by(whole(report.removed.samples));
        self.removed_series.increment_by(whole(report.removed.series));
        self.freed_bytes.increment_by(whole(report.removed.bytes));
        self.duration.set(report.took.as_secs_f64());
        count(&self.removed_entries, Target::AlertHistory, report.alert_history);
        count(&self.removed_entries, Target::HealthHistory, report.health_history);
        for failure in &report.failures {
            count(&self.failures, failure.target, 1);
        }
    }
}

impl UpkeepSeries {
    async fn register(registry: &Outlet<RegisterMetric>) -> Result<Self, SeriesError> {
        let total = |what: &str, help: &str| {
            MetricDefinition::counter(format!("keepwatch_storage_{what}_total")).help(help)
        };
        let removed = total(
            "removed_samples",
            "Samples removed from the disk, or from memory that was full, by reason.",
        );
        let sealed = total("sealed_samples", "Samples that went from memory to segments.");
        let segments = total("written_segments", "Segments that were written.");
        let rolled = total("rolled_buckets", "Buckets of rollups that were written.");
        let lost = total("lost_chunks", "Chunks in memory that could not be sealed.");
        let failures = total("upkeep_failures", "Steps of upkeep that failed.");
        Ok(Self {
            removed_samples: family(registry, removed.labels(["reason"])).await?,
            sealed_samples: single(registry, sealed).await?,
            segments: single(registry, segments).await?,
            rolled_buckets: single(registry, rolled).await?,
            lost_chunks: single(registry, lost).await?,
            failures: single(registry, failures).await?,
        })
    }
}

fn count(family: &Family<Counter>, target: Target, amount: usize) {
    match family.with(&[target.as_str()]) {
        Ok(counter) => counter.increment_by(whole(amount)),
        Err(error) => log::debug!("cleaning is not counted: {error}"),
    }
}

fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

async fn single<H: Handle>(
    registry: &Outlet<RegisterMetric>,
    builder: DefinitionBuilder,
) -> Result<H, SeriesError> {
    let family = family::<H>(registry, builder).await?;
    Ok(family.with(&[])?)
}

async fn family<H: Handle>(
    registry: &Outlet<RegisterMetric>,
    builder: DefinitionBuilder,
) -> Result<Family<H>, SeriesError> {
    let definition = builder.build()?;
    let mode = RegisterMode::GetOrRegister;
    let metric = registry.send(RegisterMetric { definition, mode }).await?;
    let given = metric.definition().clone();
    let kind = RegisterError::Kind { given, handle: H::KIND };
    Family::of(metric).ok_or(kind.into())
}
