//! What the evaluator keeps of one rule.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Labels, Timestamp};

use super::instance::{Change, Instance, SILENT_REMEMBERED, Signal};
use super::rule::SEVERITY;
use super::series::Shown;
use super::silence::Silences;
use super::{
    Alert, AlertState, Annotations, Cause, ErrorPolicy, EvaluationError, Finding, NoDataPolicy,
    Reading, Rule, Severity, Surroundings, Transition,
};

/// The most series that are remembered for a rule.
const REMEMBERED_MAX: usize = 100_000;

/// A rule, its alerts and the account of its evaluations.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) rule: Arc<Rule>,
    pub(super) origin: Origin,
    pub(super) enabled: bool,
    pub(super) interval: Duration,
    pub(super) instances: BTreeMap<Labels, Instance>,
    /// The alerts' labels of the series that have spoken, and when last; kept
    /// only for rules that watch for silence.
    pub(super) spoken: BTreeMap<Labels, Timestamp>,
    /// The last multiple of the interval that needs no evaluation any more.
    pub(super) asked: Timestamp,
    pub(super) last_evaluation: Option<Timestamp>,
    pub(super) evaluations: u64,
    pub(super) missed: u64,
    pub(super) failures: u64,
    pub(super) last_error: Option<EvaluationError>,
    /// Which series of its alerts were told last.
    pub(super) shown: Shown,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It comes anew with each start.
    Configured,
    /// It was added at run time.
    Added,
    /// It was added at run time before the last start; whoever adds a rule of
    /// its name takes its place.
    Restored,
}

/// What an evaluation says of one alert that is or might be.
#[derive(Debug, Clone)]
struct Verdict {
    signal: Signal,
    value: Option<f64>,
    cause: Cause,
    of_rule: bool,
    /// What the alert says from now on; `None` if that is not known.
    annotations: Option<Annotations>,
}

impl Verdict {
    const fn new(signal: Signal, cause: Cause) -> Self {
        Self { signal, value: None, cause, of_rule: false, annotations: None }
    }
}

impl Track {
    pub(super) fn new(rule: Arc<Rule>, origin: Origin, interval: Duration, now: Timestamp) -> Self {
        Self {
            rule,
            origin,
            enabled: true,
            interval,
            instances: BTreeMap::new(),
            spoken: BTreeMap::new(),
            asked: now.align_down(interval),
            last_evaluation: None,
            evaluations: 0,
            missed: 0,
            failures: 0,
            last_error: None,
            shown: Shown::new(),
        }
    }

    /// Says whether it is evaluated by its own interval.
    pub(super) fn is_in_turn(&self) -> bool {
        self.enabled && self.rule.membership.is_none()
    }

    /// Says whether what was asked for or found at `known` still stands at
    /// `at`. Something from further ahead than an interval was put there by a
    /// clock that has been set back since.
    pub(super) fn stands(&self, known: Timestamp, at: Timestamp) -> bool {
        known >= at && known.since(at) <= self.interval
    }

    /// Notes that evaluation at `at` is asked for, and counts the times that
    /// have passed unused since the last one; `busy` wastes this one too.
    pub(super) fn ask(&mut self, at: Timestamp, busy: bool) {
        let interval_ms = self.interval.as_millis().max(1);
        let passed = at.since(self.asked).as_millis() / interval_ms;
        let skipped = passed.saturating_sub(u128::from(!busy));
        self.missed = self.missed.saturating_add(u64::try_from(skipped).unwrap_or(u64::MAX));
        self.asked = at;
    }

    /// Takes the outcome of the evaluation at `at`.
    pub(super) fn step(
        &mut self,
        outcome: Result<Vec<Finding>, EvaluationError>,
        silences: &Silences,
        surroundings: &Surroundings,
        at: Timestamp,
    ) -> Vec<Transition> {
        self.evaluations += 1;
        self.last_evaluation = Some(at);
        let outcome = match outcome {
            Err(EvaluationError::UnknownMetric { .. }) if self.rule.watches_silence() => {
                Ok(Vec::new())
            }
            outcome => outcome,
        };
        let verdicts = outcome.and_then(|findings| self.judge(findings, surroundings, at));
        let mut transitions = match verdicts {
            Ok(verdicts) => {
                self.last_error = None;
                self.apply(verdicts, silences, surroundings, at)
            }
            Err(error) => {
                self.failures += 1;
                self.last_error = Some(error);
                let verdicts = self.judge_failure(surroundings, at);
                self.apply(verdicts, silences, surroundings, at)
            }
        };
        self.tell_after_silence(silences, at, &mut transitions);
        transitions
    }

    /// Ends every alert because the rule is going.
    pub(super) fn end(
        &mut self,
        cause: Cause,
        silences: &Silences,
        at: Timestamp,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        for mut instance in std::mem::take(&mut self.instances).into_values() {
            let to = if instance.state.is_raised() {
                AlertState::Resolved
            } else {
                AlertState::Inactive
            };
            let change = Change { from: instance.state, to };
            instance.state = to;
            transitions.push(transition(&self.rule, &mut instance, change, cause, silences, at));
        }
        transitions
    }

