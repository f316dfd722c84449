//! The children of a metric, by their label values.

use std::array;
use std::sync::Arc;

use super::child::Child;

/// The bits of a hash that tell the branches of a fork apart.
const BITS: u32 = 4;
const BRANCHES: usize = 1 << BITS;
/// The most children of a leaf, where their hashes differ.
const LEAF_MAX: usize = 32;

/// An immutable set of children.
///
/// It is a tree by the bits of the keys' hashes, and what is changed shares
/// with what it was all but the nodes on the way: a metric of 100,000 children
/// gets another for the price of a metric of 100.
#[derive(Debug, Clone)]
pub(super) enum Children {
    Leaf(Vec<Entry>),
    Fork(Box<[Arc<Self>; BRANCHES]>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    hash: u64,
    child: Arc<Child>,
}

impl Entry {
    fn is(&self, hash: u64, key: &[u8]) -> bool {
        self.hash == hash && **self.child.key() == *key
    }
}

impl Default for Children {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Children {
    /// Returns the child of a key.
    pub(super) fn get(&self, hash: u64, key: &[u8]) -> Option<&Arc<Child>> {
        let (mut node, mut rest) = (self, hash);
        while let Self::Fork(branches) = node {
            node = &branches[branch(rest)];
            rest >>= BITS;
        }
        let Self::Leaf(entries) = node else { return None };
        entries.iter().find(|entry| entry.is(hash, key)).map(|entry| &entry.child)
    }

    /// Returns the set with a child whose key it does not have.
    pub(super) fn with(&self, hash: u64, child: Arc<Child>) -> Self {
        self.with_entry(Entry { hash, child }, 0)
    }

    fn with_entry(&self, new: Entry, depth: u32) -> Self {
        match self {
            Self::Fork(branches) => {
                let at = branch(new.hash >> (depth * BITS));
                let mut branches = branches.clone();
                branches[at] = Arc::new(branches[at].with_entry(new, depth + 1));
                Self::Fork(branches)
            }
            // Where there are no bits left, a leaf takes them all.
            Self::Leaf(entries) if entries.len() < LEAF_MAX || depth * BITS >= u64::BITS => {
                let mut more = Vec::with_capacity(entries.len() + 1);
                more.extend_from_slice(entries);
                more.push(new);
                Self::Leaf(more)
            }
            Self::Leaf(entries) => {
                let mut leaves: [Vec<Entry>; BRANCHES] = array::from_fn(|_| Vec::new());
                for entry in entries {
                    leaves[branch(entry.hash >> (depth * BITS))].push(entry.clone());
                }
                let fork = leaves.map(|entries| Arc::new(Self::Leaf(entries)));
                Self::Fork(Box::new(fork)).with_entry(new, depth)
            }
        }
    }

    /// Returns the set without the child of a key.
    pub(super) fn without(&self, hash: u64, key: &[u8]) -> Self {
        self.without_at(hash, key, 0)
    }

    fn without_at(&self, hash: u64, key: &[u8], depth: u32) -> Self {
        match self {
            Self::Leaf(entries) => {
                let stay = entries.iter().filter(|entry| !entry.is(hash, key));
                Self::Leaf(stay.cloned().collect())
            }
            Self::Fork(branches) => {
                let at = branch(hash >> (depth * BITS));
                let mut branches = branches.clone();
                branches[at] = Arc::new(branches[at].without_at(hash, key, depth + 1));
                Self::joined(&branches).unwrap_or(Self::Fork(branches))
            }
        }
    }

    /// Returns one leaf in place of a fork, where few children are left: half
    /// of what a leaf takes, so that it is no fork again at once.
    fn joined(branches: &[Arc<Self>; BRANCHES]) -> Option<Self> {
        let mut joined = Vec::new();
        for branch in branches {
            match &**branch {
                Self::Leaf(entries) if joined.len() + entries.len() <= LEAF_MAX / 2 => {
                    joined.extend_from_slice(entries);
                }
                _ => return None,
            }
        }
        Some(Self::Leaf(joined))
    }

    /// Appends all children to `all`.
    pub(super) fn append_to(&self, all: &mut Vec<Arc<Child>>) {
        match self {
            Self::Leaf(entries) => all.extend(entries.iter().map(|entry| Arc::clone(&entry.child))),
            Self::Fork(branches) => branches.iter().for_each(|branch| branch.append_to(all)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only the lowest bits are wanted")]
const fn branch(hash: u64) -> usize {
    hash as usize % BRANCHES
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::{prop, proptest};

    use super::*;
    use crate::instrument::histogram::Guide;
    use crate::model::{Labels, MetricDefinition};

    fn child(key: u16) -> Arc<Child> {
        let definition = MetricDefinition::gauge("m").build().unwrap();
        let key: Arc<[u8]> = key.to_be_bytes().as_slice().into();
        let guide = Guide::new(&[]);
        Arc::new(Child::new(key, Labels::default(), &definition, &guide, &Arc::default()))
    }

    /// Few hashes, that differ in low bits, in high bits, or not at all.
    fn hash(key: u16) -> u64 {
        let (low, high) = (u64::from(key % 40), u64::from(key / 100 % 2));
        if low < 20 { low } else { (low % 2) | (high << 60) }
    }

    proptest! {
        #[test]
        fn it_is_a_map(changes in vec((prop::bool::weighted(0.8), 0_u16..400), 1..400)) {
            let (mut children, mut model) = (Children::default(), BTreeMap::new());
            for (adds, key) in changes {
                if !adds {
                    model.remove(&key);
                    children = children.without(hash(key), &key.to_be_bytes());
                } else if children.get(hash(key), &key.to_be_bytes()).is_none() {
                    let new = child(key);
                    model.insert(key, Arc::clone(&new));
                    children = children.with(hash(key), new);
                }
            }
            for key in 0..400_u16 {
                let found = children.get(hash(key), &key.to_be_bytes());
                assert_eq!(found.map(Arc::as_ptr), model.get(&key).map(Arc::as_ptr));
            }
            let mut all = Vec::new();
            children.append_to(&mut all);
            assert_eq!(all.len(), model.len());
            for key in model.keys() {
                children = children.without(hash(*key), &key.to_be_bytes());
            }
            assert!(matches!(&children, Children::Leaf(entries) if entries.is_empty()));
        }
    }
}
