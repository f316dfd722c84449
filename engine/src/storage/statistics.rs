//! How much there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::series::Series;
use super::store::Store;

/// The size of a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have.
    pub samples: usize,
    /// How many sealed chunks they have.
    pub chunks: usize,
    /// How many bytes the samples take, without the index.
    pub bytes: usize,
    /// The same by metric.
    pub by_metric: BTreeMap<Arc<str>, MetricStatistics>,
}

/// The size of one metric's series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MetricStatistics {
    /// How many series there are.
    pub series: usize,
    /// How many samples they have.
    pub samples: usize,
    /// How many bytes the samples take.
    pub bytes: usize,
}

impl Store {
    /// Counts what is stored; looks at every series.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut all = Statistics::default();
        for slot in self.slots.iter().flatten() {
            let body = slot.series.body();
            let samples = body.samples(slot.filled());
            let bytes = body.bytes() + size_of::<Series>();
            all.series += 1;
            all.samples += samples;
            all.chunks += body.chunks.len();
            all.bytes += bytes;
            let metric = all.by_metric.entry(Arc::clone(slot.series.metric())).or_default();
            metric.series += 1;
            metric.samples += samples;
            metric.bytes += bytes;
        }
        all
    }
}
