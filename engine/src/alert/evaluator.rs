//! All rules, their alerts, silences and history: the state of the alert
//! evaluator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Labels, Timestamp};

use super::history::History;
use super::kept::KeptRule;
use super::query::unknown_alert;
use super::silence::Silences;
use super::track::{Origin, Track};
use super::{
    Acknowledgement, Alert, AlertError, AlertFilter, AlertKey, AlertState, Cause, EvaluationError,
    Finding, HistoryFilter, Rule, RuleStatus, Silence, SilenceId, SilenceRequest, Surroundings,
    Transition,
};

/// How often a rule is evaluated if it does not say.
pub const INTERVAL_DEFAULT: Duration = Duration::from_secs(15);

/// The most rules.
pub const RULES_MAX: usize = 10_000;

/// How many transitions are kept.
pub const HISTORY_MAX: usize = 10_000;

/// The alert evaluator's state: events in, transitions out. A clone is cheap,
/// shares what it can and stays as it was.
#[derive(Debug, Clone)]
pub struct Evaluator {
    pub(super) interval: Duration,
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) tracks: BTreeMap<Arc<str>, Arc<Track>>,
    /// What was kept of rules that have not been added again.
    pub(super) unclaimed: BTreeMap<Arc<str>, Arc<KeptRule>>,
    pub(super) silences: Arc<Silences>,
    pub(super) history: History,
}

/// A rule whose time has come.
#[derive(Debug, Clone)]
pub struct Due {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The time to evaluate it at.
    pub at: Timestamp,
    /// The time at which its question is asked; earlier for a rule of a group
    /// with an offset.
    pub query_at: Timestamp,
}

impl Default for Evaluator {
    fn default() -> Self {
        Self::new(INTERVAL_DEFAULT)
    }
}

