//! Reads the callbacks of metrics.

use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{MetricDefinition, Record};

use crate::collect::Collector;

/// Reads, at each collection, what the callbacks of a catalogue return.
pub(super) struct CallbackCollector(pub(super) Catalogue);

impl Collector for CallbackCollector {
    fn name(&self) -> &str {
        "callbacks"
    }

    fn definitions(&self) -> Vec<MetricDefinition> {
        // Each was registered with its callback.
        Vec::new()
    }

    fn collect(&mut self) -> Vec<Record> {
        let (records, panicked) = self.0.read_callbacks();
        for panic in panicked {
            log::error!("the callback of metric {:?} panicked: {}", panic.metric, panic.message);
        }
        records
    }
}
