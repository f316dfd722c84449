//! Questions about metrics as PromQL.
//!
//! A [`MetricQuestion`] compiles to [`MetricQueries`], which are planned and
//! evaluated as every other query; their answers, put together by labels, are
//! the [`Reading`]s of the rule. `S` stands for the series that the question
//! asks of, `w` for its window:
//!
//! | method | gauge, counter | histogram, summary |
//! |---|---|---|
//! | none | gauge: as `last`; counter: as `increase` | as `avg` |
//! | `last` | `S`, with a lookback of `w` | |
//! | `first` | `first_over_time(S[w])` | |
//! | `delta`; `increase` of a gauge | `last_over_time(S[w]) - first_over_time(S[w])` | |
//! | `increase`, `rate` | `increase(S[w] anchored)`, `rate(…)` | the same of `_count` |
//! | `count` | `count_over_time(S[w])` | as `increase` |
//! | `sum` | `sum_over_time(S[w])` | `delta(S_sum[w] anchored)`, or `increase` if the count was reset |
//! | `avg` | `avg_over_time(S[w])` | that sum by the increase of `_count`, if there is any |
//! | `pNN` | `quantile_over_time(φ, S[w])` | `histogram_quantile` of the increases; the latest recorded quantile |
//! | `min` `max` `stddev` `variance` | `…_over_time(S[w])` | |
//!
//! `anchored` has a counter grow from the newest sample of the five minutes
//! before the window, without extrapolation.
//!
//! The meaning is PromQL's throughout. It is that of [`crate::aggregate`], but
//! for these corners:
//! - a NaN is a sample: `sum`, `avg`, `stddev` and `variance` over one are
//!   NaN, `count` counts it, `pNN` takes it for the least value, `min` and
//!   `max` pass over it unless there is nothing else; a counter that was NaN
//!   at an edge of the window grew by NaN;
//! - a count that is smaller behind a staleness marker than before it was
//!   reset, so that the sum is taken for one that began at zero again;
//! - `p0` of a histogram whose lowest bucket is empty has no value;
//! - a recorded quantile is found by its decimal spelling (`0.99`, `.990`,
//!   `1.0`), not by one with an exponent.

#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Labels, MetricKind};
use crate::promql::{Answer, Expression, LabelSet};

use self::text::Series;
use super::question::{BASELINE, MetricQuestion};
use super::{EvaluationError, Reading, relative_change};

/// What is to be known of a metric's series beside their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// How far the window's last value lies from its first. A histogram and a
    /// summary have no such change, and no query asks for it.
    pub change: bool,
    /// Which series have no value in the window but had a sample in it or
    /// in the five minutes before.
    pub silent: bool,
}

/// What a query tells of the series that it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Value,
    First,
    Last,
    Known,
}

/// One of the queries that a question comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricQuery {
    part: Part,
    expression: Expression,
    lookback: Duration,
}

impl MetricQuery {
    /// Returns the query, whose result is an instant vector.
    #[must_use]
    pub const fn expression(&self) -> &Expression {
        &self.expression
    }

    /// Returns the lookback that the query is to be planned with: its meaning
    /// depends on it.
    #[must_use]
    pub const fn lookback(&self) -> Duration {
        self.lookback
    }
}

/// The queries that a question about a metric comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricQueries {
    metric: Arc<str>,
    queries: Vec<MetricQuery>,
}

impl MetricQuestion {
    /// Compiles the question about a metric of this kind.
    ///
    /// # Errors
    /// A method that means nothing for the kind; more matchers with regular
    /// expressions, or longer ones, than a query may have.
    pub fn queries(
        &self,
        kind: MetricKind,
        wanted: Wanted,
    ) -> Result<MetricQueries, EvaluationError> {
        let series = Series::new(self, kind);
        let mut queries = vec![series.value(self.method)?];
        if wanted.change && !series.is_distribution() {
            queries.push(series.first(Part::First)?);
            queries.push(series.latest(Part::Last)?);
        }
        if wanted.silent {
            queries.push(series.known(self.window + BASELINE)?);
        }
        Ok(MetricQueries { metric: Arc::clone(&self.metric), queries })
    }
}

impl MetricQueries {
    /// Returns the queries: that for the value, then those for the change and
    /// for silent series, where they are wanted.
    #[must_use]
    pub fn queries(&self) -> &[MetricQuery] {
        &self.queries
    }

    /// Puts the answers, which are in the order of the
    /// [queries](Self::queries), together by labels.
    ///
    /// # Errors
    /// Answers that are no vectors, or not one a query.
    pub fn readings(&self, answers: Vec<Answer>) -> Result<Vec<Reading>, EvaluationError> {
        let (expected, found) = (self.queries.len(), answers.len());
        if expected != found {
            let reason = format!("expected {expected} answers, found {found}");
            return Err(EvaluationError::Readings { reason });
        }
        let mut series: BTreeMap<Labels, Found> = BTreeMap::new();
        for (query, answer) in self.queries.iter().zip(answers) {
            for read in Reading::of_answer(answer)? {
                let found = series.entry(read.series.labels).or_default();
                match query.part {
                    Part::Value => found.value = read.value,
                    Part::First => found.first = read.value,
                    Part::Last => found.last = read.value,
                    Part::Known => {}
                }
            }
        }
        let named = |labels| LabelSet { name: Arc::clone(&self.metric), labels };
        Ok(series.into_iter().map(|(labels, found)| found.reading(named(labels))).collect())
    }
}

/// What the answers say of one series.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    value: Option<f64>,
    first: Option<f64>,
    last: Option<f64>,
}

impl Found {
    fn reading(self, series: LabelSet) -> Reading {
        let change = self.first.zip(self.last).map(|(first, last)| relative_change(first, last));
        Reading { series, value: self.value, change }
    }
}
