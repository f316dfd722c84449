//! `keepwatch.toml`: what a monitor is made of, as a file.
//!
//! [`Config::load`] reads and checks a whole file: every value against its
//! range, every key against the known ones, every condition, matcher and
//! method by the engine's own parser. It finds all problems in one pass, and
//! each message names the file, line, column, key, value and what was
//! expected.
//!
//! ```toml
//! [server]
//! listen = "127.0.0.1:9737"
//!
//! [intervals]
//! collection = "10s"      # 1s to 1h
//! evaluation = "15s"      # 1s to 1d
//! aggregation = "5m"      # 1s to 7d
//! cleaning = "1h"         # 10s to 7d
//!
//! [retention]
//! samples = "7d"          # 1m to 3650d, as all of these
//! alerts = "7d"
//! health = "7d"
//! idle = "7d"             # a series without new samples goes after this
//! [retention.metrics]
//! http_requests_total = "30d"
//!
//! [limits]
//! series = 1000000        # of all metrics
//! series_per_metric = 10000
//!
//! [queries]               # in PromQL
//! concurrency = 20        # at once: 1 to 1000
//! timeout = "2m"          # 1s to 1h
//! samples_max = 50000000  # that one reads or computes: to 10000000000
//! lookback = "5m"         # how old a series' newest sample may be: 1s to 1d
//!
//! [storage]
//! path = "data"           # without it, everything is in memory
//! sync = "every_batch"    # or "off", or at most so often: "1s"
//! window = "2h"           # of a segment: 1m to 1d
//! disk_max = "10GiB"      # of all files; no limit by default
//! memory_max = "1GiB"     # of samples that are not on disk yet
//! rollups_5m = "35d"      # 1d to 3650d, as the next
//! rollups_1h = "400d"
//!
//! [rule_files]            # of Prometheus' rules
//! paths = ["rules/*.yml"] # beside this file
//! interval = "1m"         # of groups that do not say: 1s to 1d
//! query_offset = "0s"     # likewise: to 1h
//!
//! [external]              # what templates know of this server
//! url = "http://localhost:9737"
//! labels = { region = "eu" }
//!
//! [collectors]
//! host = true             # CPU, memory, disks, network of the host
//! process = true          # of keepwatch itself
//! probe_interval = "1s"   # of arbiters: 100ms to 1m
//!
//! [host]
//! collect = true          # CPU, memory, disks, network, load, processes
//! rules = true            # the rules that come with keepwatch
//! checks = true           # its checks likewise
//!
//! [[rule]]
//! name = "CartSlow"
//! metric = "http_request_duration_seconds"
//! method = "p99"
//! when = "value > 0.5"
//! window = "5m"
//! for = "2m"
//! severity = "error"
//!
//! [[check]]
//! name = "database"
//! kind = "tcp"
//! address = "db:5432"
//!
//! [[aggregation]]
//! name = "requests_per_route"
//! metric = "http_requests_total"
//! method = "rate"
//! group_by = ["route"]
//!
//! [[scrape]]
//! name = "node"
//! targets = ["db-1:9100", "https://db-2:9100/metrics"]
//! interval = "30s"
//! ```

mod aggregation;
mod build;
mod check;
mod document;
mod error;
mod rule;
mod rule_files;
#[cfg(feature = "scrape")]
mod scrape;
mod section;
mod storage;

use std::path::Path;

use keepwatch_actors::querier::QueryLimits;
use keepwatch_engine::aggregate;
use keepwatch_engine::alert::{Rule, Surroundings};
use keepwatch_engine::health::{HealthError, HealthMachine};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::retention::Policy;
use toml::de::DeTable;

use self::document::{Document, Table};
#[cfg(feature = "scrape")]
use crate::scrape::Job;

pub use check::{BuiltIn, Check};
pub use error::{ConfigError, FaultyFile, Problem};
pub use rule_files::RuleFiles;
pub use section::{Collectors, Host, Intervals, Limits, Server};
pub use storage::Storage;

