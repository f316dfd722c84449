//! What the report, the document and the series say.

use expect_test::expect;

use super::*;
use crate::health::{ComponentType, Group, HealthDocument, ServiceDescription, series_definitions};
use crate::model::check_metric_name;

fn group(world: &World, group: Group) -> (HealthStatus, String) {
    let report = world.machine.report(world.now);
    let group = report.group(group);
    (group.status, group.reason.clone().unwrap_or_default())
}

#[test]
fn readiness_waits_for_startup_and_first_results() {
    let mut world = World::new(vec![check("migrated").groups([Group::Startup]), check("db")]);
    world.fail(&["migrated"]).run();
    assert_eq!(
        group(&world, Group::Readiness),
        (Down, "waiting for the startup checks: migrated".to_owned())
    );
    world.fail(&[]).step();
    assert_eq!(group(&world, Group::Readiness), (Up, String::new()));
    assert_eq!(group(&world, Group::Startup), (Up, String::new()));
    // It has started once; a startup check that fails later gates nothing.
    world.fail(&["migrated"]).step();
    assert_eq!(group(&world, Group::Readiness), (Up, String::new()));
    world.machine.add(check("late"), world.now).unwrap();
    assert_eq!(
        group(&world, Group::Readiness),
        (Down, "waiting for the first result of: late".to_owned())
    );
}

#[test]
fn liveness_hangs_on_its_own_checks_alone() {
    let mut world = World::new(vec![check("loop").groups([Group::Liveness]), check("db")]);
    assert_eq!(group(&world, Group::Liveness), (Up, String::new()), "just started");
    world.fail(&["db"]).run();
    world.machine.drain();
    assert_eq!(group(&world, Group::Liveness), (Up, String::new()));
    assert_eq!(group(&world, Group::Readiness), (Down, "shutting down".to_owned()));
    world.fail(&["loop"]).step();
    assert_eq!(group(&world, Group::Liveness), (Down, String::new()));
}

#[test]
fn a_machine_without_checks_is_up() {
    let world = World::new(Vec::new());
    for name in Group::ALL {
        assert_eq!(group(&world, name), (Up, String::new()));
    }
    assert_eq!(world.machine.next_due(world.now), None);
}

fn shop() -> World {
    let mut world = World::new(vec![
        check("api").requires("db:main").affects("/orders"),
        check("db:main").component_type(ComponentType::Datastore),
        check("disk").component_type(ComponentType::System).measurement("utilization"),
        check("cache"),
    ]);
    let mut runs = world.start();
    runs.sort_by(|a, b| a.check.cmp(&b.check));
    world.finish(&runs[0], Outcome::healthy());
    world.finish(&runs[1], Outcome::degraded("cold"));
    world.finish(&runs[2], Outcome::failed("connection refused"));
    world.finish(&runs[3], Outcome::healthy().observed(61.5, "%"));
    world
}

#[test]
fn the_report_reads_well() {
    let world = shop();
    expect![[r#"
        health down, liveness up, readiness down, startup up
          api      blocked   "db:main" is down
          cache    degraded  cold
          db:main  down      connection refused
          disk     up"#]]
    .assert_eq(&world.machine.report(world.now).to_string());
}

#[test]
fn the_document_follows_the_draft() {
    let world = shop();
    let service = ServiceDescription { version: Some("1".into()), ..ServiceDescription::default() };
    let document =
        HealthDocument::new(&world.machine.report(world.now), Some(Group::Readiness), &service);
    expect![[r#"
        {
          "status": "fail",
          "version": "1",
          "output": "api blocked, db:main down",
          "checks": {
            "api:responseTime": [
              {
                "componentId": "api",
                "componentType": "component",
                "observedValue": 5.0,
                "observedUnit": "ms",
                "status": "fail",
                "affectedEndpoints": [
                  "/orders"
                ],
                "time": "1970-01-01T00:16:40.000Z",
                "output": "\"db:main\" is down"
              }
            ],
            "cache:responseTime": [
              {
                "componentId": "cache",
                "componentType": "component",
                "observedValue": 5.0,
                "observedUnit": "ms",
                "status": "warn",
                "time": "1970-01-01T00:16:40.000Z",
                "output": "cold"
              }
            ],
            "db.main:responseTime": [
              {
                "componentId": "db:main",
                "componentType": "datastore",
                "observedValue": 5.0,
                "observedUnit": "ms",
                "status": "fail",
                "time": "1970-01-01T00:16:40.000Z",
                "output": "connection refused"
              }
            ],
            "disk:utilization": [
              {
                "componentId": "disk",
                "componentType": "system",
                "observedValue": 61.5,
                "observedUnit": "%",
                "status": "pass",
                "time": "1970-01-01T00:16:40.000Z"
              }
            ]
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn a_report_serialises_durations_in_seconds() {
    let world = shop();
    let report = serde_json::to_value(world.machine.report(world.now)).unwrap();
    let api = &report["checks"][0];
    assert_eq!(api["duration_seconds"], 0.005);
    assert_eq!(api["status"], "blocked");
    assert_eq!(api["root"], "db:main");
    assert_eq!(api["groups"], serde_json::json!(["readiness"]));
    assert_eq!(api["dependencies"], serde_json::json!([{ "required": "db:main" }]));
}

#[test]
fn results_are_records() {
    let world = shop();
    let text: Vec<String> = world
        .machine
        .records_of("cache")
        .iter()
        .map(|record| format!("{} {:?} {:?}", record.metric(), record.labels(), record.observation))
        .collect();
    expect![[r#"
        keepwatch_health_status [("check", "cache")] Set { value: 0.5, at: None }
        keepwatch_health_check_duration_seconds [("check", "cache")] Set { value: 0.005, at: None }
        keepwatch_health_check_runs_total [("check", "cache")] Set { value: 1.0, at: None }
        keepwatch_health_check_failures_total [("check", "cache")] Set { value: 0.0, at: None }"#]]
    .assert_eq(&text.join("\n"));
    let definitions = series_definitions().unwrap();
    for record in world.machine.records() {
        check_metric_name(record.metric()).unwrap();
        assert!(definitions.iter().any(|definition| definition.name() == record.metric()));
    }
    let fresh = World::new(vec![check("db")]);
    assert!(fresh.machine.records().is_empty(), "an unknown status is no sample");
}
