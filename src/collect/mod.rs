//! Collectors: what keepwatch measures without being told sample by sample.
//!
//! A [`Collector`] declares its metrics and reads them when asked, each
//! collection interval (10 s by default), on a pool thread and never on a
//! component's arbiter: it may block on files. What a machine cannot tell is
//! left out; nothing is made up.
//!
//! Names follow node_exporter (`node_…`) and OpenMetrics (`process_…`) where
//! they have one, so that their dashboards and rules work; `host_…` gauges
//! are ready-made percentages for rules.
//!
//! keepwatch itself is measured without a collector: its components and
//! storage (`keepwatch_…`), what each collection costs
//! (`keepwatch_collector_…{collector}`), how late its arbiters and those that
//! [`Monitor::watch_arbiter`](crate::Monitor::watch_arbiter) was given get to
//! their work (`actix_arbiter_…{arbiter}`), and what their runtimes do
//! (`tokio_…{runtime}`).
//!
//! | metric | of each collector |
//! |---|---|
//! | `keepwatch_collector_duration_seconds` | how long the last collection took, or takes so far |
//! | `keepwatch_collector_seconds_total`, `keepwatch_collector_collections_total` | how long all of them took, and how many ended |
//! | `keepwatch_collector_samples`, `keepwatch_collector_refused_samples_total` | samples of the last one; those that the registry did not take |
//! | `keepwatch_collector_failures_total` | those that panicked or could not be recorded |
//! | `keepwatch_collector_timeouts_total` | those that were due while the one before still ran |

mod allocator;
pub(crate) mod cost;
#[cfg(feature = "host")]
mod host;
pub(crate) mod lag;
pub(crate) mod own;
#[cfg(feature = "host")]
mod process;
pub(crate) mod runtime;
pub(crate) mod storage;

use keepwatch_engine::model::{MetricDefinition, MetricKind, Record};

pub use allocator::{AllocatorCollector, AllocatorFigures};
#[cfg(feature = "host")]
pub use host::{FilesystemCollector, HostCollector};
#[cfg(feature = "host")]
pub use process::ProcessCollector;

/// A source of samples that is read at each collection.
///
/// ```
/// use keepwatch::collect::Collector;
/// use keepwatch_engine::model::{MetricDefinition, Record};
///
/// struct Queue;
///
/// impl Collector for Queue {
///     fn name(&self) -> &str {
///         "queue"
///     }
///
///     fn definitions(&self) -> Vec<MetricDefinition> {
///         MetricDefinition::gauge("queue_length").build().into_iter().collect()
///     }
///
///     fn collect(&mut self) -> Vec<Record> {
///         vec![Record::set("queue_length", 3.0)]
///     }
/// }
/// # assert_eq!(Queue.definitions().len(), 1);
/// ```
pub trait Collector: Send + 'static {
    /// Returns the collector's name, for logs and for its own metrics.
    fn name(&self) -> &str;

    /// Returns the metrics that [`collect`](Self::collect) records. They are
    /// registered once, before the first collection.
    fn definitions(&self) -> Vec<MetricDefinition>;

    /// Reads the source. May block; a panic is caught, counted and costs this
    /// collection only.
    fn collect(&mut self) -> Vec<Record>;
}

/// Defines a metric whose name, unit and labels are constants of this module.
fn define(
    kind: MetricKind,
    name: &'static str,
    unit: &'static str,
    labels: &[&'static str],
    help: &'static str,
) -> MetricDefinition {
    MetricDefinition::of_kind(kind, name)
        .unit(unit)
        .labels(labels.iter().copied())
        .help(help)
        .build()
        .expect("constant definitions are valid; a test builds each of them")
}

fn gauge(
    name: &'static str,
    unit: &'static str,
    labels: &[&'static str],
    help: &'static str,
) -> MetricDefinition {
    define(MetricKind::Gauge, name, unit, labels, help)
}

fn counter(
    name: &'static str,
    unit: &'static str,
    labels: &[&'static str],
    help: &'static str,
) -> MetricDefinition {
    define(MetricKind::Counter, name, unit, labels, help)
}

/// Byte counts as samples hold them; exact to 8 PiB.
#[expect(clippy::cast_precision_loss, reason = "samples are f64; exact to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Every record names a declared metric and gives exactly its labels, no
    /// series is recorded twice, counters are not negative.
    pub(super) fn check(collector: &mut dyn Collector) -> Vec<Record> {
        let definitions: HashMap<_, _> = collector
            .definitions()
            .into_iter()
            .map(|definition| (definition.name().clone(), definition))
            .collect();
        assert_eq!(definitions.len(), collector.definitions().len(), "a name is declared twice");
        let records = collector.collect();
        let mut seen = std::collections::HashSet::new();
        for record in &records {
            let definition = &definitions[record.metric()];
            let mut names: Vec<_> = record.labels().iter().map(|(name, _)| name.clone()).collect();
            let mut declared = definition.label_names().to_vec();
            names.sort();
            declared.sort();
            assert_eq!(names, declared, "{record:?}");
            assert!(seen.insert((record.metric().clone(), record.labels().to_vec())), "{record:?}");
            let keepwatch_engine::model::Observation::Set { value, at } = record.observation else {
                panic!("{record:?} is not a reading");
            };
            assert!(value.is_finite() && value >= 0.0 && at.is_none(), "{record:?}");
        }
        records
    }

    #[test]
    fn names_end_in_their_unit() {
        let mut definitions = runtime::definitions();
        definitions.extend(lag::definitions());
        definitions.extend(cost::definitions());
        definitions.extend(AllocatorCollector::new(AllocatorFigures::default).definitions());
        #[cfg(feature = "host")]
        definitions.extend(HostCollector::new().definitions());
        #[cfg(feature = "host")]
        definitions.extend(FilesystemCollector::new().definitions());
        #[cfg(feature = "host")]
        definitions.extend(ProcessCollector::new().definitions());
        for definition in &definitions {
            let stem = match definition.kind() {
                MetricKind::Counter => definition.name().strip_suffix("_total"),
                _ => Some(definition.name().as_ref()),
            };
            let stem = stem.expect("a counter ends in _total");
            assert!(stem.ends_with(definition.unit()), "{definition}");
            assert!(!definition.help().is_empty(), "{definition}");
        }
    }
}
