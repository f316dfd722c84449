//! What a data folder carries from one process to the next, beside the
//! series.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use keepwatch::aggregate::{Definition, Method, Source};
use keepwatch::alert::{
    Alert, AlertKey, AlertState, Condition, NoDataPolicy, Rule, RuleBuilder, SilenceRequest,
};
use keepwatch::health::{CheckDefinition, HealthStatus};
use keepwatch::messages::{
    Acknowledge, ActiveAlerts, AddAggregation, AddCheck, AddRule, AddSilence, Aggregations,
    AlertHistory, CheckNow, CurrentPolicy, Health, HealthHistory, Metrics, Rules, SetPolicy,
    Silences,
};
use keepwatch::model::{Labels, Matcher, TimeRange};
use keepwatch::retention::{DAY, Policy};
use keepwatch::storage::state::StateStore;
use keepwatch::{Monitor, MonitorBuilder};

use crate::process::Program;

/// Names the data folder to the process that is to be killed.
const CHILD_FOLDER: &str = "KEEPWATCH_TEST_RESTART_FOLDER";

/// A data folder of the test's own, removed with it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("keepwatch-restart-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn monitor(&self) -> MonitorBuilder {
        builder(&self.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A folder that stays behind is no failure of what is tested.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn builder(folder: &Path) -> MonitorBuilder {
    let shortest = Duration::from_millis(100);
    let hot = rule("Hot").build().unwrap();
    Monitor::builder()
        .data_dir(folder)
        .collection_interval(shortest)
        .evaluation_interval(shortest)
        .rule(hot)
        .check(AddCheck::new(CheckDefinition::new("db").fall(1), || async { Err::<(), _>("gone") }))
}

/// A rule whose alerts stay as they are while nothing is recorded.
fn rule(name: &str) -> RuleBuilder {
    Rule::on(name, "temperature_celsius")
        .when(Condition::above(90.0))
        .no_data(NoDataPolicy::KeepLast)
}

/// Defines at run time all that may be.
async fn define(monitor: &Monitor) {
    monitor.send(AddRule(rule("Warm").build().unwrap())).await.unwrap();
    let now = monitor.clock().now();
    let request = SilenceRequest {
        matchers: vec![Matcher::equal("host", "b")],
        starts_at: now,
        ends_at: now + DAY,
        created_by: "ann".into(),
        comment: "moving".into(),
    };
    monitor.send(AddSilence(request)).await.unwrap();
    let daily = Definition::of("temperature_celsius", Method::Avg).name("daily").build();
    monitor.send(AddAggregation(daily.unwrap())).await.unwrap();
    let policy = Policy::builder().samples(2 * DAY).build().unwrap();
    monitor.send(SetPolicy(policy)).await.unwrap();
}

async fn check_defined(monitor: &Monitor) {
    let rules = monitor.send(Rules).await.unwrap();
    let names: Vec<_> = rules.iter().map(|status| status.rule.name().to_string()).collect();
    assert_eq!(names, ["Hot", "KeepwatchStorageDegraded", "Warm"]);
    let silences = monitor.send(Silences).await.unwrap();
    assert_eq!((silences.len(), &*silences[0].comment), (1, "moving"));
    let aggregations = monitor.send(Aggregations).await.unwrap();
    assert_eq!(aggregations.len(), 1);
    let Source::Metric(measure) = aggregations[0].0.source() else { panic!("{aggregations:?}") };
    assert_eq!(measure.method(), Method::Avg);
    assert_eq!(monitor.send(CurrentPolicy).await.unwrap().samples(), 2 * DAY);
}

/// Waits until both rules' alerts fire.
async fn firing(monitor: &Monitor) -> Vec<Alert> {
    let both = async {
        loop {
            let active = monitor.send(ActiveAlerts::default()).await.unwrap();
            if active.iter().filter(|alert| alert.state == AlertState::Firing).count() == 2 {
                return active;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both).await.unwrap()
}

#[test]
fn states_and_definitions_survive_an_orderly_restart() {
    let place = Place::new("orderly");
    let system = actix_rt::System::new();
    let (alerts, db) = system.block_on(async {
        let monitor = place.monitor().start().unwrap();
        let temperature = monitor.gauge("temperature_celsius").help("how hot");
        temperature.register_one().unwrap().set(95.0);
        define(&monitor).await;
        let db = monitor.send(CheckNow { check: "db".into() }).await.unwrap();
        assert_eq!(db.status, HealthStatus::Down);
        firing(&monitor).await;
        let alert = AlertKey::Labels { rule: "Hot".into(), labels: Labels::EMPTY };
        let acknowledge = Acknowledge { alert, by: "ann".into(), comment: "on it".into() };
        monitor.send(acknowledge).await.unwrap();
        let alerts = firing(&monitor).await;
        let report = monitor.shutdown().await;
        assert_eq!(report.unsaved_state, None);
        (alerts, db)
    });

    system.block_on(async {
        let monitor = place.monitor().start().unwrap();
        let seen = |alerts: &[Alert]| {
            let of = |alert: &Alert| {
                let by = alert.acknowledged.as_ref().map(|noticed| noticed.by.to_string());
                (alert.rule.to_string(), alert.state, alert.active_at, alert.fired_at, by)
            };
            alerts.iter().map(of).collect::<Vec<_>>()
        };
        let now = monitor.send(ActiveAlerts::default()).await.unwrap();
        assert_eq!(seen(&now), seen(&alerts));
        assert_eq!(seen(&now)[0].4.as_deref(), Some("ann"));
        let history = monitor.send(AlertHistory::default()).await.unwrap();
        assert_eq!(history.len(), 2, "each fired once: {history:?}");
        check_defined(&monitor).await;

        let health = monitor.send(Health).await.unwrap();
        let (status, since) = (health.checks[0].status, health.checks[0].since);
        assert_eq!((status, since), (HealthStatus::Down, db.since));
        let query = HealthHistory { range: TimeRange::ALL, check: Some("db".into()), limit: 10 };
        assert_eq!(monitor.send(query).await.unwrap().len(), 1, "it went down once");

        let metrics = monitor.send(Metrics).await.unwrap();
        let known = metrics.iter().find(|metric| &**metric.name() == "temperature_celsius");
        assert_eq!(known.unwrap().help(), "how hot");
        let changed = monitor.counter("temperature_celsius").help("how often it was hot");
        changed.register_one().expect("the program goes before what was kept");

        // A program that adds its rules at run time does so at each start.
        monitor.send(AddRule(rule("Warm").build().unwrap())).await.unwrap();
        monitor.send(AddRule(rule("Warm").build().unwrap())).await.unwrap_err();
        assert_eq!(monitor.shutdown().await.unsaved_state, None);
    });
}

#[test]
fn a_damaged_state_file_is_set_aside_and_costs_the_states_alone() {
    let place = Place::new("damaged");
    actix_rt::System::new().block_on(async {
        let monitor = place.monitor().start().unwrap();
        define(&monitor).await;
        monitor.shutdown().await;
        drop(monitor);
        std::fs::write(place.0.join("state.redb"), "# HELP up").unwrap();
        let monitor = place.monitor().start().unwrap();
        assert_eq!(monitor.send(Rules).await.unwrap().len(), 2, "those of the builder");
        assert!(place.0.join("state.redb.damaged-1").exists());
        let summary = monitor.summary(DAY).await.to_string();
        assert!(summary.contains("state.redb.damaged-1 cannot be read: "), "{summary}");
        define(&monitor).await;
        monitor.shutdown().await;
        drop(monitor);
        let monitor = place.monitor().start().unwrap();
        check_defined(&monitor).await;
        monitor.shutdown().await;
    });
}

/// Waits until the check of the data folder has this status; returns what it
/// says then.
async fn until(monitor: &Monitor, status: HealthStatus) -> Option<String> {
    let check = async {
        loop {
            let check = CheckNow { check: "keepwatch storage".into() };
            let report = monitor.send(check).await.unwrap();
            if report.status == status {
                return report.message.map(|message| message.to_string());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), check).await.unwrap()
}

#[test]
fn a_state_file_that_cannot_be_opened_is_read_and_opened_later() {
    let place = Place::new("held");
    actix_rt::System::new().block_on(async {
        let monitor = place.monitor().start().unwrap();
        define(&monitor).await;
        monitor.shutdown().await;
        drop(monitor);
        let held = StateStore::open(place.0.join("state.redb")).unwrap();
        let monitor = place.monitor().start().unwrap();
        check_defined(&monitor).await;
        let said = until(&monitor, HealthStatus::Degraded).await.unwrap();
        assert!(said.starts_with("the state is not saved: "), "{said}");
        assert!(said.ends_with("in use by another process"), "{said}");
        let policy = Policy::builder().samples(3 * DAY).build().unwrap();
        monitor.send(SetPolicy(policy)).await.unwrap();
        drop(held);
        until(&monitor, HealthStatus::Up).await;
        assert_eq!(monitor.shutdown().await.unsaved_state, None);
        drop(monitor);
        let monitor = place.monitor().start().unwrap();
        assert_eq!(monitor.send(CurrentPolicy).await.unwrap().samples(), 3 * DAY);
        assert_eq!(monitor.send(Silences).await.unwrap().len(), 1);
        monitor.shutdown().await;
    });
}

#[test]
fn a_state_file_that_could_not_be_read_is_not_written_over() {
    let place = Place::new("unread");
    let (file, away) = (place.0.join("state.redb"), place.0.join("away"));
    actix_rt::System::new().block_on(async {
        let monitor = place.monitor().start().unwrap();
        define(&monitor).await;
        monitor.shutdown().await;
        drop(monitor);
        std::fs::rename(&file, &away).unwrap();
        std::fs::create_dir(&file).unwrap();
        let monitor = place.monitor().start().unwrap();
        assert_eq!(monitor.send(Silences).await.unwrap().len(), 0);
        let summary = monitor.summary(DAY).await.to_string();
        assert!(summary.contains("state.redb cannot be read: "), "{summary}");
        until(&monitor, HealthStatus::Degraded).await;
        let policy = Policy::builder().samples(3 * DAY).build().unwrap();
        monitor.send(SetPolicy(policy)).await.unwrap();
        std::fs::remove_dir(&file).unwrap();
        std::fs::rename(&away, &file).unwrap();
        until(&monitor, HealthStatus::Up).await;
        let aside = StateStore::read(&place.0.join("state.redb.damaged-1")).unwrap();
        assert!(!aside.is_empty());
        assert_eq!(monitor.shutdown().await.unsaved_state, None);
        drop(monitor);
        let monitor = place.monitor().start().unwrap();
        assert_eq!(monitor.send(CurrentPolicy).await.unwrap().samples(), 3 * DAY);
        monitor.shutdown().await;
    });
}

/// What was acknowledged is on the disk: the process is given no time for
/// anything after the last answer.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let place = Place::new("killed");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "restart::the_process_that_is_killed", "--nocapture"])
        .env(CHILD_FOLDER, &place.0);
    let mut child = Program::start(&mut command);
    child.line_with("acknowledged");
    drop(child);
    actix_rt::System::new().block_on(async {
        let monitor = place.monitor().start().unwrap();
        check_defined(&monitor).await;
        monitor.shutdown().await;
    });
}

/// Does nothing unless the test above starts it in a process of its own.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else { return };
    let monitor = builder(Path::new(&folder)).start().unwrap();
    actix_rt::System::new().block_on(define(&monitor));
    println!("acknowledged");
    loop {
        std::thread::park();
    }
}
