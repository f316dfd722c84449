//! keepwatch's figures about its storage, as series.

use keepwatch_actors::durability::UpkeepReport;
use keepwatch_actors::registry::StorageReport;
use keepwatch_engine::model::{MetricDefinition, MetricKind, Record};

/// The metric that is 1 while the data folder does not take what it should.
pub(crate) const DEGRADED: &str = "keepwatch_storage_degraded";

/// A figure: its name, help, whether it is a running total, and where it is
/// read from; absent without a data folder.
struct Figure {
    name: &'static str,
    help: &'static str,
    total: bool,
    read: fn(&Stored<'_>) -> Option<f64>,
}

struct Stored<'a> {
    report: &'a StorageReport,
    upkeep: Option<&'a UpkeepReport>,
    saved: bool,
}

const FIGURES: [Figure; 16] = [
    Figure {
        name: "keepwatch_storage_series",
        help: "Series that are stored.",
        total: false,
        read: |stored| Some(stored.report.statistics.series as f64),
    },
    Figure {
        name: "keepwatch_storage_memory_samples",
        help: "Samples in memory.",
        total: false,
        read: |stored| Some(stored.report.statistics.samples as f64),
    },
    Figure {
        name: "keepwatch_storage_memory_bytes",
        help: "Bytes of memory that samples take.",
        total: false,
        read: |stored| Some(stored.report.statistics.bytes as f64),
    },
    Figure {
        name: "keepwatch_storage_segments",
        help: "Segments of samples on disk.",
        total: false,
        read: |stored| disk(stored, |one| one.report.statistics.segments as f64),
    },
    Figure {
        name: "keepwatch_storage_segment_samples",
        help: "Samples in segments.",
        total: false,
        read: |stored| disk(stored, |one| one.report.statistics.segment_samples as f64),
    },
    Figure {
        name: "keepwatch_storage_segment_bytes",
        help: "Bytes of segments.",
        total: false,
        read: |stored| disk(stored, |one| one.report.statistics.segment_bytes as f64),
    },
    Figure {
        name: "keepwatch_storage_rollup_bytes",
        help: "Bytes of rollups.",
        total: false,
        read: |stored| disk(stored, |one| one.report.statistics.rollup_bytes as f64),
    },
    Figure {
        name: "keepwatch_storage_log_bytes",
        help: "Bytes of the log.",
        total: false,
        read: |stored| Some(stored.report.log.as_ref()?.bytes as f64),
    },
    Figure {
        name: "keepwatch_storage_log_written_bytes_total",
        help: "Bytes written to the log.",
        total: true,
        read: |stored| Some(stored.report.log.as_ref()?.bytes_written as f64),
    },
    Figure {
        name: "keepwatch_storage_log_samples_total",
        help: "Samples written to the log.",
        total: true,
        read: |stored| Some(stored.report.log.as_ref()?.samples as f64),
    },
    Figure {
        name: "keepwatch_storage_log_syncs_total",
        help: "Times the log was synced.",
        total: true,
        read: |stored| Some(stored.report.log.as_ref()?.syncs as f64),
    },
    Figure {
        name: "keepwatch_storage_log_failures_total",
        help: "Times the disk refused the log.",
        total: true,
        read: |stored| Some(stored.report.log.as_ref()?.failures as f64),
    },
    Figure {
        name: "keepwatch_storage_unlogged_samples_total",
        help: "Samples that are in memory only because the disk refused them.",
        total: true,
        read: |stored| Some(stored.report.log.as_ref()?.samples_unlogged as f64),
    },
    Figure {
        name: "keepwatch_storage_damaged_samples_total",
        help: "Samples in segments that reads found damaged.",
        total: true,
        read: |stored| disk(stored, |one| one.report.statistics.damaged_samples as f64),
    },
    Figure {
        name: "keepwatch_storage_lost_log_bytes",
        help: "Bytes of the log that were found damaged at the start.",
        total: false,
        read: |stored| Some(stored.report.reopening.as_ref()?.log_bytes_lost as f64),
    },
    Figure {
        name: DEGRADED,
        help: "1 while the data folder takes no samples or states or cannot be kept up, else 0.",
        total: false,
        read: |stored| {
            let log = stored.report.log.as_ref()?;
            let failing = stored.upkeep.is_some_and(|upkeep| !upkeep.failures.is_empty());
            Some(f64::from(u8::from(failing || log.failure.is_some() || !stored.saved)))
        },
    },
];

fn disk(stored: &Stored<'_>, read: fn(&Stored<'_>) -> f64) -> Option<f64> {
    stored.report.log.as_ref().map(|_| read(stored))
}

/// Returns the metrics that [`records`] records.
pub(crate) fn definitions() -> Vec<MetricDefinition> {
    let define = |figure: &Figure| {
        let kind = if figure.total { MetricKind::Counter } else { MetricKind::Gauge };
        let definition = MetricDefinition::of_kind(kind, figure.name);
        let definition = definition.help(figure.help).build();
        definition.expect("constant definitions are valid; a test builds each of them")
    };
    FIGURES.iter().map(define).collect()
}

/// Returns the figures; `saved` says whether the small state is on the disk.
pub(crate) fn records(
    report: &StorageReport,
    upkeep: Option<&UpkeepReport>,
    saved: bool,
) -> Vec<Record> {
    let stored = Stored { report, upkeep, saved };
    let record = |figure: &Figure| Some(Record::set(figure.name, (figure.read)(&stored)?));
    FIGURES.iter().filter_map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_valid_definition() {
        for (definition, figure) in definitions().iter().zip(&FIGURES) {
            assert_eq!(definition.name().ends_with("_total"), figure.total, "{}", figure.name);
        }
    }
}
