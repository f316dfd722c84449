//! The results of checks as series, through a registry.

use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::TimeRange;
use keepwatch_engine::storage::Ledger;

use super::*;
use crate::registry::{Registry, RegistryConfig, Values};

fn open_with_registry() -> (Address<HealthChecker>, Address<Registry>, Addr<Supervisor>) {
    let (catalogue, ledger) = (Catalogue::new(), Arc::new(Ledger::new()));
    let mut supervisor = supervisor();
    let registry = supervisor.seat(Settings::default(), move || {
        Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
    });
    let series = SeriesOutlets { register: registry.outlet(), record: registry.outlet() };
    let health = seat(&mut supervisor, Some(series));
    (health, registry, supervisor.open())
}

async fn values(registry: &Address<Registry>, metric: &str, check: &str) -> Vec<f64> {
    let TimeRange { start, end } = TimeRange::ALL;
    let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
    let series = registry.send(values).await.unwrap();
    let of_check = series.into_iter().filter(|series| series.labels.get("check") == Some(check));
    of_check.flat_map(|series| series.samples).map(|sample| sample.value).collect()
}

#[test]
fn results_are_series_and_those_of_a_blocked_check_go_on() {
    paused(async {
        let (health, registry, _supervisor) = open_with_registry();
        let (db, api) = (Service::default(), Service::default());
        health.send(AddCheck::new(check("db").fall(2), db.probe())).await.unwrap();
        health.send(AddCheck::new(check("api").requires("db"), api.probe())).await.unwrap();
        let cold = || future::ready(Outcome::degraded("cold"));
        health.send(AddCheck::new(check("cache"), cold)).await.unwrap();
        let never = check("never").timeout(INTERVAL * 100);
        health.send(AddCheck::new(never, future::pending::<()>)).await.unwrap();
        pass(MILLISECOND * 20).await;
        assert_eq!(values(&registry, "keepwatch_health_status", "cache").await, [0.5]);

        db.set_down(true);
        pass(INTERVAL * 4).await;
        assert_eq!(
            values(&registry, "keepwatch_health_status", "db").await,
            // At 0, 10, 15, 20, 30 and 40 s; down from the second failure.
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
        );
        assert_eq!(
            values(&registry, "keepwatch_health_status", "api").await,
            // Blocked from 20 s on, and recorded again at 30 s.
            [1.0, 1.0, 1.0, 0.0, 0.0],
        );
        assert_eq!(
            values(&registry, "keepwatch_health_check_failures_total", "db").await,
            [0.0, 1.0, 1.0, 2.0, 3.0, 4.0]
        );
        assert_eq!(values(&registry, "keepwatch_health_status", "never").await, [] as [f64; 0]);
        let durations = values(&registry, "keepwatch_health_check_duration_seconds", "db").await;
        assert_eq!(durations.len(), 6);
        assert_eq!(values(&registry, "keepwatch_health_check_runs_total", "cache").await.len(), 6);
    });
}
