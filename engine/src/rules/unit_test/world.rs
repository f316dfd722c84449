//! The series of a test: its input as time goes on, and what rules add.

use std::iter::Peekable;
use std::time::Duration;

use super::{Slot, UnitTest};
use crate::alert::template_sample;
use crate::model::{Sample, Timestamp};
use crate::promql::{Cancellation, EvaluationTimes, LabelSet, Query, QueryOptions, SeriesSet};
use crate::registry::DerivedSample;
use crate::rules::group::{InstantVector, vector_of};
use crate::storage::{Store, StoreConfig};
use crate::template::TemplateSample;

/// The most samples that the input of a test may come to.
const SAMPLES_MAX: usize = 20_000_000;

/// Why a query has no result.
pub(super) enum NoAnswer {
    /// It fails.
    Error(String),
    /// It reads native histograms.
    NeedsHistograms,
}

/// The series of a test.
pub(super) struct World<'a> {
    floats: Store,
    /// A sample wherever there is a native histogram: what a query selects
    /// here is what it cannot be evaluated without.
    histograms: Store,
    feeds: Vec<Feed<'a>>,
    options: QueryOptions,
    samples_left: usize,
}

/// The values of an input series that are not there yet, with their times.
struct Feed<'a> {
    series: &'a LabelSet,
    slots: Peekable<Box<dyn Iterator<Item = (Timestamp, Slot)> + 'a>>,
}

impl<'a> World<'a> {
    pub(super) fn new(test: &'a UnitTest, evaluation_interval: Duration) -> Self {
        let feed = |input: &'a super::InputSeries| {
            let times = (0..).scan(test.start, |next, _: u64| {
                let at = *next;
                *next = at + test.interval;
                Some(at)
            });
            let slots: Box<dyn Iterator<Item = _>> = Box::new(times.zip(input.values.iter()));
            Feed { series: &input.series, slots: slots.peekable() }
        };
        // Rules with an offset add samples before those of the input.
        let config =
            StoreConfig { out_of_order_window: Duration::MAX, future_tolerance: Duration::MAX };
        let options = QueryOptions { subquery_step: evaluation_interval, ..Default::default() };
        Self {
            floats: Store::new(config),
            histograms: Store::new(config),
            feeds: test.input_series.iter().map(feed).collect(),
            options,
            samples_left: SAMPLES_MAX,
        }
    }

    /// Adds the input up to `at`.
    pub(super) fn play_until(&mut self, at: Timestamp) -> Result<(), String> {
        for feed in &mut self.feeds {
            while let Some((at, slot)) = feed.slots.next_if(|(slot_at, _)| *slot_at <= at) {
                let (store, value) = match slot {
                    Slot::Nothing => continue,
                    Slot::Float(value) => (&mut self.floats, value),
                    Slot::Histogram => (&mut self.histograms, 1.0),
                };
                self.samples_left = self
                    .samples_left
                    .checked_sub(1)
                    .ok_or_else(|| format!("there are more than {SAMPLES_MAX} samples"))?;
                append(store, feed.series, at, value)?;
            }
        }
        Ok(())
    }

    /// Adds what a rule puts out. As in Prometheus, what is there keeps its
    /// value.
    pub(super) fn add(&mut self, derived: DerivedSample) {
        let DerivedSample { name, labels, sample } = derived;
        let series = LabelSet { name, labels };
        let _ = append(&mut self.floats, &series, sample.at, sample.value);
    }

    /// Evaluates a query at a time.
    pub(super) fn query(&self, query: &Query, at: Timestamp) -> Result<InstantVector, NoAnswer> {
        let error = |error: &dyn ToString| NoAnswer::Error(error.to_string());
        let times = EvaluationTimes::instant(at.millis());
        let plan = query.plan(times, &self.options).map_err(|e| error(&e))?;
        let selects = plan.selects();
        let reads_histograms = selects.iter().any(|select| {
            let found = self.histograms.snapshot(&select.selector, select.range);
            !found.decode(select.range).is_empty()
        });
        if reads_histograms {
            return Err(NoAnswer::NeedsHistograms);
        }
        let found: Vec<_> = selects
            .iter()
            .map(|select| self.floats.snapshot(&select.selector, select.range))
            .collect();
        let found: Vec<&dyn SeriesSet> = found.iter().map(|set| set as &dyn SeriesSet).collect();
        let answer = plan.evaluate(&found, &Cancellation::default()).map_err(|e| error(&e))?;
        vector_of(answer.value).map_err(|e| error(&e))
    }

    /// Answers the query of a template.
    pub(super) fn answer(&self, text: &str, at: Timestamp) -> Result<Vec<TemplateSample>, String> {
        let query = Query::parse(text).map_err(|error| error.to_string())?;
        let samples = self.query(&query, at).map_err(|no_answer| match no_answer {
            NoAnswer::Error(message) => message,
            NoAnswer::NeedsHistograms => "it needs native histograms".to_owned(),
        })?;
        Ok(samples.iter().map(|(series, value)| template_sample(series, *value, at)).collect())
    }
}

fn append(store: &mut Store, series: &LabelSet, at: Timestamp, value: f64) -> Result<(), String> {
    let LabelSet { name, labels } = series;
    let found = store.resolve(name, name, labels).ok_or("there are too many series")?;
    store.append(found, Sample::new(at, value), at).map_err(|error| format!("{series}: {error}"))
}
