use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::alert::AlertState;
use crate::model::{Labels, Timestamp, is_stale};
use crate::promql::{LabelSet, NAME};
use crate::rules::file::RuleFile;
use crate::template::{Template, TemplateError, TemplateSample};

const MINUTE: Duration = Duration::from_secs(60);

fn minute(count: u32) -> Timestamp {
    Timestamp::from_millis(0) + MINUTE * count
}

fn state(fields: &str, rules: &str) -> GroupState {
    let text = format!("groups:\n- name: g\n  {fields}\n  rules: [{rules}]\n");
    let file = RuleFile::parse(&text).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let group = Arc::new(file.groups.into_iter().next().unwrap());
    GroupState::new("file", group, &GroupDefaults::default(), minute(0))
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
fn told(output: &RuleOutput) -> Vec<String> {
    let sample = |sample: &RuleSample| {
        let value =
            if is_stale(sample.value) { "stale".to_owned() } else { sample.value.to_string() };
        format!("{} {value} at {}s", sample.series, sample.at.seconds())
    };
    let change = |change: &AlertChange| {
        let labels = change.alert.labels.without(ALERT_NAME);
        format!("{labels}: {} to {}", change.from, change.alert.state)
    };
    output.samples.iter().map(sample).chain(output.changes.iter().map(change)).collect()
}

fn expand(template: &Template, subject: &TemplateSubject<'_>) -> Result<String, TemplateError> {
    let external = Labels::EMPTY.with("region", "eu");
    let mut query = |text: &str| {
        assert_eq!(text, "up");
        let labels = Labels::EMPTY.with("found", "it");
        Ok(vec![TemplateSample { labels, value: 7.0, at: subject.at }])
    };
    subject.expand(template, &external, "http://here", &mut query)
}

fn step(state: &mut GroupState, at: u32, answer: &str) -> Vec<String> {
    told(&state.step(0, minute(at), Ok(samples(answer)), &mut expand))
}

fn fail(state: &mut GroupState, at: u32) -> Vec<String> {
    let answer = Err(RuleError::Query("no answer".to_owned()));
    told(&state.step(0, minute(at), answer, &mut expand))
}

fn last_error(state: &GroupState) -> String {
    let (_, rule) = state.rules().next().unwrap();
    rule.last_error().map_or_else(String::new, ToString::to_string)
}

#[test]
fn what_is_recorded() {
    let mut group = state("labels: {team: x, job: y}", "{record: r, expr: up, labels: {job: ''}}");
    assert_eq!(
        step(&mut group, 1, "up{job=a,instance=b} 1; {instance=c} 2"),
        ["r{instance=\"b\", team=\"x\"} 1 at 60s", "r{instance=\"c\", team=\"x\"} 2 at 60s"]
    );
    let none: [&str; 0] = [];
    assert_eq!(step(&mut group, 2, "up{job=a,instance=c} 1; up{job=b,instance=c} 2"), none);
    assert_eq!(
        last_error(&group),
        "vector contains metrics with the same labelset after applying rule labels: \
         r{instance=\"c\", team=\"x\"}"
    );
}

#[test]
fn what_vanishes_is_marked_once() {
    let mut group = state("", "{record: r, expr: up}");
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
    let mut group = state("limit: 1", "{record: r, expr: up}");
    assert_eq!(step(&mut group, 1, "up{a=1} 1"), ["r{a=\"1\"} 1 at 60s"]);
    let none: [&str; 0] = [];
    assert_eq!(step(&mut group, 2, "up{a=1} 1; up{a=2} 1"), none);
    assert_eq!(last_error(&group), "exceeded limit of 1 with 2 series");
    assert_eq!(step(&mut group, 3, ""), ["r{a=\"1\"} stale at 180s"]);
    let mut group = state("limit: 1", "{alert: A, expr: up, for: 2m}");
    step(&mut group, 1, "up{a=1} 1");
    assert_eq!(step(&mut group, 2, "up{a=1} 1; up{a=2} 1"), none);
    assert_eq!(last_error(&group), "exceeded limit of 1 with 2 alerts");
    assert_eq!(*step(&mut group, 3, "up{a=1} 1").last().unwrap(), "{a=\"1\"}: pending to firing");
    assert_eq!(last_error(&group), "");
}

#[test]
fn queries_and_samples_are_offset_and_alerts_are_not() {
    let mut group = state("query_offset: 30s", "{alert: A, expr: up}");
    assert_eq!(group.query_time(minute(2)), minute(1) + MINUTE / 2);
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
    let mut group = state("", &format!("{{alert: A, expr: up, {fields}}}"));
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
            '!' => Err(RuleError::Query("no answer".to_owned())),
            _ => Ok(Vec::new()),
        };
        let output = group.step(0, minute(at), answer, &mut expand);
        changes.extend(output.changes.iter().map(|change| letter(change.alert.state)));
        let (_, rule) = group.rules().next().unwrap();
        let state = rule.alerts().next().map_or(AlertState::Inactive, |alert| alert.state);
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
    check("for: 0s", "xx..x", "FFrrF", "FrF");
    check("for: 2m", "xxxx", "ppFF", "pF");
    check("for: 2m", "xx.xxx", "pp.ppF", "p.pF");
    check("for: 150s", "xxxx", "pppF", "pF");
    check("for: 2m", "x!!x", "pppF", "pF");
    check("", "x!!.", "FFFr", "Fr");
    check("keep_firing_for: 2m", "x...", "FFFr", "Fr");
    check("keep_firing_for: 2m", "x..x...", "FFFFFFr", "Fr");
    check("for: 1m, keep_firing_for: 2m", "x.xx..", "p.pFFF", "p.pF");
    let (dots, kept) = (".".repeat(17), "r".repeat(16));
    check("", &format!("x{dots}x"), &format!("F{kept}.F"), "FrF");
}