/// A checked configuration. The default is what an empty file gives.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Config {
    /// Where the HTTP surface listens.
    pub server: Server,
    /// How often each component works.
    pub intervals: Intervals,
    /// How long what is stored is kept.
    pub retention: Policy,
    /// What is stored at most.
    pub limits: Limits,
    /// What PromQL queries may cost.
    pub queries: QueryLimits,
    /// Where and how series are stored.
    pub storage: Storage,
    /// What is measured without being told.
    pub collectors: Collectors,
    /// What the binary adds by itself.
    pub host: Host,
    /// Rule files of Prometheus.
    pub rule_files: RuleFiles,
    /// What the templates of rules know of this server.
    pub external: Surroundings,
    /// The alert rules, names unique.
    pub rules: Vec<Rule>,
    /// The health checks, names unique.
    pub checks: Vec<Check>,
    /// The aggregations, names unique.
    pub aggregations: Vec<aggregate::Definition>,
    /// What is scraped, names unique.
    #[cfg(feature = "scrape")]
    pub scrapes: Vec<Job>,
}

impl Config {
    /// Reads and checks a file, and the rule files that it names.
    ///
    /// # Errors
    /// A file cannot be read, or everything that is wrong in it.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let file = file.as_ref();
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Read { file: file.to_owned(), source })?;
        let mut config = Self::parse(&file.display().to_string(), &text)?;
        config.rule_files.load(file.parent().unwrap_or(Path::new("")))?;
        Ok(config)
    }

    /// Checks a text; `file` is its name in messages. Rule files that it names
    /// are not read.
    ///
    /// # Errors
    /// Everything that is wrong.
    ///
    /// ```
    /// use keepwatch::config::Config;
    ///
    /// let error = Config::parse("keepwatch.toml", "[intervals]\ncollection = \"5ms\"\n").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "keepwatch.toml:2:14: intervals.collection is \"5ms\"; expected a duration from 1s to 1h"
    /// );
    /// ```
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let document = Document::new(text);
        let mut config = Self::default();
        let (root, syntax) = DeTable::parse_recoverable(text);
        if syntax.is_empty() {
            config.read(Table::root(&document, &root));
        }
        for error in syntax {
            let message = error.message().to_owned();
            document.refuse(&error.span().unwrap_or(0..0), format!("not valid TOML: {message}"));
        }
        let problems = document.into_problems();
        if problems.is_empty() {
            return Ok(config);
        }
        Err(ConfigError::Invalid { file: file.to_owned(), problems })
    }

    /// Checks that the health checks' dependencies exist and make no circle.
    /// [`parse`](Self::parse) leaves that to whoever adds the checks: some
    /// may be defined elsewhere.
    ///
    /// # Errors
    /// The first check whose dependencies will not do.
    pub fn check_dependencies(&self) -> Result<(), HealthError> {
        let checks = self.checks.iter().map(|check| check.definition.clone()).collect();
        HealthMachine::new().add_all(checks, Timestamp::default())
    }

    fn read(&mut self, root: Table<'_>) {
        if let Some(table) = root.section("server") {
            self.server.read(table);
        }
        if let Some(table) = root.section("intervals") {
            self.intervals.read(table);
        }
        if let Some(table) = root.section("retention") {
            self.retention = section::read_retention(table);
        }
        if let Some(table) = root.section("limits") {
            self.limits.read(table);
        }
        if let Some(table) = root.section("queries") {
            self.queries = section::read_queries(table);
        }
        if let Some(table) = root.section("storage") {
            self.storage.read(table);
        }
        if let Some(table) = root.section("rule_files") {
            self.rule_files.read(table);
        }
        if let Some(table) = root.section("external") {
            self.external = rule_files::read_external(table);
        }
        if let Some(table) = root.section("collectors") {
            self.collectors.read(table);
        }
        if let Some(table) = root.section("host") {
            self.host.read(table);
        }
        self.rules = named(root.tables("rule"), rule::read);
        self.checks = named(root.tables("check"), Check::read);
        self.aggregations = named(root.tables("aggregation"), aggregation::read);
        #[cfg(feature = "scrape")]
        {
            self.scrapes = named(root.tables("scrape"), scrape::read);
        }
        root.finish();
    }
}

/// Reads the tables of one kind and refuses a name that comes twice.
fn named<T>(tables: Vec<Table<'_>>, read: fn(&Table<'_>) -> Option<T>) -> Vec<T> {
    let mut names: Vec<(String, usize)> = Vec::new();
    let mut entries = Vec::new();
    for table in tables {
        let entry = read(&table);
        if let Some(name) = table.text("name") {
            match names.iter().find(|(other, _)| *other == name) {
                Some((_, line)) => {
                    table.refuse_key("name", format_args!("another: line {line} has it already"));
                }
                None => names.push((name, table.line_of("name"))),
            }
        }
        table.finish();
        entries.extend(entry);
    }
    entries
}

#[cfg(test)]
mod tests;
