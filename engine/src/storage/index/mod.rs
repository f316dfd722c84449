//! From labels to series.
//!
//! A series is known by its id, its place in the store. The index finds it by
//! its identity and by what matchers ask of its labels; the answer is exact,
//! from the sets of ids alone. Texts of labels are kept once, however many
//! series have them.

mod cardinality;
mod ids;
mod postings;

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use roaring::RoaringBitmap;

pub use cardinality::{Cardinality, LabelCardinality};
use ids::Ids;
use postings::Postings;

use super::Selector;
use super::identity::Identity;
use crate::model::{Labels, Matcher};

/// The label under which a series' own name is indexed.
const NAME: &str = "__name__";

/// The series of the store by identity and by label value.
#[derive(Debug, Default)]
pub(super) struct Index {
    hasher: RandomState,
    /// Ids beside the hash of their identity, which the store has.
    places: HashTable<(u32, u32)>,
    all: RoaringBitmap,
    metrics: Postings,
    names: Postings,
    labels: HashMap<Arc<str>, Postings, RandomState>,
}

impl Index {
    /// Returns the id of a series; `is` says whether an id is that series'.
    pub(super) fn find(
        &self,
        metric: &str,
        name: &str,
        labels: &Labels,
        is: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let hash = self.hash(metric, name, labels);
        let found = self.places.find(spread(hash), |(other, id)| *other == hash && is(*id));
        found.map(|(_, id)| *id)
    }

    /// Returns an equal identity with the texts that other series have too.
    pub(super) fn intern(&self, identity: &Identity) -> Identity {
        let Identity { metric, name, labels } = identity;
        let metric = self.metrics.shared(metric).unwrap_or_else(|| Arc::clone(metric));
        let name = match self.names.shared(name) {
            Some(name) => name,
            None if *name == metric => Arc::clone(&metric),
            None => Arc::clone(name),
        };
        let labels = labels.with_texts(|label, value| match self.labels.get_key_value(label) {
            Some((label, postings)) => {
                let value = postings.shared(value).unwrap_or_else(|| Arc::clone(value));
                (Arc::clone(label), value)
            }
            None => (Arc::clone(label), Arc::clone(value)),
        });
        Identity { metric, name, labels }
    }

    pub(super) fn insert(&mut self, identity: &Identity, id: u32) {
        let Identity { metric, name, labels } = identity;
        let hash = self.hash(metric, name, labels);
        self.places.insert_unique(spread(hash), (hash, id), |(hash, _)| spread(*hash));
        self.all.insert(id);
        self.metrics.insert(metric, id);
        self.names.insert(name, id);
        for (label, value) in labels.pairs() {
            match self.labels.get_mut(label) {
                Some(postings) => postings.insert(value, id),
                None => {
                    let mut postings = Postings::default();
                    postings.insert(value, id);
                    self.labels.insert(Arc::clone(label), postings);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, identity: &Identity, id: u32) {
        let Identity { metric, name, labels } = identity;
        let hash = self.hash(metric, name, labels);
        if let Ok(place) = self.places.find_entry(spread(hash), |place| *place == (hash, id)) {
            place.remove();
        }
        self.all.remove(id);
        self.metrics.remove(metric, id);
        self.names.remove(name, id);
        for (label, value) in labels.pairs() {
            let Some(postings) = self.labels.get_mut(label) else { continue };
            postings.remove(value, id);
            if postings.is_empty() {
                self.labels.remove(label);
            }
        }
    }

    /// Returns how many series the metric has.
    pub(super) fn series_of(&self, metric: &str) -> usize {
        self.metrics.get(metric).map_or(0, Ids::len)
    }

    /// Returns the series that pass every condition.
    pub(super) fn select(&self, selector: &Selector) -> RoaringBitmap {
        let mut set: Option<RoaringBitmap> = None;
        if !selector.metric.is_empty() {
            let Some(ids) = self.metrics.get(&selector.metric) else { return Default::default() };
            let mut of_metric = RoaringBitmap::new();
            ids.add_to(&mut of_metric);
            set = Some(of_metric);
        }
        // What lets no absent label pass makes the set small for the others.
        let (without, with): (Vec<&Matcher>, Vec<&Matcher>) =
            selector.matchers.iter().partition(|matcher| matcher.matches_value(""));
        for matcher in with {
            let Some(postings) = self.postings(matcher.name()) else { return Default::default() };
            set = Some(match set {
                Some(mut set) => {
                    self.restrict(&mut set, postings, matcher);
                    set
                }
                None => postings.matching(matcher, true),
            });
        }
        let mut set = set.unwrap_or_else(|| self.all.clone());
        for matcher in without {
            // Only a value that is there can fail.
            if let Some(postings) = self.postings(matcher.name()) {
                set -= postings.matching(matcher, false);
            }
        }
        set
    }

    fn restrict(&self, set: &mut RoaringBitmap, postings: &Postings, matcher: &Matcher) {
        match matcher.named_values().filter(|_| !matcher.op().is_negative()) {
            Some([value]) => match postings.get(value) {
                Some(ids) => ids.restrict(set),
                None => set.clear(),
            },
            _ => *set &= postings.matching(matcher, true),
        }
    }

    fn postings(&self, label: &str) -> Option<&Postings> {
        if label == NAME { Some(&self.names) } else { self.labels.get(label) }
    }

    /// Returns the hash of an identity; the table keeps 32 bits of it.
    #[expect(clippy::cast_possible_truncation, reason = "half of it is enough to tell most apart")]
    fn hash(&self, metric: &str, name: &str, labels: &Labels) -> u32 {
        self.hasher.hash_one((metric, name, labels)) as u32
    }
}

/// Spreads 32 bits over the 64 that the table looks at.
const fn spread(hash: u32) -> u64 {
    (hash as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests;
