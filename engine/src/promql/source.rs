//! Where a query reads its samples.

use std::sync::Arc;

use super::label_set::LabelSet;
use crate::model::{Sample, TimeRange};
use crate::storage::{SampleReader, Snapshot};

/// The samples of one series, oldest first, as columns of one length.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Points {
    /// In milliseconds since the Unix epoch; strictly growing.
    pub times: Vec<i64>,
    /// The values, staleness markers included.
    pub values: Vec<f64>,
    /// Since when each sample counts, in milliseconds; empty if unknown.
    pub starts: Vec<i64>,
}

impl Points {
    /// Removes all samples and keeps the memory.
    pub fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.starts.clear();
    }
}

/// The series that one selector of a query found.
pub trait SeriesSet {
    /// Returns what tells the series apart, in the order in which they are
    /// read.
    fn labels(&self) -> Vec<LabelSet>;

    /// Prepares to read the samples in `range`.
    fn reader(&self, range: TimeRange) -> Box<dyn SeriesReader + '_>;
}

/// Reads the samples of one series after the other.
pub trait SeriesReader {
    /// Puts the samples of the series `index` in place of what `points` has.
    fn read(&mut self, index: usize, points: &mut Points);
}

impl SeriesSet for Snapshot {
    fn labels(&self) -> Vec<LabelSet> {
        let labels = |name: &Arc<str>, labels| LabelSet { name: Arc::clone(name), labels };
        self.iter().map(|series| labels(series.name(), series.labels().clone())).collect()
    }

    fn reader(&self, range: TimeRange) -> Box<dyn SeriesReader + '_> {
        let reader = Snapshot::reader(self, range);
        Box::new(StoredReader { snapshot: self, reader, samples: Vec::new() })
    }
}

struct StoredReader<'a> {
    snapshot: &'a Snapshot,
    reader: SampleReader,
    samples: Vec<Sample>,
}

impl SeriesReader for StoredReader<'_> {
    fn read(&mut self, index: usize, points: &mut Points) {
        points.clear();
        let Some(series) = self.snapshot.series(index) else { return };
        self.samples.clear();
        self.reader.read(series, &mut self.samples);
        points.times.extend(self.samples.iter().map(|sample| sample.at.millis()));
        points.values.extend(self.samples.iter().map(|sample| sample.value));
    }
}
