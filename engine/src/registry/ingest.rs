//! What users record.

use std::sync::Arc;

use super::entry::Entry;
use super::known::remember;
use super::{Registry, RegistryError};
use crate::instrument::{Child, Metric};
use crate::model::{Labels, MetricDefinition, MetricKind, Observation, Record, Sample, Timestamp};
use crate::storage::{AppendError, SeriesRef, Store};

/// How many errors of a batch are kept.
pub const REFUSALS_MAX: usize = 100;

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchOutcome {
    /// How many were accepted.
    pub accepted: usize,
    /// How many were refused.
    pub refused: usize,
    /// The errors of the first [`REFUSALS_MAX`] that were refused, each with
    /// its place in the batch, from 0.
    pub errors: Vec<(usize, RegistryError)>,
}

impl BatchOutcome {
    pub(super) fn add(&mut self, index: usize, result: Result<(), RegistryError>) {
        match result {
            Ok(()) => self.accepted += 1,
            Err(error) => {
                self.refused += 1;
                if self.errors.len() < REFUSALS_MAX {
                    self.errors.push((index, error));
                }
            }
        }
    }
}

impl Registry {
    /// Records one observation at the time `now`.
    ///
    /// # Errors
    /// An unknown metric; labels that are missing, extra, twice or over-long;
    /// an observation that the kind does not take, or whose value makes no
    /// sense; a timestamp that is too old, too far ahead or taken; a new
    /// series beyond a limit. Each is counted.
    #[inline]
    pub fn record(&mut self, record: &Record, now: Timestamp) -> Result<(), RegistryError> {
        if self.record_known(record, now) {
            return Ok(());
        }
        self.record_by_name(record, now)
    }

    fn record_by_name(&mut self, record: &Record, now: Timestamp) -> Result<(), RegistryError> {
        let result = self.record_checked(record, now);
        if let Err(error) = &result {
            self.drops.count(error);
        }
        result
    }

