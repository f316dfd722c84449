//! Who answers.

use std::sync::Arc;

use keepwatch_engine::model::{Labels, Sample, Timestamp};
use keepwatch_engine::promql::{
    self, Cancellation, EvaluationTimes, QueryOptions, SeriesSet, Value,
};
use keepwatch_engine::storage::{Snapshot, Store, StoreConfig};
use tsink::promql::{Engine, PromqlValue};
use tsink::{DataPoint, Label, Row, Storage, StorageBuilder, TimestampPrecision};

use super::data::{Data, END_MS};
use super::queries::Query;

/// An engine with the dataset.
pub(super) trait Contestant {
    /// Answers a query from its text on; returns how many series came out.
    fn ask(&self, query: &Query) -> usize;
}

pub(super) struct Keepwatch(Store);

impl Keepwatch {
    pub(super) fn filled(data: &Data) -> Self {
        let mut store = Store::new(StoreConfig::default());
        let series = data.series();
        let mut references = Vec::with_capacity(series.len());
        for one in &series {
            let name: Arc<str> = one.name.into();
            let labels = one.labels.iter().map(|(label, value)| (*label, value.as_str()));
            let labels = Labels::new(labels).expect("the labels are valid");
            references.push(store.resolve(&name, &name, &labels).expect("there is room"));
        }
        Data::ticks(&series, |at, values| {
            let at = Timestamp::from_millis(at);
            for (reference, value) in references.iter().zip(values) {
                store.append(*reference, Sample::new(at, *value), at).expect("the time goes on");
            }
        });
        Self(store)
    }
}

impl Contestant for Keepwatch {
    fn ask(&self, query: &Query) -> usize {
        let times = match query.step_ms {
            Some(step_ms) => EvaluationTimes::range(query.start_ms(), END_MS, step_ms),
            None => EvaluationTimes::instant(END_MS),
        };
        let parsed = promql::Query::parse(query.text).expect("a query");
        let plan = parsed.plan(times, &QueryOptions::default()).expect("a plan");
        let found: Vec<Snapshot> = plan
            .selects()
            .iter()
            .map(|select| self.0.snapshot(&select.selector, select.range))
            .collect();
        let inputs: Vec<&dyn SeriesSet> = found.iter().map(|one| one as &dyn SeriesSet).collect();
        match plan.evaluate(&inputs, &Cancellation::default()).expect("an answer").value {
            Value::Vector(vector) => vector.len(),
            Value::Matrix(matrix) => matrix.len(),
            _ => 1,
        }
    }
}

pub(super) struct Tsink(Engine);

impl Tsink {
    pub(super) fn filled(data: &Data) -> Result<Self, String> {
        let storage = StorageBuilder::new()
            .with_timestamp_precision(TimestampPrecision::Milliseconds)
            .with_retention_enforced(false)
            .build()
            .map_err(|error| error.to_string())?;
        let series = data.series();
        let row = |one: &super::data::Series| {
            let labels = one.labels.iter().map(|(label, value)| Label::new(*label, value));
            Row::with_labels(one.name, labels.collect(), DataPoint::new(0, 0.0))
        };
        let mut rows: Vec<Row> = series.iter().map(row).collect();
        Data::ticks(&series, |at, values| {
            for (row, value) in rows.iter_mut().zip(values) {
                row.set_data_point(DataPoint::new(at, *value));
            }
            storage.insert_rows(&rows).expect("rows are valid");
        });
        let storage: Arc<dyn Storage> = storage;
        Ok(Self(Engine::with_precision(storage, TimestampPrecision::Milliseconds)))
    }
}

impl Contestant for Tsink {
    fn ask(&self, query: &Query) -> usize {
        let answer = match query.step_ms {
            Some(step_ms) => self.0.range_query(query.text, query.start_ms(), END_MS, step_ms),
            None => self.0.instant_query(query.text, END_MS),
        };
        match answer {
            Ok(PromqlValue::InstantVector(vector)) => vector.len(),
            Ok(PromqlValue::RangeVector(matrix)) => matrix.len(),
            Ok(_) => 1,
            Err(error) => {
                eprintln!("tsink: {}: {error}", query.text);
                0
            }
        }
    }
}