#[test]
fn alerts_are_series() {
    let mut group = state("", "{alert: A, expr: up, for: 1m, labels: {job: z}}");
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
        last_error(&group),
        "vector contains metrics with the same labelset after applying alert labels: \
         {alertname=\"A\",i=\"b\",job=\"z\"}"
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
    let mut group = state("", rule);
    step(&mut group, 1, "up{i=b} 2.5");
    step(&mut group, 2, "up{i=b} 3");
    let (_, rule) = group.rules().next().unwrap();
    let alert = rule.alerts().next().unwrap();
    assert_eq!(alert.labels.to_string(), "{alertname=\"A\",host=\"b\",i=\"b\"}");
    assert_eq!((alert.value, alert.active_at), (3.0, minute(1)));
    let annotation = |name| {
        let (_, text) = alert.annotations.iter().find(|(other, _)| &**other == name).unwrap();
        text.to_string()
    };
    assert_eq!(annotation("all"), "up 3 eu");
    assert_eq!(annotation("asked"), "7");
    assert_eq!(annotation("plain"), "text");
    assert!(annotation("broken").starts_with("<error expanding template: "));
}

#[test]
fn health_is_that_of_the_last_evaluation() {
    let mut group = state("", "{record: r, expr: up}");
    let check = |group: &GroupState, health: &str, counts: (u64, u64)| {
        let (_, rule) = group.rules().next().unwrap();
        assert_eq!(rule.health().to_string(), health);
        assert_eq!((rule.evaluations(), rule.failures()), counts);
    };
    check(&group, "unknown", (0, 0));
    fail(&mut group, 1);
    check(&group, "err", (1, 1));
    assert_eq!(last_error(&group), "no answer");
    step(&mut group, 2, "");
    check(&group, "ok", (2, 1));
    let (_, rule) = group.rules().next().unwrap();
    assert_eq!(rule.last_evaluation(), Some(minute(2)));
    assert_eq!(group.step(7, minute(3), Ok(Vec::new()), &mut expand), RuleOutput::default());
}

