//! Aggregations against a real registry, on paused time.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::{Builder, Definition, Method, Schedule};
use keepwatch_engine::instrument::Catalogue;
use keepwatch_engine::model::{self, MetricDefinition, Timestamp};
use keepwatch_engine::storage::Ledger;

use super::*;
use crate::querier::{Querier, QueryLimits};
use crate::registry::{Record, RegisterMetric, RegisterMode, Registry, RegistryConfig, Values};
use crate::supervisor::testing::{EPOCH, pass, paused, supervisor};
use crate::supervisor::{Address, Answer, Keep, Receive, Scope, Settings, Workshop};
use crate::{Error, request};

struct Fail;

request! { Fail => (), owner Aggregator }

impl Receive<Fail> for Aggregator {
    fn receive(&mut self, _: Fail, _: &mut Scope<Self>) -> Answer<()> {
        panic!("on command")
    }
}

struct Stage {
    registry: Address<Registry>,
    aggregator: Address<Aggregator>,
}

impl Stage {
    /// A registry with the gauge `g{host}` and an aggregator with an interval
    /// of a minute.
    async fn open() -> Self {
        let mut supervisor = supervisor();
        let (catalogue, ledger) = (Catalogue::new(), Arc::<Ledger>::default());
        let registry = supervisor.seat(Settings::default(), move || {
            Registry::new(RegistryConfig::default(), catalogue.clone(), Arc::clone(&ledger))
        });
        let keep = Keep::new(Schedule::new(Duration::from_secs(60)));
        let outlets = AggregatorOutlets {
            select: registry.outlet(),
            register: registry.outlet(),
            record: registry.outlet(),
            querier: Querier::new(registry.outlet(), Workshop::here(), QueryLimits::default()),
            derive: registry.outlet(),
        };
        let aggregator = supervisor
            .seat(Settings::default(), move || Aggregator::new(keep.clone(), outlets.clone()));
        supervisor.open();
        let definition = MetricDefinition::gauge("g").labels(["host"]).build().unwrap();
        let mode = RegisterMode::Strict;
        registry.send(RegisterMetric { definition, mode }).await.unwrap();
        Self { registry, aggregator }
    }

    async fn set(&self, host: &'static str, value: f64) {
        let record = model::Record::set("g", value).label("host", host);
        self.registry.send(Record(record)).await.unwrap();
    }

    async fn add(&self, builder: Builder) {
        self.aggregator.send(AddAggregation(builder.build().unwrap())).await.unwrap();
    }

    /// The stored results, as `labels value` each.
    async fn stored(&self, metric: &'static str) -> Vec<String> {
        let (start, end) = (Timestamp::MIN, Timestamp::MAX);
        let values = Values { metric: metric.into(), matchers: Vec::new(), start, end };
        let series = self.registry.send(values).await.unwrap_or_default();
        let lines = series.iter().flat_map(|one| {
            one.samples.iter().map(|sample| format!("{} {}", one.labels, sample.value))
        });
        lines.collect()
    }
}

fn mean() -> Builder {
    Definition::of("g", Method::Avg)
}

