//! PromQL over what the engine has.
//!
//! The registry finds series in microseconds; reading and computing is done on
//! a pool thread, of which queries take a bounded number.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_actors::Error;
use keepwatch_actors::registry::FindSeries;
use keepwatch_actors::supervisor::WorkError;
use keepwatch_engine::model::{Matcher, TimeRange, Timestamp};
use keepwatch_engine::promql::plan::{Plan, Select};
use keepwatch_engine::promql::{
    Answer, Cancellation, EvalError, EvaluationTimes, LabelSet, PlanError, Query, QueryError,
    QueryOptions, SeriesSet,
};
use keepwatch_engine::storage::{Selection, Selector, Snapshot};
use thiserror::Error as ThisError;
use tokio::sync::Semaphore;

use super::Monitor;

/// What PromQL queries may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryLimits {
    /// How many are evaluated at once; more wait. 20 by default.
    pub concurrency: usize,
    /// How long one may take, waiting included; 2 min by default.
    pub timeout: Duration,
    /// Lookback, samples and the like.
    pub options: QueryOptions,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            concurrency: 20,
            timeout: Duration::from_secs(120),
            options: QueryOptions::default(),
        }
    }
}

/// The queries of one monitor.
pub(super) struct Queries {
    turns: Arc<Semaphore>,
    limits: QueryLimits,
}

impl Queries {
    pub(super) fn new(limits: QueryLimits) -> Self {
        Self { turns: Arc::new(Semaphore::new(limits.concurrency.max(1))), limits }
    }
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, ThisError)]
#[non_exhaustive]
pub enum QueryFailure {
    /// The text is not a query.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The query cannot be evaluated at these times.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The evaluation failed.
    #[error(transparent)]
    Evaluation(#[from] EvalError),
    /// The query took too long.
    #[error("query timed out in query execution after {0:?}")]
    TimedOut(Duration),
    /// The registry did not answer, or the engine has stopped.
    #[error(transparent)]
    Engine(#[from] Error),
}

/// Ends an evaluation when nobody waits for it any more.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The label sets of series that were asked for.
pub type FoundSeries = Vec<LabelSet>;

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
        let Queries { limits, .. } = &self.inner.queries;
        let plan = Query::parse(query)?.plan(times, &limits.options)?;
        let timeout = timeout.map_or(limits.timeout, |timeout| timeout.min(limits.timeout));
        let whole = self.answer(plan, timeout);
        match tokio::time::timeout(timeout, whole).await {
            Ok(answered) => answered,
            Err(_) => Err(QueryFailure::TimedOut(timeout)),
        }
    }

    async fn answer(&self, plan: Plan, timeout: Duration) -> Result<Answer, QueryFailure> {
        let turn = Arc::clone(&self.inner.queries.turns).acquire_owned().await;
        let selections = self.send(FindSeries(plan.selects().to_vec())).await?;
        let cancellation = Cancellation::default();
        let guard = CancelOnDrop(cancellation.clone());
        let work = move || {
            // The turn ends with the work, not with who waits for it.
            let _turn = turn;
            let snapshots: Vec<Snapshot> = selections.iter().map(Selection::snapshot).collect();
            let inputs: Vec<&dyn SeriesSet> =
                snapshots.iter().map(|snapshot| snapshot as &dyn SeriesSet).collect();
            plan.evaluate(&inputs, &cancellation)
        };
        let answered = self.compute(timeout, work).await;
        drop(guard);
        Ok(answered??)
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
        let select = |matchers: Vec<Matcher>| Select {
            selector: matchers.into_iter().fold(Selector::any(), Selector::matching),
            range,
        };
        let selects = conditions.into_iter().map(select).collect();
        let selections = self.send(FindSeries(selects)).await?;
        let list = move || {
            let mut found: FoundSeries = selections
                .iter()
                .flat_map(|selection| SeriesSet::labels(&selection.snapshot()))
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        self.compute(self.inner.queries.limits.timeout, list).await
    }

    /// Runs work of a query on a pool thread.
    async fn compute<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueryFailure> {
        let done = self.inner.workshop.compute(limit, work).await;
        done.map_err(|error| match error {
            WorkError::TimedOut(after) => QueryFailure::TimedOut(after),
            _ => QueryFailure::Engine(Error::Faulted { component: "query" }),
        })
    }
}
