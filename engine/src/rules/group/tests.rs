use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::alert::{
    ALERT_NAME, Alert, AlertFilter, AlertState, EvaluationError, Evaluator, Reading, RuleStatus,
    Surroundings, Transition,
};
use crate::model::{Labels, Timestamp, is_stale};
use crate::promql::{LabelSet, NAME};
use crate::registry::DerivedSample;
use crate::rules::file::RuleFile;
use crate::storage::state::{Batch, Contents, Stored as _};
use crate::template::TemplateSample;

const MINUTE: Duration = Duration::from_secs(60);

fn minute(count: u32) -> Timestamp {
    Timestamp::from_millis(0) + MINUTE * count
}

/// A group and the evaluator that has its alerts.
struct Group {
    state: GroupState,
    evaluator: Evaluator,
}

/// What a rule puts out, and what became of its alerts.
#[derive(Default)]
struct Output {
    samples: Vec<DerivedSample>,
    transitions: Vec<Arc<Transition>>,
}

fn group_of(fields: &str, rules: &str) -> Group {
    let text = format!("groups:\n- name: g\n  {fields}\n  rules: [{rules}]\n");
    let file = RuleFile::parse(&text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let mut evaluator = Evaluator::default();
    let external_labels = Labels::EMPTY.with("region", "eu");
    evaluator.surround(Surroundings { external_labels, external_url: "http://here".into() });
    let (name, defaults) = ("file".into(), GroupDefaults::default());
    let state = GroupState::new(&name, &file.groups[0], &defaults, &mut evaluator, minute(0));
    Group { state: state.unwrap(), evaluator }
}

impl Group {
    /// Evaluates the first rule.
    fn step(&mut self, at: u32, answer: Result<InstantVector, String>) -> Output {
        let at = minute(at);
        match self.state.member(0).unwrap().clone() {
            Member::Recording { .. } => {
                let samples = self.state.record(0, at, answer.map_err(RuleError::Query));
                Output { samples, ..Output::default() }
            }
            Member::Alerting { rule } => {
                let query_at = self.state.query_time(at);
                let due = self.evaluator.due_in_group(&rule, at, query_at).unwrap();
                let found = answer.map(|samples| {
                    let reading =
                        |(series, value)| Reading { series, value: Some(value), change: None };
                    let mut query = |text: &str| {
                        assert_eq!(text, "up");
                        let labels = Labels::EMPTY.with("found", "it");
                        Ok(vec![TemplateSample { labels, value: 7.0, at }])
                    };
                    let surroundings = self.evaluator.surroundings();
                    due.rule.find(samples.into_iter().map(reading), at, surroundings, &mut query)
                });
                let found = found.map_err(|reason| EvaluationError::Readings { reason });
                let transitions = self.evaluator.step(&due, found);
                Output { samples: self.evaluator.show(&rule, query_at), transitions }
            }
        }
    }

    fn recording(&self) -> &RecordingState {
        match self.state.member(0) {
            Some(Member::Recording { state, .. }) => state,
            other => panic!("{other:?}"),
        }
    }

    fn status(&self) -> RuleStatus {
        self.evaluator.rules().remove(0)
    }

    fn alerts(&self) -> Vec<Alert> {
        self.evaluator.active(&AlertFilter::default())
    }

    fn last_error(&self) -> String {
        let error = match self.state.member(0) {
            Some(Member::Recording { state, .. }) => state.last_error().map(ToString::to_string),
            _ => self.status().last_error,
        };
        error.unwrap_or_default()
    }
}

/// Reads `up{a=b,c=d} 1; {} 2`.
fn samples(text: &str) -> Vec<(LabelSet, f64)> {
    let sample = |text: &str| {
        let (series, value) = text.trim().rsplit_once(' ').unwrap();
        let (name, labels) = series.trim_end_matches('}').split_once('{').unwrap();
        let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let series = LabelSet::default().with(NAME, name);
        let series = pairs.fold(series, |series, (label, text)| series.with(label, text));
        (series, value.parse().unwrap())
    };
    text.split(';').filter(|text| !text.trim().is_empty()).map(sample).collect()
}

/// Writes what a rule put out: samples, then what became of alerts.
fn told(output: &Output) -> Vec<String> {
    let sample = |derived: &DerivedSample| {
        let DerivedSample { name, labels, sample } = derived;
        let series = LabelSet { name: Arc::clone(name), labels: labels.clone() };
        let value =
            if is_stale(sample.value) { "stale".to_owned() } else { sample.value.to_string() };
        format!("{series} {value} at {}s", sample.at.seconds())
    };
    let change = |transition: &Arc<Transition>| {
        let labels = transition.alert.labels.without(ALERT_NAME);
        format!("{labels}: {} to {}", transition.from, transition.to)
    };
    output.samples.iter().map(sample).chain(output.transitions.iter().map(change)).collect()
}

fn step(group: &mut Group, at: u32, answer: &str) -> Vec<String> {
    told(&group.step(at, Ok(samples(answer))))
}

fn fail(group: &mut Group, at: u32) -> Vec<String> {
    told(&group.step(at, Err("no answer".to_owned())))
}

#[test]
fn what_is_recorded() {
    let mut group =
        group_of("labels: {team: x, job: y}", "{record: r, expr: up, labels: {job: ''}}");
    assert_eq!(
        step(&mut group, 1, "up{job=a,instance=b} 1; {instance=c} 2"),
        ["r{instance=\"b\", team=\"x\"} 1 at 60s", "r{instance=\"c\", team=\"x\"} 2 at 60s"]
    );
    let none: [&str; 0] = [];
    assert_eq!(step(&mut group, 2, "up{job=a,instance=c} 1; up{job=b,instance=c} 2"), none);
    assert_eq!(
        group.last_error(),
        "vector contains metrics with the same labelset after applying rule labels: \
         r{instance=\"c\", team=\"x\"}"
    );
}

#[test]
fn what_vanishes_is_marked_once() {
    let mut group = group_of("", "{record: r, expr: up}");
    assert_eq!(step(&mut group, 1, "up{a=1} 1; up{a=2} 2").len(), 2);
    let none: [&str; 0] = [];
    assert_eq!(fail(&mut group, 2), none);
    assert_eq!(
        step(&mut group, 3, "up{a=1} 5"),
        ["r{a=\"1\"} 5 at 180s", "r{a=\"2\"} stale at 180s"]
    );
    assert_eq!(step(&mut group, 4, ""), ["r{a=\"1\"} stale at 240s"]);
    assert_eq!(step(&mut group, 5, ""), none);
}

#[test]
fn a_limit_fails_the_evaluation_and_nothing_else() {
    let mut group = group_of("limit: 1", "{record: r, expr: up}");
    assert_eq!(step(&mut group, 1, "up{a=1} 1"), ["r{a=\"1\"} 1 at 60s"]);
    let none: [&str; 0] = [];
    assert_eq!(step(&mut group, 2, "up{a=1} 1; up{a=2} 1"), none);
    assert_eq!(group.last_error(), "exceeded limit of 1 with 2 series");
    assert_eq!(step(&mut group, 3, ""), ["r{a=\"1\"} stale at 180s"]);
    let mut group = group_of("limit: 1", "{alert: A, expr: up, for: 2m}");
    step(&mut group, 1, "up{a=1} 1");
    assert_eq!(
        step(&mut group, 2, "up{a=1} 1; up{a=2} 1"),
        [
            "ALERTS{a=\"1\", alertname=\"A\", alertstate=\"pending\"} 1 at 120s",
            "ALERTS_FOR_STATE{a=\"1\", alertname=\"A\"} 60 at 120s",
        ]
    );
    assert_eq!(group.last_error(), "exceeded limit of 1 with 2 alerts");
    assert_eq!(*step(&mut group, 3, "up{a=1} 1").last().unwrap(), "{a=\"1\"}: pending to firing");
    assert_eq!(group.last_error(), "");
}

#[test]
fn queries_and_samples_are_offset_and_alerts_are_not() {
    let mut group = group_of("query_offset: 30s", "{alert: A, expr: up}");
    assert_eq!(group.state.query_time(minute(2)), minute(1) + MINUTE / 2);
    assert_eq!(
        step(&mut group, 2, "up{} 1"),
        [
            "ALERTS{alertname=\"A\", alertstate=\"firing\"} 1 at 90s",
            "ALERTS_FOR_STATE{alertname=\"A\"} 120 at 90s",
            "{}: inactive to firing",
        ]
    );
}

/// Runs an alerting rule: `x` stands for an evaluation in which its series has
/// a value, `!` for one that fails. Returns the states after each, and those
/// that changes tell of.
fn states(fields: &str, answers: &str) -> (String, String) {
    let mut group = group_of("", &format!("{{alert: A, expr: up, {fields}}}"));
    let (mut states, mut changes) = (String::new(), String::new());
    let letter = |state: AlertState| match state {
        AlertState::Pending => 'p',
        AlertState::Firing => 'F',
        AlertState::Resolved => 'r',
        _ => '.',
    };
    for (at, answer) in (1..).zip(answers.chars()) {
        let answer = match answer {
            'x' => Ok(samples("up{a=1} 1")),
            '!' => Err("no answer".to_owned()),
            _ => Ok(Vec::new()),
        };
        let output = group.step(at, answer);
        changes.extend(output.transitions.iter().map(|change| letter(change.to)));
        let state = group.alerts().first().map_or(AlertState::Inactive, |alert| alert.state);
        states.push(letter(state));
    }
    (states, changes)
}

#[test]
fn an_alert_from_pending_to_resolved() {
    let check = |fields: &str, answers: &str, expected: &str, changes: &str| {
        let found = states(fields, answers);
        assert_eq!(found, (expected.to_owned(), changes.to_owned()), "{fields} {answers}");
    };
    check("", "x", "F", "F");
    check("for: 0s", "xx..x", "FF..F", "FrF");
    check("for: 2m", "xxxx", "ppFF", "pF");
    check("for: 2m", "xx.xxx", "pp.ppF", "p.pF");
    check("for: 150s", "xxxx", "pppF", "pF");
    check("for: 2m", "x!!x", "pppF", "pF");
    let (failures, pending) = ("!".repeat(80), "p".repeat(81));
    check("for: 80m", &format!("x{failures}x"), &format!("{pending}F"), "pF");
    check("", "x!!.", "FFF.", "Fr");
    check("keep_firing_for: 2m", "x...", "FFF.", "Fr");
    check("keep_firing_for: 2m", "x..x...", "FFFFFF.", "Fr");
    check("for: 1m, keep_firing_for: 2m", "x.xx..", "p.pFFF", "p.pF");
}

#[test]
fn rules_keep_their_names_when_they_change_places() {
    let rules = [
        "{alert: A, expr: up > 1, labels: {severity: page}}",
        "{alert: A, expr: up > 2, labels: {severity: critical}}",
        "{alert: B, expr: up}",
    ];
    let names = |order: [usize; 3]| {
        let group = group_of("", &order.map(|index| rules[index]).join(", "));
        let by_text = |one: RuleStatus| (one.rule.question().to_string(), one.rule.name().clone());
        group.evaluator.rules().into_iter().map(by_text).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(names([0, 1, 2]), names([2, 1, 0]));
    assert_eq!(names([0, 1, 2])["up"], "g/B".into());
    // The same twice is still two.
    assert_eq!(group_of("", &[rules[0], rules[0]].join(", ")).evaluator.rules().len(), 2);
}

#[test]
fn what_is_kept_firing_counts_toward_the_limit() {
    let mut group = group_of("limit: 1", "{alert: A, expr: up, keep_firing_for: 2m}");
    step(&mut group, 1, "up{a=1} 1");
    step(&mut group, 2, "up{a=2} 1");
    assert_eq!(group.last_error(), "exceeded limit of 1 with 2 alerts");
    step(&mut group, 3, "");
    step(&mut group, 5, "up{a=2} 1");
    assert_eq!((group.last_error().as_str(), group.alerts().len()), ("", 1));
}

#[test]
fn what_is_not_stored_ends_again_and_is_a_failure() {
    let mut group = group_of("", "{record: r, expr: up}");
    group.step(1, Ok(samples("up{a=1} 1; up{a=2} 1")));
    let output = group.step(2, Ok(samples("up{a=1} 1")));
    group.state.not_stored(0, &output.samples, "no room".to_owned());
    assert_eq!(group.last_error(), "not stored: no room");
    assert_eq!(group.recording().failures(), 1);
    assert_eq!(
        step(&mut group, 3, "up{a=1} 1"),
        ["r{a=\"1\"} 1 at 180s", "r{a=\"2\"} stale at 180s"]
    );
    let mut group = group_of("", "{alert: A, expr: up}");
    step(&mut group, 1, "up{a=1} 1");
    let output = group.step(2, Ok(Vec::new()));
    group.evaluator.not_stored("g/A", &output.samples, "no room".to_owned());
    assert_eq!(group.last_error(), "not stored: no room");
    assert_eq!(step(&mut group, 3, "").len(), 2);
    assert_eq!(group.last_error(), "");
    assert_eq!(step(&mut group, 4, "").len(), 0);
}

#[test]
fn downtime_counts_for_no_pending_alert() {
    let rule = "{alert: A, expr: up, for: 5m}";
    let mut before = group_of("", rule);
    step(&mut before, 1, "up{} 1");
    step(&mut before, 2, "up{} 1");
    let mut batch = Batch::new();
    before.evaluator.changes_since(&Evaluator::default(), &mut batch);
    let mut contents = Contents::from(batch);
    let mut after = group_of("", rule);
    after.evaluator = Evaluator::restore(MINUTE, &mut contents, minute(32));
    let (name, defaults) = ("file".into(), GroupDefaults::default());
    let file = RuleFile::parse(&format!("groups: [{{name: g, rules: [{rule}]}}]")).unwrap();
    let group = &file.groups[0];
    after.state =
        GroupState::new(&name, group, &defaults, &mut after.evaluator, minute(32)).unwrap();
    // One minute before, one interval for the gap, three more.
    let states: Vec<_> = (32..36)
        .map(|at| {
            step(&mut after, at, "up{} 1");
            after.alerts()[0].state
        })
        .collect();
    assert_eq!(states[..3], [AlertState::Pending; 3]);
    assert_eq!(states[3], AlertState::Firing);
    assert_eq!(after.alerts()[0].active_at, minute(1));
}

#[test]
fn alerts_are_series() {
    let mut group = group_of("", "{alert: A, expr: up, for: 1m, labels: {job: z}}");
    assert_eq!(
        step(&mut group, 1, "up{job=a,i=b} 1"),
        [
            "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"b\", job=\"z\"} 1 at 60s",
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"b\", job=\"z\"} 60 at 60s",
            "{i=\"b\",job=\"z\"}: inactive to pending",
        ]
    );
    assert_eq!(
        step(&mut group, 2, "up{job=a,i=b} 1"),
        [
            "ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"b\", job=\"z\"} 1 at 120s",
            "ALERTS_FOR_STATE{alertname=\"A\", i=\"b\", job=\"z\"} 60 at 120s",
            "ALERTS{alertname=\"A\", alertstate=\"pending\", i=\"b\", job=\"z\"} stale at 120s",
            "{i=\"b\",job=\"z\"}: pending to firing",
        ]
    );
    assert_eq!(step(&mut group, 3, "").len(), 3);
    let none: [&str; 0] = [];
    assert_eq!(step(&mut group, 4, ""), none);
    assert_eq!(step(&mut group, 5, "up{job=a,i=b} 1; up{job=b,i=b} 1"), none);
    assert_eq!(
        group.last_error(),
        "two series become the same alert {alertname=\"A\",i=\"b\",job=\"z\"}"
    );
}

#[test]
fn templates_see_the_series_and_its_value() {
    let rule = "{alert: A, expr: up, labels: {host: '{{ $labels.i }}', none: '{{ $labels.q }}'},
        annotations: {
          all: '{{ $labels.__name__ }} {{ $value }} {{ $externalLabels.region }}',
          asked: '{{ query \"up\" | first | value }}',
          broken: '{{ query \"up\" | first | label 1 }}',
          plain: text}}";
    let mut group = group_of("", rule);
    step(&mut group, 1, "up{i=b} 2.5");
    step(&mut group, 2, "up{i=b} 3");
    let alert = &group.alerts()[0];
    assert_eq!(alert.labels.to_string(), "{alertname=\"A\",host=\"b\",i=\"b\"}");
    assert_eq!((alert.value, alert.active_at), (Some(3.0), minute(1)));
    let annotation = |name| alert.annotations.get(name).unwrap();
    assert_eq!(annotation("all"), "up 3 eu");
    assert_eq!(annotation("asked"), "7");
    assert_eq!(annotation("plain"), "text");
    assert!(annotation("broken").starts_with("<error expanding template: "));
}

#[test]
fn evaluations_are_counted() {
    let mut group = group_of("", "{record: r, expr: up}");
    let check = |group: &Group, error: &str, counts: (u64, u64), last: Option<u32>| {
        let state = group.recording();
        assert_eq!(group.last_error(), error);
        assert_eq!((state.evaluations(), state.failures()), counts);
        assert_eq!(state.last_evaluation(), last.map(minute));
    };
    check(&group, "", (0, 0), None);
    fail(&mut group, 1);
    check(&group, "no answer", (1, 1), Some(1));
    step(&mut group, 2, "");
    check(&group, "", (2, 1), Some(2));
    assert_eq!(group.state.record(7, minute(3), Ok(Vec::new())), []);
}

#[test]
fn rules_of_one_name_are_told_apart_and_severity_is_the_files() {
    let two = "{alert: A, expr: up > 1, labels: {severity: page}},
        {alert: A, expr: up > 2, labels: {severity: critical}}";
    let mut group = group_of("", two);
    let names: Vec<_> = group.evaluator.rules().iter().map(|one| one.rule.name().clone()).collect();
    assert!(names.iter().all(|name| name.starts_with("g/A#")), "{names:?}");
    step(&mut group, 1, "up{} 2");
    let alert = &group.alerts()[0];
    assert_eq!(alert.labels.to_string(), "{alertname=\"A\",severity=\"page\"}");
    assert_eq!(alert.severity.as_str(), "warning");
    let rules = group.evaluator.rules();
    let severities: Vec<_> = rules.iter().map(|one| one.rule.severity().as_str()).collect();
    assert!(severities.contains(&"critical"), "{severities:?}");
    let name = &**rules[0].rule.name();
    assert!(group.evaluator.due(minute(9), |_| false).is_empty());
    assert_eq!(group.evaluator.next_due(minute(9)), None);
    let refused = [
        group.evaluator.due_now(Some(name), minute(9)).unwrap_err(),
        group.evaluator.remove_rule(name, minute(9)).unwrap_err(),
        Evaluator::default().add_rule((*rules[0].rule).clone(), minute(9)).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(
            error.to_string(),
            format!("rule {name:?} is evaluated with its group \"g\" of \"file\", not by itself")
        );
    }
}

#[test]
fn times_are_intervals_apart() {
    let mut schedule = Schedule::new(MINUTE, "file", "group", minute(10));
    let first = schedule.next(minute(10));
    assert!(first > minute(10) && first <= minute(11), "{first}");
    assert_eq!(schedule.due(minute(10), false), None);
    let millisecond = Duration::from_millis(1);
    assert_eq!(schedule.due(first - millisecond, false), None);
    assert_eq!(schedule.due(first + millisecond, false), Some(first));
    assert_eq!(schedule.due(first + MINUTE / 2, false), None);
    assert_eq!((schedule.due(first + MINUTE, false), schedule.missed()), (Some(first + MINUTE), 0));
    assert_eq!(schedule.due(first + MINUTE * 5 + MINUTE / 2, false), Some(first + MINUTE * 5));
    assert_eq!(schedule.missed(), 3);
    // A clock that was set back a little repeats nothing; one that was set far
    // back begins anew.
    assert_eq!(schedule.due(first + MINUTE * 4, false), None);
    assert_eq!(schedule.due(first, false), Some(first));
    assert_eq!(schedule.missed(), 3);
    assert_eq!((schedule.due(first + MINUTE, true), schedule.missed()), (None, 4));
    assert_eq!(schedule.due(first + MINUTE, false), None);
}

#[test]
fn groups_are_spread_over_their_interval() {
    let firsts = (0..100).map(|index| {
        Schedule::new(MINUTE, "file", &format!("group {index}"), minute(0)).next(minute(0))
    });
    let mut quarters = [0; 4];
    for first in firsts {
        quarters[usize::try_from((first.millis() - 1) / 15_000).unwrap().min(3)] += 1;
    }
    assert!(quarters.iter().all(|count| *count > 10), "{quarters:?}");
    let of = |file| Schedule::new(MINUTE, file, "g", minute(0)).next(minute(0));
    assert_ne!(of("a"), of("b"));
}

proptest! {
    /// Whatever an expression finds: a series has a value or a staleness
    /// marker, a marker only after a value, and an alert fires no sooner than
    /// its rule says.
    #[test]
    fn laws_of_alerts(answers in prop::collection::vec(0_u8..16, 1..40), wait in 0_u32..4) {
        let rule = format!("{{alert: A, expr: up, for: {wait}m, keep_firing_for: {wait}m}}");
        let mut group = group_of("limit: 3", &rule);
        let mut there: Vec<LabelSet> = Vec::new();
        for (at, answer) in (1..).zip(answers) {
            let series = (0..4).filter(|bit| answer & (1 << bit) != 0);
            let text: String = series.map(|bit| format!("up{{a={bit}}} 1;")).collect();
            let before = group.alerts();
            let output = group.step(at, Ok(samples(&text)));
            if !group.last_error().is_empty() {
                prop_assert_eq!(group.alerts(), before);
            }
            let series = |sample: &DerivedSample| {
                LabelSet { name: Arc::clone(&sample.name), labels: sample.labels.clone() }
            };
            for sample in &output.samples {
                let was_there = there.contains(&series(sample));
                prop_assert!(!is_stale(sample.sample.value) || was_there, "{:?}", sample);
            }
            let told = |one: &LabelSet| output.samples.iter().any(|s| series(s) == *one);
            prop_assert!(there.iter().all(told), "{:?} {:?}", there, output.samples);
            let values = output.samples.iter().filter(|sample| !is_stale(sample.sample.value));
            there = values.map(series).collect();
            let alerts = group.alerts();
            prop_assert_eq!(there.len(), 2 * alerts.len());
            for alert in alerts {
                if let Some(fired) = alert.fired_at {
                    prop_assert!(fired.since(alert.active_at) >= MINUTE * wait);
                }
                prop_assert_eq!(alert.state == AlertState::Pending, alert.fired_at.is_none());
            }
        }
    }
}
