//! One cleaning, slice by slice.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::{CleaningReport, Failure, Policy};
use crate::model::Timestamp;
use crate::registry::{PruneOutcome, SampleRetention};
use crate::storage::{Removed, Slice};

/// What a pass cleans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Samples and series of the registry.
    Samples,
    /// What alerts did.
    AlertHistory,
    /// What health checks did.
    HealthHistory,
}

impl Target {
    /// Every target, in the order in which a pass takes them.
    pub const ALL: [Self; 3] = [Self::Samples, Self::AlertHistory, Self::HealthHistory];

    /// Returns the target as the value of a label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::AlertHistory => "alert_history",
            Self::HealthHistory => "health_history",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Samples => "samples",
            Self::AlertHistory => "alert history",
            Self::HealthHistory => "health history",
        })
    }
}

/// The next slice of a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Prune some series of the registry.
    Samples {
        /// How long samples and series are kept.
        retention: Arc<SampleRetention>,
        /// Which series.
        slice: Slice,
        /// From which point in time ages count.
        now: Timestamp,
    },
    /// Prune the history of alerts.
    AlertHistory {
        /// The first point in time to keep.
        before: Timestamp,
        /// Whether to count only.
        dry_run: bool,
    },
    /// Prune the history of health.
    HealthHistory {
        /// The first point in time to keep.
        before: Timestamp,
        /// Whether to count only.
        dry_run: bool,
    },
}

/// What became of a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SliceOutcome {
    /// Where the next slice of the target begins; `None` after its last.
    pub next: Option<u32>,
    /// What is gone, by metric.
    pub by_metric: BTreeMap<Arc<str>, Removed>,
    /// How many entries of a history are gone.
    pub entries: usize,
}

impl SliceOutcome {
    /// Creates the outcome of pruning a history.
    #[must_use]
    pub fn history(entries: usize) -> Self {
        Self { entries, ..Self::default() }
    }
}

impl From<PruneOutcome> for SliceOutcome {
    fn from(outcome: PruneOutcome) -> Self {
        Self { next: outcome.next, by_metric: outcome.by_metric, entries: 0 }
    }
}

/// One cleaning by a [`Policy`]; see the [module](super).
///
/// Call [`next_slice`](Self::next_slice), carry it out, report it with
/// [`slice_done`](Self::slice_done), and so on until there is none; then
/// [`finish`](Self::finish).
#[derive(Debug, Clone)]
pub struct Pass {
    policy: Arc<Policy>,
    retention: Arc<SampleRetention>,
    /// The targets to do; the first is under way.
    targets: VecDeque<Target>,
    /// Where the next slice of the first target begins.
    cursor: u32,
    /// The most series in a slice.
    budget: usize,
    report: CleaningReport,
}

impl Pass {
    /// Begins a pass over `targets`, looking at no more than `budget` series
    /// a slice.
    #[must_use]
    pub fn new(
        policy: Arc<Policy>,
        targets: impl IntoIterator<Item = Target>,
        budget: usize,
        now: Timestamp,
        dry_run: bool,
    ) -> Self {
        Self {
            retention: Arc::new(policy.sample_retention()),
            policy,
            targets: targets.into_iter().collect(),
            cursor: 0,
            budget,
            report: CleaningReport {
                started: now,
                took: Duration::ZERO,
                dry_run,
                slices: 0,
                removed: Removed::default(),
                by_metric: BTreeMap::new(),
                alert_history: 0,
                health_history: 0,
                failures: Vec::new(),
            },
        }
    }

    /// Returns when the pass began.
    #[must_use]
    pub const fn started(&self) -> Timestamp {
        self.report.started
    }

    /// Returns what to do next; `None` when the pass is over. Asked twice, it
    /// says the same.
    #[must_use]
    pub fn next_slice(&self) -> Option<Step> {
        let CleaningReport { started, dry_run, .. } = self.report;
        Some(match *self.targets.front()? {
            Target::Samples => {
                let slice = Slice { cursor: self.cursor, budget: self.budget, dry_run };
                Step::Samples { retention: Arc::clone(&self.retention), slice, now: started }
            }
            Target::AlertHistory => {
                Step::AlertHistory { before: self.policy.alert_history_before(started), dry_run }
            }
            Target::HealthHistory => {
                Step::HealthHistory { before: self.policy.health_history_before(started), dry_run }
            }
        })
    }

    /// Takes what became of the slice that was named last.
    ///
    /// A failure is noted and the pass goes on with the next target. A cursor
    /// that does not grow ends a target, so that no answer can keep a pass
    /// from its end.
    pub fn slice_done<E: fmt::Display>(&mut self, result: Result<SliceOutcome, E>) {
        let Some(&target) = self.targets.front() else { return };
        self.report.slices += 1;
        let next = match result {
            Ok(outcome) => self.count(target, outcome),
            Err(error) => {
                self.report.failures.push(Failure { target, error: error.to_string() });
                None
            }
        };
        if let Some(next) = next {
            self.cursor = next;
        } else {
            self.targets.pop_front();
            self.cursor = 0;
        }
    }

    /// Ends the pass and returns what it did, whether it is over or not.
    #[must_use]
    pub fn finish(mut self, took: Duration) -> CleaningReport {
        self.report.took = took;
        self.report
    }

    /// Adds up an outcome; returns where the target's next slice begins.
    fn count(&mut self, target: Target, outcome: SliceOutcome) -> Option<u32> {
        for (metric, removed) in outcome.by_metric {
            self.report.removed += removed;
            *self.report.by_metric.entry(metric).or_default() += removed;
        }
        match target {
            Target::Samples => return outcome.next.filter(|&next| next > self.cursor),
            Target::AlertHistory => self.report.alert_history += outcome.entries,
            Target::HealthHistory => self.report.health_history += outcome.entries,
        }
        None
    }
}
