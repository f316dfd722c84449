//! The janitor through its address, over the real components, on paused time.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use keepwatch_engine::alert::{Condition, Evaluator, Rule};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{self, MetricDefinition, TimeRange};
use keepwatch_engine::retention::{CleaningReport, Failure, Policy, RetentionError, Target};
use keepwatch_engine::storage::{Ledger, Removed};

use super::*;
use crate::Error;
use crate::alert_evaluator::messages::{AddRule, AlertHistory};
use crate::alert_evaluator::{AlertEvaluator, AlertOutlets};
use crate::courier::Couriers;
use crate::health_checker::{
    AddCheck, Beat, HealthChecker, HealthHistory, HealthState, PruneHealthHistory,
};
use crate::querier::{Querier, QueryLimits};
use crate::registry::{
    Metrics, Record, RegisterMetric, RegisterMode, Registry, RegistryConfig, Resolve,
    StorageStatistics, Values,
};
use crate::supervisor::testing::{EPOCH, TokioClock, pass, paused, supervisor_by};
use crate::supervisor::{Address, Answer, Keep, Receive, Scope, Settings, Supervisor, Workshop};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Makes the component panic.
struct Poison;

crate::request! { Poison => (), owner Janitor }

impl Receive<Poison> for Janitor {
    fn receive(&mut self, _: Poison, _: &mut Scope<Self>) -> Answer<()> {
        panic!("poison")
    }
}

struct House {
    clock: TokioClock,
    registry: Address<Registry>,
    alerts: Address<AlertEvaluator>,
    health: Address<HealthChecker>,
    janitor: Address<Janitor>,
    _supervisor: Addr<Supervisor>,
}

/// Runs a test in a house whose janitor cleans every hundred hours by itself.
fn check<F: Future<Output = ()>>(test: impl FnOnce(House) -> F) {
    check_with(HOUR * 100, Settings::default(), test);
}

fn check_with<F: Future<Output = ()>>(
    interval: Duration,
    of_alerts: Settings,
    test: impl FnOnce(House) -> F,
) {
    paused(async {
        let clock = TokioClock::new();
        let mut supervisor = supervisor_by(clock.clone());
        let (catalogue, ledger) = (Catalogue::new(), Arc::new(Ledger::new()));
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });
        let (keep, couriers) = (Keep::new(Evaluator::default()), Couriers::new(Workshop::here()));
        let querier = Querier::new(registry.outlet(), Workshop::here(), QueryLimits::default());
        let outlets = AlertOutlets { kinds: registry.outlet(), querier, series: registry.outlet() };
        let alerts = supervisor.seat(of_alerts, move || {
            AlertEvaluator::new(keep.clone(), couriers.clone(), outlets.clone())
        });
        let (keep, couriers) = (Keep::new(HealthState::default()), Couriers::new(Workshop::here()));
        let health = supervisor.seat(Settings::default(), move || {
            HealthChecker::new(keep.clone(), couriers.clone(), None)
        });
        let keep = Keep::new(JanitorState::default());
        let config = JanitorConfig { interval, series_per_slice: 10, ..JanitorConfig::default() };
        let outlets = JanitorOutlets {
            samples: registry.outlet(),
            alert_history: alerts.outlet(),
            health_history: health.outlet(),
            metrics: registry.outlet(),
        };
        let janitor = supervisor
            .seat(Settings::default(), move || Janitor::new(config, keep.clone(), outlets.clone()));
        let _supervisor = supervisor.open();
        for name in ["load", "heat"] {
            let definition = MetricDefinition::gauge(name).labels(["host"]).build().unwrap();
            let register = RegisterMetric { definition, mode: RegisterMode::Strict };
            registry.send(register).await.unwrap();
        }
        test(House { clock, registry, alerts, health, janitor, _supervisor }).await;
    });
}

impl House {
    async fn record(&self, metric: &str, host: &str, value: f64) {
        let record = model::Record::set(metric, value).label("host", host);
        self.registry.send(Record(record)).await.unwrap();
    }

    /// Records `load` and `heat` of one host every minute.
    async fn minutes(&self, count: u32) {
        for minute in 0..count {
            pass(MINUTE).await;
            self.record("load", "a", f64::from(minute)).await;
            self.record("heat", "a", f64::from(minute)).await;
        }
    }

    async fn values(&self, metric: &str) -> Vec<(Duration, f64)> {
        let TimeRange { start, end } = TimeRange::ALL;
        let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
        let series = self.registry.send(values).await.unwrap();
        let samples = series.into_iter().flat_map(|series| series.samples);
        samples.map(|sample| (sample.at.since(EPOCH), sample.value)).collect()
    }

    async fn newest(&self, metric: &str) -> Option<f64> {
        self.values(metric).await.last().map(|newest| newest.1)
    }

