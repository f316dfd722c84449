//! What the alert evaluator is asked, and what it tells.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use keepwatch_engine::alert::{
    Alert, AlertKey, HistoryFilter, Rule, RuleStatus, Severity, Silence, SilenceId, SilenceRequest,
    Transition,
};
use keepwatch_engine::model::{Matcher, TimeRange, Timestamp};
use keepwatch_engine::rules::group::GroupState;
use serde::Serialize;

use super::AlertEvaluator;
use crate::courier::{DeliveryStatus, Subscriber, SubscriptionId};
use crate::request;

request! {
    AddRule => (), owner AlertEvaluator;
    RemoveRule => (), owner AlertEvaluator;
    EnableRule => (), owner AlertEvaluator;
    DisableRule => (), owner AlertEvaluator;
    Rules => Vec<RuleStatus>, owner AlertEvaluator;
    RuleGroups => Vec<Arc<GroupState>>, owner AlertEvaluator;
    EvaluateNow => Vec<AlertTransition>, owner AlertEvaluator;
    ActiveAlerts => Vec<Alert>, owner AlertEvaluator;
    AlertHistory => Vec<AlertTransition>, owner AlertEvaluator;
    Acknowledge => Alert, owner AlertEvaluator;
    AddSilence => Arc<Silence>, owner AlertEvaluator;
    ExpireSilence => Arc<Silence>, owner AlertEvaluator;
    Silences => Vec<Arc<Silence>>, owner AlertEvaluator;
    SubscribeAlerts => SubscriptionId, owner AlertEvaluator;
    UnsubscribeAlerts => bool, owner AlertEvaluator;
    AlertSubscribers => Vec<DeliveryStatus>, owner AlertEvaluator;
    PruneAlertHistory => usize, owner AlertEvaluator;
}

/// Adds a rule; it is first evaluated at the next multiple of its interval.
/// Refused: a name that is taken.
#[derive(Debug, Clone)]
pub struct AddRule(pub Rule);

/// Removes a rule and resolves its alerts.
#[derive(Debug, Clone)]
pub struct RemoveRule {
    /// The rule's name.
    pub rule: Arc<str>,
}

/// Switches a rule on.
#[derive(Debug, Clone)]
pub struct EnableRule {
    /// The rule's name.
    pub rule: Arc<str>,
}

/// Switches a rule off and resolves its alerts.
#[derive(Debug, Clone)]
pub struct DisableRule {
    /// The rule's name.
    pub rule: Arc<str>,
}

/// Asks for every rule and how it fares, by name.
#[derive(Debug, Clone, Copy)]
pub struct Rules;

/// Asks for the groups of all rule files and what they have done so far. Their
/// alerting rules are among [`Rules`], by the names that the groups give.
#[derive(Debug, Clone, Copy)]
pub struct RuleGroups;

/// Evaluates rules now, out of their turn, and answers what that changed once
/// it is done.
#[derive(Debug, Clone, Default)]
pub struct EvaluateNow {
    /// One rule, or every rule that is switched on; not those of rule files,
    /// which are evaluated with their groups.
    pub rule: Option<Arc<str>>,
}

/// Asks for the alerts that are pending or raised, the gravest first.
#[derive(Debug, Clone, Default)]
pub struct ActiveAlerts {
    /// The severity, exactly, or any.
    pub severity: Option<Severity>,
    /// Conditions on the alerts' labels, which all have to hold; `alertname`
    /// and `severity` are labels.
    pub matchers: Vec<Matcher>,
}

/// Asks for what happened, oldest first.
#[derive(Debug, Clone)]
pub struct AlertHistory {
    /// When it happened.
    pub range: TimeRange,
    /// The severity, exactly, or any.
    pub severity: Option<Severity>,
    /// One rule, or any.
    pub rule: Option<Arc<str>>,
    /// The most transitions to answer; the newest are.
    pub limit: usize,
}

impl Default for AlertHistory {
    /// Asks for the newest 1,000 transitions of all.
    fn default() -> Self {
        let HistoryFilter { range, severity, rule, limit } = HistoryFilter::default();
        Self { range, severity, rule, limit }
    }
}

/// Notes that somebody has taken notice of an active alert; lasts until its
/// episode ends. Answers with the alert.
#[derive(Debug, Clone)]
pub struct Acknowledge {
    /// Which alert.
    pub alert: AlertKey,
    /// Who takes notice.
    pub by: Arc<str>,
    /// What they say; may be empty.
    pub comment: Arc<str>,
}

/// Adds a silence. Alerts it covers are evaluated as ever; what happens to
/// them is marked in the history and kept from subscribers.
#[derive(Debug, Clone)]
pub struct AddSilence(pub SilenceRequest);

/// Ends a silence now.
#[derive(Debug, Clone, Copy)]
pub struct ExpireSilence {
    /// The silence.
    pub id: SilenceId,
}

/// Asks for every silence, those that expired in the last days included.
#[derive(Debug, Clone, Copy)]
pub struct Silences;

/// An alert changed its state: the event that subscribers get when an alert
/// fires, loses or finds its data, or is resolved. Dereferences to the
/// [`Transition`]; cheap to clone.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AlertTransition(pub Arc<Transition>);

impl Deref for AlertTransition {
    type Target = Transition;

    fn deref(&self) -> &Transition {
        &self.0
    }
}

impl fmt::Display for AlertTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl actix::Message for AlertTransition {
    type Result = ();
}

/// Tells a subscriber of every transition from now on. Answers with what ends
/// the subscription.
#[derive(Debug)]
pub struct SubscribeAlerts(pub Subscriber<AlertTransition>);

/// Ends a subscription; answers whether there was one.
#[derive(Debug, Clone, Copy)]
pub struct UnsubscribeAlerts(pub SubscriptionId);

/// Asks what became of each subscriber's events.
#[derive(Debug, Clone, Copy)]
pub struct AlertSubscribers;

/// Forgets transitions that happened before a point in time, and the oldest
/// beyond a number; answers how many they are.
#[derive(Debug, Clone, Copy)]
pub struct PruneAlertHistory {
    /// The first point in time to keep.
    pub before: Timestamp,
    /// The most transitions to keep.
    pub max: usize,
    /// Count only, and forget nothing.
    pub dry_run: bool,
}
