//! Series of samples in memory: where they are kept, found and read.
//!
//! A [`Store`] has one owner, who alone appends, creates and removes. A
//! [`Series`] is shared: its chunks are immutable, its open lane is an
//! append-only array of atomics that is published cell by cell with
//! release/acquire, so a [`Snapshot`] is taken without copying samples and
//! read on any thread, and reading never makes the writer wait.
//!
//! The [`Ledger`] outlives the store. [`Store::recover`] rebuilds the index
//! from it after a crash of the owner and moves every series to a lane of its
//! own, so that a predecessor that wakes up late writes where nobody reads.
//!
//! Invariants:
//! - timestamps grow strictly within a lane and within a chunk; chunks may
//!   overlap only where late samples were sealed, and reading merges them;
//! - what a codec encodes it decodes bit for bit, NaN payloads and −0.0
//!   included;
//! - a [`SeriesRef`] of a removed series is an error for ever: its serial is
//!   never given out again.
//!
//! The store knows nothing of definitions or kinds: that is the registry's.

mod bits;
mod chunk;
mod codec;
mod column;
mod columns;
mod cut;
mod error;
mod files;
pub mod folder;
mod identity;
mod index;
mod journal;
mod ledger;
mod log;
mod prune;
mod restore;
pub mod rollup;
mod roster;
pub mod segment;
mod selection;
mod selector;
mod series;
mod slab;
mod slot;
mod snapshot;
pub mod state;
mod statistics;
mod store;
mod times;
pub mod wal;

pub use chunk::{Chunk, Encoding};
pub use codec::CodecError;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use codec::fuzzing as columns_fuzzing;
pub use cut::{Cut, CutSeries, SealedSeries};
pub use error::AppendError;
pub use identity::{Identity, Serial};
pub use index::{Cardinality, LabelCardinality};
pub use ledger::{Ledger, Recovery};
pub use log::{Log, LogStatus, SyncPolicy};
pub use prune::{Cutoffs, Pruned, Removed, Slice};
pub use roster::Roster;
pub use selection::Selection;
pub use selector::Selector;
pub use series::{Series, SeriesRef};
pub use snapshot::{SampleReader, SeriesView, Snapshot};
pub use statistics::{Census, MetricStatistics, Statistics};
pub use store::{Store, StoreConfig};
pub use times::Times;

#[cfg(test)]
mod tests;