    /// Returns the alert as the world sees it.
    pub(super) fn alert(&self, instance: &Instance) -> Alert {
        alert(&self.rule, instance)
    }

    fn judge(
        &mut self,
        findings: Vec<Finding>,
        surroundings: &Surroundings,
        at: Timestamp,
    ) -> Result<BTreeMap<Labels, Verdict>, EvaluationError> {
        let mut verdicts = BTreeMap::new();
        for Finding { reading, labels, annotations } in findings {
            let verdict = Verdict { annotations, ..self.verdict(&labels, &reading) };
            if verdicts.insert(labels.clone(), verdict).is_some() {
                return Err(EvaluationError::Duplicate { labels: labels.to_string() });
            }
        }
        let speaking = verdicts.iter().filter(|(_, verdict)| verdict.value.is_some());
        let speaking: Vec<Labels> = speaking.map(|(labels, _)| labels.clone()).collect();
        let silent = Reading::new(Labels::EMPTY, None);
        for (labels, instance) in &self.instances {
            // An alert of the rule itself lives on what is said of the rule.
            let verdict = if instance.of_rule {
                Verdict { of_rule: true, ..Verdict::new(Signal::NoMatch, Cause::Condition) }
            } else if instance.is_gone(at) {
                Verdict::new(Signal::NoMatch, Cause::NoData)
            } else {
                self.verdict(labels, &silent)
            };
            verdicts.entry(labels.clone()).or_insert(verdict);
        }
        self.remember(speaking, at);
        for labels in self.spoken.keys() {
            if !verdicts.contains_key(labels) {
                verdicts.insert(labels.clone(), self.verdict(labels, &silent));
            }
        }
        if verdicts.values().all(|verdict| verdict.of_rule) && self.rule.watches_silence() {
            let labels = self.rule.own_labels(at, surroundings);
            let verdict = Verdict { of_rule: true, ..self.verdict(&labels, &silent) };
            verdicts.insert(labels, verdict);
        }
        self.check_cap(&verdicts, at)?;
        Ok(verdicts)
    }

    /// Notes which series speak, and forgets those silent for too long.
    fn remember(&mut self, speaking: Vec<Labels>, at: Timestamp) {
        if !self.rule.watches_silence() {
            return;
        }
        for labels in speaking {
            if self.spoken.len() < REMEMBERED_MAX || self.spoken.contains_key(&labels) {
                self.spoken.insert(labels, at);
            }
        }
        self.spoken.retain(|_, last| at.since(*last) <= SILENT_REMEMBERED);
    }

    fn check_cap(
        &self,
        verdicts: &BTreeMap<Labels, Verdict>,
        at: Timestamp,
    ) -> Result<(), EvaluationError> {
        let is_group = self.rule.membership.is_some();
        let active = |(labels, verdict): &(&Labels, &Verdict)| match verdict.signal {
            Signal::Match => true,
            // Prometheus counts what is only kept firing.
            Signal::NoMatch => {
                let alert = self.instances.get(*labels).filter(|_| is_group);
                alert.is_some_and(|alert| alert.will_be_kept(&self.rule, at))
            }
            Signal::Hold | Signal::NoData => self.instances.contains_key(*labels),
        };
        let (count, cap) = (verdicts.iter().filter(active).count(), self.rule.cap);
        match count > cap {
            false => Ok(()),
            true if is_group => Err(EvaluationError::GroupLimit { count, limit: cap }),
            true => Err(EvaluationError::TooManyAlerts { count, cap }),
        }
    }

    fn verdict(&self, labels: &Labels, reading: &Reading) -> Verdict {
        let raised = self.instances.get(labels).is_some_and(|alert| alert.state.is_raised());
        let alerts = self.rule.condition.judge(reading);
        let holds = match &self.rule.clear {
            // While the condition holds nothing is clear: the two may overlap,
            // and the alert would end and fire again with every evaluation.
            Some(clear) if raised && alerts != Some(true) => {
                clear.judge(reading).map(|clears| !clears)
            }
            _ => alerts,
        };
        let (signal, cause) = match (holds, self.rule.no_data) {
            (Some(true), _) => (Signal::Match, Cause::Condition),
            (Some(false), _) => (Signal::NoMatch, Cause::Condition),
            (None, NoDataPolicy::Alerting) => (Signal::Match, Cause::NoData),
            (None, NoDataPolicy::Normal) => (Signal::NoMatch, Cause::NoData),
            (None, NoDataPolicy::KeepLast) => (Signal::Hold, Cause::NoData),
            (None, NoDataPolicy::NoData) => (Signal::NoData, Cause::NoData),
        };
        Verdict { value: reading.value, ..Verdict::new(signal, cause) }
    }

