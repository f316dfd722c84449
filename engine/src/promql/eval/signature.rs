//! Which series belong together: the same labels, of those that count.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::promql::label_set::{LabelSet, NAME};
use crate::promql::syntax::{Grouping, GroupingKind, Matching, MatchingKind};

/// Which labels count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Counting {
    /// These alone, sorted.
    Only(Vec<String>),
    /// All but these, sorted.
    AllBut(Vec<String>),
}

impl Counting {
    /// Returns the labels that make a group of an aggregation.
    pub(super) fn grouping(grouping: Option<&Grouping>) -> Self {
        let Some(grouping) = grouping else { return Self::Only(Vec::new()) };
        let labels = grouping.labels.iter().map(|label| label.name.clone());
        match grouping.kind {
            GroupingKind::By => Self::Only(sorted(labels)),
            GroupingKind::Without => Self::AllBut(sorted(labels.chain([NAME.to_owned()]))),
        }
    }

    /// Returns the labels that have to be equal for two series to match.
    pub(super) fn matching(matching: Option<&Matching>) -> Self {
        let labels = matching.iter().flat_map(|matching| &matching.labels);
        let labels = labels.map(|label| label.name.clone());
        match matching.map(|matching| matching.kind) {
            Some(MatchingKind::On) => Self::Only(sorted(labels)),
            Some(MatchingKind::Ignoring) | None => {
                Self::AllBut(sorted(labels.chain([NAME.to_owned()])))
            }
        }
    }

    /// Returns it with its labels in order, as look-ups need them.
    pub(super) fn sorted(self) -> Self {
        match self {
            Self::Only(labels) => Self::Only(sorted(labels.into_iter())),
            Self::AllBut(labels) => Self::AllBut(sorted(labels.into_iter())),
        }
    }

    /// Says whether a label counts.
    pub(super) fn counts(&self, label: &str) -> bool {
        let listed =
            |labels: &[String]| labels.binary_search_by(|known| known.as_str().cmp(label)).is_ok();
        match self {
            Self::Only(labels) => listed(labels),
            Self::AllBut(labels) => !listed(labels),
        }
    }

    /// Returns the labels that count.
    pub(super) fn of(&self, labels: &LabelSet) -> LabelSet {
        labels.filtered(|label| self.counts(label))
    }

    /// Says whether a set has just those labels of another that count.
    fn is_of(&self, group: &LabelSet, labels: &LabelSet) -> bool {
        match self {
            Self::Only(names) => names.iter().all(|name| group.get(name) == labels.get(name)),
            Self::AllBut(_) => {
                let counting = labels.iter().filter(|(label, _)| self.counts(label));
                group.iter().eq(counting)
            }
        }
    }

    fn hash(&self, labels: &LabelSet, state: &RandomState) -> u64 {
        let mut hasher = state.build_hasher();
        match self {
            Self::Only(names) => {
                for name in names {
                    labels.get(name).hash(&mut hasher);
                }
            }
            Self::AllBut(_) => {
                for pair in labels.iter().filter(|(label, _)| self.counts(label)) {
                    pair.hash(&mut hasher);
                }
            }
        }
        hasher.finish()
    }
}

fn sorted(labels: impl Iterator<Item = String>) -> Vec<String> {
    let mut labels: Vec<String> = labels.collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// Numbers groups of series in the order in which they come.
pub(super) struct Groups {
    counting: Counting,
    state: RandomState,
    table: HashTable<usize>,
    /// The labels of each group.
    pub(super) labels: Vec<LabelSet>,
}

impl Groups {
    pub(super) fn new(counting: Counting) -> Self {
        let state = RandomState::default();
        Self { counting, state, table: HashTable::new(), labels: Vec::new() }
    }

    /// Returns the number of the group of a series, if there is one.
    pub(super) fn find(&self, labels: &LabelSet) -> Option<usize> {
        let hash = self.counting.hash(labels, &self.state);
        let is = |number: &usize| {
            self.labels.get(*number).is_some_and(|group| self.counting.is_of(group, labels))
        };
        self.table.find(hash, is).copied()
    }

    /// Returns the number of the group of a series, a new one if need be.
    pub(super) fn number(&mut self, labels: &LabelSet) -> usize {
        if let Some(found) = self.find(labels) {
            return found;
        }
        let number = self.labels.len();
        let hash = self.counting.hash(labels, &self.state);
        self.labels.push(self.counting.of(labels));
        let (counting, state, known) = (&self.counting, &self.state, &self.labels);
        let rehash = |number: &usize| {
            // A group's labels are those that count.
            known.get(*number).map_or(0, |group| counting.hash(group, state))
        };
        self.table.insert_unique(hash, number, rehash);
        number
    }

    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }
}

/// Counts how many series each group has.
pub(super) fn sizes(numbers: &[usize], groups: usize) -> Vec<usize> {
    let mut sizes = vec![0; groups];
    for &number in numbers {
        if let Some(size) = sizes.get_mut(number) {
            *size += 1;
        }
    }
    sizes
}
