//! Ingestion and reading over the catalogue and the store.
//!
//! A [`Registry`] checks what users record against the definitions, keeps
//! what passes, counts what does not by [`DropReason`], samples the cells of
//! the instruments at each collection, and answers reads with snapshots.
//!
//! Every refusal has an error of its own. What was acknowledged is in the
//! store or in a cell, both of which outlive the registry: a successor over
//! the same catalogue and ledger has all of it.
//!
//! Records name their series by text. One that is made of a
//! [`Subject`](crate::model::Subject) is found without it from the second time
//! on.
//!
//! A set of label values may be written as samples (`Record::set`), through a
//! cell (`Record::add`, `Record::observe`, handles), or both: setting a value
//! also sets the cell, and a cell that is made later starts from the stored
//! value.

mod collect;
mod derived;
mod drops;
mod entry;
mod error;
mod ingest;
mod known;
mod limits;
mod prune;
mod read;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

pub use collect::Collected;
pub use derived::DerivedSample;
use drops::DropCounters;
pub use drops::{DROPPED, DropReason, Drops};
pub use error::RegistryError;
pub use ingest::{BatchOutcome, REFUSALS_MAX};
pub use limits::Limits;
pub use prune::{PruneOutcome, SampleRetention};
pub use read::Selected;

use self::entry::Entry;
use self::known::Terms;
use crate::instrument::Catalogue;
use crate::model::Timestamp;
use crate::storage::wal::Commit;
use crate::storage::{Census, Cut, Ledger, Recovery, SealedSeries, Statistics, Store};

/// The metric registry as a state machine; see the [module](self).
#[derive(Debug)]
pub struct Registry {
    limits: Limits,
    catalogue: Catalogue,
    store: Store,
    recovery: Recovery,
    entries: HashMap<Arc<str>, Entry, RandomState>,
    /// What metrics take, by the number of their entry.
    terms: Vec<Terms>,
    /// What subjects know this registry by.
    token: u32,
    /// The catalogue's replacements that `entries` knows of.
    replacements: u64,
    collected_at: Option<Timestamp>,
    /// How long samples were kept at the last pruning.
    retention: Option<SampleRetention>,
    drops: DropCounters,
    scratch: Scratch,
}

/// Buffers that are reused from call to call.
#[derive(Debug, Default)]
struct Scratch {
    key: Vec<u8>,
    values: Vec<f64>,
}

impl Registry {
    /// Creates the registry over a catalogue and a ledger, both new or those
    /// of a predecessor.
    #[must_use]
    pub fn new(limits: Limits, catalogue: Catalogue, ledger: Arc<Ledger>) -> Self {
        let (store, recovery) = Store::recover(ledger, limits.store());
        let drops = DropCounters::new(&catalogue);
        Self {
            limits,
            catalogue,
            store,
            recovery,
            entries: HashMap::default(),
            terms: Vec::new(),
            token: known::next_token(),
            replacements: 0,
            collected_at: None,
            retention: None,
            drops,
            scratch: Scratch::default(),
        }
    }

    /// Returns the limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the registered metrics.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Returns what was found in the ledger when the registry was made.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Returns the size of what is stored; looks at every series.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.store.census().count()
    }

    /// Returns what [`statistics`](Self::statistics) counts, to be counted on
    /// another thread.
    #[must_use]
    pub fn census(&self) -> Census {
        self.store.census()
    }

    /// Takes what is to be logged: everything that was changed since the last
    /// call. Nothing without a data folder.
    pub fn take_commits(&mut self) -> Vec<Commit> {
        self.store.take_commits()
    }

    /// Goes on in a new log file if the disk refused the one under way.
    pub fn leave_refused_log(&mut self, refused_epoch: u32) {
        self.store.leave_refused_log(refused_epoch);
    }

    /// Hands out what the next series have before `before`, to be sealed: see
    /// [`Store::cut`].
    pub fn cut(&mut self, cursor: u32, budget: usize, before: Timestamp) -> Cut {
        self.store.cut(cursor, budget, before)
    }

    /// Drops old chunks that memory has no room for: see [`Store::shed`].
    /// Returns where the next slice begins, and how many samples went.
    pub fn shed(&mut self, cursor: u32, budget: usize, before: Timestamp) -> (Option<u32>, usize) {
        let pruned = self.store.shed(cursor, budget, before);
        (pruned.next, pruned.samples)
    }

    /// Lets go what was sealed: see [`Store::evict`].
    pub fn evict(&mut self, sealed: &[SealedSeries], before: Timestamp) -> usize {
        self.store.evict(sealed, before)
    }

    /// Returns how many observations were left out, by reason: the registry's
    /// own counts, which are the metric [`DROPPED`], and what the instruments'
    /// handles refused. Both outlive a restart.
    #[must_use]
    pub fn drops(&self) -> Drops {
        let mut drops = self.drops.load();
        for metric in self.catalogue.metrics() {
            drops.add_refusals(metric.refusals());
        }
        drops
    }
}

#[cfg(test)]
mod tests;
