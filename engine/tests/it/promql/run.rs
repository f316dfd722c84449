//! Carrying out a case, in all the ways in which its result has to be the
//! same.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use keepwatch_engine::promql::{
    Answer, Cancellation, EvaluationTimes, Point, Query, QueryOptions, SeriesSet, Value,
};

use super::case::{Case, Values};
use super::compare;
use super::loaded::Loaded;
use super::pinned::{asks_for_range, pinned};

const MINUTE_MS: i64 = 60_000;

/// What became of a case.
#[derive(Debug, PartialEq)]
pub(super) enum Outcome {
    Passed,
    /// What was expected and found.
    Failed(String),
    /// Native histograms are among what it reads or expects; `met_anyway` says
    /// whether floats alone give what it expects.
    NeedsHistograms {
        met_anyway: bool,
    },
}

/// Returns the options that the files are written for.
pub(super) fn options() -> QueryOptions {
    let mut options = QueryOptions::default();
    options.lookback = Duration::from_secs(5 * 60);
    options.subquery_step = Duration::from_secs(60);
    options.delayed_name_removal = true;
    options.type_and_unit_labels = true;
    options
}

/// What came of one evaluation.
pub(super) struct Evaluated {
    /// The result, or the message of the error.
    pub(super) answer: Result<Answer, String>,
    pub(super) reads_histograms: bool,
}

/// Evaluates an expression over what is loaded. A panic is an error.
pub(super) fn evaluate(
    expression: &str,
    times: EvaluationTimes,
    loaded: &Loaded,
    options: &QueryOptions,
) -> Evaluated {
    let mut reads_histograms = false;
    let steps = || -> Result<Answer, String> {
        let query = Query::parse(expression).map_err(|error| error.to_string())?;
        let plan = query.plan(times, options).map_err(|error| error.to_string())?;
        reads_histograms = plan.selects().iter().any(|select| loaded.has_histograms(select));
        let selected: Vec<_> = plan.selects().iter().map(|select| loaded.select(select)).collect();
        let inputs: Vec<&dyn SeriesSet> =
            selected.iter().map(|set| set as &dyn SeriesSet).collect();
        plan.evaluate(&inputs, &Cancellation::default()).map_err(|error| error.to_string())
    };
    let answer = catch_unwind(AssertUnwindSafe(steps));
    let answer = answer.unwrap_or_else(|_| Err("it panicked".to_owned()));
    Evaluated { answer, reads_histograms }
}

/// Carries out a case.
pub(super) fn run(case: &Case, loaded: &Loaded) -> Outcome {
    let first = evaluate(&case.expression, case.times, loaded, &options());
    let needs_histograms = first.reads_histograms || case.expects_histograms();
    let checked = if case.expects_histograms() {
        Err("histograms are expected".to_owned())
    } else {
        check_answer(case, &case.expression, first.answer)
            .and_then(|()| check_variants(case, loaded))
    };
    match check_normal_form(&case.expression).and(checked) {
        checked if needs_histograms => Outcome::NeedsHistograms { met_anyway: checked.is_ok() },
        Ok(()) => Outcome::Passed,
        Err(problem) => Outcome::Failed(problem),
    }
}

/// Holds the normal form of an expression, on one line and on several, to that
/// of itself.
fn check_normal_form(expression: &str) -> Result<(), String> {
    // What does not parse was expected not to.
    let Ok(query) = Query::parse(expression) else { return Ok(()) };
    let normal = query.expr().to_string();
    for form in [&normal, &query.expr().pretty()] {
        let again = Query::parse(form).map_err(|error| format!("normal form {form}: {error}"))?;
        if again.expr().to_string() != normal {
            return Err(format!("normal form {form} has another one: {}", again.expr()));
        }
    }
    Ok(())
}

/// Compares an answer with what the case expects of `expression`.
fn check_answer(
    case: &Case,
    expression: &str,
    answer: Result<Answer, String>,
) -> Result<(), String> {
    match answer {
        Err(error) => case.expectation.check_error(&error),
        Ok(answer) if case.expectation.fails() => {
            Err(format!("expected an error, found {:?}", answer.value))
        }
        Ok(answer) => {
            compare::check(case, &answer.value)?;
            case.expectation.check_annotations(&answer.annotations, expression)
        }
    }
}

/// Carries out an instant case as the middle of a range, and, where its result
/// comes from selectors alone, pinned to its time at other times.
fn check_variants(case: &Case, loaded: &Loaded) -> Result<(), String> {
    // What does not parse was expected not to.
    let Ok(query) = Query::parse(&case.expression) else { return Ok(()) };
    if !case.times.is_instant() {
        return Ok(());
    }
    let at_ms = case.times.start_ms;
    // A range is in the order of labels; texts and range vectors have no value
    // a step; and where there is no result, there is none in the middle.
    let has_steps =
        !matches!(case.values, Values::Text(_) | Values::Series { range_vector: Some(_), .. });
    let as_range = has_steps
        && !case.expectation.ordered
        && !case.expectation.fails()
        && !asks_for_range(query.expr());
    if as_range {
        check_middle(case, &case.expression, at_ms, loaded)?;
    }
    let Some(expression) = pinned(query.expr(), at_ms) else { return Ok(()) };
    for other_ms in other_times(at_ms) {
        let times = EvaluationTimes::instant(other_ms);
        let answer = evaluate(&expression, times, loaded, &options()).answer;
        check_answer(case, &expression, answer.map(|answer| moved(answer, at_ms)))
            .map_err(|problem| format!("as {expression} at {other_ms} ms: {problem}"))?;
        if as_range {
            check_middle(case, &expression, other_ms, loaded)?;
        }
    }
    Ok(())
}

