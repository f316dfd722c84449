//! The handle: under every runtime, before, during and after the engine's
//! life.

use std::time::Duration;

use actix::{Actor, Context, Handler};
use keepwatch::alert::{AlertState, Condition, Rule};
use keepwatch::health::CheckDefinition;
use keepwatch::messages::{
    ActiveAlerts, AddCheck, AlertTransition, Health, RecordBatch, Subscriber, Values,
};
use keepwatch::model::{Record, Timestamp};
use keepwatch::supervisor::{ComponentState, Status};
use keepwatch::{Error, Monitor, MonitorBuilder, StartError};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// A builder whose timers are as short as they may be.
fn quick() -> MonitorBuilder {
    let shortest = Duration::from_millis(100);
    Monitor::builder().collection_interval(shortest).evaluation_interval(shortest)
}

fn hot() -> Rule {
    Rule::on("Hot", "temperature_celsius").when(Condition::above(90.0)).build().unwrap()
}

/// Records a gauge and reads it back.
async fn works(monitor: &Monitor) {
    let gauge = monitor.gauge("level").get_or_register().unwrap().with(&[]).unwrap();
    gauge.set(4.5);
    let (start, end) = (Timestamp::MIN, Timestamp::MAX);
    let values = Values { metric: "level".into(), matchers: Vec::new(), start, end };
    let series = monitor.send(values).await.unwrap();
    assert_eq!(series[0].samples.last().map(|sample| sample.value), Some(4.5));
}

#[test]
fn it_works_under_tokio_and_under_actix_and_starts_without_either() {
    let monitor = quick().start().unwrap();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(works(&monitor));
    actix_rt::System::new().block_on(works(&monitor));
}

#[test]
fn it_outlives_a_system_that_stops_with_messages_queued() {
    let monitor = quick().start().unwrap();
    monitor.gauge("level").labels(["n"]).register().unwrap();
    let batch = |round: u32| {
        let record = |n: u32| Record::set("level", f64::from(round)).label("n", n.to_string());
        RecordBatch((0..100).map(record).collect())
    };
    let system = actix_rt::System::new();
    system.block_on(async {
        for round in 0..50 {
            monitor.try_send(batch(round)).unwrap();
        }
        actix_rt::System::current().stop();
    });
    system.run().unwrap();

    actix_rt::System::new().block_on(async {
        let report = monitor.shutdown().await;
        assert!(report.is_clean(), "{report:?}");
        let names: Vec<_> = report.components.iter().map(|one| one.status.component).collect();
        let reverse = ["janitor", "aggregator", "health_checker", "alert_evaluator", "registry"];
        assert_eq!(names, reverse);
        let registry = &report.components[4].status;
        assert!(registry.handled >= 50, "what was queued was handled: {registry:?}");
        assert_eq!(registry.state, ComponentState::Stopped);
    });
}

#[test]
fn handles_count_on_after_the_end_and_messages_are_told() {
    let monitor = quick().start().unwrap();
    let counter = monitor.counter("jobs_total").register_one().unwrap();
    actix_rt::System::new().block_on(async {
        let first = monitor.shutdown().await;
        counter.increment();
        assert_eq!(counter.value(), 1.0);
        let stopped = Err(Error::Stopped { component: "registry" });
        assert_eq!(monitor.send(keepwatch::messages::Metrics).await, stopped);
        assert_eq!(monitor.shutdown().await, first, "one end, one report");
    });
}