impl Evaluator {
    /// Creates an evaluator without rules. Rules that do not say otherwise
    /// are evaluated every `interval`.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            interval: interval.max(Duration::from_millis(1)),
            surroundings: Arc::default(),
            tracks: BTreeMap::new(),
            unclaimed: BTreeMap::new(),
            silences: Arc::default(),
            history: History::new(HISTORY_MAX),
        }
    }

    /// Sets what templates know beside the alert.
    pub fn surround(&mut self, surroundings: Surroundings) {
        self.surroundings = Arc::new(surroundings);
    }

    /// Returns what templates know beside the alert.
    #[must_use]
    pub const fn surroundings(&self) -> &Arc<Surroundings> {
        &self.surroundings
    }

    /// Adds a rule; it is due at the first multiple of its interval after
    /// `now`. It takes the place of one that was restored and has not been
    /// added since, and goes on with the alerts that are its own.
    ///
    /// # Errors
    /// A rule of the same name, too many rules, or a rule of a group.
    pub fn add_rule(&mut self, rule: Rule, now: Timestamp) -> Result<(), AlertError> {
        check_alone(&rule)?;
        self.insert(rule, Origin::Added, now)
    }

    /// Adds a rule that comes anew with each start, as
    /// [`add_rule`](Self::add_rule) does: its alerts are kept, itself not. One
    /// that belongs to a group is due when its group says so.
    ///
    /// # Errors
    /// A rule of the same name, or too many rules.
    pub fn configure_rule(&mut self, rule: Rule, now: Timestamp) -> Result<(), AlertError> {
        self.insert(rule, Origin::Configured, now)
    }

    fn insert(&mut self, rule: Rule, origin: Origin, now: Timestamp) -> Result<(), AlertError> {
        let name = Arc::clone(&rule.name);
        let restored = match self.tracks.get(&name) {
            Some(track) if track.origin == Origin::Restored => Some(KeptRule::of(track)),
            Some(_) => return Err(AlertError::DuplicateRule { rule: name.to_string() }),
            None => None,
        };
        if restored.is_none() && self.tracks.len() >= RULES_MAX {
            return Err(AlertError::TooManyRules { rule: name.to_string(), max: RULES_MAX });
        }
        let interval = rule.interval.unwrap_or(self.interval);
        let mut track = Track::new(Arc::new(rule), origin, interval, now);
        let unclaimed = self.unclaimed.remove(&name).map(Arc::unwrap_or_clone);
        if let Some(kept) = unclaimed.or(restored) {
            track.adopt(kept, now);
        }
        self.tracks.insert(name, Arc::new(track));
        Ok(())
    }

    /// Removes a rule and resolves its alerts.
    ///
    /// # Errors
    /// No rule of this name, or one of a group, which can only be switched
    /// off.
    pub fn remove_rule(
        &mut self,
        name: &str,
        now: Timestamp,
    ) -> Result<Vec<Arc<Transition>>, AlertError> {
        if let Some(track) = self.tracks.get(name) {
            check_alone(&track.rule)?;
        }
        let mut track = self.tracks.remove(name).ok_or_else(|| unknown_rule(name))?;
        let ended = Arc::make_mut(&mut track).end(Cause::RuleRemoved, &self.silences, now);
        Ok(self.record(ended))
    }

    /// Switches a rule on; it is due at the first multiple of its interval
    /// after `now`.
    ///
    /// # Errors
    /// No rule of this name.
    pub fn enable_rule(&mut self, name: &str, now: Timestamp) -> Result<(), AlertError> {
        let track = self.track(name)?;
        if !track.enabled {
            track.enabled = true;
            track.asked = now.align_down(track.interval);
        }
        Ok(())
    }

    /// Switches a rule off and resolves its alerts.
    ///
    /// # Errors
    /// No rule of this name.
    pub fn disable_rule(
        &mut self,
        name: &str,
        now: Timestamp,
    ) -> Result<Vec<Arc<Transition>>, AlertError> {
        let silences = Arc::clone(&self.silences);
        let track = self.track(name)?;
        track.enabled = false;
        let ended = track.end(Cause::RuleDisabled, &silences, now);
        Ok(self.record(ended))
    }

    /// Returns every rule and how it fares, by name.
    #[must_use]
    pub fn rules(&self) -> Vec<RuleStatus> {
        self.tracks.values().map(|track| status(track)).collect()
    }

    /// Returns one rule and how it fares.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<RuleStatus> {
        self.tracks.get(name).map(|track| status(track))
    }

    /// Returns why the last evaluation of a rule failed, if it did.
    #[must_use]
    pub fn last_error(&self, name: &str) -> Option<&EvaluationError> {
        self.tracks.get(name)?.last_error.as_ref()
    }

    /// Returns one rule.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<Arc<Rule>> {
        self.tracks.get(name).map(|track| Arc::clone(&track.rule))
    }

    /// Returns when the next evaluation is due: the first multiple of an
    /// enabled rule's interval after `now`. Rules of groups are due with these.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let enabled = self.tracks.values().filter(|track| track.is_in_turn());
        enabled.map(|track| now.align_down(track.interval) + track.interval).min()
    }

    /// Returns the rules whose time has come, each with the multiple of its
    /// interval that it is to be evaluated at, and notes that they are under
    /// way. Times that passed unused are skipped and counted as missed.
    ///
    /// `busy` names rules whose last evaluation is still under way: theirs is
    /// missed as well.
    pub fn due(&mut self, now: Timestamp, busy: impl Fn(&str) -> bool) -> Vec<Due> {
        let mut due = Vec::new();
        for (name, track) in &mut self.tracks {
            let at = now.align_down(track.interval);
            if !track.is_in_turn() || track.stands(track.asked, at) {
                continue;
            }
            let track = Arc::make_mut(track);
            track.ask(at, busy(name));
            if !busy(name) {
                due.push(Due { rule: Arc::clone(&track.rule), at, query_at: at });
            }
        }
        due
    }

    /// Returns a rule of a group, unless it is switched off or gone, to be
    /// evaluated at `at` on what there was at `query_at`.
    #[must_use]
    pub fn due_in_group(&self, rule: &str, at: Timestamp, query_at: Timestamp) -> Option<Due> {
        let track = self.tracks.get(rule)?;
        let is_due = track.enabled && track.rule.membership.is_some();
        is_due.then(|| Due { rule: Arc::clone(&track.rule), at, query_at })
    }

    /// Returns every rule that is switched on and belongs to no group, or the
    /// one that is named, to be evaluated at `now` out of its turn.
    ///
    /// # Errors
    /// No rule of this name, or one that belongs to a group: the rules of a
    /// group rest on each other.
    pub fn due_now(&self, rule: Option<&str>, now: Timestamp) -> Result<Vec<Due>, AlertError> {
        if let Some(name) = rule {
            check_alone(&self.tracks.get(name).ok_or_else(|| unknown_rule(name))?.rule)?;
        }
        let wanted = |track: &&Arc<Track>| {
            track.is_in_turn() && rule.is_none_or(|name| name == &*track.rule.name)
        };
        let due =
            |track: &Arc<Track>| Due { rule: Arc::clone(&track.rule), at: now, query_at: now };
        Ok(self.tracks.values().filter(wanted).map(due).collect())
    }

    /// Takes the outcome of the evaluation of a rule: what it
    /// [found](Rule::find) of each series, or why it found nothing. An outcome for a rule that is
    /// gone, switched off, or has a newer one is dropped.
    pub fn step(
        &mut self,
        due: &Due,
        outcome: Result<Vec<Finding>, EvaluationError>,
    ) -> Vec<Arc<Transition>> {
        let Some(track) = self.tracks.get_mut(&due.rule.name) else { return Vec::new() };
        let overtaken =
            track.last_evaluation.is_some_and(|last| last != due.at && track.stands(last, due.at));
        if !Arc::ptr_eq(&track.rule, &due.rule) || !track.enabled || overtaken {
            return Vec::new();
        }
        let (silences, surroundings) = (&self.silences, &self.surroundings);
        let transitions = Arc::make_mut(track).step(outcome, silences, surroundings, due.at);
        self.record(transitions)
    }

    /// Returns the alerts that are pending or raised and pass the filter, the
    /// gravest first, then by rule and labels.
    #[must_use]
    pub fn active(&self, filter: &AlertFilter) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for track in self.tracks.values() {
            let instances = track.instances.values();
            let passing = instances.filter(|alert| filter.passes(&track.rule, &alert.labels));
            alerts.extend(passing.map(|instance| track.alert(instance)));
        }
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        alerts
    }

    /// Returns what happened and passes the filter, oldest first.
    #[must_use]
    pub fn history(&self, filter: &HistoryFilter) -> Vec<Arc<Transition>> {
        self.history.select(filter)
    }

    /// Returns how many transitions are kept.
    #[must_use]
    pub const fn history_len(&self) -> usize {
        self.history.len()
    }

    /// Counts what [`prune_history`](Self::prune_history) would remove.
    #[must_use]
    pub fn prunable_history(&self, before: Timestamp, max: usize) -> usize {
        self.history.prunable(before, max)
    }

    /// Removes transitions that happened before a point in time, and the
    /// oldest beyond the newest `max`; returns how many. What was kept of
    /// rules that nobody added again goes as well, if it is as old.
    pub fn prune_history(&mut self, before: Timestamp, max: usize) -> usize {
        self.unclaimed.retain(|_, kept| kept.last_seen() >= before);
        self.history.prune(before, max)
    }

    /// Notes that somebody has taken notice of an alert; lasts until its
    /// episode ends. A later acknowledgement replaces an earlier one.
    ///
    /// # Errors
    /// No such alert that is pending or raised, or nobody named.
    pub fn acknowledge(
        &mut self,
        key: &AlertKey,
        acknowledgement: Acknowledgement,
    ) -> Result<Alert, AlertError> {
        if acknowledgement.by.trim().is_empty() {
            return Err(AlertError::Nobody { what: "an acknowledgement" });
        }
        super::check_text("an acknowledgement", "author", &acknowledgement.by)?;
        super::check_text("an acknowledgement", "comment", &acknowledgement.comment)?;
        let (name, labels) = self.find(key)?;
        let track = self.track(&name)?;
        match track.instances.get_mut(&labels) {
            Some(instance) => instance.acknowledged = Some(acknowledgement),
            None => return Err(unknown_alert(key)),
        }
        track
            .instances
            .get(&labels)
            .map(|alert| track.alert(alert))
            .ok_or_else(|| unknown_alert(key))
    }

    /// Adds a silence.
    ///
    /// # Errors
    /// Nobody named, no matcher that asks for something, a window that is
    /// over, or too many silences.
    pub fn add_silence(
        &mut self,
        request: SilenceRequest,
        now: Timestamp,
    ) -> Result<Arc<Silence>, AlertError> {
        Arc::make_mut(&mut self.silences).add(request, now)
    }

    /// Ends a silence.
    ///
    /// # Errors
    /// No such silence.
    pub fn expire_silence(
        &mut self,
        id: SilenceId,
        now: Timestamp,
    ) -> Result<Arc<Silence>, AlertError> {
        Arc::make_mut(&mut self.silences).expire(id, now)
    }

    /// Returns every silence, expired ones of the last days included.
    #[must_use]
    pub fn silences(&self) -> Vec<Arc<Silence>> {
        self.silences.iter().cloned().collect()
    }

    fn track(&mut self, name: &str) -> Result<&mut Track, AlertError> {
        self.tracks.get_mut(name).map(Arc::make_mut).ok_or_else(|| unknown_rule(name))
    }

    fn find(&self, key: &AlertKey) -> Result<(Arc<str>, Labels), AlertError> {
        for (name, track) in &self.tracks {
            for instance in track.instances.values() {
                if key.means(name, instance) {
                    return Ok((Arc::clone(name), instance.labels.clone()));
                }
            }
        }
        Err(unknown_alert(key))
    }

    fn record(&mut self, transitions: Vec<Transition>) -> Vec<Arc<Transition>> {
        let transitions: Vec<_> = transitions.into_iter().map(Arc::new).collect();
        for transition in &transitions {
            self.history.push(Arc::clone(transition));
        }
        transitions
    }
}

fn status(track: &Track) -> RuleStatus {
    let count = |test: fn(AlertState) -> bool| {
        track.instances.values().filter(|alert| test(alert.state)).count()
    };
    RuleStatus {
        rule: Arc::clone(&track.rule),
        enabled: track.enabled,
        interval: track.interval,
        pending: count(|state| state == AlertState::Pending),
        raised: count(AlertState::is_raised),
        last_evaluation: track.last_evaluation,
        evaluations: track.evaluations,
        missed: track.missed,
        failures: track.failures,
        last_error: track.last_error.as_ref().map(ToString::to_string),
    }
}

/// Refuses a rule that belongs to a group.
fn check_alone(rule: &Rule) -> Result<(), AlertError> {
    match &rule.membership {
        None => Ok(()),
        Some(membership) => {
            let (rule, group) = (rule.name.to_string(), membership.to_string());
            Err(AlertError::OfGroup { rule, group })
        }
    }
}

fn unknown_rule(name: &str) -> AlertError {
    AlertError::UnknownRule { rule: name.chars().take(256).collect() }
}
