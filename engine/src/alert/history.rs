//! What happened, newest last.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::model::{TimeRange, Timestamp};
use crate::storage::state::{Batch, Table, sequence_key};

use super::{Severity, Transition};

/// Transitions in one block. A copy of the history shares all blocks but the
/// last, so that publishing it after each evaluation costs little.
const BLOCK: usize = 256;

/// Which transitions are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryFilter {
    /// When they happened; all of time by default.
    pub range: TimeRange,
    /// The severity, exactly; any by default.
    pub severity: Option<Severity>,
    /// The rule by name; any by default.
    pub rule: Option<Arc<str>>,
    /// The most of them, the newest first to stay; 1,000 by default.
    pub limit: usize,
}

impl Default for HistoryFilter {
    fn default() -> Self {
        Self { range: TimeRange::ALL, severity: None, rule: None, limit: 1_000 }
    }
}

impl HistoryFilter {
    fn passes(&self, transition: &Transition) -> bool {
        self.range.contains(transition.at)
            && self.severity.is_none_or(|severity| severity == transition.alert.severity)
            && self.rule.as_ref().is_none_or(|rule| *rule == transition.alert.rule)
    }
}

/// The last transitions, bounded by count.
#[derive(Debug, Clone)]
pub(super) struct History {
    /// Every block but the last is full, and none is empty.
    blocks: VecDeque<Arc<Vec<Numbered>>>,
    /// How many of the first block's transitions are gone.
    skip: usize,
    len: usize,
    max: usize,
    /// The number of the next transition.
    next: u64,
}

/// A transition and its number, which counts up for ever.
type Numbered = (u64, Arc<Transition>);

impl History {
    pub(super) const fn new(max: usize) -> Self {
        Self { blocks: VecDeque::new(), skip: 0, len: 0, max, next: 0 }
    }

    /// Creates the history of numbered transitions, in their order.
    pub(super) fn restore(max: usize, kept: Vec<(u64, Transition)>) -> Self {
        let mut history = Self::new(max);
        for (number, transition) in kept {
            history.next = history.next.max(number);
            history.push(Arc::new(transition));
        }
        history
    }

    pub(super) fn push(&mut self, transition: Arc<Transition>) {
        let numbered = (self.next, transition);
        self.next = self.next.saturating_add(1);
        match self.blocks.back_mut() {
            Some(block) if block.len() < BLOCK => Arc::make_mut(block).push(numbered),
            _ => self.blocks.push_back(Arc::new(vec![numbered])),
        }
        self.len += 1;
        if self.len > self.max {
            self.drop_oldest();
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns what passes the filter, oldest first.
    pub(super) fn select(&self, filter: &HistoryFilter) -> Vec<Arc<Transition>> {
        let newest_first = self.blocks.iter().rev().flat_map(|block| block.iter().rev());
        let mut selected: Vec<_> = newest_first
            .take(self.len)
            .map(|(_, transition)| transition)
            .filter(|transition| filter.passes(transition))
            .take(filter.limit)
            .cloned()
            .collect();
        selected.reverse();
        selected
    }

    /// Counts what [`prune`](Self::prune) would remove.
    pub(super) fn prunable(&self, before: Timestamp, max: usize) -> usize {
        let old = self.oldest_first().take_while(|(_, transition)| transition.at < before).count();
        old.max(self.len.saturating_sub(max))
    }

    /// Removes what happened before a point in time, and the oldest beyond
    /// the newest `max`; returns how many.
    pub(super) fn prune(&mut self, before: Timestamp, max: usize) -> usize {
        let count = self.prunable(before, max);
        for _ in 0..count {
            self.drop_oldest();
        }
        count
    }

    /// Puts what is new since `saved`, and removes what is gone.
    pub(super) fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        let news = self.blocks.iter().rev().flat_map(|block| block.iter().rev());
        for (number, transition) in
            news.take(self.len).take_while(|(number, _)| *number >= saved.next)
        {
            batch.put(Table::AlertHistory, sequence_key(*number), transition);
        }
        let first = self.oldest_first().next().map_or(self.next, |(number, _)| *number);
        for (number, _) in saved.oldest_first().take_while(|(number, _)| *number < first) {
            batch.remove(Table::AlertHistory, sequence_key(*number));
        }
    }

    fn oldest_first(&self) -> impl Iterator<Item = &Numbered> {
        self.blocks.iter().flat_map(|block| block.iter()).skip(self.skip)
    }

    fn drop_oldest(&mut self) {
        let Some(block) = self.blocks.front() else { return };
        self.skip += 1;
        self.len -= 1;
        if self.skip >= block.len() {
            self.blocks.pop_front();
            self.skip = 0;
        }
    }
}
