//! PromQL over what the registry has.
//!
//! The registry finds series in microseconds; reading and computing is done on
//! a pool thread, of which queries take a bounded number. Whoever asks may stop
//! waiting, and the evaluation ends.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::model::{Matcher, TimeRange};
use keepwatch_engine::promql::plan::{Plan, Select};
use keepwatch_engine::promql::{
    Answer, Cancellation, EvalError, EvaluationTimes, LabelSet, PlanError, Query, QueryError,
    QueryOptions, SeriesSet,
};
use keepwatch_engine::storage::{Selection, Selector, Snapshot};
use thiserror::Error as ThisError;
use tokio::sync::Semaphore;

use crate::Error;
use crate::registry::FindSeries;
use crate::supervisor::{Outlet, WorkError, Workshop};

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

/// What who asks a query wants otherwise than the limits say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueryTerms {
    /// How long it may take, where that is shorter than the limit.
    pub timeout: Option<Duration>,
    /// How old the newest sample of a series may be.
    pub lookback: Option<Duration>,
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
pub(crate) struct CancelOnDrop(pub(crate) Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The label sets of series that were asked for.
pub type FoundSeries = Vec<LabelSet>;

/// Answers queries, so many at a time; clones share their turns.
#[derive(Debug, Clone)]
pub struct Querier {
    find: Outlet<FindSeries>,
    workshop: Workshop,
    turns: Arc<Semaphore>,
    limits: QueryLimits,
}

impl Querier {
    /// Creates a querier over the series that `find` finds.
    #[must_use]
    pub fn new(find: Outlet<FindSeries>, workshop: Workshop, limits: QueryLimits) -> Self {
        let turns = Arc::new(Semaphore::new(limits.concurrency.max(1)));
        Self { find, workshop, turns, limits }
    }

    /// Returns one with turns of its own, which the queries of others cannot
    /// take.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self::new(self.find.clone(), self.workshop.clone(), self.limits.clone())
    }

    /// Evaluates a query, in no more than `timeout` if that is shorter than
    /// the limit.
    ///
    /// # Errors
    /// See [`QueryFailure`].
    pub async fn evaluate(
        &self,
        query: &Query,
        times: EvaluationTimes,
        timeout: Option<Duration>,
    ) -> Result<Answer, QueryFailure> {
        self.evaluate_on(query, times, QueryTerms { timeout, lookback: None }).await
    }

    /// Evaluates a query on terms of its own.
    ///
    /// # Errors
    /// See [`QueryFailure`].
    pub async fn evaluate_on(
        &self,
        query: &Query,
        times: EvaluationTimes,
        terms: QueryTerms,
    ) -> Result<Answer, QueryFailure> {
        let mut options = self.limits.options.clone();
        options.lookback = terms.lookback.unwrap_or(options.lookback);
        let plan = query.plan(times, &options)?;
        let limit = self.limits.timeout;
        let timeout = terms.timeout.map_or(limit, |timeout| timeout.min(limit));
        match tokio::time::timeout(timeout, self.answer(plan, timeout)).await {
            Ok(answered) => answered,
            Err(_) => Err(QueryFailure::TimedOut(timeout)),
        }
    }

    async fn answer(&self, plan: Plan, timeout: Duration) -> Result<Answer, QueryFailure> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let selections = self.find.send(FindSeries(plan.selects().to_vec())).await?;
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
        let selections = self.find.send(FindSeries(selects)).await?;
        let list = move || {
            let mut found: FoundSeries = selections
                .iter()
                .flat_map(|selection| SeriesSet::labels(&selection.snapshot()))
                .collect();
            found.sort_unstable();
            found.dedup();
            found
        };
        self.compute(self.limits.timeout, list).await
    }

    /// Runs work of a query on a pool thread.
    async fn compute<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, QueryFailure> {
        let done = self.workshop.compute(limit, work).await;
        done.map_err(|error| match error {
            WorkError::TimedOut(after) => QueryFailure::TimedOut(after),
            _ => QueryFailure::Engine(Error::Faulted { component: "query" }),
        })
    }
}
