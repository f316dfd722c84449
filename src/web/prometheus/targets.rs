//! What is scraped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_engine::model::{Labels, Timestamp};
use serde::Serialize;

use super::envelope::{Failure, success};
use super::form::Form;
use crate::Monitor;
use crate::notation::format_duration;
use crate::scrape::{ScrapedTarget, TargetStatus};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets<'a> {
    active_targets: Vec<Active<'a>>,
    dropped_targets: [(); 0],
    dropped_target_counts: BTreeMap<&'a str, usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Active<'a> {
    discovered_labels: BTreeMap<&'static str, String>,
    labels: &'a Labels,
    scrape_pool: &'a str,
    scrape_url: &'a str,
    global_url: &'a str,
    last_error: String,
    last_scrape: String,
    last_scrape_duration: f64,
    health: &'static str,
    scrape_interval: String,
    scrape_timeout: String,
}

/// `targets`: what is scraped and how it fares; nothing is dropped.
pub(super) async fn targets(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let wanted = form.text("state").is_none_or(|state| state != "dropped");
    let pool = form.text("scrapePool");
    let all = monitor
        .targets()
        .iter()
        .filter(|target| wanted && pool.is_none_or(|pool| *target.job == *pool));
    let active_targets = all.map(|target| active(target)).collect();
    let pools = monitor.targets().iter().map(|target| (&*target.job, 0)).collect();
    Ok(success(Targets { active_targets, dropped_targets: [], dropped_target_counts: pools }))
}

fn active(target: &ScrapedTarget) -> Active<'_> {
    let status = target.status();
    let TargetStatus { last_error, last_scrape, last_took, health, .. } = &*status;
    let (interval, timeout) = (format_duration(target.interval), format_duration(target.timeout));
    let (scheme, rest) = target.url.split_once("://").unwrap_or_default();
    let path = rest.strip_prefix(target.address.as_str()).unwrap_or_default();
    Active {
        discovered_labels: BTreeMap::from([
            ("__address__", target.address.clone()),
            ("__metrics_path__", path.split('?').next().unwrap_or_default().to_owned()),
            ("__scheme__", scheme.to_owned()),
            ("__scrape_interval__", interval.clone()),
            ("__scrape_timeout__", timeout.clone()),
            ("job", target.job.to_string()),
        ]),
        labels: target.intake.labels(),
        scrape_pool: &target.job,
        scrape_url: &target.url,
        global_url: &target.url,
        last_error: last_error.clone(),
        last_scrape: last_scrape.as_ref().map_or_else(never, Timestamp::to_string),
        last_scrape_duration: last_took.as_secs_f64(),
        health: health.as_str(),
        scrape_interval: interval,
        scrape_timeout: timeout,
    }
}

/// How Prometheus says that something has not happened.
fn never() -> String {
    "0001-01-01T00:00:00Z".to_owned()
}

#[derive(Serialize)]
struct Described<'a> {
    target: &'a Labels,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<&'a str>,
    r#type: &'static str,
    help: &'a str,
    unit: &'a str,
}

/// `targets/metadata`: what each target says of its metrics.
pub(super) async fn metadata(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let form = Form::read(&request, &body);
    let (metric, limit) = (form.text("metric"), form.limit()?);
    let matchers = form.matchers("match_target")?;
    let targets: Vec<(&Arc<ScrapedTarget>, Arc<TargetStatus>)> = monitor
        .targets()
        .iter()
        .filter(|target| matchers.iter().all(|matcher| matcher.matches(target.intake.labels())))
        .map(|target| (target, target.status()))
        .collect();
    let described = targets.iter().flat_map(|(target, status)| {
        let wanted = |name: &str| metric.is_none_or(|metric| metric == name);
        status.metadata.iter().filter(move |one| wanted(&one.name)).map(move |one| Described {
            target: target.intake.labels(),
            // It is the question's own.
            metric: metric.is_none().then_some(&*one.name),
            r#type: one.kind.as_str(),
            help: &one.help,
            unit: &one.unit,
        })
    });
    let found: Vec<_> = described.take(limit).collect();
    Ok(success(found))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pools<'a> {
    scrape_pools: BTreeSet<&'a str>,
}

/// `scrape_pools`: the jobs.
pub(super) async fn pools(monitor: Data<Monitor>) -> HttpResponse {
    let scrape_pools = monitor.targets().iter().map(|target| &*target.job).collect();
    success(Pools { scrape_pools })
}