#[test]
fn a_changed_group_goes_on_where_it_was() {
    let mut before = state("", "{alert: A, expr: up, for: 5m}, {record: r, expr: up}");
    step(&mut before, 1, "up{} 1");
    before.step(1, minute(1), Ok(samples("up{} 1")), &mut expand);
    let mut after = state("", "{record: s, expr: up}, {alert: A, expr: down, for: 5m}");
    let gone = RuleOutput { samples: after.succeed(&before, minute(2)), changes: Vec::new() };
    assert_eq!(told(&gone), ["r stale at 120s"]);
    let alerts: Vec<_> = after.rules().flat_map(|(_, rule)| rule.alerts()).collect();
    assert_eq!((alerts.len(), alerts[0].active_at), (1, minute(1)));
    let ended = RuleOutput { samples: after.ended(minute(3)), changes: Vec::new() };
    assert_eq!(told(&ended).len(), 2);
}

#[test]
fn an_outage_counts_for_no_pending_alert() {
    let kept = |outage: u32| {
        let mut before = state("", "{alert: A, expr: up, for: 5m}");
        step(&mut before, 1, "up{} 1");
        let (_, rule) = before.rules().next().unwrap();
        let mut after = state("", "{alert: A, expr: up, for: 5m}");
        after.restore(0, rule.alerts().cloned(), minute(2), minute(2 + outage));
        let (_, rule) = after.rules().next().unwrap();
        rule.alerts().next().map(|alert| alert.active_at)
    };
    assert_eq!(kept(0), Some(minute(1)));
    assert_eq!(kept(60), Some(minute(61)));
    assert_eq!(kept(61), None);
}

#[test]
fn times_are_intervals_apart() {
    let mut schedule = Schedule::new(MINUTE, "file", "group", minute(10));
    let first = schedule.next(minute(10));
    assert!(first > minute(10) && first <= minute(11), "{first}");
    assert_eq!(schedule.due(minute(10)), None);
    let millisecond = Duration::from_millis(1);
    assert_eq!(schedule.due(first - millisecond), None);
    assert_eq!(schedule.due(first + millisecond), Some(first));
    assert_eq!(schedule.due(first + MINUTE / 2), None);
    assert_eq!((schedule.due(first + MINUTE), schedule.missed()), (Some(first + MINUTE), 0));
    assert_eq!(schedule.due(first + MINUTE * 5 + MINUTE / 2), Some(first + MINUTE * 5));
    assert_eq!(schedule.missed(), 3);
    // A clock that was set back a little repeats nothing; one that was set far
    // back begins anew.
    assert_eq!(schedule.due(first + MINUTE * 4), None);
    assert_eq!(schedule.due(first), Some(first));
    assert_eq!(schedule.missed(), 3);
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
        let mut group = state("limit: 3", &rule);
        let mut there: Vec<LabelSet> = Vec::new();
        for (at, answer) in (1..).zip(answers) {
            let series = (0..4).filter(|bit| answer & (1 << bit) != 0);
            let text: String = series.map(|bit| format!("up{{a={bit}}} 1;")).collect();
            let output = group.step(0, minute(at), Ok(samples(&text)), &mut expand);
            let (_, rule) = group.rules().next().unwrap();
            if rule.health() == RuleHealth::Err {
                prop_assert_eq!(output, RuleOutput::default());
                continue;
            }
            for sample in &output.samples {
                let was_there = there.contains(&sample.series);
                prop_assert!(!is_stale(sample.value) || was_there, "{:?}", sample);
            }
            let told = |series: &LabelSet| output.samples.iter().any(|s| s.series == *series);
            prop_assert!(there.iter().all(told), "{:?} {:?}", there, output);
            let values = output.samples.iter().filter(|sample| !is_stale(sample.value));
            there = values.map(|sample| sample.series.clone()).collect();
            prop_assert_eq!(there.len(), 2 * rule.alerts().filter(|a| a.is_active()).count());
            for alert in rule.alerts() {
                if let Some(fired) = alert.fired_at {
                    prop_assert!(fired.since(alert.active_at) >= MINUTE * wait);
                }
                prop_assert_eq!(alert.state == AlertState::Pending, alert.fired_at.is_none());
            }
        }
    }
}
