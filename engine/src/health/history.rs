//! Status changes, and a bounded memory of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::HealthStatus;
use crate::model::{TimeRange, Timestamp};
use crate::storage::state::{Batch, Table, sequence_key};

/// How many transitions are remembered unless the machine is told otherwise.
pub const HISTORY_LEN_DEFAULT: usize = 4_096;

/// A check's status changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthTransition {
    /// The check.
    pub check: Arc<str>,
    /// The status before.
    pub from: HealthStatus,
    /// The status from now on.
    pub to: HealthStatus,
    /// The check at the root of the failure, if `to` is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Arc<str>>,
    /// Why, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
    /// When it changed.
    pub at: Timestamp,
}

impl fmt::Display for HealthTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "check {:?} went from {} to {}", self.check, self.from, self.to)?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// The last transitions, oldest first; the oldest gives way to the newest.
#[derive(Debug, Clone)]
pub(super) struct TransitionHistory {
    /// Each with its number, which counts up for ever.
    ring: VecDeque<(u64, HealthTransition)>,
    len_max: usize,
    next: u64,
}

impl TransitionHistory {
    pub(super) fn new(len_max: usize) -> Self {
        Self { ring: VecDeque::new(), len_max, next: 0 }
    }

    pub(super) fn push(&mut self, transition: HealthTransition) {
        self.ring.push_back((self.next, transition));
        self.next = self.next.saturating_add(1);
        while self.ring.len() > self.len_max {
            self.ring.pop_front();
        }
    }

    /// Takes in numbered transitions from before, in their order.
    pub(super) fn restore(&mut self, kept: Vec<(u64, HealthTransition)>) {
        for (number, transition) in kept {
            self.next = self.next.max(number);
            self.push(transition);
        }
    }

    /// Puts what is new since `saved`, and removes what is gone.
    pub(super) fn changes_since(&self, saved: &Self, batch: &mut Batch) {
        let news = self.ring.iter().rev().take_while(|(number, _)| *number >= saved.next);
        for (number, transition) in news {
            batch.put(Table::HealthHistory, sequence_key(*number), transition);
        }
        // Both are sorted by number, so one walk finds what is gone.
        let mut kept = self.ring.iter().map(|(number, _)| *number).peekable();
        for (number, _) in &saved.ring {
            while kept.next_if(|kept| kept < number).is_some() {}
            if kept.peek() != Some(number) {
                batch.remove(Table::HealthHistory, sequence_key(*number));
            }
        }
    }

    /// Returns the newest `limit` transitions of the span, of one check or of
    /// all, oldest first.
    pub(super) fn select(
        &self,
        range: TimeRange,
        check: Option<&str>,
        limit: usize,
    ) -> Vec<HealthTransition> {
        let mut found: Vec<HealthTransition> = self
            .ring
            .iter()
            .rev()
            .map(|(_, transition)| transition)
            .filter(|transition| range.contains(transition.at))
            .filter(|transition| check.is_none_or(|name| transition.check.as_ref() == name))
            .take(limit)
            .cloned()
            .collect();
        found.reverse();
        found
    }

    pub(super) fn count_before(&self, cutoff: Timestamp) -> usize {
        self.ring.iter().filter(|(_, transition)| transition.at < cutoff).count()
    }

    pub(super) fn prune(&mut self, cutoff: Timestamp) {
        self.ring.retain(|(_, transition)| transition.at >= cutoff);
    }

    pub(super) fn len(&self) -> usize {
        self.ring.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn history(len_max: usize) -> TransitionHistory {
        let mut history = TransitionHistory::new(len_max);
        for ms in 1..=6 {
            history.push(HealthTransition {
                check: if ms % 2 == 0 { "even" } else { "odd" }.into(),
                from: HealthStatus::Up,
                to: HealthStatus::Down,
                root: None,
                message: None,
                at: at(ms),
            });
        }
        history
    }

    fn check(history: &TransitionHistory, name: Option<&str>, limit: usize, expected: &[i64]) {
        let range = TimeRange::new(at(2), at(5));
        let found = history.select(range, name, limit);
        assert_eq!(found.iter().map(|t| t.at.millis()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_transition_reads_well() {
        let mut transition = history(1).ring[0].1.clone();
        assert_eq!(transition.to_string(), "check \"even\" went from up to down");
        transition.message = Some("no route".into());
        assert_eq!(transition.to_string(), "check \"even\" went from up to down: no route");
    }

    #[test]
    fn selects_by_time_check_and_limit_in_time_order() {
        let history = history(100);
        check(&history, None, 100, &[2, 3, 4, 5]);
        check(&history, Some("even"), 100, &[2, 4]);
        check(&history, None, 2, &[4, 5]);
        check(&history, Some("none"), 100, &[]);
    }

    #[test]
    fn the_oldest_gives_way_and_age_prunes() {
        let mut bounded = history(3);
        check(&bounded, None, 100, &[4, 5]);
        assert_eq!(bounded.count_before(at(5)), 1);
        bounded.prune(at(5));
        assert_eq!(bounded.len(), 2);
    }
}
