//! Metrics that any thread writes: the catalogue, families, and cells.
//!
//! A [`Catalogue`] holds every [`Metric`] by name: an immutable map that is
//! replaced as a whole, so that looking one up never waits. A metric holds a
//! [`Child`] for each set of label values, and a child holds the atomics that
//! the handles [`Counter`], [`Gauge`], [`Histogram`], [`Summary`], [`Info`]
//! and [`StateSet`] write.
//!
//! Handles work before the engine starts and after it stopped, and outlive
//! every restart. Writing one never fails: what makes no sense (a NaN, a
//! negative step of a counter) is left out and counted in
//! [`Metric::refusals`].
//!
//! Nothing here knows time: a reader passes it in, and a summary's window
//! moves when it is read.

mod atomic;
mod builder;
mod cache;
mod callback;
mod catalogue;
mod cells;
mod child;
mod children;
mod counter;
mod error;
mod exemplar;
mod family;
mod gauge;
mod histogram;
mod info;
mod kept;
mod metric;
mod part;
mod refusals;
mod state_set;
mod statics;
mod summary;
mod timer;
mod typed;

pub use builder::{MetricBuilder, MetricError};
pub(crate) use cache::{forget as forget_look_ups, generation as look_up_generation};
pub use callback::Panicked;
pub use catalogue::{Catalogue, CatalogueLimits};
pub use child::Child;
pub(crate) use child::Total;
pub use counter::Counter;
pub use error::{LabelError, RegisterError};
pub use exemplar::Exemplar;
pub use family::{
    CounterFamily, Family, GaugeFamily, Handle, HistogramFamily, InfoFamily, StateSetFamily,
    SummaryFamily,
};
pub use gauge::{Gauge, InFlight};
pub use histogram::{Histogram, NativeCounts};
pub use info::Info;
pub use kept::{CatalogueRevision, KeptMetrics};
pub use metric::{Metric, OVERFLOW};
pub use part::{Part, float_text};
pub use refusals::Refusals;
pub use state_set::StateSet;
pub use statics::{Static, StaticFamily, StaticMetric};
pub use summary::{SUMMARY_WINDOW, Summary};
pub use timer::{Observer, Timer};
pub use typed::{LabelSet, LabelValue, TypedFamily};

#[cfg(test)]
mod tests;
