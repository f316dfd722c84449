//! What clients want to know of a server.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::HttpResponse;
use actix_web::web::Data;
use keepwatch_actors::registry::StorageStatistics;
use keepwatch_engine::model::TimeRange;
use serde::Serialize;

use super::envelope::{Failure, success};
use crate::Monitor;

/// The version of Prometheus whose API this is: clients choose by it what
/// they send.
const API_VERSION: &str = "3.14.0";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    version: &'static str,
    revision: &'static str,
    branch: &'static str,
    build_user: &'static str,
    build_date: &'static str,
    go_version: &'static str,
}

/// `status/buildinfo`: the version of the API; keepwatch's own as the
/// revision.
pub(super) async fn build() -> HttpResponse {
    success(Build {
        version: API_VERSION,
        revision: concat!("keepwatch ", env!("CARGO_PKG_VERSION")),
        branch: "",
        build_user: "",
        build_date: "",
        go_version: "",
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    server_time: String,
    reload_config_success: bool,
    corruption_count: u64,
    storage_retention: String,
    time_series_count: usize,
}

/// `status/runtimeinfo`: how the engine is.
pub(super) async fn runtime(monitor: Data<Monitor>) -> Result<HttpResponse, Failure> {
    let report = monitor.send(StorageStatistics).await?;
    Ok(success(Runtime {
        server_time: monitor.clock().now().to_string(),
        reload_config_success: true,
        corruption_count: report.statistics.damaged_samples,
        storage_retention: String::new(),
        time_series_count: report.statistics.series,
    }))
}

/// `status/flags`: there are none.
pub(super) async fn flags() -> HttpResponse {
    success(BTreeMap::<&str, &str>::new())
}

#[derive(Serialize)]
struct Config {
    yaml: &'static str,
}

/// `status/config`: there is none in YAML.
pub(super) async fn config() -> HttpResponse {
    success(Config { yaml: "" })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Targets {
    active_targets: [(); 0],
    dropped_targets: [(); 0],
    dropped_target_counts: BTreeMap<&'static str, usize>,
}

/// `targets`: nothing is scraped.
pub(super) async fn targets() -> HttpResponse {
    success(Targets {
        active_targets: [],
        dropped_targets: [],
        dropped_target_counts: BTreeMap::new(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alertmanagers {
    active_alertmanagers: [(); 0],
    dropped_alertmanagers: [(); 0],
}

/// `alertmanagers`: nobody is told.
pub(super) async fn alertmanagers() -> HttpResponse {
    success(Alertmanagers { active_alertmanagers: [], dropped_alertmanagers: [] })
}

/// `/-/healthy`, `/-/ready`: whoever can answer is.
pub(super) async fn healthy() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("keepwatch is healthy.\n")
}

/// How many of the largest are told.
const LARGEST: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tsdb {
    head_stats: HeadStats,
    series_count_by_metric_name: Vec<Count>,
    label_value_count_by_label_name: Vec<Count>,
    memory_in_bytes_by_label_name: Vec<Count>,
    series_count_by_label_value_pair: Vec<Count>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: usize,
    num_label_pairs: usize,
    chunk_count: usize,
    min_time: i64,
    max_time: i64,
}

#[derive(Serialize)]
struct Count {
    name: String,
    value: usize,
}

/// `status/tsdb`: how much is stored, and what most of it is.
pub(super) async fn tsdb(monitor: Data<Monitor>) -> Result<HttpResponse, Failure> {
    let report = monitor.send(StorageStatistics).await?;
    let found = monitor.find_series(vec![Vec::new()], TimeRange::ALL).await;
    let found = found.map_err(|failure| Failure::of("", failure))?;
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut by_pair: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (label, value) in found.iter().flat_map(|labels| labels.iter()) {
        if label == "__name__" {
            *by_name.entry(value).or_default() += 1;
        }
        *by_pair.entry((label, value)).or_default() += 1;
    }
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for &(label, value) in by_pair.keys() {
        values.entry(label).or_default().insert(value);
    }
    let bytes = |values: &BTreeSet<&str>| values.iter().map(|value| value.len()).sum();
    let own = |(name, value): (&str, usize)| (name.to_owned(), value);
    Ok(success(Tsdb {
        head_stats: HeadStats {
            num_series: report.statistics.series,
            num_label_pairs: by_pair.len(),
            chunk_count: report.statistics.chunks,
            min_time: 0,
            max_time: monitor.clock().now().millis(),
        },
        label_value_count_by_label_name: largest(
            values.iter().map(|(label, values)| own((label, values.len()))),
        ),
        memory_in_bytes_by_label_name: largest(
            values.iter().map(|(label, values)| own((label, bytes(values)))),
        ),
        series_count_by_metric_name: largest(by_name.into_iter().map(own)),
        series_count_by_label_value_pair: largest(
            by_pair.into_iter().map(|((label, value), count)| (format!("{label}={value}"), count)),
        ),
    }))
}

fn largest(counts: impl Iterator<Item = (String, usize)>) -> Vec<Count> {
    let mut counts: Vec<Count> = counts.map(|(name, value)| Count { name, value }).collect();
    counts.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    counts.truncate(LARGEST);
    counts
}
