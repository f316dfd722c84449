//! Answers from a data folder.

use std::path::Path;

use keepwatch::model::Timestamp;
use keepwatch::promql::annotation::Severity;
use keepwatch::promql::{Cancellation, EvaluationTimes, Query, QueryOptions, SeriesSet};
use keepwatch::storage::folder::FolderView;

use super::answer::Answer;
use super::snippet;

/// The most remarks of each severity.
const REMARKS_MAX: usize = 10;

/// Evaluates an expression over what is in a folder.
///
/// # Errors
/// A folder that cannot be read, an expression that is none, an evaluation
/// that failed.
pub(super) fn ask(
    folder: &Path,
    expression: &str,
    times: EvaluationTimes,
    now: Timestamp,
) -> anyhow::Result<Answer> {
    let query = Query::parse(expression).map_err(|error| snippet::of(expression, &error))?;
    let plan = query.plan(times, &QueryOptions::default())?;
    let store = FolderView::open(folder, now)?.store();
    let found: Vec<_> = plan
        .selects()
        .iter()
        .map(|select| store.snapshot(&select.selector, select.range))
        .collect();
    let found: Vec<&dyn SeriesSet> = found.iter().map(|set| set as &dyn SeriesSet).collect();
    let answer = plan.evaluate(&found, &Cancellation::default())?;
    let remarks = |severity| answer.annotations.render(severity, expression, REMARKS_MAX);
    let remarks = [remarks(Severity::Warning), remarks(Severity::Info)].concat();
    let at = Timestamp::from_millis(times.start_ms);
    Answer::read(keepwatch::web::query_data(&answer.value, at)?, remarks)
}
