//! What collecting costs: the figures of each collector.

use std::time::Duration;

use keepwatch_engine::model::{MetricDefinition, Record};

use super::{counter, gauge, number};

/// What became of the collections of one collector.
#[derive(Debug)]
pub(crate) struct Cost {
    collector: String,
    last: Duration,
    total: Duration,
    collections: u64,
    samples: u64,
    refused: u64,
    failures: u64,
    overruns: u64,
}

/// Returns the metrics that [`Cost::records`] records.
pub(crate) fn definitions() -> Vec<MetricDefinition> {
    let label = ["collector"];
    vec![
        gauge(
            "keepwatch_collector_duration_seconds",
            "seconds",
            &label,
            "How long the last collection took, or takes so far.",
        ),
        counter(
            "keepwatch_collector_seconds_total",
            "seconds",
            &label,
            "How long all collections took.",
        ),
        counter("keepwatch_collector_collections_total", "", &label, "Collections that ended."),
        gauge("keepwatch_collector_samples", "", &label, "Samples of the last collection."),
        counter(
            "keepwatch_collector_refused_samples_total",
            "",
            &label,
            "Samples that the registry did not take.",
        ),
        counter(
            "keepwatch_collector_failures_total",
            "",
            &label,
            "Collections that panicked or could not be recorded.",
        ),
        counter(
            "keepwatch_collector_timeouts_total",
            "",
            &label,
            "Collections that were due while the one before still ran.",
        ),
    ]
}

impl Cost {
    pub(crate) fn of(collector: impl Into<String>) -> Self {
        Self {
            collector: collector.into(),
            last: Duration::ZERO,
            total: Duration::ZERO,
            collections: 0,
            samples: 0,
            refused: 0,
            failures: 0,
            overruns: 0,
        }
    }

    pub(crate) fn collector(&self) -> &str {
        &self.collector
    }

    /// Counts a collection that ended.
    pub(crate) fn ended(&mut self, took: Duration, samples: usize) {
        self.last = took;
        self.total += took;
        self.collections += 1;
        self.samples = samples as u64;
    }

    /// Counts a collection that panicked, or whose samples nobody took.
    pub(crate) fn failed(&mut self) {
        self.failures += 1;
    }

    /// Counts samples that the registry did not take.
    pub(crate) fn refused(&mut self, samples: usize) {
        self.refused += samples as u64;
    }

    /// Counts a collection that was due while another has taken `so_far`.
    pub(crate) fn overran(&mut self, so_far: Duration) {
        self.last = so_far;
        self.overruns += 1;
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        let figures = [
            ("keepwatch_collector_duration_seconds", self.last.as_secs_f64()),
            ("keepwatch_collector_seconds_total", self.total.as_secs_f64()),
            ("keepwatch_collector_collections_total", number(self.collections)),
            ("keepwatch_collector_samples", number(self.samples)),
            ("keepwatch_collector_refused_samples_total", number(self.refused)),
            ("keepwatch_collector_failures_total", number(self.failures)),
            ("keepwatch_collector_timeouts_total", number(self.overruns)),
        ];
        let record =
            |(name, value)| Record::set(name, value).label("collector", self.collector.as_str());
        figures.into_iter().map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_definition_and_a_value() {
        let mut cost = Cost::of("disks");
        cost.ended(Duration::from_millis(1_500), 7);
        cost.ended(Duration::from_millis(500), 5);
        cost.refused(2);
        cost.failed();
        cost.overran(Duration::from_secs(20));
        let records = cost.records();
        let names: Vec<_> = records.iter().map(|record| record.metric().clone()).collect();
        let defined: Vec<_> = definitions().iter().map(|one| one.name().clone()).collect();
        assert_eq!(names, defined);
        for (record, expected) in records.iter().zip([20.0, 2.0, 2.0, 5.0, 2.0, 1.0, 1.0]) {
            let expected = Record::set(&**record.metric(), expected).label("collector", "disks");
            assert_eq!(record, &expected);
        }
    }
}