    async fn obey(&self, policy: keepwatch_engine::retention::PolicyBuilder) {
        self.janitor.send(SetPolicy(policy.build().unwrap())).await.unwrap();
    }

    async fn clean(&self, dry_run: bool) -> CleaningReport {
        self.janitor.send(Clean { dry_run }).await.unwrap()
    }

    async fn last(&self) -> Option<CleaningReport> {
        self.janitor.send(LastCleaning).await.unwrap()
    }
}

#[test]
fn old_samples_go_and_young_ones_stay_by_metric() {
    check(|house| async move {
        house.minutes(600).await;
        let policy = Policy::builder().samples(HOUR).metric("heat", HOUR * 5);
        house.obey(policy.metric("nobody", HOUR)).await;
        let report = house.clean(false).await;
        for (metric, old) in [("load", 540), ("heat", 300)] {
            // Whole chunks go, so up to 120 old samples stay.
            let gone = report.by_metric[metric].samples;
            assert!((old - 120..=old).contains(&gone), "{gone} of {metric}");
            let values = house.values(metric).await;
            assert_eq!((values.len(), values.last().unwrap().1), (600 - gone, 599.0), "{metric}");
        }
        assert_eq!(report.failures, []);
        assert_eq!(house.last().await, Some(report));
    });
}

#[test]
fn a_dry_run_removes_nothing_and_tells_the_same() {
    check(|house| async move {
        house.minutes(300).await;
        house.record("load", "b", 1.0).await;
        pass(HOUR).await;
        house.obey(Policy::builder().samples(HOUR * 2).idle_after(MINUTE * 30)).await;
        let stored =
            || async { house.registry.send(StorageStatistics).await.unwrap().statistics.samples };
        let before = stored().await;
        let foretold = house.clean(true).await;
        assert_eq!((stored().await, house.last().await), (before, None));
        let done = house.clean(false).await;
        assert!(done.removed.series >= 3 && done.removed.bytes > 0, "{done}");
        assert_eq!(stored().await, before - done.removed.samples);
        assert_eq!(CleaningReport { dry_run: false, ..foretold }, done);
    });
}

#[test]
fn idle_series_expire_and_come_back() {
    check(|house| async move {
        house.obey(Policy::builder().idle_after(MINUTE * 10)).await;
        house.record("load", "a", 1.0).await;
        pass(MINUTE * 9).await;
        assert_eq!(house.clean(false).await.removed, Removed::default());
        pass(MINUTE * 2).await;
        let report = house.clean(false).await;
        assert_eq!((report.removed.series, report.by_metric["load"].samples), (1, 1));
        assert_eq!(house.values("load").await, []);
        house.record("load", "a", 2.0).await;
        let values = house.values("load").await;
        assert_eq!(values.iter().map(|sample| sample.1).collect::<Vec<_>>(), [2.0]);

        house.obey(Policy::builder().never_idle()).await;
        pass(HOUR * 2).await;
        assert_eq!(house.clean(false).await.by_metric.get("load"), None);
        assert_eq!(house.newest("keepwatch_cleaning_runs_total").await, Some(3.0));
    });
}

#[test]
fn a_clock_that_jumps_removes_nothing_until_it_holds() {
    check(|house| async move {
        house.obey(Policy::builder().idle_after(HOUR)).await;
        house.record("load", "a", 1.0).await;
        let removed = || async { house.clean(false).await.removed.series };
        house.clock.set_ahead(HOUR * 24 * 365);
        assert_eq!(removed().await, 0);
        house.clock.set_ahead(Duration::ZERO);
        pass(MINUTE * 30).await;
        assert_eq!((removed().await, house.newest("load").await), (0, Some(1.0)));
        house.clock.set_ahead(HOUR * 24);
        assert_eq!(removed().await, 0);
        pass(MINUTE * 10).await;
        assert!(removed().await > 0);
        assert_eq!(house.newest("load").await, None);
    });
}

#[test]
fn the_registry_answers_between_slices() {
    check(|house| async move {
        for host in 0..500 {
            let labels = vec![("host".into(), format!("h{host}").into())];
            house.registry.send(Resolve { metric: "load".into(), labels }).await.unwrap();
        }
        let answered = Rc::new(Cell::new(0));
        let (registry, counter) = (house.registry.clone(), Rc::clone(&answered));
        let asker = actix_rt::spawn(async move {
            while registry.send(Metrics).await.is_ok() {
                counter.set(counter.get() + 1);
            }
        });
        let report = house.clean(false).await;
        asker.abort();
        let answered = answered.get();
        assert!(report.slices > 50, "{report}");
        assert!(answered >= report.slices / 2, "{answered} answers in {} slices", report.slices);
    });
}

