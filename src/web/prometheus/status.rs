//! What clients want to know of a server.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::registry::StorageStatistics;
use keepwatch_engine::model::{TimeRange, Timestamp};
use serde::Serialize;

use super::envelope::{Failure, success};
use super::form::Form;
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

/// When the surface was mounted, which is when the server started.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Started(pub(in crate::web) Timestamp);

/// What is asked of every Prometheus. What only Go has is empty, or means no
/// limit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    start_time: String,
    #[serde(rename = "CWD")]
    working_folder: String,
    hostname: String,
    server_time: String,
    reload_config_success: bool,
    last_config_time: String,
    corruption_count: u64,
    goroutine_count: usize,
    #[serde(rename = "GOMAXPROCS")]
    processors: usize,
    #[serde(rename = "GOMEMLIMIT")]
    memory_limit: i64,
    #[serde(rename = "GOGC")]
    collector: &'static str,
    #[serde(rename = "GODEBUG")]
    debugging: &'static str,
    storage_retention: String,
}

/// `status/runtimeinfo`: how the engine is.
pub(super) async fn runtime(
    monitor: Data<Monitor>,
    started: Data<Started>,
) -> Result<HttpResponse, Failure> {
    let report = monitor.send(StorageStatistics).await?;
    let components = monitor.status().await;
    Ok(success(Runtime {
        start_time: started.0.to_string(),
        working_folder: std::env::current_dir()
            .map_or_else(|_| String::new(), |folder| folder.display().to_string()),
        hostname: hostname(),
        server_time: monitor.clock().now().to_string(),
        reload_config_success: true,
        last_config_time: started.0.to_string(),
        corruption_count: report.statistics.damaged_samples,
        goroutine_count: components.len(),
        processors: std::thread::available_parallelism().map_or(1, NonZero::get),
        memory_limit: i64::MAX,
        collector: "",
        debugging: "",
        storage_retention: String::new(),
    }))
}

/// Returns the name of the machine; nothing where it is not known.
fn hostname() -> String {
    #[cfg(feature = "host")]
    return sysinfo::System::host_name().unwrap_or_default();
    #[cfg(not(feature = "host"))]
    String::new()
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
struct Alertmanagers {
    active_alertmanagers: [(); 0],
    dropped_alertmanagers: [(); 0],
}

/// `alertmanagers`: nobody is told.
pub(super) async fn alertmanagers() -> HttpResponse {
    success(Alertmanagers { active_alertmanagers: [], dropped_alertmanagers: [] })
}

/// `/-/healthy`: whoever can answer is.
pub(super) async fn healthy() -> HttpResponse {
    plain("keepwatch is healthy.\n")
}

/// `/-/ready`: whoever can answer is.
pub(super) async fn ready() -> HttpResponse {
    plain("keepwatch is ready.\n")
}

fn plain(text: &'static str) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

/// How many of the largest are told, if the request does not say.
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
pub(super) async fn tsdb(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let limit = match Form::read(&request, &body).count("limit")? {
        Some(0) => return Err(Failure::parameter("limit", "limit must be a positive number")),
        limit => limit.unwrap_or(LARGEST),
    };
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
    let largest = |counts: &mut dyn Iterator<Item = _>| largest(counts, limit);
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
            &mut values.iter().map(|(label, values)| own((label, values.len()))),
        ),
        memory_in_bytes_by_label_name: largest(
            &mut values.iter().map(|(label, values)| own((label, bytes(values)))),
        ),
        series_count_by_metric_name: largest(&mut by_name.into_iter().map(own)),
        series_count_by_label_value_pair: largest(
            &mut by_pair
                .into_iter()
                .map(|((label, value), count)| (format!("{label}={value}"), count)),
        ),
    }))
}

fn largest(counts: &mut dyn Iterator<Item = (String, usize)>, limit: usize) -> Vec<Count> {
    let mut counts: Vec<Count> = counts.map(|(name, value)| Count { name, value }).collect();
    counts.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    counts.truncate(limit);
    counts
}