    /// Records many observations; one that is refused does not touch the
    /// others.
    pub fn record_batch(&mut self, records: &[Record], now: Timestamp) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        for (index, record) in records.iter().enumerate() {
            outcome.add(index, self.record(record, now));
        }
        outcome
    }

    /// Returns the series of a counter or gauge for appends without a
    /// look-up, creating it if it is new.
    ///
    /// # Errors
    /// As [`record`](Self::record); a histogram or summary is many series.
    pub fn resolve(
        &mut self,
        metric: &str,
        labels: &[(Arc<str>, Arc<str>)],
        now: Timestamp,
    ) -> Result<SeriesRef, RegistryError> {
        self.ensure(metric)?;
        let entry = self.entries.get_mut(metric).ok_or(RegistryError::UnknownSeries)?;
        let definition = entry.definition();
        if !matches!(definition.kind(), MetricKind::Counter | MetricKind::Gauge | MetricKind::Info)
        {
            return Err(wrong_kind(definition, "an appended value"));
        }
        self.scratch.key.clear();
        key_of(definition, labels, self.limits.label_value_bytes, &mut self.scratch.key)?;
        let labels = || label_set(labels);
        let key = &self.scratch.key;
        let set = entry.set(key, labels, &mut self.store, &self.limits, now)?;
        set.series.first().copied().ok_or(RegistryError::UnknownSeries)
    }

    /// Adds a sample to a resolved series: the fast path, which checks the
    /// timestamp only.
    ///
    /// # Errors
    /// A series that no longer exists, and a timestamp that is too old, too
    /// far ahead or taken. Each is counted.
    #[inline]
    pub fn append(
        &mut self,
        series: SeriesRef,
        sample: Sample,
        now: Timestamp,
    ) -> Result<(), RegistryError> {
        match self.store.append(series, sample, now) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.refuse_append(series, error)),
        }
    }

    /// Adds a value to each of many resolved series, all at the time `at`.
    pub fn append_batch(
        &mut self,
        at: Timestamp,
        values: &[(SeriesRef, f64)],
        now: Timestamp,
    ) -> BatchOutcome {
        let mut outcome = BatchOutcome::default();
        for (index, &(series, value)) in values.iter().enumerate() {
            outcome.add(index, self.append(series, Sample::new(at, value), now));
        }
        outcome
    }

    #[cold]
    fn refuse_append(&mut self, series: SeriesRef, error: AppendError) -> RegistryError {
        let metric = self.store.metric_of(series).unwrap_or_default();
        let error = RegistryError::append(&metric, error);
        self.drops.count(&error);
        error
    }

    fn record_checked(&mut self, record: &Record, now: Timestamp) -> Result<(), RegistryError> {
        self.drop_replaced();
        let entry = match self.entries.get_mut(record.metric()) {
            Some(entry) => entry,
            None => {
                self.ensure(record.metric())?;
                self.entries.get_mut(record.metric()).ok_or(RegistryError::UnknownSeries)?
            }
        };
        let key = &mut self.scratch.key;
        key.clear();
        key_of(entry.definition(), record.labels(), self.limits.label_value_bytes, key)?;
        check_observation(entry.definition(), record.observation)?;
        match record.observation {
            Observation::Set { value, at: given } => {
                let at = given.unwrap_or(now);
                let max = entry.definition().retention().unwrap_or_default();
                let max = max.max(self.limits.age_max);
                if at < now - max {
                    let metric = Arc::clone(entry.definition().name());
                    return Err(RegistryError::Expired { metric, at, now, max });
                }
                let set = match entry.known(key, &self.store) {
                    Some(set) => set,
                    None => {
                        let labels = || label_set(record.labels());
                        entry.set(key, labels, &mut self.store, &self.limits, now)?
                    }
                };
                let Some(&series) = set.series.first() else {
                    return Err(RegistryError::UnknownSeries);
                };
                let child = set.child.clone();
                let sample = Sample::new(at, value);
                // Two values without a time of their own may come within a
                // millisecond: the later one holds.
                let stored = match given {
                    Some(_) => self.store.append(series, sample, now),
                    None => self.store.amend(series, sample, now),
                };
                stored.map_err(|error| RegistryError::append(record.metric(), error))?;
                // The cell goes on from here, so that the next collection does
                // not bring back what it held before.
                if entry.metric.children() > 0
                    && self.store.newest(series).is_some_and(|newest| newest.at == at)
                {
                    let child = child.or_else(|| entry.metric.find(key));
                    child.inspect(|child| child.overwrite(value));
                }
                if let Some(subject) = record.subject() {
                    remember(subject, self.token, series, entry.number);
                }
                Ok(())
            }
            Observation::Add(amount) => {
                let child = cell(entry, record, &self.scratch.key, &self.store)?;
                child.counter().inspect(|counter| counter.add(amount));
                child.gauge().inspect(|gauge| gauge.add(amount));
                Ok(())
            }
            Observation::Observe(value) => {
                let child = cell(entry, record, &self.scratch.key, &self.store)?;
                child.histogram().inspect(|histogram| histogram.observe(value));
                child.summary().inspect(|summary| summary.observe(value));
                Ok(())
            }
        }
    }
}

/// Returns the cells of a set of label values; new ones start from what is
/// stored.
fn cell(
    entry: &Entry,
    record: &Record,
    key: &[u8],
    store: &Store,
) -> Result<Arc<Child>, RegistryError> {
    if let Some(child) = entry.sets.get(key).and_then(|set| set.child.as_ref()) {
        return Ok(Arc::clone(child));
    }
    if let Some(child) = entry.metric.find(key) {
        return Ok(child);
    }
    let definition = entry.definition();
    let values: Vec<&str> = definition
        .label_names()
        .iter()
        .map(|name| record.labels().iter().find(|(n, _)| n == name).map_or("", |(_, v)| v))
        .collect();
    let child = entry.metric.child(&values).map_err(RegistryError::label)?;
    let series = store.find(definition.name(), definition.name(), child.labels());
    let stored = series.and_then(|series| store.newest(series)).map(|sample| sample.value);
    if let Some(value) = stored.filter(|value| value.is_finite()) {
        child.overwrite(value);
    }
    Ok(child)
}

