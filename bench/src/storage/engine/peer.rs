//! tsink in process.
//!
//! Its defaults but for milliseconds, and a log that is synced at each append
//! (`WalSyncMode::PerAppend`): `insert_rows` answers once the rows are durable.
//! A tick is one `insert_rows`; its rows are made once and get their samples
//! in place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tsink::{
    DataPoint, Label, Row, Storage, StorageBuilder, TimestampPrecision, WalSyncMode,
    WriteAcknowledgement,
};

use super::{Durable, Engine};
use crate::storage::dataset::{Digest, Fleet, START_MS};

pub(super) struct Tsink {
    folder: PathBuf,
    storage: Arc<dyn Storage>,
    rows: Vec<Row>,
}

/// Its ranges have to be finite; no dataset is longer than a year.
const END_MS: i64 = START_MS + 365 * 24 * 3_600_000;

impl Tsink {
    pub(super) fn open(folder: &Path) -> Result<Self, String> {
        let storage = StorageBuilder::new()
            .with_data_path(folder)
            .with_timestamp_precision(TimestampPrecision::Milliseconds)
            .with_retention_enforced(false)
            .with_wal_sync_mode(WalSyncMode::PerAppend)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { folder: folder.to_owned(), storage, rows: Vec::new() })
    }
}

impl Engine for Tsink {
    fn prepare(&mut self, fleet: &Fleet) {
        let metrics = fleet.metrics();
        let row = |series| {
            let metric = metrics[fleet.metric_of(series)].name.as_ref();
            Row::with_labels(metric, labels(fleet, series), DataPoint::new(START_MS, 0.0))
        };
        self.rows = (0..fleet.series()).map(row).collect();
    }

    fn register(&mut self, _: &Fleet) {}

    fn append(&mut self, at_ms: i64, values: &[f64]) {
        for (row, value) in self.rows.iter_mut().zip(values) {
            row.set_data_point(DataPoint::new(at_ms, *value));
        }
        let result = self.storage.insert_rows_with_result(&self.rows).expect("rows are valid");
        assert_eq!(result.acknowledgement, WriteAcknowledgement::Durable);
    }

    fn read_one(&self, fleet: &Fleet, series: usize) -> Digest {
        let metric = &fleet.metrics()[fleet.metric_of(series)].name;
        let labels = labels(fleet, series);
        let points = self.storage.select(metric, &labels, START_MS, END_MS);
        digest(&points.expect("the series exists"))
    }

    fn read_all(&self, fleet: &Fleet) -> Digest {
        let mut all = Digest::default();
        for metric in fleet.metrics() {
            let series = self.storage.select_all(&metric.name, START_MS, END_MS);
            for (_, points) in series.expect("the metric exists") {
                all.merge(digest(&points));
            }
        }
        all
    }

    fn memory_bytes(&self) -> Option<u64> {
        Some(self.storage.memory_used() as u64)
    }

    fn durable(&mut self) -> Option<&mut dyn Durable> {
        Some(self)
    }
}

impl Durable for Tsink {
    fn log_folder(&self) -> PathBuf {
        self.folder.join("wal")
    }

    /// Closing is its only way to write everything out on demand.
    fn seal(&mut self) {
        self.storage.close().expect("the folder is writable");
    }

    fn reads_after_sealing(&self) -> bool {
        false
    }

    fn handed_bytes(&self) -> Option<u64> {
        None
    }

    fn drop_window(&mut self) -> bool {
        false
    }
}

fn labels(fleet: &Fleet, series: usize) -> Vec<Label> {
    fleet.labels(series).into_iter().map(|(name, value)| Label::new(name, value)).collect()
}

fn digest(points: &[DataPoint]) -> Digest {
    let mut digest = Digest::default();
    for point in points {
        digest.add(point.value_as_f64().expect("only floats were written"));
    }
    digest
}