    /// Judges an evaluation that failed: every alert holds, and the rule's
    /// own one is raised if the policy says so.
    fn judge_failure(
        &self,
        surroundings: &Surroundings,
        at: Timestamp,
    ) -> BTreeMap<Labels, Verdict> {
        let verdict = |signal, of_rule| Verdict { of_rule, ..Verdict::new(signal, Cause::Error) };
        let held = |(labels, alert): (&Labels, &Instance)| {
            (labels.clone(), verdict(Signal::Hold, alert.of_rule))
        };
        let mut verdicts: BTreeMap<_, _> = self.instances.iter().map(held).collect();
        if self.rule.on_error == ErrorPolicy::Alerting {
            let labels = self.rule.own_labels(at, surroundings);
            verdicts.insert(labels, verdict(Signal::Match, true));
        }
        verdicts
    }

    fn apply(
        &mut self,
        verdicts: BTreeMap<Labels, Verdict>,
        silences: &Silences,
        surroundings: &Surroundings,
        at: Timestamp,
    ) -> Vec<Transition> {
        let mut transitions = Vec::new();
        for (labels, verdict) in verdicts {
            let change = match self.instances.get_mut(&labels) {
                Some(instance) => {
                    if verdict.signal == Signal::Match {
                        instance.of_rule = verdict.of_rule;
                    }
                    if verdict.value.is_some() {
                        instance.value = verdict.value;
                    }
                    if let Some(annotations) = verdict.annotations {
                        instance.annotations = annotations;
                    }
                    instance.advance(verdict.signal, &self.rule, self.interval, at)
                }
                None if verdict.signal == Signal::Match => {
                    let (mut instance, change) =
                        Instance::begin(&self.rule, labels.clone(), verdict.of_rule, at);
                    instance.value = verdict.value;
                    instance.annotations = verdict.annotations.unwrap_or_else(|| {
                        let (rule, value) = (&self.rule, verdict.value);
                        rule.annotations_of(&labels, value, at, surroundings)
                    });
                    self.instances.insert(labels.clone(), instance);
                    Some(change)
                }
                None => None,
            };
            let (Some(change), Some(instance)) = (change, self.instances.get_mut(&labels)) else {
                continue;
            };
            transitions.push(transition(&self.rule, instance, change, verdict.cause, silences, at));
            if matches!(change.to, AlertState::Inactive | AlertState::Resolved) {
                self.instances.remove(&labels);
            }
        }
        transitions
    }

    /// Tells of alerts that fired under a silence which is over.
    fn tell_after_silence(
        &mut self,
        silences: &Silences,
        at: Timestamp,
        transitions: &mut Vec<Transition>,
    ) {
        for instance in self.instances.values_mut() {
            let owed = instance.state.is_raised() && !instance.notified;
            if !owed || silences.covering(&instance.labels, at).is_some() {
                continue;
            }
            let change = Change { from: instance.state, to: instance.state };
            let cause = Cause::SilenceEnded;
            transitions.push(transition(&self.rule, instance, change, cause, silences, at));
        }
    }
}

/// Puts a change into words and decides whether subscribers are told.
fn transition(
    rule: &Rule,
    instance: &mut Instance,
    change: Change,
    cause: Cause,
    silences: &Silences,
    at: Timestamp,
) -> Transition {
    let covering = silences.covering(&instance.labels, at);
    let suppressed_by = match change.to {
        // Who was told of the alert is told of its end; who was not, is not.
        AlertState::Resolved if instance.notified => None,
        AlertState::Resolved => covering.or(instance.silenced_by),
        _ => covering,
    };
    instance.silenced_by = suppressed_by;
    let mut cause = cause;
    if change.to.is_raised() && suppressed_by.is_none() {
        // The first that subscribers hear of an alert raised before.
        if change.from.is_raised() && !instance.notified {
            cause = Cause::SilenceEnded;
        }
        instance.notified = true;
    }
    Transition {
        alert: alert(rule, instance),
        from: change.from,
        to: change.to,
        cause,
        at,
        suppressed_by,
    }
}

/// Returns how grave an alert is: what its label says, if it is a severity.
pub(super) fn severity(rule: &Rule, labels: &Labels) -> Severity {
    let label = labels.get(SEVERITY).and_then(|text| text.parse().ok());
    label.unwrap_or(rule.severity)
}

fn alert(rule: &Rule, instance: &Instance) -> Alert {
    Alert {
        fingerprint: instance.fingerprint,
        rule: Arc::clone(&rule.name),
        metric: rule.question.metric().cloned(),
        labels: instance.labels.clone(),
        severity: severity(rule, &instance.labels),
        state: instance.state,
        value: instance.value,
        annotations: instance.annotations.clone(),
        active_at: instance.active_at,
        fired_at: instance.fired_at,
        acknowledged: instance.acknowledged.clone(),
        silenced_by: instance.silenced_by,
    }
}
