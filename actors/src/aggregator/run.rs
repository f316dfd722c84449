//! One run: from the registry's snapshot to stored results.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::aggregate::Definition;
use keepwatch_engine::model::{Labels, MetricDefinition, Record, Timestamp};
use keepwatch_engine::storage::Selector;

use crate::Error;
use crate::registry::{RecordBatch, RegisterMetric, RegisterMode, Select};
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
}

/// The values of one run, and the metric that they were computed from.
pub(super) struct Computed {
    source: Arc<MetricDefinition>,
    pub(super) values: Vec<(Labels, f64)>,
}

impl AggregatorOutlets {
    /// Computes an aggregation at a point in time.
    pub(super) async fn compute(
        &self,
        definition: Arc<Definition>,
        at: Timestamp,
        workshop: Workshop,
    ) -> Result<Computed, Error> {
        let selector = Selector {
            metric: Arc::clone(definition.metric()),
            matchers: definition.matchers().to_vec(),
        };
        let range = definition.sample_range(at);
        let selected = self.select.send(Select { selector, range }).await?;
        let source = Arc::clone(&selected.definition);
        let compute = move || definition.evaluate(&selected.definition, selected.samples(), at);
        match workshop.compute(COMPUTE_LIMIT, compute).await {
            Ok(values) => Ok(Computed { source, values }),
            Err(WorkError::TimedOut(after)) => {
                Err(Error::Timeout { component: "aggregator", after })
            }
            Err(error) => {
                log::error!("computing an aggregation {error}");
                Err(Error::Faulted { component: "aggregator" })
            }
        }
    }

    /// Stores the values of a run; returns how many were stored. What the
    /// registry refuses makes the run fail, with the first refusal as the
    /// reason.
    pub(super) async fn store(
        &self,
        definition: &Definition,
        computed: Computed,
        at: Timestamp,
    ) -> Result<usize, Error> {
        let metric = definition.result_metric(&computed.source)?;
        let labels = metric.label_names().to_vec();
        let mode = RegisterMode::GetOrRegister;
        self.register.send(RegisterMetric { definition: metric, mode }).await?;
        let record = |(of, value): &(Labels, f64)| {
            let record = Record::set_at(Arc::clone(definition.name()), *value, at);
            // Every label of the metric, because the registry wants each
            // named; an absent one is empty.
            labels.iter().fold(record, |record, name| {
                record.label(Arc::clone(name), of.get(name).unwrap_or(""))
            })
        };
        let records = computed.values.iter().map(record).collect();
        let outcome = self.record.send(RecordBatch(records)).await?;
        match outcome.errors.into_iter().next() {
            None => Ok(outcome.accepted),
            Some((_, refusal)) => Err(refusal.into()),
        }
    }
}
