//! What templates of labels and annotations ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::join_all;
use keepwatch_engine::alert::{Due, EvaluationError, Reading, Surroundings, template_sample};
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::promql::{EvaluationTimes, Query};
use keepwatch_engine::rules::group::vector_of;
use keepwatch_engine::template::TemplateSample;

use super::evaluation::{Outcome, READ_LIMIT};
use crate::querier::Querier;
use crate::supervisor::Workshop;

/// The most queries whose texts may rest on the answers of others, one after
/// the other.
const ROUNDS_MAX: usize = 16;

/// The most queries of the templates of one evaluation.
const QUERIES_MAX: usize = 1_000;

/// What queries of templates came to, by their texts.
type Answers = BTreeMap<String, Result<Vec<TemplateSample>, String>>;

/// Puts readings under the labels and annotations of their alerts.
///
/// A template says what it asks only while it is expanded, and nothing waits
/// on a pool thread: so templates are expanded, what they asked in vain is
/// asked, and they are expanded again, until nothing is missing.
pub(super) async fn find(
    due: &Due,
    readings: Vec<Reading>,
    surroundings: &Arc<Surroundings>,
    querier: &Querier,
    workshop: &Workshop,
) -> Outcome {
    let readings: Arc<[Reading]> = readings.into();
    let mut answers = Arc::new(Answers::new());
    for round in 1.. {
        let (rule, at) = (Arc::clone(&due.rule), due.at);
        let (readings, surroundings) = (Arc::clone(&readings), Arc::clone(surroundings));
        let known = Arc::clone(&answers);
        let expand = move || {
            let mut asked = BTreeSet::new();
            let mut query = |text: &str| match known.get(text) {
                Some(answer) => answer.clone(),
                None if round > ROUNDS_MAX || known.len() + asked.len() >= QUERIES_MAX => {
                    Err(format!("more than {QUERIES_MAX} queries, or {ROUNDS_MAX} in a row"))
                }
                None => {
                    asked.insert(text.to_owned());
                    Err("not answered yet".to_owned())
                }
            };
            let findings = rule.find(readings.iter().cloned(), at, &surroundings, &mut query);
            (findings, asked)
        };
        let expanded = workshop.compute(READ_LIMIT, expand).await;
        let (findings, asked) =
            expanded.map_err(|error| EvaluationError::Readings { reason: error.to_string() })?;
        if asked.is_empty() {
            return Ok(findings);
        }
        let answered = asked.into_iter().map(|text| async move {
            let answer = answer(querier, &text, at).await;
            (text, answer)
        });
        Arc::make_mut(&mut answers).extend(join_all(answered).await);
    }
    Ok(Vec::new())
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
