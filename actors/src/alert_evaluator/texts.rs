//! What templates of labels and annotations ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use keepwatch_engine::alert::{
    Due, EvaluationError, Finding, Reading, Surroundings, template_sample,
};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::promql::{Cancellation, EvaluationTimes, Query};
use keepwatch_engine::rules::group::vector_of;
use keepwatch_engine::template::TemplateSample;

use super::evaluation::{Outcome, READ_LIMIT};
use crate::querier::{CancelOnDrop, Querier};
use crate::supervisor::Workshop;

/// The most queries of the templates of one evaluation.
const QUERIES_MAX: usize = 1_000;

/// What queries of templates came to, by their texts.
type Answers = BTreeMap<String, Result<Vec<TemplateSample>, String>>;

/// Puts readings under the labels and annotations of their alerts.
///
/// A template says what it asks only while it is expanded, and nothing waits
/// on a pool thread: so templates are expanded, what they asked in vain is
/// asked, and they are expanded again, until nothing is missing. All of it may
/// take no longer than reading may.
pub(super) async fn find(
    due: &Due,
    readings: Vec<Reading>,
    surroundings: &Arc<Surroundings>,
    querier: &Querier,
    workshop: &Workshop,
) -> Outcome {
    let readings: Arc<[Reading]> = readings.into();
    let expanded = async {
        let mut answers = Arc::new(Answers::new());
        loop {
            let (findings, asked) =
                expand(due, &readings, surroundings, &answers, workshop).await?;
            if asked.is_empty() {
                return Ok(findings);
            }
            if answers.len() + asked.len() > QUERIES_MAX {
                return Err(failed(format!("templates ask more than {QUERIES_MAX} queries")));
            }
            let answered = asked.into_iter().map(|text| async move {
                let answer = answer(querier, &text, due.at).await;
                (text, answer)
            });
            Arc::make_mut(&mut answers).extend(join_all(answered).await);
        }
    };
    let outcome = tokio::time::timeout(READ_LIMIT, expanded).await;
    outcome.unwrap_or_else(|_| Err(failed(format!("templates took longer than {READ_LIMIT:?}"))))
}

/// Expands templates with the answers that are known; returns what was asked
/// in vain as well, and then the rest means nothing.
async fn expand(
    due: &Due,
    readings: &Arc<[Reading]>,
    surroundings: &Arc<Surroundings>,
    answers: &Arc<Answers>,
    workshop: &Workshop,
) -> Result<(Vec<Finding>, BTreeSet<String>), EvaluationError> {
    let (rule, at) = (Arc::clone(&due.rule), due.at);
    let (readings, surroundings) = (Arc::clone(readings), Arc::clone(surroundings));
    let answers = Arc::clone(answers);
    let cancellation = Cancellation::default();
    let guard = CancelOnDrop(cancellation.clone());
    let work = move || {
        let mut asked = BTreeSet::new();
        let mut query = |text: &str| match answers.get(text) {
            Some(answer) => answer.clone(),
            None => {
                asked.insert(text.to_owned());
                Err("not answered yet".to_owned())
            }
        };
        // Nobody waits for the rest any more.
        let wanted = readings.iter().take_while(|_| !cancellation.is_cancelled());
        let findings = rule.find(wanted.cloned(), at, &surroundings, &mut query);
        (findings, asked)
    };
    let expanded = workshop.compute(READ_LIMIT, work).await;
    drop(guard);
    expanded.map_err(|error| failed(error.to_string()))
}

const fn failed(reason: String) -> EvaluationError {
    EvaluationError::Readings { reason }
}

async fn answer(
    querier: &Querier,
    text: &str,
    at: Timestamp,
) -> Result<Vec<TemplateSample>, String> {
    let query = Query::parse(text).map_err(|error| error.to_string())?;
    let times = EvaluationTimes::instant(at.millis());
    let answer = querier.evaluate(&query, times, Some(READ_LIMIT)).await;
    let answer = answer.map_err(|failure| failure.to_string())?;
    let vector = vector_of(answer.value).map_err(|error| error.to_string())?;
    Ok(vector.iter().map(|(series, value)| template_sample(series, *value, at)).collect())
}
