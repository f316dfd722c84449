//! Filling a folder from elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::{DataError, DataFolder};
use crate::model::{Labels, Sample, Timestamp};
use crate::storage::{AppendError, Log, Store, StoreConfig, SyncPolicy};

/// How many samples wait in memory before they are sealed.
const WAITING_MAX: usize = 2_000_000;

/// The most series that a slice of sealing looks at.
const SLICE: usize = 10_000;

/// Adds samples of any time and in any order to a folder that no process
/// uses.
///
/// What is before the current window is sealed to segments, together with what
/// these have; what a segment has already stays as it is. The rest goes to the
/// log, by the rules of recording.
#[derive(Debug)]
pub struct Importer {
    folder: DataFolder,
    store: Store,
    log: Log,
    now: Timestamp,
    /// The start of the current window.
    current: Timestamp,
    waiting: usize,
    imported: Imported,
}

/// What an import brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Samples that were taken.
    pub samples: u64,
    /// Segments that were written, those that were written anew included.
    pub segments: usize,
}

/// Why a sample was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The folder has 2^32 series.
    #[error("the folder has room for no more series")]
    Full,
    /// The sample was refused as one that is recorded.
    #[error(transparent)]
    Refused(#[from] AppendError),
}

impl Importer {
    /// Takes hold of a folder, creating it if it is not there.
    ///
    /// # Errors
    /// As [`DataFolder::open`].
    pub fn open(path: &Path, window: Duration, now: Timestamp) -> Result<Self, DataError> {
        let (folder, ledger, writer, _) = DataFolder::open(path, window, now)?;
        Ok(Self {
            folder,
            store: Store::recover(ledger, StoreConfig::default()).0,
            log: Log::new(writer, SyncPolicy::Off),
            now,
            current: now.align_down(window),
            waiting: 0,
            imported: Imported::default(),
        })
    }

    /// Adds a sample.
    ///
    /// # Errors
    /// Another value at a time that is taken, and a time that lies ahead, or
    /// in the current window and too far behind the series' newest sample.
    pub fn add(
        &mut self,
        metric: &Arc<str>,
        name: &Arc<str>,
        labels: &Labels,
        sample: Sample,
    ) -> Result<(), ImportError> {
        let series = self.store.resolve(metric, name, labels).ok_or(ImportError::Full)?;
        if sample.at >= self.current {
            self.store.append(series, sample, self.now)?;
        } else {
            self.store.backfill(series, sample)?;
        }
        self.waiting += 1;
        self.imported.samples += 1;
        Ok(())
    }

    /// Seals what waits, if it is much. To be called between samples.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn flush_if_full(&mut self) -> Result<(), DataError> {
        if self.waiting >= WAITING_MAX { self.flush() } else { Ok(()) }
    }

    /// Makes everything durable.
    ///
    /// # Errors
    /// A disk that refuses; what was sealed by then is in the folder.
    pub fn finish(mut self) -> Result<Imported, DataError> {
        self.flush()?;
        self.log.close(Duration::ZERO);
        match &self.log.status().failure {
            None => Ok(self.imported),
            Some(reason) => Err(DataError::LogRefused { reason: reason.clone() }),
        }
    }

    fn flush(&mut self) -> Result<(), DataError> {
        self.waiting = 0;
        let commits = self.store.take_commits();
        if !self.log.write(&commits, Duration::ZERO) {
            let reason = self.log.status().failure.clone().unwrap_or_default();
            return Err(DataError::LogRefused { reason });
        }
        let (mut series, mut cursor) = (Vec::new(), Some(0));
        while let Some(from) = cursor {
            let cut = self.store.cut(from, SLICE, self.current);
            series.extend(cut.series);
            cursor = cut.next;
        }
        let sealing = self.folder.seal(series, self.current)?;
        self.store.evict(&sealing.sealed, self.current);
        self.imported.segments += sealing.segments;
        Ok(())
    }
}
