//! One evaluation: from the registry's snapshot to readings.

use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::alert::{Due, EvaluationError, Reading};
use keepwatch_engine::registry::RegistryError;
use keepwatch_engine::storage::Selector;
use tokio::sync::Semaphore;

use crate::Error;
use crate::registry::Select;
use crate::supervisor::{Outlet, Workshop};

/// How long reading a snapshot may take.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How many evaluations may be under way at once, so that ten thousand rules
/// of one interval do not fill the registry's mailbox.
const AT_ONCE: usize = 64;

/// What evaluations need.
#[derive(Clone)]
pub(super) struct Bench {
    select: Outlet<Select>,
    turns: Arc<Semaphore>,
}

/// What an evaluation found of each series, or why it found nothing.
pub(super) type Outcome = Result<Vec<Reading>, EvaluationError>;

impl Bench {
    pub(super) fn new(select: Outlet<Select>) -> Self {
        Self { select, turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Evaluates a rule.
    pub(super) async fn evaluate(self, due: Due, workshop: Workshop) -> Outcome {
        // The semaphore is never closed; without a turn there is no harm.
        let _turn = self.turns.acquire().await;
        let selector = Selector {
            metric: Arc::clone(due.rule.metric()),
            matchers: due.rule.matchers().to_vec(),
        };
        let select = Select { selector, range: due.rule.sample_range(due.at) };
        let selected = self.select.send(select).await.map_err(refusal)?;
        let read = move || due.rule.readings(&selected.definition, selected.samples(), due.at);
        match workshop.compute(READ_LIMIT, read).await {
            Ok(outcome) => outcome,
            Err(error) => Err(EvaluationError::Readings { reason: error.to_string() }),
        }
    }
}

fn refusal(error: Error) -> EvaluationError {
    match error {
        Error::Registry(RegistryError::UnknownMetric { metric, .. }) => {
            EvaluationError::UnknownMetric { metric: metric.to_string() }
        }
        error => EvaluationError::Readings { reason: error.to_string() },
    }
}
