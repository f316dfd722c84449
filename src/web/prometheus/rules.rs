//! `rules`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use keepwatch_actors::alert_evaluator::messages::{ActiveAlerts, RuleGroups, Rules};
use keepwatch_engine::alert::{Alert, Condition, Question, Rule, RuleStatus, SEVERITY};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::rules::file::RecordingRule;
use keepwatch_engine::rules::group::{GroupState, Member, RecordingState};
use serde::Serialize;

use super::alerts::{Active, rfc3339};
use super::envelope::{Failure, success};
use super::form::Form;
use super::selection::{RuleKind, RuleSelection};
use crate::Monitor;

/// The group of the rules that are in no rule file.
const OWN_GROUP: &str = "keepwatch";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    groups: Vec<Group>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    file: String,
    rules: Vec<Told>,
    interval: f64,
    limit: usize,
    evaluation_time: f64,
    last_evaluation: String,
}

/// A rule as Prometheus tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    name: String,
    query: String,
    labels: BTreeMap<String, String>,
    health: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    evaluation_time: f64,
    last_evaluation: String,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Kind {
    Recording,
    #[serde(rename_all = "camelCase")]
    Alerting {
        state: &'static str,
        duration: f64,
        keep_firing_for: f64,
        annotations: BTreeMap<String, String>,
        alerts: Vec<Active>,
    },
}

/// `rules`: the groups of the rule files, after one of all other alert rules.
pub(super) async fn rules(
    monitor: Data<Monitor>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let selection = RuleSelection::read(&Form::read(&request, &body))?;
    let statuses = monitor.send(Rules).await?;
    let alerts = monitor.send(ActiveAlerts::default()).await?;
    let groups = monitor.send(RuleGroups).await?;
    let mut by_rule: HashMap<&str, Vec<&Alert>> = HashMap::new();
    for alert in alerts.iter().filter(|_| !selection.exclude_alerts) {
        by_rule.entry(&alert.rule).or_default().push(alert);
    }
    let teller = Teller { statuses: &statuses, alerts: by_rule, selection: &selection };
    let mut groups: Vec<Group> =
        [teller.own()].into_iter().chain(groups.iter().map(|group| teller.group(group))).collect();
    groups
        .retain(|group| !group.rules.is_empty() && selection.wants_group(&group.name, &group.file));
    let token = |group: &Group| format!("{};{}", group.file, group.name);
    let (groups, group_next_token) = selection.page(groups, token)?;
    Ok(success(Groups { groups, group_next_token }))
}

/// What rules are told from.
struct Teller<'a> {
    statuses: &'a [RuleStatus],
    /// Those that are to be told, by the names of their rules.
    alerts: HashMap<&'a str, Vec<&'a Alert>>,
    selection: &'a RuleSelection,
}

impl Teller<'_> {
    /// Tells the alert rules that are in no rule file.
    fn own(&self) -> Group {
        let own = || self.statuses.iter().filter(|status| status.rule.membership().is_none());
        let last = own().filter_map(|status| status.last_evaluation).max();
        Group {
            name: OWN_GROUP.to_owned(),
            file: String::new(),
            rules: own().filter_map(|status| self.alerting(status)).collect(),
            interval: own().map(|one| one.interval).max().unwrap_or(Duration::ZERO).as_secs_f64(),
            limit: 0,
            evaluation_time: 0.0,
            last_evaluation: time(last),
        }
    }

    fn group(&self, group: &GroupState) -> Group {
        let mut last = None;
        let told = group.members().iter().filter_map(|member| match member {
            Member::Recording { rule, state } => {
                last = last.max(state.last_evaluation());
                self.recording(rule, state)
            }
            Member::Alerting { rule } => {
                // They are sorted by name.
                let found = self.statuses.binary_search_by(|one| one.rule.name().cmp(rule));
                let status = self.statuses.get(found.ok()?)?;
                last = last.max(status.last_evaluation);
                self.alerting(status)
            }
        });
        let rules = told.collect();
        Group {
            name: group.name().to_string(),
            file: group.file().to_string(),
            rules,
            interval: group.schedule().interval().as_secs_f64(),
            limit: group.limit(),
            evaluation_time: group.took().as_secs_f64(),
            last_evaluation: time(last),
        }
    }

    fn recording(&self, rule: &RecordingRule, state: &RecordingState) -> Option<Told> {
        let name = rule.record.to_string();
        let labels = texts(&rule.labels);
        let last_error = state.last_error().map(ToString::to_string);
        self.selection.wants_rule(RuleKind::Recording, &name, &labels).then(|| Told {
            name,
            query: rule.expression.to_string(),
            labels,
            health: health(last_error.as_deref(), state.evaluations()),
            last_error,
            evaluation_time: 0.0,
            last_evaluation: time(state.last_evaluation()),
            kind: Kind::Recording,
        })
    }

    fn alerting(&self, status: &RuleStatus) -> Option<Told> {
        let rule = &status.rule;
        let mut labels = texts(rule.labels());
        if rule.membership().is_none() {
            labels.insert(SEVERITY.to_owned(), rule.severity().to_string());
        }
        if !self.selection.wants_rule(RuleKind::Alerting, rule.alert(), &labels) {
            return None;
        }
        let active = self.alerts.get(&**rule.name()).into_iter().flatten();
        let kind = Kind::Alerting {
            state: match (status.raised, status.pending) {
                (0, 0) => "inactive",
                (0, _) => "pending",
                _ => "firing",
            },
            duration: rule.pending_for().as_secs_f64(),
            keep_firing_for: rule.keep_firing_for().as_secs_f64(),
            annotations: texts(rule.annotations()),
            alerts: active.map(|alert| Active::new(alert)).collect(),
        };
        Some(Told {
            name: rule.alert().to_string(),
            query: watched(rule),
            labels,
            health: health(status.last_error.as_deref(), status.evaluations),
            last_error: status.last_error.clone(),
            evaluation_time: 0.0,
            last_evaluation: time(status.last_evaluation),
            kind,
        })
    }
}

fn texts<T: ToString>(named: &[(Arc<str>, T)]) -> BTreeMap<String, String> {
    named.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

const fn health(last_error: Option<&str>, evaluations: u64) -> &'static str {
    match (last_error, evaluations) {
        (Some(_), _) => "err",
        (None, 0) => "unknown",
        (None, _) => "ok",
    }
}

fn time(at: Option<Timestamp>) -> String {
    rfc3339(at.unwrap_or(Timestamp::MIN))
}

/// Writes what a rule asks and its condition; the question about a metric is
/// no PromQL.
fn watched(rule: &Rule) -> String {
    match (rule.question(), rule.condition()) {
        (Question::Expression { expression }, condition) if *condition == Condition::present() => {
            expression.to_string()
        }
        (question, condition) => format!("{question}: {condition}"),
    }
}
