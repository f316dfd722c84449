//! `[storage]`: where and how series are stored.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use keepwatch_engine::storage::SyncPolicy;

use super::document::Table;
use super::section::{DAY, MINUTE, seconds};
use crate::monitor::StorageOptions;
use crate::notation::{parse_duration, parse_size};

/// The least that a budget may be: one window of a small program.
const BYTES_MIN: u64 = 1 << 20;

/// How long rollups may be kept.
const KEPT: RangeInclusive<Duration> = seconds(DAY..=3_650 * DAY);

/// `[storage]`: where and how series are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Storage {
    /// The data folder; in memory without one.
    pub path: Option<PathBuf>,
    /// How series are stored.
    pub options: StorageOptions,
}

impl Storage {
    pub(super) fn read(&mut self, table: Table<'_>) {
        self.path = table.text("path").map(PathBuf::from);
        let options = &mut self.options;
        if let Some(sync) = table.parsed("sync", parse_sync) {
            options.sync = sync;
        }
        if let Some(window) = table.duration("window", seconds(MINUTE..=DAY)) {
            options.window = window;
        }
        if let Some(bytes) = table.parsed("disk_max", parse_budget) {
            options.disk_max = Some(bytes);
        }
        if let Some(bytes) = table.parsed("memory_max", parse_budget) {
            options.memory_max = Some(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        if let Some(kept) = table.duration("rollups_5m", KEPT) {
            options.five_minutes = kept;
        }
        if let Some(kept) = table.duration("rollups_1h", KEPT) {
            options.hours = kept;
        }
        table.finish();
    }
}

fn parse_sync(text: &str) -> Result<SyncPolicy, String> {
    match text {
        "every_batch" => Ok(SyncPolicy::EveryBatch),
        "off" => Ok(SyncPolicy::Off),
        interval => match parse_duration(interval) {
            Ok(interval) if !interval.is_zero() => Ok(SyncPolicy::Interval(interval)),
            _ => Err(format!(
                "expected \"every_batch\", \"off\" or a duration such as \"1s\", got {text:?}"
            )),
        },
    }
}

fn parse_budget(text: &str) -> Result<u64, String> {
    match parse_size(text) {
        Ok(bytes) if bytes >= BYTES_MIN => Ok(bytes),
        Ok(_) => Err(format!("expected at least \"1MiB\", got {text:?}")),
        Err(error) => Err(error.to_string()),
    }
}
