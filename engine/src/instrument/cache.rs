//! Look-ups that the calling thread remembers.
//!
//! Finding a child by text means to hash the text, to load a map that all
//! threads share, and to count a holder, which two threads cannot do at once
//! without waiting for each other. A thread that asks again finds the child in
//! a table of its own.
//!
//! A child in a cache would never be idle. So its caches are counted apart
//! from its handles, and before the janitor takes it, all caches are told to
//! [`forget`]: a thread sees that at its next look-up, and what it had is used
//! no more. The janitor waits for a round of its own before it takes the child,
//! so that a thread that had just found it has long written.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::child::Child;
use super::error::LabelError;
use super::metric::Metric;

/// The most children that a thread remembers.
const ENTRIES_MAX: usize = 4_096;

/// What caches must be of to be used.
static GENERATION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Taken out while it is used, so that a look-up within a look-up finds
    /// none and goes the long way.
    static CACHE: Cell<Option<Box<Cache>>> = const { Cell::new(None) };
}

#[derive(Default)]
struct Cache {
    generation: u64,
    hasher: RandomState,
    entries: HashTable<Entry>,
}

struct Entry {
    /// The number of the metric.
    metric: u64,
    child: Arc<Child>,
}

/// Makes all threads forget what they have looked up.
pub(crate) fn forget() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Returns what caches must be of by now.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Lets `read` have the child of these label values, or the overflow's.
#[inline]
pub(super) fn on<R>(
    metric: &Metric,
    values: &[&str],
    read: impl FnOnce(&Child) -> R,
) -> Result<R, LabelError> {
    // A thread that ends has no cache any more.
    let mut cache = CACHE.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let answer = match cache.find(metric, values) {
        Some(child) => Ok(read(child)),
        None => metric.child_or_overflow(values).map(|child| {
            cache.remember(metric, values, &child);
            read(&child)
        }),
    };
    let _ = CACHE.try_with(|place| place.set(Some(cache)));
    answer
}

impl Cache {
    #[inline]
    fn find(&mut self, metric: &Metric, values: &[&str]) -> Option<&Child> {
        let generation = GENERATION.load(Ordering::Relaxed);
        if self.generation != generation {
            self.entries.clear();
            self.generation = generation;
        }
        let hash = hash(&self.hasher, metric.number(), values);
        let is_it = |entry: &Entry| entry.metric == metric.number() && entry.has(values);
        self.entries.find(hash, is_it).map(|entry| &*entry.child)
    }

    #[cold]
    fn remember(&mut self, metric: &Metric, values: &[&str], child: &Arc<Child>) {
        // The overflow's values are not those that were asked for.
        if metric.is_overflow(child.labels()) {
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.clear();
        }
        child.note_remembered(self.generation);
        let hash_of = |entry: &Entry| entry.hash(&self.hasher);
        let hash = hash(&self.hasher, metric.number(), values);
        self.entries.insert_unique(hash, Entry::new(metric, child), hash_of);
    }
}

impl Entry {
    fn new(metric: &Metric, child: &Arc<Child>) -> Self {
        let child = Arc::clone(child);
        child.count_cache(true);
        Self { metric: metric.number(), child }
    }

    /// Says whether these are the child's label values.
    #[inline]
    fn has(&self, values: &[&str]) -> bool {
        let mut rest: &[u8] = self.child.key();
        let mut is_next = |value: &&str| match rest.strip_prefix(value.as_bytes()) {
            Some([0xff, after @ ..]) => {
                rest = after;
                true
            }
            _ => false,
        };
        values.iter().all(&mut is_next) && rest.is_empty()
    }

    fn hash(&self, hasher: &RandomState) -> u64 {
        let mut state = hasher.build_hasher();
        state.write_u64(self.metric);
        let values = self.child.key().split_inclusive(|byte| *byte == 0xff);
        for value in values.filter_map(|value| value.strip_suffix(&[0xff])) {
            state.write(value);
        }
        state.finish()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.child.count_cache(false);
    }
}

#[inline]
fn hash(hasher: &RandomState, metric: u64, values: &[&str]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write_u64(metric);
    values.iter().for_each(|value| state.write(value.as_bytes()));
    state.finish()
}