#[test]
fn histories_are_kept_as_long_as_the_policy_says() {
    check(|house| async move {
        let rule = Rule::on("hot", "heat").when(Condition::above(50.0));
        house.alerts.send(AddRule(rule.build().unwrap())).await.unwrap();
        house.health.send(AddCheck::heartbeat("backup", HOUR * 2)).await.unwrap();
        house.health.send(Beat { check: "backup".into() }).await.unwrap();
        for _ in 0..2 {
            house.record("heat", "a", 99.0).await;
            pass(MINUTE).await;
        }
        let alerts = || async { house.alerts.send(AlertHistory::default()).await.unwrap().len() };
        let query = HealthHistory { range: TimeRange::ALL, check: None, limit: 10 };
        let changes = || async { house.health.send(query.clone()).await.unwrap().len() };
        let (alerts_before, changes_before) = (alerts().await, changes().await);
        assert!(alerts_before > 0 && changes_before > 0);

        let policy = || Policy::builder().alert_history(MINUTE * 90).health_history(MINUTE * 30);
        house.obey(policy()).await;
        pass(HOUR).await;
        let counts = |report: &CleaningReport| (report.alert_history, report.health_history);
        assert_eq!(counts(&house.clean(true).await), (0, changes_before));
        assert_eq!(changes().await, changes_before);
        assert_eq!(counts(&house.clean(false).await), (0, changes_before));
        assert_eq!(changes().await, 0);
        let all = alerts().await;
        house.obey(policy().alert_history(MINUTE)).await;
        assert_eq!(counts(&house.clean(false).await), (all - alerts().await, 0));
        assert!(alerts().await < all);
        let removed = house.values("keepwatch_cleaning_removed_entries_total").await;
        assert_eq!(removed.last().unwrap().1, changes_before as f64);
    });
}

#[test]
fn a_target_that_fails_does_not_end_the_pass() {
    // A mailbox that takes nothing.
    let full = Settings { mailbox_bound: 0, ..Settings::default() };
    check_with(HOUR, full, |house| async move {
        house.health.send(AddCheck::heartbeat("backup", HOUR * 2)).await.unwrap();
        house.health.send(Beat { check: "backup".into() }).await.unwrap();
        house.record("load", "a", 1.0).await;
        house.obey(Policy::builder().samples(MINUTE * 10)).await;
        pass(HOUR + MINUTE).await;
        let report = house.last().await.expect("the timer has cleaned");
        let error = "alert_evaluator is overloaded: its mailbox holds its bound of 0 messages";
        let failure = Failure { target: Target::AlertHistory, error: error.to_owned() };
        assert_eq!(report.failures, [failure]);
        assert_eq!((report.by_metric["load"].series, report.health_history), (1, 1));
        assert_eq!(house.newest("keepwatch_cleaning_failures_total").await, Some(1.0));
        let later = PruneHealthHistory { before: EPOCH + HOUR * 2, dry_run: true };
        assert_eq!(house.health.send(later).await, Ok(0));
    });
}

#[test]
fn one_pass_at_a_time() {
    check(|house| async move {
        let clean = || house.janitor.send(Clean::default());
        let (first, second) = tokio::join!(clean(), clean());
        assert_eq!(first.map(|report| report.started), Ok(EPOCH));
        assert_eq!(second, Err(Error::Retention(RetentionError::PassUnderWay { started: EPOCH })));
        assert!(clean().await.is_ok(), "and another after it");
    });
}

#[test]
fn a_restart_keeps_the_policy_the_report_and_the_rhythm() {
    check_with(HOUR, Settings::default(), |house| async move {
        let policy = Policy::builder().samples(HOUR * 3).metric("load", HOUR).build().unwrap();
        house.janitor.send(SetPolicy(policy.clone())).await.unwrap();
        pass(HOUR + MINUTE).await;
        let last = house.last().await.expect("the timer has cleaned");
        assert_eq!(last.started.since(EPOCH).as_secs(), 3_600);

        pass(MINUTE * 29).await;
        let faulted = Err(Error::Faulted { component: "janitor" });
        // The pass that is under way ends with the incarnation.
        let (cut, poisoned) =
            tokio::join!(house.janitor.send(Clean::default()), house.janitor.send(Poison));
        assert_eq!((cut.map(drop), poisoned), (faulted.clone(), faulted));
        pass(MINUTE).await;
        assert_eq!(house.janitor.send(CurrentPolicy).await, Ok(policy));
        assert_eq!(house.last().await.as_ref(), Some(&last));
        pass(MINUTE * 28).await;
        assert_eq!(house.last().await.map(|report| report.started), Some(last.started));
        pass(MINUTE * 2).await;
        let next = house.last().await.expect("another").started;
        assert_eq!(next.since(EPOCH).as_secs(), 7_200);
        assert_eq!(house.newest("keepwatch_cleaning_runs_total").await, Some(2.0));
    });
}