/// Checks labels against a definition and joins their values to a key.
fn key_of(
    definition: &MetricDefinition,
    labels: &[(Arc<str>, Arc<str>)],
    bytes_max: usize,
    key: &mut Vec<u8>,
) -> Result<(), RegistryError> {
    let names = definition.label_names();
    // Labels usually come in the order of the definition.
    let in_order = names.len() == labels.len()
        && names.iter().zip(labels).all(|(name, (label, value))| {
            (Arc::ptr_eq(name, label) || name == label) && value.len() <= bytes_max
        });
    if in_order {
        labels.iter().for_each(|(_, value)| Metric::push_key(value, key));
        return Ok(());
    }
    let metric = || Arc::clone(definition.name());
    for (index, (label, value)) in labels.iter().enumerate() {
        if !names.contains(label) {
            let (label, labels) = (Arc::clone(label), names.to_vec());
            return Err(RegistryError::ExtraLabel { metric: metric(), label, labels });
        }
        if labels.iter().take(index).any(|(other, _)| other == label) {
            return Err(RegistryError::LabelTwice { metric: metric(), label: Arc::clone(label) });
        }
        if value.len() > bytes_max {
            return Err(RegistryError::LabelValueTooLong {
                metric: metric(),
                label: Arc::clone(label),
                bytes: value.len(),
                max: bytes_max,
            });
        }
    }
    for name in names {
        let Some((_, value)) = labels.iter().find(|(label, _)| label == name) else {
            return Err(RegistryError::MissingLabel { metric: metric(), label: Arc::clone(name) });
        };
        Metric::push_key(value, key);
    }
    Ok(())
}

/// Makes a label set of labels that were checked.
fn label_set(labels: &[(Arc<str>, Arc<str>)]) -> Labels {
    Labels::foreign(labels.iter().cloned()).unwrap_or_default()
}

fn check_observation(
    definition: &MetricDefinition,
    observation: Observation,
) -> Result<(), RegistryError> {
    use MetricKind::{Counter, Gauge, Histogram, Info, Summary};
    let metric = || Arc::clone(definition.name());
    let not_a_number =
        |value, what| Err(RegistryError::NotANumber { metric: metric(), value, what });
    let negative = |value, what| Err(RegistryError::Negative { metric: metric(), value, what });
    match (definition.kind(), observation) {
        (Counter, Observation::Set { value, .. }) if !value.is_finite() => {
            not_a_number(value, "running total")
        }
        (Counter, Observation::Set { value, .. }) if value < 0.0 => negative(value, "total"),
        (Counter, Observation::Add(amount)) if amount < 0.0 => negative(amount, "step"),
        (Counter | Gauge, Observation::Add(amount)) if !amount.is_finite() => {
            not_a_number(amount, "step")
        }
        (Histogram | Summary, Observation::Observe(value)) if value.is_nan() => {
            not_a_number(value, "measurement")
        }
        (Counter | Gauge, Observation::Set { .. } | Observation::Add(_))
        | (Info, Observation::Set { .. })
        | (Histogram | Summary, Observation::Observe(_)) => Ok(()),
        (_, Observation::Set { .. }) => Err(wrong_kind(definition, "a set value")),
        (_, Observation::Add(_)) => Err(wrong_kind(definition, "an added amount")),
        (_, Observation::Observe(_)) => Err(wrong_kind(definition, "an observed measurement")),
    }
}

fn wrong_kind(definition: &MetricDefinition, given: &'static str) -> RegistryError {
    let takes = match definition.kind() {
        MetricKind::Counter => "added amounts and set totals",
        MetricKind::Gauge => "set values and added amounts",
        MetricKind::Info => "set values",
        MetricKind::StateSet => "states through its handles",
        MetricKind::Histogram | MetricKind::Summary => "observed measurements",
    };
    let metric = Arc::clone(definition.name());
    RegistryError::WrongKind { metric, kind: definition.kind(), takes, given }
}
