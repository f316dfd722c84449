//! The metric registry as a component.
//!
//! It owns the right to write the store: records and samples come in as
//! [messages](self), cells are collected on a timer, and reads are answered
//! with snapshots that the asker decodes. The catalogue and the ledger are
//! shared with every incarnation, so a restart loses no metric and no
//! acknowledged sample, and a [`SeriesRef`] stays good.
//!
//! [`SeriesRef`]: keepwatch_engine::storage::SeriesRef

mod component;
mod messages;
#[cfg(test)]
mod tests;

pub use component::{Registry, RegistryConfig};
pub use messages::{
    AppendBatch, Collect, CurrentValues, Metrics, Prune, Record, RecordBatch, RegisterMetric,
    RegisterMode, Resolve, Select, StorageReport, StorageStatistics, Values,
};
