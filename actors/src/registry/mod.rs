//! The metric registry as a component.
//!
//! It owns the right to write the store: records and samples come in as
//! [messages](self), cells are collected on a timer, and reads are answered
//! with snapshots that the asker decodes. The catalogue and the ledger are
//! shared with every incarnation, so a restart loses no metric and no
//! acknowledged sample, and a [`SeriesRef`] stays good.
//!
//! With a data folder an answer means that the log has what was recorded: the
//! registry hands its changes to the [`LogWriter`](crate::durability::LogWriter)
//! and goes on, and the answer leaves when they are written.
//!
//! [`SeriesRef`]: keepwatch_engine::storage::SeriesRef

mod component;
mod messages;
#[cfg(test)]
mod tests;

pub use component::{Registry, RegistryConfig};
pub use messages::{
    AppendBatch, AppendDerived, Collect, CurrentValues, CutSamples, EvictSamples, FindSeries,
    KindOf, Metrics, Prune, Record, RecordBatch, RegisterMetric, RegisterMode, Resolve, RolledUp,
    Rollups, Select, ShedSamples, StorageReport, StorageStatistics, TakeCensus, Values,
};
