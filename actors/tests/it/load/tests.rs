//! The failures, and what is left after each.

use std::time::Duration;

use keepwatch_actors::aggregator::Aggregations;
use keepwatch_actors::alert_evaluator::messages::{ActiveAlerts, Rules, Silences};
use keepwatch_actors::health_checker::Health;
use keepwatch_actors::janitor::{Clean, CurrentPolicy};
use keepwatch_actors::registry::Metrics;
use keepwatch_actors::supervisor::testing::{
    EPOCH, pass, paused, supervisor, supervisor_on_threads, threaded,
};
use keepwatch_actors::supervisor::{ComponentState, Settings, Shutdown};
use keepwatch_engine::alert::AlertState;
use keepwatch_engine::health::HealthStatus;

use super::failing::{
    FailAggregator, FailAlertEvaluator, FailHealthChecker, FailJanitor, FailRegistry, HangRegistry,
    PLACES, Place,
};
use super::house::{House, SERIES, Sabotage};

/// Batches between two failures: four failures make a million samples.
const BATCHES: usize = 250;

/// Sends a million samples of load and makes `component` fail four times on
/// the way, once at each place.
fn check(
    component: &'static str,
    factory: fn(&House) -> &Sabotage,
    fail: impl AsyncFn(&House, Place) -> Result<(), keepwatch_actors::Error>,
) {
    paused(async {
        let mut house = House::open(supervisor(), Settings::default(), EPOCH).await;
        // Long enough for the rule to fire and the check to run.
        house.batch().await;
        pass(Duration::from_secs(16)).await;
        let firing = house.alert_evaluator.send(ActiveAlerts::default()).await.unwrap();
        assert_eq!(firing.len(), 1);
        assert_eq!(firing[0].state, AlertState::Firing);

        for place in PLACES {
            for batch in 0..BATCHES {
                house.batch().await;
                if batch != BATCHES / 2 {
                    continue;
                }
                factory(&house).set(place == Place::Factory);
                let answer = fail(&house, place).await;
                assert_eq!(answer.is_ok(), place == Place::Timer, "{place:?}: {answer:?}");
                // A factory that fails is tried again; by the sixth failure
                // the component rests for 100 ms.
                pass(Duration::from_millis(1)).await;
                factory(&house).set(false);
                pass(Duration::from_millis(300)).await;
                let status = house.status(component).await;
                assert_eq!(status.state, ComponentState::Running, "{component} {place:?}");
                // Past the period, so that the next failure is a first one.
                pass(Duration::from_secs(11)).await;
            }
        }
        assert_eq!(house.acknowledged, SERIES * (BATCHES * PLACES.len() + 1));
        intact(&house).await;
        let status = house.status(component).await;
        assert!(status.restarts >= 4, "{status:?}");
        assert!(status.faults > status.restarts, "the factory's failures are faults as well");
        assert_eq!((status.refused, status.dead_letters, status.queued), (0, 0, 0), "{component}");
        let report = house.supervisor.send(Shutdown { deadline: Duration::from_secs(5) }).await;
        assert!(report.as_ref().is_ok_and(|report| report.is_clean()), "{report:?}");
        assert_eq!(report.map_or(1, |report| report.undelivered()), 0);
    });
}

/// Looks at everything that users would miss.
async fn intact(house: &House) {
    assert_eq!(house.stored().await, house.acknowledged, "acknowledged samples");
    let metrics = house.registry.send(Metrics).await.unwrap();
    assert!(metrics.iter().any(|metric| metric.name().as_ref() == "load"));
    assert_eq!(house.alert_evaluator.send(Rules).await.unwrap().len(), 1);
    let alerts = house.alert_evaluator.send(ActiveAlerts::default()).await.unwrap();
    let fired = alerts.first().and_then(|alert| alert.fired_at);
    assert_eq!(fired, Some(EPOCH.align_down(Duration::from_secs(15)) + Duration::from_secs(15)));
    assert_eq!(house.alert_evaluator.send(Silences).await.unwrap().len(), 1);
    let health = house.health_checker.send(Health).await.unwrap();
    assert_eq!(health.checks.len(), 1);
    assert_eq!(health.status, HealthStatus::Up);
    assert_eq!(house.aggregator.send(Aggregations).await.unwrap().len(), 1);
    house.janitor.send(CurrentPolicy).await.unwrap();
    house.janitor.send(Clean { dry_run: true }).await.unwrap();
}

#[test]
fn the_registry() {
    check(
        "registry",
        |house| &house.factories.registry,
        async |house, place| house.registry.send(FailRegistry(place)).await,
    );
}

#[test]
fn the_alert_evaluator() {
    check(
        "alert_evaluator",
        |house| &house.factories.alert_evaluator,
        async |house, place| house.alert_evaluator.send(FailAlertEvaluator(place)).await,
    );
}

#[test]
fn the_health_checker() {
    check(
        "health_checker",
        |house| &house.factories.health_checker,
        async |house, place| house.health_checker.send(FailHealthChecker(place)).await,
    );
}

#[test]
fn the_aggregator() {
    check(
        "aggregator",
        |house| &house.factories.aggregator,
        async |house, place| house.aggregator.send(FailAggregator(place)).await,
    );
}

#[test]
fn the_janitor() {
    check(
        "janitor",
        |house| &house.factories.janitor,
        async |house, place| house.janitor.send(FailJanitor(place)).await,
    );
}

/// On the machine's time and threads: a blocked thread is what it is about.
#[test]
fn a_registry_that_hangs_loses_no_acknowledged_sample() {
    threaded(async {
        let supervisor = supervisor_on_threads();
        let settings = Settings { hung_after: Duration::from_millis(300), ..Settings::default() };
        let mut house = House::open(supervisor, settings, EPOCH).await;
        for _ in 0..100 {
            house.batch().await;
        }
        let hung = house.registry.send(HangRegistry(Duration::from_secs(3))).await;
        assert!(hung.is_err(), "the asker is released");
        for _ in 0..100 {
            house.batch().await;
        }
        assert_eq!(house.acknowledged, 200 * SERIES);
        assert_eq!(house.stored().await, house.acknowledged);
        let status = house.status("registry").await;
        assert_eq!((status.replacements, status.state), (1, ComponentState::Running));
        let metrics = house.registry.send(Metrics).await.unwrap();
        assert!(metrics.iter().any(|metric| metric.name().as_ref() == "load"));
    });
}