#[test]
fn a_data_folder_carries_the_series_over_an_orderly_restart() {
    let name = format!("keepwatch-monitor-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let start = || quick().data_dir(&folder).start();
    let values = || {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        Values { metric: "jobs_total".into(), matchers: Vec::new(), start, end }
    };
    let system = actix_rt::System::new();
    let first = start().unwrap();
    first.counter("jobs_total").register_one().unwrap().add(3.0);
    let held = start().unwrap_err().to_string();
    assert!(held.contains("is in use by another process"), "{held}");
    system.block_on(async {
        first.send(values()).await.unwrap();
        let report = first.shutdown().await;
        assert_eq!(report.unsaved, None);
    });
    drop(first);

    let second = start().unwrap();
    let jobs = second.counter("jobs_total").register_one().unwrap();
    system.block_on(async {
        jobs.increment();
        let series = second.send(values()).await.unwrap();
        assert_eq!(series.len(), 1, "the series goes on");
        let samples: Vec<f64> = series[0].samples.iter().map(|sample| sample.value).collect();
        assert!(samples.contains(&3.0), "{samples:?}");
        // A process that begins counts from zero, which is a counter reset.
        assert_eq!(samples.last(), Some(&1.0));
        second.shutdown().await;
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

/// An actor of the application's that subscribes.
struct Pager(UnboundedSender<(AlertState, Option<f64>)>);

impl Actor for Pager {
    type Context = Context<Self>;
}

impl Handler<AlertTransition> for Pager {
    type Result = ();

    fn handle(&mut self, transition: AlertTransition, _: &mut Context<Self>) {
        // The test may have ended.
        let _ = self.0.send((transition.to, transition.alert.value));
    }
}

#[test]
fn an_alert_fires_and_resolves_for_an_actor_and_a_closure() {
    actix_rt::System::new().block_on(async {
        let (page, mut pages) = unbounded_channel();
        let (call, mut calls) = unbounded_channel();
        let pager = Pager(page).start();
        let monitor = quick()
            .rule(hot())
            .subscribe_alerts(Subscriber::recipient("pager", pager.recipient()))
            .on_alert(move |transition: AlertTransition| call.send(transition.to))
            .start()
            .unwrap();
        let temperature = monitor.gauge("temperature_celsius").register_one().unwrap();
        temperature.set(95.0);
        assert_eq!(pages.recv().await, Some((AlertState::Firing, Some(95.0))));
        let active = monitor.send(ActiveAlerts::default()).await.unwrap();
        assert_eq!(active.len(), 1);
        temperature.set(20.0);
        assert_eq!(pages.recv().await, Some((AlertState::Resolved, Some(20.0))));
        assert_eq!(calls.recv().await, Some(AlertState::Firing));
        assert_eq!(calls.recv().await, Some(AlertState::Resolved));
        assert!(monitor.shutdown().await.is_clean());
    });
}

#[test]
fn a_subscriber_that_fails_is_counted_where_operators_look() {
    actix_rt::System::new().block_on(async {
        let (call, mut calls) = unbounded_channel();
        let monitor = quick()
            .rule(hot())
            .on_alert(|_: AlertTransition| Err::<(), _>("the pager is off"))
            .on_alert(move |_: AlertTransition| call.send(()))
            .start()
            .unwrap();
        monitor.gauge("temperature_celsius").register_one().unwrap().set(95.0);
        assert_eq!(calls.recv().await, Some(()));
        let failed =
            r#"keepwatch_deliveries_total{event="alert",outcome="failed",subscriber="on_alert"} 1"#;
        let shown = async {
            while !monitor.exposition().await.unwrap().contains(failed) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), shown).await.unwrap();
        let report = monitor.shutdown().await;
        assert_eq!((report.lost_events, report.is_clean()), (1, false));
    });
}

#[test]
fn one_handle_of_a_metric_with_labels_is_refused_and_leaves_its_name_free() {
    let monitor = quick().start().unwrap();
    let error = monitor.counter("jobs_total").labels(["queue"]).register_one().unwrap_err();
    assert!(error.to_string().contains("\"jobs_total\" has labels"), "{error}");
    monitor.counter("jobs_total").register_one().unwrap();
}

#[test]
fn what_the_builder_refuses_is_named_and_leaves_nothing_running() {
    let refused = |builder: MonitorBuilder| builder.start().unwrap_err();
    let error = refused(Monitor::builder().collection_interval(Duration::ZERO));
    assert_eq!(error.to_string(), "collection_interval must be 100ms to 1h, got 0ns");
    let error = refused(quick().rule(hot()).rule(hot()));
    assert!(matches!(error, StartError::Refused { what: "alert rule", .. }), "{error}");
    assert!(error.to_string().contains("\"Hot\""), "{error}");
    let check = |name: &str, parent: &str| {
        AddCheck::new(CheckDefinition::new(name).requires(parent), || async { true })
    };
    let error = refused(quick().check(check("a", "b")).check(check("b", "a")));
    assert!(error.to_string().contains("a → b → a"), "{error}");
}

#[test]
fn status_and_figures_name_every_component() {
    let monitor = quick().start().unwrap();
    actix_rt::System::new().block_on(async {
        let status = monitor.supervisor().send(Status).await.unwrap();
        assert_eq!(status.len(), 5);
        assert!(status.iter().all(|one| one.state == ComponentState::Running));
        monitor.send(Health).await.unwrap();
        let summary = monitor.summary(Duration::from_secs(60)).await;
        assert!(summary.missing.is_empty(), "{:?}", summary.missing);
        let text = summary.to_string();
        for component in &status {
            assert!(text.contains(component.component), "{text}");
        }
    });
}
