//! What the components begin with: what was kept, under what is configured.

use std::sync::Arc;

use keepwatch_actors::health_checker::HealthState;
use keepwatch_actors::janitor::JanitorState;
use keepwatch_actors::supervisor::{Keep, SaveBell, Workshop};
use keepwatch_engine::aggregate::Schedule;
use keepwatch_engine::alert::Evaluator;
use keepwatch_engine::instrument::{Catalogue, KeptMetrics};
use keepwatch_engine::model::MetricDefinition;

use super::builder::MonitorBuilder;
use super::error::StartError;
use super::persisting::{
    self, CatalogueSource, KeepSource, Persister, Restored, Source, report_left_out,
};

/// The values that the first incarnations begin with.
pub(super) struct Keeps {
    pub(super) alerts: Keep<Evaluator>,
    pub(super) health: Keep<HealthState>,
    pub(super) aggregations: Keep<Schedule>,
    pub(super) janitor: Keep<JanitorState>,
}

/// Restores what the data folder keeps, and lays what the builder configures
/// over it: a rule or an aggregation of the builder's goes before a kept one
/// of the same name. Returns what saves it from now on, if there is a folder.
pub(super) fn restore(
    plan: &mut MonitorBuilder,
    catalogue: &Catalogue,
    workshop: &Workshop,
) -> Result<(Keeps, Option<Persister>), StartError> {
    let now = plan.clock.now();
    let (store, mut contents) = match plan.data.as_deref().and_then(persisting::open) {
        Some(Restored { store, contents }) => (Some(store), contents),
        None => Default::default(),
    };
    let kept_alerts = Evaluator::restore(plan.evaluation, &mut contents, now);
    let kept_health = HealthState::restore(&mut contents);
    let kept_schedule = Schedule::restore(plan.aggregation, &mut contents, now);
    let kept_janitor = JanitorState::restore(&mut contents);
    let kept_metrics = KeptMetrics::restore(&mut contents);
    report_left_out(&contents);

    let mut alerts = kept_alerts.clone();
    alerts.resume(now);
    for rule in std::mem::take(&mut plan.rules) {
        let name = rule.name().to_string();
        alerts
            .configure_rule(rule, now)
            .map_err(|source| refused("alert rule", name, source.into()))?;
    }
    let mut schedule = kept_schedule.clone();
    for definition in std::mem::take(&mut plan.aggregations) {
        let name = definition.name().to_string();
        schedule
            .configure(definition, now)
            .map_err(|source| refused("aggregation", name, source.into()))?;
    }
    let mut janitor = kept_janitor.clone();
    janitor.configure(plan.policy.clone());
    let policy = plan.policy.clone();
    catalogue.restore(&kept_metrics, now, |metric: &MetricDefinition| {
        let by_name = policy.by_metric().get(metric.name()).copied();
        by_name.or_else(|| metric.retention()).unwrap_or_else(|| policy.samples())
    });

    let Some(store) = store else {
        let keeps = Keeps {
            alerts: Keep::new(alerts),
            health: Keep::new(kept_health),
            aggregations: Keep::new(schedule),
            janitor: Keep::new(janitor),
        };
        return Ok((keeps, None));
    };
    let bell = SaveBell::default();
    let keeps = Keeps {
        alerts: Keep::saved_by(&bell, alerts),
        health: Keep::saved_by(&bell, kept_health.clone()),
        aggregations: Keep::saved_by(&bell, schedule),
        janitor: Keep::saved_by(&bell, janitor),
    };
    let clock = &plan.clock;
    let metrics = CatalogueSource::new(catalogue.clone(), Arc::clone(clock), kept_metrics);
    let sources: Vec<Box<dyn Source>> = vec![
        Box::new(KeepSource::new(keeps.alerts.clone(), kept_alerts)),
        Box::new(KeepSource::new(keeps.health.clone(), kept_health)),
        Box::new(KeepSource::new(keeps.aggregations.clone(), kept_schedule)),
        Box::new(KeepSource::new(keeps.janitor.clone(), kept_janitor)),
        Box::new(metrics),
    ];
    let (workshop, clock) = (workshop.clone(), Arc::clone(clock));
    let persister = Persister::new(store, sources, bell, workshop, clock, catalogue)?;
    Ok((keeps, Some(persister)))
}

fn refused(what: &'static str, name: String, source: keepwatch_actors::Error) -> StartError {
    StartError::Refused { what, name, source: Box::new(source) }
}