/// Returns the times at which a pinned expression is evaluated.
fn other_times(at_ms: i64) -> [i64; 5] {
    if at_ms == 0 {
        [-1_000, 0, 1_000, -MINUTE_MS, MINUTE_MS]
    } else {
        [-10 * at_ms, 0, at_ms / 5, at_ms, 10 * at_ms]
    }
}

/// Gives the points of an instant result another time; the times within a
/// range vector stay.
fn moved(mut answer: Answer, at_ms: i64) -> Answer {
    match &mut answer.value {
        Value::Scalar(point) => point.at_ms = at_ms,
        Value::Vector(vector) => vector.iter_mut().for_each(|(_, point)| point.at_ms = at_ms),
        _ => {}
    }
    answer
}

/// Compares the values of a range query in the middle of its times.
fn check_middle(
    case: &Case,
    expression: &str,
    middle_ms: i64,
    loaded: &Loaded,
) -> Result<(), String> {
    let times = EvaluationTimes::range(middle_ms - MINUTE_MS, middle_ms + MINUTE_MS, MINUTE_MS);
    let within = |problem| {
        format!("as {expression} in the middle of a range around {middle_ms} ms: {problem}")
    };
    let answer = evaluate(expression, times, loaded, &options()).answer.map_err(within)?;
    let Value::Matrix(matrix) = answer.value else {
        return Err(within(format!("expected a matrix, found {:?}", answer.value)));
    };
    compare::check_sorted(&matrix).map_err(within)?;
    let mut vector = Vec::new();
    for series in matrix {
        let point = series.points.iter().find(|point| point.at_ms == middle_ms);
        if let Some(point) = point {
            vector.push((series.labels, Point { at_ms: case.times.start_ms, ..*point }));
        }
    }
    let value = match (&case.values, vector.as_slice()) {
        (Values::Scalar(_), [(labels, point)]) if labels.is_empty() => Value::Scalar(*point),
        _ => Value::Vector(vector),
    };
    compare::check(case, &value).map_err(within)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promql::script::{Action, commands};

    #[test]
    fn the_middle_of_a_range_is_compared() {
        let Some(Ok(Action::Evaluate(case))) =
            commands("eval instant at 1m time()\n  60").pop().map(|command| command.action)
        else {
            panic!("no case");
        };
        let check = |middle_ms| check_middle(&case, "time()", middle_ms, &Loaded::new());
        assert_eq!(check(60_000), Ok(()));
        let problem = check(120_000).unwrap_err();
        assert!(problem.contains("in the middle of a range around 120000 ms"), "{problem}");
    }

    /// Runs the first case of a file over what is loaded before it.
    fn outcome(text: &str) -> Outcome {
        let mut loaded = Loaded::new();
        for command in commands(text) {
            match command.action.unwrap() {
                Action::Clear => loaded = Loaded::new(),
                Action::Load(load) => loaded.load(&load).unwrap(),
                Action::Evaluate(case) => return run(&case, &loaded),
            }
        }
        panic!("no case in {text}");
    }

    #[test]
    fn cases_pass_or_fail() {
        let load = "load 1m\n  a 1 2 3\n  h {{}}\n\n";
        let passes = |text: &str| assert_eq!(outcome(&format!("{load}{text}")), Outcome::Passed);
        let fails = |text: &str| {
            let outcome = outcome(&format!("{load}{text}"));
            assert!(matches!(outcome, Outcome::Failed(_)), "{text}: {outcome:?}");
        };
        passes("eval instant at 1m a\n  a 2");
        fails("eval instant at 1m a\n  a 3");
        fails("eval instant at 1m a");
        passes("eval instant at 1m b");
        passes("eval instant at 1m 1 + 1\n  2");
        passes("eval range from 0 to 2m step 1m a\n  a 1 2 3");
        passes("eval instant at 1m a +\n  expect fail");
        fails("eval instant at 1m a\n  expect fail");
        fails("eval instant at 1m a +");
        fails("eval instant at 1m a\n  expect warn\n  a 2");
    }

    #[test]
    fn histograms_that_are_read_or_expected_are_needed() {
        let check = |text: &str, expected| {
            let outcome = outcome(&format!("load 1m\n  a 1 2 3\n  h {{{{}}}}\n\n{text}"));
            assert_eq!(outcome, expected, "{text}");
        };
        let needed = |met_anyway| Outcome::NeedsHistograms { met_anyway };
        check("eval instant at 1m h\n {} 1", needed(false));
        check("eval instant at 1m a + on() h\n", needed(true));
        check("eval instant at 10m h", Outcome::Passed);
        check("eval instant at 1m a\n  a {{}}", needed(false));
    }
}
