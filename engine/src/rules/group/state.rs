//! A group, its alerts and the account of its evaluations.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::alerting::{self, Alerts, Expand, series_of};
use super::recording::record;
use super::{ActiveAlert, AlertChange, InstantVector, RuleError, Schedule};
use crate::alert::AlertState;
use crate::model::{Timestamp, stale_marker};
use crate::promql::LabelSet;
use crate::rules::file::{RuleDefinition, RuleGroup};

/// What holds for groups that say nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupDefaults {
    /// The time between two evaluations; 1 min by default.
    pub interval: Duration,
    /// How far back the rules look; nothing by default.
    pub query_offset: Duration,
}

impl Default for GroupDefaults {
    fn default() -> Self {
        Self { interval: Duration::from_secs(60), query_offset: Duration::ZERO }
    }
}

/// For how long nobody may have evaluated a rule for its pending alerts to go
/// on.
pub const OUTAGE_TOLERANCE: Duration = Duration::from_secs(3_600);

/// What a group has done so far; cheap to clone but for its alerts.
#[derive(Debug, Clone)]
pub struct GroupState {
    group: Arc<RuleGroup>,
    schedule: Schedule,
    query_offset: Duration,
    rules: Vec<RuleState>,
}

/// What a rule has done so far.
#[derive(Debug, Clone, Default)]
pub struct RuleState {
    alerts: Alerts,
    /// The series that it put out last, sorted.
    series: Arc<[LabelSet]>,
    outcome: Option<Result<(), RuleError>>,
    last_evaluation: Option<Timestamp>,
    evaluations: u64,
    failures: u64,
}

/// Whether the last evaluation of a rule succeeded. Writes itself as
/// Prometheus does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleHealth {
    /// `unknown`: there was none.
    Unknown,
    /// `ok`: it did.
    Ok,
    /// `err`: it did not.
    Err,
}

impl fmt::Display for RuleHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Err => "err",
        })
    }
}

/// A sample to append.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSample {
    /// The series.
    pub series: LabelSet,
    /// When.
    pub at: Timestamp,
    /// The value, which may be the staleness marker.
    pub value: f64,
}

/// What the evaluation of a rule comes to. Nothing if it failed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleOutput {
    /// What is to be appended before the next rule is evaluated.
    pub samples: Vec<RuleSample>,
    /// What became of alerts, in the order of their labels.
    pub changes: Vec<AlertChange>,
}

impl GroupState {
    /// Creates the state of a group of `file` that was not evaluated yet.
    #[must_use]
    pub fn new(
        file: &str,
        group: Arc<RuleGroup>,
        defaults: &GroupDefaults,
        now: Timestamp,
    ) -> Self {
        let interval = group.interval.unwrap_or(defaults.interval);
        let schedule = Schedule::new(interval, file, &group.name, now);
        let query_offset = group.query_offset.unwrap_or(defaults.query_offset);
        let rules = vec![RuleState::default(); group.rules.len()];
        Self { group, schedule, query_offset, rules }
    }

    /// Returns the group.
    #[must_use]
    pub const fn group(&self) -> &Arc<RuleGroup> {
        &self.group
    }

    /// Returns when the group is evaluated.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Returns the time of the evaluation that is due at `now`, once; see
    /// [`Schedule::due`].
    pub fn due(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.schedule.due(now)
    }

    /// Returns the time at which the queries of the evaluation at `at` are
    /// asked, and which its samples have.
    #[must_use]
    pub fn query_time(&self, at: Timestamp) -> Timestamp {
        at - self.query_offset
    }

    /// Returns the rules and what each has done so far, in their order.
    pub fn rules(&self) -> impl ExactSizeIterator<Item = (&RuleDefinition, &RuleState)> {
        self.group.rules.iter().zip(&self.rules)
    }

    /// Takes what the expression of the rule `index` came to in the evaluation
    /// at `at`. A rule that the group does not have puts out nothing.
    pub fn step(
        &mut self,
        index: usize,
        at: Timestamp,
        answer: Result<InstantVector, RuleError>,
        expand: &mut Expand<'_>,
    ) -> RuleOutput {
        let sampled_at = self.query_time(at);
        let (Some(rule), Some(state)) = (self.group.rules.get(index), self.rules.get_mut(index))
        else {
            return RuleOutput::default();
        };
        let outcome =
            answer.and_then(|samples| state.evaluate(rule, self.group.limit, samples, at, expand));
        state.last_evaluation = Some(at);
        state.evaluations += 1;
        let (outcome, output) = match outcome {
            Ok((series, changes)) => {
                (Ok(()), RuleOutput { samples: state.put_out(series, sampled_at), changes })
            }
            Err(error) => {
                state.failures += 1;
                (Err(error), RuleOutput::default())
            }
        };
        state.outcome = Some(outcome);
        output
    }

