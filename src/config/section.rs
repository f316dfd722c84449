//! The tables that a configuration has once.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use keepwatch_actors::querier::QueryLimits;
use keepwatch_engine::model::check_metric_name;
use keepwatch_engine::promql::Query;
use keepwatch_engine::retention::Policy;

use super::document::Table;

pub(super) const fn seconds(range: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    let (start, end) = (*range.start(), *range.end());
    RangeInclusive::new(Duration::from_secs(start), Duration::from_secs(end))
}

/// Returns a PromQL expression as it is written, or says where it is wrong.
pub(super) fn checked_expression(text: &str) -> Result<String, String> {
    match Query::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{}: {error}", error.span().position(text))),
    }
}

pub(super) const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// What any retention may be.
const KEPT: RangeInclusive<Duration> = seconds(MINUTE..=3_650 * DAY);

/// What limits a single piece of work.
pub(super) const LIMIT: RangeInclusive<Duration> =
    Duration::from_millis(10)..=Duration::from_secs(HOUR);

/// `[server]`: where the HTTP surface listens.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The address; `127.0.0.1:9737` by default. Port 0 picks a free one.
    pub listen: SocketAddr,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9_737)) }
    }
}

impl Server {
    pub(super) fn read(&mut self, table: Table<'_>) {
        set(&mut self.listen, table.parsed("listen", parse_listen));
        table.finish();
    }
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("expected an IP address and a port, such as \"127.0.0.1:9737\", got {text:?}")
    })
}

/// `[intervals]`: how often each component works.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intervals {
    /// Between collections of metrics; 10 s by default, 1 s to 1 h.
    pub collection: Duration,
    /// Between evaluations of the alert rules that set no interval of their
    /// own; 15 s by default, 1 s to 1 d.
    pub evaluation: Duration,
    /// Between runs of the aggregations that set no interval of their own;
    /// 5 min by default, 1 s to 7 d.
    pub aggregation: Duration,
    /// Between cleanings; 1 h by default, 10 s to 7 d.
    pub cleaning: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            collection: Duration::from_secs(10),
            evaluation: Duration::from_secs(15),
            aggregation: Duration::from_secs(5 * MINUTE),
            cleaning: Duration::from_secs(HOUR),
        }
    }
}

impl Intervals {
    pub(super) fn read(&mut self, table: Table<'_>) {
        set(&mut self.collection, table.duration("collection", seconds(1..=HOUR)));
        set(&mut self.evaluation, table.duration("evaluation", seconds(1..=DAY)));
        set(&mut self.aggregation, table.duration("aggregation", seconds(1..=7 * DAY)));
        set(&mut self.cleaning, table.duration("cleaning", seconds(10..=7 * DAY)));
        table.finish();
    }
}

/// Reads `[retention]`: how long what is stored is kept; each 1 min to
/// 3,650 d. What is absent is as in [`Policy::builder`].
pub(super) fn read_retention(table: Table<'_>) -> Policy {
    let mut policy = Policy::builder();
    if let Some(kept) = table.duration("samples", KEPT) {
        policy = policy.samples(kept);
    }
    if let Some(kept) = table.duration("alerts", KEPT) {
        policy = policy.alert_history(kept);
    }
    if let Some(kept) = table.duration("health", KEPT) {
        policy = policy.health_history(kept);
    }
    if let Some(idle) = table.duration("idle", KEPT) {
        policy = policy.idle_after(idle);
    }
    if let Some(metrics) = table.section("metrics") {
        for (metric, kept) in metrics.durations(&KEPT) {
            match check_metric_name(&metric) {
                Ok(()) => policy = policy.metric(metric, kept),
                Err(error) => metrics.refuse_name(&metric, error),
            }
        }
    }
    let policy = policy.build().unwrap_or_else(|error| {
        table.refuse(error);
        Policy::default()
    });
    table.finish();
    policy
}

/// `[collectors]`: what is measured without being told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collectors {
    /// Collect the host's figures; true by default. Only the binary does, and
    /// only if `host.collect` says so, as with the next.
    pub host: bool,
    /// Collect the process' figures; true by default.
    pub process: bool,
    /// Between probes of each arbiter; 1 s by default, 100 ms to 1 min.
    pub probe_interval: Duration,
}

impl Default for Collectors {
    fn default() -> Self {
        Self { host: true, process: true, probe_interval: Duration::from_secs(1) }
    }
}

impl Collectors {
    pub(super) fn read(&mut self, table: Table<'_>) {
        set(&mut self.host, table.flag("host"));
        set(&mut self.process, table.flag("process"));
        let range = Duration::from_millis(100)..=Duration::from_secs(MINUTE);
        set(&mut self.probe_interval, table.duration("probe_interval", range));
        table.finish();
    }
}

/// `[limits]`: what is stored at most.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Series of all metrics; 1,000,000 by default, 100 to 100,000,000.
    pub series: usize,
    /// Series of one metric that sets no cap of its own; 10,000 by default,
    /// 1 to 10,000,000.
    pub series_per_metric: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 1_000_000, series_per_metric: 10_000 }
    }
}

impl Limits {
    pub(super) fn read(&mut self, table: Table<'_>) {
        set(&mut self.series, table.count("series", 100..=100_000_000));
        set(&mut self.series_per_metric, table.count("series_per_metric", 1..=10_000_000));
        table.finish();
    }
}

/// Reads `[queries]`: what PromQL queries may cost; what is absent is as in
/// [`QueryLimits`].
pub(super) fn read_queries(table: Table<'_>) -> QueryLimits {
    let mut limits = QueryLimits::default();
    set(&mut limits.concurrency, table.count("concurrency", 1..=1_000));
    set(&mut limits.timeout, table.duration("timeout", seconds(1..=HOUR)));
    set(&mut limits.options.samples_max, table.count("samples_max", 1..=10_000_000_000));
    set(&mut limits.options.lookback, table.duration("lookback", seconds(1..=DAY)));
    table.finish();
    limits
}

/// `[host]`: what the binary adds by itself; an embedded monitor ignores it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// Collect the host's and the process' figures; true by default.
    pub collect: bool,
    /// Add the rules that come with keepwatch; true by default. A rule of the
    /// file with the same name takes the place of one of them.
    pub rules: bool,
    /// Add the checks that come with keepwatch, likewise.
    pub checks: bool,
}

impl Default for Host {
    fn default() -> Self {
        Self { collect: true, rules: true, checks: true }
    }
}

impl Host {
    pub(super) fn read(&mut self, table: Table<'_>) {
        set(&mut self.collect, table.flag("collect"));
        set(&mut self.rules, table.flag("rules"));
        set(&mut self.checks, table.flag("checks"));
        table.finish();
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
