//! One evaluation: from the registry's snapshot to findings.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use keepwatch_engine::alert::{
    Due, EvaluationError, Finding, MetricQuestion, Question, Reading, Surroundings,
};
use keepwatch_engine::model::{Timestamp, is_stale};
use keepwatch_engine::promql::{Answer, EvaluationTimes, Expression};
use keepwatch_engine::registry::{DerivedSample, RegistryError};
use keepwatch_engine::rules::file::RecordingRule;
use keepwatch_engine::rules::group::{InstantVector, RuleError, vector_of};
use tokio::sync::Semaphore;

use super::texts::find;
use crate::Error;
use crate::querier::{Querier, QueryFailure, QueryTerms};
use crate::registry::{AppendDerived, KindOf};
use crate::supervisor::{Outlet, Workshop};

/// How long reading a snapshot may take.
pub(super) const READ_LIMIT: Duration = Duration::from_secs(30);

/// How many evaluations may be under way at once, so that ten thousand rules
/// of one interval do not fill the registry's mailbox.
const AT_ONCE: usize = 64;

/// Where an alert evaluator reads and stores.
#[derive(Debug, Clone)]
pub struct AlertOutlets {
    /// Who knows the kinds of metrics.
    pub kinds: Outlet<KindOf>,
    /// Who answers queries.
    pub querier: Querier,
    /// Where the series of alerts go.
    pub series: Outlet<AppendDerived>,
}

/// What evaluations need.
#[derive(Clone)]
pub(super) struct Bench {
    outlets: AlertOutlets,
    turns: Arc<Semaphore>,
}

/// What an evaluation found of each alert, or why it found nothing.
pub(super) type Outcome = Result<Vec<Finding>, EvaluationError>;

/// What it read of each series, or why it read nothing.
type Readings = Result<Vec<Reading>, EvaluationError>;

/// What became of samples that are not stored, or not all.
pub(super) struct NotStored {
    /// The staleness markers among them, which are owed.
    pub(super) ended: Vec<DerivedSample>,
    pub(super) reason: String,
}

impl Bench {
    pub(super) fn new(outlets: AlertOutlets) -> Self {
        Self { outlets, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Stores samples.
    pub(super) async fn store(self, samples: Vec<DerivedSample>) -> Result<(), NotStored> {
        let all = samples.len();
        let ended = samples.iter().filter(|one| is_stale(one.sample.value)).cloned().collect();
        let reason = match self.outlets.series.send(AppendDerived(samples)).await {
            Ok(outcome) => match outcome.errors.first() {
                None => return Ok(()),
                Some((_, error)) => {
                    let refused = outcome.errors.len();
                    format!("{refused} of {all} samples, the first because {error}")
                }
            },
            Err(error) => error.to_string(),
        };
        Err(NotStored { ended, reason })
    }

    /// Evaluates a rule.
    pub(super) async fn evaluate(
        self,
        due: Due,
        surroundings: Arc<Surroundings>,
        workshop: Workshop,
    ) -> Outcome {
        // The semaphore is never closed; without a turn there is no harm.
        let _turn = self.turns.acquire().await;
        let readings = match due.rule.question() {
            Question::Metric(question) => self.measure(&due, question).await,
            Question::Expression { expression } => {
                let answer = self.ask(expression, due.query_at, None).await;
                answer.map_err(unanswered).and_then(Reading::of_answer)
            }
        };
        find(&due, readings?, &surroundings, &self.outlets.querier, &workshop).await
    }

    /// Asks the expression of a recording rule of a group.
    pub(super) async fn record(
        self,
        rule: Arc<RecordingRule>,
        at: Timestamp,
    ) -> Result<InstantVector, RuleError> {
        let _turn = self.turns.acquire().await;
        let answer = self.ask(&rule.expression, at, None).await;
        vector_of(answer.map_err(|failure| RuleError::Query(failure.to_string()))?.value)
    }

    /// Asks a query at a time, with a lookback of its own if it has one.
    async fn ask(
        &self,
        expression: &Expression,
        at: Timestamp,
        lookback: Option<Duration>,
    ) -> Result<Answer, QueryFailure> {
        let times = EvaluationTimes::instant(at.millis());
        let terms = QueryTerms { timeout: Some(READ_LIMIT), lookback };
        self.outlets.querier.evaluate_on(expression.query(), times, terms).await
    }

    /// Asks the queries that a question about a metric compiles to.
    async fn measure(&self, due: &Due, question: &MetricQuestion) -> Readings {
        let metric = Arc::clone(question.metric());
        let kind = self.outlets.kinds.send(KindOf(metric)).await.map_err(refusal)?;
        let queries = question.queries(kind, due.rule.wanted())?;
        let asked = queries.queries().iter();
        let answers =
            asked.map(|query| self.ask(query.expression(), due.query_at, Some(query.lookback())));
        queries.readings(try_join_all(answers).await.map_err(unanswered)?)
    }
}

fn unanswered(failure: QueryFailure) -> EvaluationError {
    EvaluationError::Readings { reason: failure.to_string() }
}

fn refusal(error: Error) -> EvaluationError {
    match error {
        Error::Registry(RegistryError::UnknownMetric { metric, .. }) => {
            EvaluationError::UnknownMetric { metric: metric.to_string() }
        }
        error => EvaluationError::Readings { reason: error.to_string() },
    }
}
