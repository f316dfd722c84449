//! PromQL, and which series there are.

use std::time::Duration;

use keepwatch_actors::querier::{FoundSeries, QueryFailure};
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
        self.evaluate(query, EvaluationTimes::instant(at.millis()), None).await
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
        self.evaluate(query, times, None).await
    }

    /// Evaluates a query, in no more than `timeout` if that is shorter than
    /// the limit.
    pub(crate) async fn evaluate(
        &self,
        query: &str,
        times: EvaluationTimes,
        timeout: Option<Duration>,
    ) -> Result<Answer, QueryFailure> {
        self.inner.querier.evaluate(&Query::parse(query)?, times, timeout).await
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
