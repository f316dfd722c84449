//! One run: from the registry's snapshot to stored results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::{AggregateError, Definition, Measure, Results, Source, recorded};
use keepwatch_engine::model::{Labels, MetricDefinition, Record, Timestamp};
use keepwatch_engine::promql::EvaluationTimes;
use keepwatch_engine::registry::BatchOutcome;
use keepwatch_engine::storage::Selector;

use crate::Error;
use crate::querier::{Querier, QueryFailure};
use crate::registry::{AppendDerived, RecordBatch, RegisterMetric, RegisterMode, Select};
use crate::supervisor::{Outlet, WorkError, Workshop};

/// How long computing one aggregation may take.
const COMPUTE_LIMIT: Duration = Duration::from_secs(60);

/// Where an aggregator reads and stores.
#[derive(Debug, Clone)]
pub struct AggregatorOutlets {
    /// Where samples come from.
    pub select: Outlet<Select>,
    /// Where the gauges of the results are registered.
    pub register: Outlet<RegisterMetric>,
    /// Where results go.
    pub record: Outlet<RecordBatch>,
    /// Who answers expressions.
    pub querier: Querier,
    /// Where their results go.
    pub derive: Outlet<AppendDerived>,
}

/// The values of one run.
pub(super) enum Computed {
    /// Of a metric, and the metric.
    Measured {
        name: Arc<str>,
        measure: Measure,
        source: Arc<MetricDefinition>,
        values: Vec<(Labels, f64)>,
    },
    /// Of an expression.
    Found { name: Arc<str>, values: BTreeMap<Labels, f64> },
}

impl Computed {
    pub(super) fn into_values(self) -> Vec<(Labels, f64)> {
        match self {
            Self::Measured { values, .. } => values,
            Self::Found { values, .. } => values.into_iter().collect(),
        }
    }
}

impl AggregatorOutlets {
    /// Computes an aggregation at a point in time.
    pub(super) async fn compute(
        &self,
        definition: &Definition,
        at: Timestamp,
        workshop: Workshop,
    ) -> Result<Computed, Error> {
        let name = Arc::clone(definition.name());
        match definition.source() {
            Source::Metric(measure) => self.measure(name, measure.clone(), at, workshop).await,
            Source::Expression(recording) => {
                let times = EvaluationTimes::instant(at.millis());
                let query = recording.expression().query();
                let answered = self.querier.evaluate(query, times, Some(COMPUTE_LIMIT)).await;
                let answer = answered.map_err(|failure| match failure {
                    QueryFailure::Engine(error) => error,
                    failure => AggregateError::Failed { reason: failure.to_string() }.into(),
                })?;
                Ok(Computed::Found { name, values: recording.values(answer)? })
            }
        }
    }

    async fn measure(
        &self,
        name: Arc<str>,
        measure: Measure,
        at: Timestamp,
        workshop: Workshop,
    ) -> Result<Computed, Error> {
        let (metric, matchers) = (Arc::clone(measure.metric()), measure.matchers().to_vec());
        let selector = Selector { metric, matchers };
        let range = measure.sample_range(at);
        let selected = self.select.send(Select { selector, range }).await?;
        let source = Arc::clone(&selected.definition);
        let compute = {
            let measure = measure.clone();
            move || measure.evaluate(&selected.definition, selected.samples(), at)
        };
        match workshop.compute(COMPUTE_LIMIT, compute).await {
            Ok(values) => Ok(Computed::Measured { name, measure, source, values }),
            Err(WorkError::TimedOut(after)) => {
                Err(Error::Timeout { component: "aggregator", after })
            }
            Err(error) => {
                log::error!("computing an aggregation {error}");
                Err(Error::Faulted { component: "aggregator" })
            }
        }
    }

    /// Stores the values of a run. What the registry refuses makes the run
    /// fail, with the first refusal as the reason.
    pub(super) async fn store(
        &self,
        computed: Computed,
        at: Timestamp,
        before: &BTreeSet<Labels>,
    ) -> Result<Results, Error> {
        match computed {
            Computed::Measured { name, measure, source, values } => {
                let metric = measure.result_metric(&name, &source)?;
                let labels = metric.label_names().to_vec();
                let mode = RegisterMode::GetOrRegister;
                self.register.send(RegisterMetric { definition: metric, mode }).await?;
                let record = |(of, value): &(Labels, f64)| {
                    let record = Record::set_at(Arc::clone(&name), *value, at);
                    // Every label of the metric, because the registry wants
                    // each named; an absent one is empty.
                    labels.iter().fold(record, |record, name| {
                        record.label(Arc::clone(name), of.get(name).unwrap_or(""))
                    })
                };
                let records = values.iter().map(record).collect();
                let stored = accepted(self.record.send(RecordBatch(records)).await?)?;
                Ok(Results { stored, ..Results::default() })
            }
            Computed::Found { name, values } => {
                let samples = recorded(&name, &values, before, at);
                accepted(self.derive.send(AppendDerived(samples)).await?)?;
                let (stored, series) = (values.len(), Arc::new(values.into_keys().collect()));
                Ok(Results { stored, series })
            }
        }
    }
}

fn accepted(outcome: BatchOutcome) -> Result<usize, Error> {
    match outcome.errors.into_iter().next() {
        None => Ok(outcome.accepted),
        Some((_, refusal)) => Err(refusal.into()),
    }
}
