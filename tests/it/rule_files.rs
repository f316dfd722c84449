//! Prometheus' rule files in a monitor.

use std::path::Path;
use std::time::Duration;

use keepwatch::alert::AlertState;
use keepwatch::clock::{Clock as _, SystemClock};
use keepwatch::config::Config;
use keepwatch::messages::{ActiveAlerts, AlertHistory, AlertTransition};
use keepwatch::model::Timestamp;
use keepwatch::promql::Value;
use keepwatch::rules::file::RuleFile;
use keepwatch::{Monitor, MonitorBuilder};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::place::Place;
use crate::recording::LIMIT;

const RULES: &str = "
groups:
- name: shop
  interval: 100ms
  rules:
  - {record: shop:open, expr: sum(orders), labels: {büro.x: a}}
  - alert: Backlog
    expr: shop:open > 5
    labels: {te.am: shop}
    annotations: {summary: '{{ $value }} orders wait in {{ $externalLabels.region }}'}
";

/// Writes files beside `keepwatch.toml`.
fn files(place: &Place, files: &[(&str, &str)]) {
    for (name, text) in files {
        let file = place.path.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

fn load(place: &Place) -> Result<Config, String> {
    Config::load(place.path.join("keepwatch.toml")).map_err(|error| error.to_string())
}

#[test]
fn a_configuration_names_files_beside_it() {
    let place = Place::new("rule-files");
    let paths = r#"paths = ["rules/*.yml", "rules/a.yml", "one.yaml", "none/*.yml"]"#;
    files(
        &place,
        &[
            ("keepwatch.toml", &format!("[rule_files]\n{paths}\ninterval = \"5s\"\n")),
            ("rules/b.yml", "groups: [{name: g, rules: [{record: b, expr: up}]}]"),
            ("rules/a.yml", "groups: [{name: g, rules: [{record: a, expr: up}]}]"),
            ("one.yaml", "groups: [{name: g, rules: [{record: one, expr: up}]}]"),
        ],
    );
    let config = load(&place).unwrap();
    let records: Vec<_> =
        config.rule_files.files.iter().map(|(_, file)| file.groups[0].rules[0].name()).collect();
    assert_eq!(records, [&"a".into(), &"b".into(), &"one".into()]);
    assert_eq!(config.rule_files.defaults.interval, Duration::from_secs(5));

    files(&place, &[("rules/a.yml", "groups: [{name: g, rules: [{record: a, expr: up}]}]\nx: 1")]);
    files(&place, &[("one.yaml", "groups:\n- name: g\n  rules: [{record: one, expr: up +}]")]);
    let shown = place.path.display();
    let expected = format!(
        "{shown}/rules/a.yml:2:1: unknown field \"x\" in a rule file, expected one of groups\n\
         {shown}/one.yaml:3:35: could not parse expression: \
         expected an expression, found the end of the query"
    );
    assert_eq!(load(&place).unwrap_err(), expected);
    files(&place, &[("keepwatch.toml", "[rule_files]\npaths = [\"missing.yml\"]\n")]);
    assert_eq!(load(&place).unwrap_err(), format!("cannot read {shown}/missing.yml"));
}

fn builder(folder: &Path) -> (MonitorBuilder, UnboundedReceiver<String>) {
    let (sender, receiver) = unbounded_channel();
    let config = "[external]\nlabels = { region = \"eu\" }\n";
    let builder = Config::parse("keepwatch.toml", config)
        .unwrap()
        .into_builder()
        .data_dir(folder)
        .collection_interval(Duration::from_millis(100))
        .rule_file("shop.yml", RuleFile::parse(RULES).unwrap())
        .on_alert(move |event: AlertTransition| {
            let text = format!("{}: {}", event.to, event.alert.description());
            // Nobody may be left to hear it.
            let _ = sender.send(text);
        });
    (builder, receiver)
}

async fn start(builder: MonitorBuilder, orders: f64) -> Monitor {
    let monitor = builder.start().unwrap();
    monitor.gauge("orders").get_or_register().unwrap().with(&[]).unwrap().set(orders);
    monitor
}

/// Returns what the recording rule had stored at a time.
async fn open(monitor: &Monitor, at: Timestamp) -> Option<f64> {
    let answer = monitor.query("{'shop:open', 'büro.x'='a'}", at).await.unwrap();
    let Value::Vector(found) = answer.value else { panic!("{:?}", answer.value) };
    found.first()?.1.value.float()
}

async fn next(receiver: &mut UnboundedReceiver<String>) -> String {
    tokio::time::timeout(LIMIT, receiver.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn rules_of_a_file_record_and_alert_and_go_on_after_a_restart() {
    let place = Place::new("rule-files-restart");
    let (described, mut told) = builder(&place.data());
    let monitor = start(described, 7.0).await;
    assert_eq!(next(&mut told).await, "firing: 7 orders wait in eu");
    let before = monitor.send(ActiveAlerts::default()).await.unwrap();
    let recorded = SystemClock::new().now();
    assert_eq!(open(&monitor, recorded).await, Some(7.0));
    monitor.shutdown().await;
    drop(monitor);

    let (described, mut told) = builder(&place.data());
    let monitor = start(described, 7.0).await;
    let after = monitor.send(ActiveAlerts::default()).await.unwrap();
    assert_eq!((after[0].state, after[0].active_at), (AlertState::Firing, before[0].active_at));
    assert_eq!(after[0].annotations, before[0].annotations);
    assert_eq!(after[0].labels.get("te.am"), Some("shop"));
    assert_eq!(open(&monitor, recorded).await, Some(7.0));
    monitor.gauge("orders").get_or_register().unwrap().with(&[]).unwrap().set(3.0);
    // Not a second time that it fires.
    assert_eq!(next(&mut told).await, "resolved: 7 orders wait in eu");
    let history = monitor.send(AlertHistory::default()).await.unwrap();
    assert_eq!(history.len(), 2);
    monitor.shutdown().await;
}
