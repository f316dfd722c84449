//! Which series there are.

use std::sync::Arc;

use super::{Class, Dataset};

const METRICS: usize = 250;
const SERIES_A_METRIC: usize = 4;
const SERIES_AN_INSTANCE: usize = METRICS * SERIES_A_METRIC;

const JOBS: [&str; 8] =
    ["node", "api", "checkout", "search", "postgres", "redis", "gateway", "worker"];
const SUBSYSTEMS: [&str; 25] = [
    "node_cpu",
    "node_memory",
    "node_disk",
    "node_network",
    "node_filesystem",
    "http_server",
    "http_client",
    "grpc_server",
    "grpc_client",
    "sql_pool",
    "sql_query",
    "cache",
    "queue",
    "scheduler",
    "runtime",
    "runtime_heap",
    "tls",
    "dns",
    "session",
    "upload",
    "search_index",
    "payment",
    "mail",
    "audit",
    "feature_flag",
];
const QUANTITIES: [&str; 10] = [
    "requests",
    "errors",
    "bytes_read",
    "bytes_written",
    "retries",
    "active",
    "pending",
    "limit",
    "dropped",
    "evictions",
];
/// The labels that tell apart a metric's four series of one instance.
const VARIANTS: [&[(&str, &[&str])]; 4] = [
    &[("mode", &["user", "system", "iowait", "idle"])],
    &[("device", &["sda", "sdb", "eth0", "eth1"])],
    &[("method", &["GET", "POST"]), ("code", &["200", "500"])],
    &[("state", &["open", "closed"]), ("handler", &["/api/v1/items", "/api/v1/items/:id/parts"])],
];

/// The series of a dataset: numbered from 0, those of an instance together.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    metrics: Vec<MetricShape>,
    series: usize,
}

/// One metric of a [`Fleet`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetricShape {
    pub(crate) name: Arc<str>,
    pub(crate) class: Class,
    pub(crate) label_names: Vec<&'static str>,
}

impl Fleet {
    pub(crate) fn new(dataset: Dataset, series: usize) -> Self {
        let used = series.div_ceil(SERIES_A_METRIC).min(METRICS);
        let metrics = (0..used).map(|metric| MetricShape::new(dataset, metric)).collect();
        Self { metrics, series }
    }

    /// Returns how many series there are.
    pub(crate) const fn series(&self) -> usize {
        self.series
    }

    /// Returns every metric that has a series, in the order of their numbers.
    pub(crate) fn metrics(&self) -> &[MetricShape] {
        &self.metrics
    }

    /// Returns the number of the metric that a series belongs to.
    pub(crate) const fn metric_of(&self, series: usize) -> usize {
        series % SERIES_AN_INSTANCE / SERIES_A_METRIC
    }

    /// Returns the labels of a series.
    pub(crate) fn labels(&self, series: usize) -> Vec<(&'static str, String)> {
        let instance = series / SERIES_AN_INSTANCE;
        let mut labels = Vec::with_capacity(4);
        labels.push(("job", JOBS[instance % JOBS.len()].to_owned()));
        let host = format!("10.{}.{}.{}:9100", instance >> 16, instance >> 8 & 255, instance & 255);
        labels.push(("instance", host));
        let mut variant = series % SERIES_A_METRIC;
        for (name, values) in VARIANTS[self.metric_of(series) % VARIANTS.len()] {
            labels.push((name, values[variant % values.len()].to_owned()));
            variant /= values.len();
        }
        labels
    }
}

impl MetricShape {
    fn new(dataset: Dataset, metric: usize) -> Self {
        let class = dataset.class_of(metric);
        let suffix = match class {
            Class::Counter => "_total",
            Class::Gauge => "_percent",
            Class::Steady => "",
            Class::Float => "_seconds",
        };
        let subsystem = SUBSYSTEMS[metric % SUBSYSTEMS.len()];
        let quantity = QUANTITIES[metric / SUBSYSTEMS.len()];
        let own = VARIANTS[metric % VARIANTS.len()].iter().map(|(name, _)| *name);
        Self {
            name: format!("{subsystem}_{quantity}{suffix}").into(),
            class,
            label_names: ["job", "instance"].into_iter().chain(own).collect(),
        }
    }
}
