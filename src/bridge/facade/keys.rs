//! The handles that were given out.

use std::collections::HashMap;
use std::hash::BuildHasher;

use arc_swap::ArcSwap;
use foldhash::fast::RandomState;
use metrics::Key;

/// Adding a handle copies one shard, so that many are not copied for each.
const SHARDS: usize = 64;

/// Handles by key: the facade asks for one at each use of its macros.
pub(super) struct Keys<T> {
    shards: Box<[ArcSwap<HashMap<Key, T, RandomState>>]>,
    hasher: RandomState,
}

/// A handle that was made.
pub(super) struct Made<T> {
    pub(super) handle: T,
    /// Whether it is that of the overflow series, which is not the key's own.
    pub(super) is_overflow: bool,
}

impl<T> Default for Keys<T> {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| ArcSwap::default()).collect();
        Self { shards, hasher: RandomState::default() }
    }
}

impl<T: Clone> Keys<T> {
    /// Returns the handle of a key, which `make` makes if it is the first use
    /// of it; `otherwise` makes one that counts nothing.
    pub(super) fn find<H: Into<T>>(
        &self,
        key: &Key,
        make: impl FnOnce() -> Option<Made<H>>,
        otherwise: impl FnOnce() -> T,
    ) -> T {
        let place = usize::try_from(self.hasher.hash_one(key) & 0xffff).unwrap_or(0) % SHARDS;
        let Some(shard) = self.shards.get(place) else { return otherwise() };
        if let Some(handle) = shard.load().get(key) {
            return handle.clone();
        }
        let Some(made) = make() else { return otherwise() };
        let handle: T = made.handle.into();
        if !made.is_overflow {
            shard.rcu(|handles| {
                let mut more = HashMap::clone(handles);
                more.insert(key.clone(), handle.clone());
                more
            });
        }
        handle
    }
}
