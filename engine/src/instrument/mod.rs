//! Metrics that any thread writes: the catalogue, families, and cells.
//!
//! A [`Catalogue`] holds every [`Metric`] by name: an immutable map that is
//! replaced as a whole, so that looking one up never waits. A metric holds a
//! [`Child`] for each set of label values, and a child holds the atomics that
//! the handles [`Counter`], [`Gauge`], [`Histogram`] and [`Summary`] write.
//!
//! Handles work before the engine starts and after it stopped, and outlive
//! every restart. Writing one never fails: what makes no sense (a NaN, a
//! negative step of a counter) is left out and counted in
//! [`Metric::refusals`].
//!
//! Nothing here knows time: a reader passes it in, and a summary's window
//! moves when it is read.

mod atomic;
mod catalogue;
mod cells;
mod counter;
mod error;
mod family;
mod gauge;
mod histogram;
mod kept;
mod metric;
mod part;
mod summary;

pub use catalogue::{Catalogue, CatalogueLimits};
pub use counter::Counter;
pub use error::{LabelError, RegisterError};
pub use family::{CounterFamily, Family, GaugeFamily, Handle, HistogramFamily, SummaryFamily};
pub use gauge::Gauge;
pub use histogram::Histogram;
pub use kept::{CatalogueRevision, KeptMetrics};
pub use metric::{Child, Metric, Refusals};
pub use part::{Part, float_text};
pub use summary::{SUMMARY_WINDOW, Summary};

#[cfg(test)]
mod tests;
