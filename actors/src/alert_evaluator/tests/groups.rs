//! Rule groups over a real registry, on paused time.

use keepwatch_engine::model::{SeriesSamples, is_stale};

use super::*;

const RULES: &str = r#"
groups:
- name: cpu
  interval: 15s
  rules:
  - record: cpu:max
    expr: max by (host) (cpu)
  - record: cpu:twice
    expr: 2 * cpu:max
  - alert: Hot
    expr: cpu:twice > 180
    for: 30s
    labels: {team: '{{ $labels.host }}-team', severity: critical}
    annotations:
      description: '{{ $value }} is twice {{ with query "max(cpu:max)" }}{{ . | first | value }}{{ end }}'
      elsewhere: '{{ $externalLabels.region }}{{ query "nonsense(" }}'
  - record: hot:alerts
    expr: count(ALERTS{alertname="Hot"})
"#;

async fn series(house: &House, metric: &str) -> Vec<SeriesSamples> {
    let TimeRange { start, end } = TimeRange::ALL;
    let (metric, matchers) = (metric.into(), Vec::new());
    house.registry.send(Values { metric, matchers, start, end }).await.unwrap()
}

/// Returns a series' values; a staleness marker is `-`.
fn values(series: &SeriesSamples) -> Vec<String> {
    let write = |sample: &Sample| match sample.value {
        value if is_stale(value) => "-".to_owned(),
        value => value.to_string(),
    };
    series.samples.iter().map(write).collect()
}

#[test]
fn each_rule_of_a_group_sees_what_those_before_it_stored() {
    paused(async {
        let house = House::with_rules(&[("rules.yml", RULES)]).await;
        let mut told = house.listen("pager").await;
        house.ticks(4, 95.0).await;
        // At the first evaluation already: with each rule an interval behind
        // the one before it, only the fourth would find the alert pending.
        let hot = series(&house, "hot:alerts").await;
        assert_eq!(values(&hot[0]), ["1", "1", "1", "1"]);
        let told: Vec<String> = heard(&mut told);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("a firing "), "{told:?}");
        let alert = house.alerts.send(ActiveAlerts::default()).await.unwrap().remove(0);
        assert_eq!((&*alert.rule, alert.severity), ("cpu/Hot", Severity::Critical));
        assert_eq!(
            alert.labels.to_string(),
            "{alertname=\"Hot\",host=\"a\",severity=\"critical\",team=\"a-team\"}"
        );
        assert_eq!(alert.description(), "190 is twice 95");
        let elsewhere = alert.annotations.get("elsewhere").unwrap();
        assert!(elsewhere.contains("error expanding template"), "{elsewhere}");
        house.ticks(2, 10.0).await;
        let history = house.alerts.send(AlertHistory::default()).await.unwrap();
        let states: Vec<_> = history.iter().map(|event| event.to.as_str()).collect();
        assert_eq!(states, ["pending", "firing", "resolved"]);
        let hot = series(&house, "hot:alerts").await;
        assert_eq!(values(&hot[0])[4..], ["-"]);
    });
}

#[test]
fn a_restart_loses_neither_a_group_s_alert_nor_its_series() {
    paused(async {
        let house = House::with_rules(&[("rules.yml", RULES)]).await;
        let mut told = house.listen("pager").await;
        house.ticks(2, 95.0).await;
        assert!(house.alerts.send(Poison).await.is_err());
        house.ticks(1, 95.0).await;
        assert_eq!(heard(&mut told).len(), 1);
        assert!(house.alerts.send(Poison).await.is_err());
        // The gauge falls silent: its series end, and the alert with them.
        pass(TICK * 25).await;
        let twice = series(&house, "cpu:twice").await;
        assert_eq!(values(&twice[0]).last().map(String::as_str), Some("-"));
        assert_eq!(house.active().await, [""; 0]);
        let groups = house.alerts.send(RuleGroups).await.unwrap();
        assert_eq!((&**groups[0].file(), groups[0].schedule().missed()), ("rules.yml", 0));
    });
}

#[test]
fn a_rule_that_is_switched_off_is_passed_over() {
    paused(async {
        let house = House::with_rules(&[("rules.yml", RULES)]).await;
        let rule = || "cpu/Hot".into();
        house.alerts.send(DisableRule { rule: rule() }).await.unwrap();
        house.ticks(3, 95.0).await;
        assert_eq!(house.active().await, [""; 0]);
        assert_eq!(series(&house, "cpu:twice").await.len(), 1);
        house.alerts.send(EnableRule { rule: rule() }).await.unwrap();
        // It is one of all alerts: what is done with them is done with it.
        let mut told = house.listen("pager").await;
        let silence = SilenceRequest {
            matchers: vec![Matcher::equal("alertname", "Hot")],
            starts_at: EPOCH,
            ends_at: EPOCH + TICK * 100,
            created_by: "ann".into(),
            comment: "known".into(),
        };
        house.alerts.send(AddSilence(silence)).await.unwrap();
        house.ticks(1, 95.0).await;
        assert_eq!(house.active().await, ["cpu/Hot pending"]);
        house.ticks(2, 95.0).await;
        assert_eq!(house.active().await, ["cpu/Hot firing"]);
        assert_eq!(heard(&mut told), [""; 0]);
        let alone = house.alerts.send(EvaluateNow { rule: Some(rule()) }).await;
        let error = alone.unwrap_err().to_string();
        assert!(error.contains("with its group \"cpu\" of \"rules.yml\""), "{error}");
    });
}

#[test]
fn a_rule_that_fails_stops_no_other() {
    paused(async {
        let rules = "
groups:
- name: g
  interval: 15s
  rules:
  - {record: bad, expr: cpu * on () vector(1) * on () cpu}
  - {alert: Bad, expr: cpu * on () vector(1) * on () cpu}
  - {record: cpu, expr: sum(cpu)}
  - {record: good, expr: sum(cpu)}
";
        let house = House::with_rules(&[("rules.yml", rules)]).await;
        house.cpu("b", 5.0).await;
        house.ticks(2, 95.0).await;
        assert_eq!(values(&series(&house, "good").await[0]), ["100", "100"]);
        let groups = house.alerts.send(RuleGroups).await.unwrap();
        let Member::Recording { state, .. } = &groups[0].members()[0] else { panic!() };
        let error = state.last_error().unwrap().to_string();
        assert!(error.contains("multiple matches for labels"), "{error}");
        assert_eq!((state.evaluations(), state.failures()), (2, 2));
        let Member::Recording { state, .. } = &groups[0].members()[2] else { panic!() };
        assert_eq!(
            state.last_error().unwrap().to_string(),
            "not stored: 1 of 1 samples, the first because metric \"cpu\" is registered; a rule \
             cannot write its series"
        );
        let rules = house.alerts.send(Rules).await.unwrap();
        assert_eq!(rules[0].failures, 2);
    });
}