#[test]
fn results_are_series_that_can_be_aggregated_again() {
    paused(async {
        let stage = Stage::open().await;
        stage.add(mean().name("mean_of_g").by(["host"])).await;
        let most = Definition::of("mean_of_g", Method::Max).name("most").by::<&str>([]);
        stage.add(most).await;
        stage.set("a", 2.0).await;
        stage.set("b", 7.0).await;
        pass(Duration::from_secs(1)).await;
        stage.set("a", 4.0).await;
        pass(Duration::from_secs(60)).await;
        assert_eq!(stage.stored("mean_of_g").await, [r#"{host="a"} 3"#, r#"{host="b"} 7"#]);
        pass(Duration::from_secs(60)).await;
        assert_eq!(stage.stored("most").await, ["{} 7"]);
    });
}

#[test]
fn what_an_expression_finds_is_stored_until_it_is_gone() {
    paused(async {
        let stage = Stage::open().await;
        let interval = Duration::from_secs(60);
        let doubled = Definition::expression("g:doubled", "2 * g > 0").label("team", "ops");
        stage.add(doubled.interval(interval)).await;
        stage.add(Definition::expression("same", "g").label("host", "")).await;
        stage.set("a", 1.0).await;
        stage.set("b", 2.0).await;
        pass(interval).await;
        stage.set("b", -1.0).await;
        pass(interval).await;
        let expected = [
            r#"{host="a",team="ops"} 2"#,
            r#"{host="a",team="ops"} 2"#,
            r#"{host="b",team="ops"} 4"#,
            r#"{host="b",team="ops"} NaN"#,
        ];
        assert_eq!(stage.stored("g:doubled").await, expected);
        let states = stage.aggregator.send(Aggregations).await.unwrap();
        assert_eq!((states[0].1.runs, states[0].1.last_results), (2, 1));
        let error = states[1].1.last_error.as_deref().unwrap();
        assert!(error.contains("two series have the same labels {}"), "{error}");
        let now = AggregateNow { name: "g:doubled".into() };
        assert_eq!(stage.aggregator.send(now).await, Ok(1));
    });
}

#[test]
fn one_that_fails_is_reported_and_touches_no_other() {
    paused(async {
        let stage = Stage::open().await;
        stage.add(Definition::of("nobody", Method::Sum).name("broken")).await;
        stage.add(mean().name("fine")).await;
        stage.set("a", 2.0).await;
        pass(Duration::from_secs(61)).await;
        assert_eq!(stage.stored("fine").await, [r#"{host="a"} 2"#]);
        let states = stage.aggregator.send(Aggregations).await.unwrap();
        let (broken, fine) = (&states[0].1, &states[1].1);
        assert_eq!((broken.runs, broken.failures), (1, 1));
        let error = broken.last_error.as_deref().unwrap();
        assert!(error.contains("unknown metric \"nobody\""), "{error}");
        assert_eq!((fine.runs, fine.failures, fine.last_results), (1, 0, 1));
    });
}

#[test]
fn a_restart_keeps_definitions_and_what_became_of_the_runs() {
    paused(async {
        let stage = Stage::open().await;
        stage.add(mean().name("fine")).await;
        stage.set("a", 2.0).await;
        pass(Duration::from_secs(61)).await;
        assert!(stage.aggregator.send(Fail).await.is_err());
        pass(Duration::from_secs(60)).await;
        let states = stage.aggregator.send(Aggregations).await.unwrap();
        assert_eq!((states.len(), states[0].1.runs), (1, 2));
        assert_eq!(states[0].1.last_run.map(|at| at.millis() % 60_000), Some(0), "aligned");
    });
}

#[test]
fn on_demand_with_and_without_storing() {
    paused(async {
        let stage = Stage::open().await;
        stage.set("a", 2.0).await;
        stage.set("b", 4.0).await;
        let definition = mean().name("fine").by::<&str>([]).build().unwrap();
        let aggregate = Aggregate { definition: definition.clone(), at: None };
        let values = stage.aggregator.send(aggregate).await.unwrap();
        assert_eq!(values.iter().map(|(_, value)| *value).collect::<Vec<_>>(), [3.0]);
        assert!(stage.stored("fine").await.is_empty());

        stage.aggregator.send(AddAggregation(definition.clone())).await.unwrap();
        let now = AggregateNow { name: "fine".into() };
        assert_eq!(stage.aggregator.send(now).await, Ok(1));
        assert_eq!(stage.stored("fine").await, ["{} 3"]);

        let early = Aggregate { definition, at: Some(EPOCH - Duration::from_secs(3_600)) };
        assert_eq!(stage.aggregator.send(early).await, Ok(Vec::new()));
    });
}

#[test]
fn names_are_unique_and_known() {
    paused(async {
        let stage = Stage::open().await;
        stage.add(mean().name("fine")).await;
        let twin = AddAggregation(mean().name("fine").build().unwrap());
        let error = stage.aggregator.send(twin).await.unwrap_err();
        assert_eq!(error.to_string(), "aggregation \"fine\" exists already");
        let remove = || RemoveAggregation { name: "fine".into() };
        assert_eq!(stage.aggregator.send(remove()).await, Ok(()));
        assert!(matches!(stage.aggregator.send(remove()).await, Err(Error::Aggregate(_))));
    });
}
