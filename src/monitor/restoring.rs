//! What the components begin with: what was kept, under what is configured.

use std::path::Path;
use std::sync::Arc;

use keepwatch_actors::health_checker::HealthState;
use keepwatch_actors::janitor::JanitorState;
use keepwatch_actors::supervisor::{Keep, SaveBell, Workshop};
use keepwatch_engine::aggregate::Schedule;
use keepwatch_engine::alert::Evaluator;
use keepwatch_engine::instrument::{Catalogue, KeptMetrics};
use keepwatch_engine::model::{MetricDefinition, Timestamp};
use keepwatch_engine::rules::group::Groups;
use keepwatch_engine::storage::folder::DamagedFile;
use keepwatch_engine::storage::state::Contents;

use super::builder::MonitorBuilder;
use super::error::StartError;
use super::persisting::{CatalogueSource, KeepSource, Persister, Source};
use super::state_file::{self, Restored};

/// How many entries that were left out are named in the log.
const NAMED_MAX: usize = 20;

/// The values that the first incarnations begin with.
pub(super) struct Keeps {
    pub(super) alerts: Keep<Evaluator>,
    pub(super) groups: Keep<Groups>,
    pub(super) health: Keep<HealthState>,
    pub(super) aggregations: Keep<Schedule>,
    pub(super) janitor: Keep<JanitorState>,
}

/// Restores what the data folder keeps, and lays what the builder configures
/// over it: a rule or an aggregation of the builder's goes before a kept one
/// of the same name. Returns what saves it from now on, if there is a folder;
/// what is lost is added to `damaged`.
pub(super) fn restore(
    plan: &mut MonitorBuilder,
    catalogue: &Catalogue,
    workshop: &Workshop,
    damaged: &mut Vec<DamagedFile>,
) -> Result<(Keeps, Option<Persister>), StartError> {
    let now = plan.clock.now();
    let (file, mut contents) = match plan.data.as_deref().map(state_file::open) {
        Some(Restored { file, contents, damaged: lost }) => {
            damaged.extend(lost);
            (Some(file), contents)
        }
        None => Default::default(),
    };
    let kept_alerts = Evaluator::restore(plan.evaluation, &mut contents, now);
    let kept_health = HealthState::restore(&mut contents);
    let kept_schedule = Schedule::restore(plan.aggregation, &mut contents, now);
    let kept_janitor = JanitorState::restore(&mut contents);
    let kept_metrics = KeptMetrics::restore(&mut contents);
    if let Some(file) = &file {
        damaged.extend(left_out(file.path(), &contents));
    }

    let (alerts, groups) = configure_rules(plan, kept_alerts.clone(), now)?;
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

    let Some(file) = file else {
        let keeps = Keeps {
            alerts: Keep::new(alerts),
            groups: Keep::new(groups),
            health: Keep::new(kept_health),
            aggregations: Keep::new(schedule),
            janitor: Keep::new(janitor),
        };
        return Ok((keeps, None));
    };
    let bell = SaveBell::default();
    let keeps = Keeps {
        alerts: Keep::saved_by(&bell, alerts),
        groups: Keep::new(groups),
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
    let persister = Persister::new(file, sources, bell, workshop, clock, catalogue)?;
    Ok((keeps, Some(persister)))
}

/// Lays the rules of the builder, and those of its rule files, over what was
/// kept of alerts.
fn configure_rules(
    plan: &mut MonitorBuilder,
    mut alerts: Evaluator,
    now: Timestamp,
) -> Result<(Evaluator, Groups), StartError> {
    alerts.surround(std::mem::take(&mut plan.surroundings));
    alerts.resume(now);
    for rule in std::mem::take(&mut plan.rules) {
        let name = rule.name().to_string();
        alerts
            .configure_rule(rule, now)
            .map_err(|source| refused("alert rule", name, source.into()))?;
    }
    let mut groups = Groups::default();
    for (name, file) in std::mem::take(&mut plan.rule_files) {
        groups
            .add(&name, &file, &plan.group_defaults, &mut alerts, now)
            .map_err(|source| refused("rule file", name.to_string(), source.into()))?;
    }
    Ok((alerts, groups))
}

/// Logs the entries that could not be read, and says how many there are.
fn left_out(path: &Path, contents: &Contents) -> Option<DamagedFile> {
    let left_out = contents.left_out();
    for entry in left_out.iter().take(NAMED_MAX) {
        log::error!("not restored: {entry}");
    }
    if left_out.len() > NAMED_MAX {
        log::error!("not restored: {} more entries", left_out.len() - NAMED_MAX);
    }
    let first = left_out.first()?;
    let reason = format!("{} of its entries, the first is {first}", left_out.len());
    Some(DamagedFile { path: path.to_owned(), reason })
}

fn refused(what: &'static str, name: String, source: keepwatch_actors::Error) -> StartError {
    StartError::Refused { what, name, source: Box::new(source) }
}
