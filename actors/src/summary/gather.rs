//! Asks everybody and puts the answers together.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use keepwatch_engine::aggregate::{Digest, observe};
use keepwatch_engine::alert::Alert;
use keepwatch_engine::clock::Clock;
use keepwatch_engine::health::{CheckReport, HealthReport};
use keepwatch_engine::model::{TimeRange, Timestamp};
use keepwatch_engine::registry::Selected;
use keepwatch_engine::storage::folder::Reopening;

use super::{
    AlertDigest, CheckDigest, DiskDigest, HealthDigest, MetricDigest, Missing, StorageDigest,
    Summary,
};
use crate::alert_evaluator::messages::ActiveAlerts;
use crate::health_checker::Health;
use crate::registry::{CurrentValues, StorageReport, StorageStatistics};
use crate::supervisor::{Outlet, Status, Supervisor, Workshop};

/// How far before the window samples are read, for what counters grew from.
const BASELINE: Duration = Duration::from_secs(5 * 60);

/// The longest that the figures may take.
const FIGURES_LIMIT: Duration = Duration::from_secs(30);

/// The series of a metric that a summary lists.
const SERIES_LISTED: usize = 20;

/// Whom a summary asks.
#[derive(Clone)]
pub struct Sources {
    /// For the figures.
    pub current: Outlet<CurrentValues>,
    /// For the size of the store.
    pub storage: Outlet<StorageStatistics>,
    /// For the alerts.
    pub alerts: Outlet<ActiveAlerts>,
    /// For the checks.
    pub health: Outlet<Health>,
    /// For the components.
    pub supervisor: Addr<Supervisor>,
    /// Where the figures are computed.
    pub workshop: Workshop,
    /// What the time is.
    pub clock: Arc<dyn Clock>,
}

/// Takes a summary with figures over the last `window`.
pub async fn gather(sources: &Sources, window: Duration) -> Summary {
    let (at, begun) = (sources.clock.now(), sources.clock.monotonic());
    let (metrics, storage, alerts, health, components) = tokio::join!(
        metrics(sources, window, at),
        sources.storage.send(StorageStatistics),
        sources.alerts.send(ActiveAlerts::default()),
        sources.health.send(Health),
        sources.supervisor.send(Status),
    );
    let mut missing = Vec::new();
    let mut part = Parts(&mut missing);
    Summary {
        at,
        window,
        health: part.take("health", health).map(health_digest),
        alerts: part.take("alerts", alerts).map(alert_digests),
        components: part.take("components", components).unwrap_or_default(),
        storage: part.take("storage", storage).map(storage_digest),
        metrics: part.take("metrics", metrics),
        took: sources.clock.monotonic().saturating_sub(begun),
        missing,
    }
}

/// Notes the parts that did not come.
struct Parts<'a>(&'a mut Vec<Missing>);

impl Parts<'_> {
    fn take<T, E: Display>(&mut self, part: &'static str, answer: Result<T, E>) -> Option<T> {
        answer.map_err(|error| self.0.push(Missing { part, reason: error.to_string() })).ok()
    }
}

async fn metrics(
    sources: &Sources,
    window: Duration,
    at: Timestamp,
) -> Result<Vec<MetricDigest>, String> {
    let lookback = window + BASELINE;
    let selected = sources.current.send(CurrentValues { lookback }).await;
    let selected = selected.map_err(|error| error.to_string())?;
    let range = TimeRange::last(window, at);
    let digests = move || selected.iter().map(|one| metric_digest(one, range)).collect();
    sources.workshop.compute(FIGURES_LIMIT, digests).await.map_err(|error| error.to_string())
}

fn metric_digest(selected: &Selected, window: TimeRange) -> MetricDigest {
    let definition = &selected.definition;
    let observed = observe(definition, selected.samples());
    let listed = observed.iter().take(SERIES_LISTED);
    let series: Vec<Digest> = listed.map(|one| one.digest(window)).collect();
    MetricDigest {
        name: Arc::clone(definition.name()),
        kind: definition.kind(),
        help: definition.help().to_owned(),
        unit: definition.unit().to_owned(),
        label_names: definition.label_names().to_vec(),
        series_left_out: observed.len() - series.len(),
        series,
    }
}

fn storage_digest(report: StorageReport) -> StorageDigest {
    let statistics = &report.statistics;
    let disk = report.log.map(|log| DiskDigest {
        segments: statistics.segments,
        samples: statistics.segment_samples,
        bytes: statistics.segment_bytes + statistics.rollup_bytes + log.bytes,
        samples_unlogged: log.samples_unlogged,
        failure: log.failure,
        damage: report.reopening.filter(Reopening::lost_anything).map(|found| found.to_string()),
        samples_damaged: statistics.damaged_samples,
    });
    StorageDigest {
        disk,
        series: report.statistics.series,
        samples: report.statistics.samples,
        bytes: report.statistics.bytes,
        drops: report.drops,
    }
}

fn alert_digests(mut alerts: Vec<Alert>) -> Vec<AlertDigest> {
    alerts.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.cmp(&b.rule)));
    let digest = |alert: Alert| AlertDigest {
        rule: alert.rule,
        labels: alert.labels,
        severity: alert.severity,
        state: alert.state.as_str(),
        since: alert.active_at,
        value: alert.value,
        acknowledged_by: alert.acknowledged.map(|who| who.by),
    };
    alerts.into_iter().map(digest).collect()
}

fn health_digest(report: HealthReport) -> HealthDigest {
    let digest = |check: CheckReport| CheckDigest {
        name: check.name,
        status: check.status,
        since: check.since,
        root: check.root,
        message: check.message,
    };
    HealthDigest { status: report.status, checks: report.checks.into_iter().map(digest).collect() }
}