    /// Takes over from a state of the same group before it was changed: a rule
    /// goes on where one of its kind, name and labels was. Returns the
    /// staleness markers of the series that no rule has taken over.
    pub fn succeed(&mut self, before: &Self, at: Timestamp) -> Vec<RuleSample> {
        if self.schedule.is_same(&before.schedule) {
            self.schedule = before.schedule.clone();
        }
        let mut left: Vec<_> = before.rules().collect();
        for (rule, state) in self.group.rules.iter().zip(&mut self.rules) {
            let same = left.iter().position(|(other, _)| is_successor(rule, other));
            if let Some((_, old)) = same.map(|index| left.remove(index)) {
                *state = old.clone();
            }
        }
        let at = before.query_time(at);
        left.iter().flat_map(|(_, state)| state.ended(at)).collect()
    }

    /// Returns the staleness markers of all series of the group, which is
    /// gone. Prometheus appends them two intervals later, when a group of the
    /// same name can no longer have taken over.
    #[must_use]
    pub fn ended(&self, at: Timestamp) -> Vec<RuleSample> {
        let at = self.query_time(at);
        self.rules.iter().flat_map(|state| state.ended(at)).collect()
    }

    /// Puts alerts that were kept until `seen` in place of those of the rule
    /// `index`, as after a restart at `now`. The time in between counts for no
    /// pending alert; after [`OUTAGE_TOLERANCE`] there is none any more.
    pub fn restore(
        &mut self,
        index: usize,
        alerts: impl IntoIterator<Item = ActiveAlert>,
        seen: Timestamp,
        now: Timestamp,
    ) {
        let Some(state) = self.rules.get_mut(index) else { return };
        let outage = now.since(seen);
        state.alerts.clear();
        for mut alert in alerts {
            if alert.state == AlertState::Pending {
                if outage > OUTAGE_TOLERANCE {
                    continue;
                }
                alert.active_at = alert.active_at + outage;
            }
            state.alerts.insert(alert.labels.clone(), alert);
        }
    }
}

fn is_successor(rule: &RuleDefinition, other: &RuleDefinition) -> bool {
    std::mem::discriminant(rule) == std::mem::discriminant(other)
        && rule.name() == other.name()
        && rule.labels() == other.labels()
}

impl RuleState {
    /// Returns the alerts that are pending, firing, or were resolved not long
    /// ago, in the order of their labels.
    pub fn alerts(&self) -> impl ExactSizeIterator<Item = &ActiveAlert> {
        self.alerts.values()
    }

    /// Returns the series that the rule put out last, sorted.
    #[must_use]
    pub fn series(&self) -> &[LabelSet] {
        &self.series
    }

    /// Says whether the last evaluation succeeded.
    #[must_use]
    pub const fn health(&self) -> RuleHealth {
        match self.outcome {
            None => RuleHealth::Unknown,
            Some(Ok(())) => RuleHealth::Ok,
            Some(Err(_)) => RuleHealth::Err,
        }
    }

    /// Returns why the last evaluation failed, if it did.
    #[must_use]
    pub fn last_error(&self) -> Option<&RuleError> {
        self.outcome.as_ref()?.as_ref().err()
    }

    /// Returns the time of the last evaluation.
    #[must_use]
    pub const fn last_evaluation(&self) -> Option<Timestamp> {
        self.last_evaluation
    }

    /// Returns how many evaluations there were.
    #[must_use]
    pub const fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Returns how many of them failed.
    #[must_use]
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// Moves the rule on, and returns the series that it puts out.
    fn evaluate(
        &mut self,
        rule: &RuleDefinition,
        limit: usize,
        samples: InstantVector,
        at: Timestamp,
        expand: &mut Expand<'_>,
    ) -> Result<(InstantVector, Vec<AlertChange>), RuleError> {
        match rule {
            RuleDefinition::Recording(rule) => Ok((record(rule, limit, samples)?, Vec::new())),
            RuleDefinition::Alerting(rule) => {
                let evaluated =
                    alerting::evaluate(rule, limit, &self.alerts, &samples, at, expand)?;
                self.alerts = evaluated.alerts;
                let mut series = series_of(&self.alerts);
                series.sort_by(|(a, _), (b, _)| a.cmp(b));
                Ok((series, evaluated.changes))
            }
        }
    }

    /// Returns the samples of series that are sorted, with a staleness marker
    /// for each series that is no more.
    fn put_out(&mut self, series: InstantVector, at: Timestamp) -> Vec<RuleSample> {
        let before = std::mem::take(&mut self.series);
        self.series = series.iter().map(|(labels, _)| labels.clone()).collect();
        let gone = before.iter().filter(|labels| self.series.binary_search(labels).is_err());
        let gone = gone.map(|labels| (labels.clone(), stale_marker()));
        let sample = |(series, value)| RuleSample { series, at, value };
        series.into_iter().chain(gone).map(sample).collect()
    }

    fn ended(&self, at: Timestamp) -> impl Iterator<Item = RuleSample> {
        let value = stale_marker();
        self.series.iter().map(move |series| RuleSample { series: series.clone(), at, value })
    }
}
