//! PromQL, and which series there are.

use std::time::Duration;

use keepwatch_actors::querier::{FoundSeries, QueryFailure, QueryTerms};
use keepwatch_engine::model::{Matcher, TimeRange, Timestamp};
use keepwatch_engine::promql::{Answer, EvaluationTimes, Query};

use super::Monitor;

impl Monitor {
    /// Evaluates a PromQL expression at one time.
    ///
    /// ```no_run
    /// # async fn example(monitor: keepwatch::Monitor) -> anyhow::Result<()> {
    /// let now = monitor.clock().now();
    /// let answer = monitor.query("sum by (job) (rate(requests_total[5m]))", now).await?;
    /// println!("{:?}", answer.value);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`QueryFailure`].
    pub async fn query(&self, query: &str, at: Timestamp) -> Result<Answer, QueryFailure> {
        self.evaluate(query, EvaluationTimes::instant(at.millis()), QueryTerms::default()).await
    }

    /// Evaluates a PromQL expression at each `step` from `start` to `end`.
    ///
    /// # Errors
    /// See [`QueryFailure`].
    pub async fn query_range(
        &self,
        query: &str,
        range: TimeRange,
        step: Duration,
    ) -> Result<Answer, QueryFailure> {
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        let times = EvaluationTimes::range(range.start.millis(), range.end.millis(), step_ms);
        self.evaluate(query, times, QueryTerms::default()).await
    }

    /// Evaluates a query on terms of its own.
    pub(crate) async fn evaluate(
        &self,
        query: &str,
        times: EvaluationTimes,
        terms: QueryTerms,
    ) -> Result<Answer, QueryFailure> {
        self.inner.querier.evaluate_on(&Query::parse(query)?, times, terms).await
    }

    /// Finds the series that match one of several lists of conditions and may
    /// have samples in `range`: sorted, each once.
    ///
    /// # Errors
    /// A registry that does not answer.
    pub async fn find_series(
        &self,
        conditions: Vec<Vec<Matcher>>,
        range: TimeRange,
    ) -> Result<FoundSeries, QueryFailure> {
        self.inner.querier.find_series(conditions, range).await
    }
}
