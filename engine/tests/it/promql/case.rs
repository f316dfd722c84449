//! One `eval` command: an expression, when it is evaluated and what is
//! expected.

use keepwatch_engine::promql::{EvaluationTimes, LabelSet};

use super::cursor::{Cursor, unquoted};
use super::duration::milliseconds;
use super::expectation::{Expectation, Message};
use super::points::{Slot, number, slots};
use super::script::Line;
use super::series::series_line;

/// An expression and what is expected of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) expression: String,
    pub(super) times: EvaluationTimes,
    pub(super) expectation: Expectation,
    pub(super) values: Values,
}

/// The values that are expected.
#[derive(Debug)]
pub(super) enum Values {
    /// One number.
    Scalar(f64),
    /// A text.
    Text(String),
    /// Series and their values; none, if there are to be none.
    Series {
        /// The series in the order of the file.
        series: Vec<(LabelSet, Vec<Slot>)>,
        /// When the values of a range vector are; the steps of the query are
        /// the times otherwise.
        range_vector: Option<EvaluationTimes>,
    },
}

impl Case {
    /// Reads a command with the lines that belong to it.
    pub(super) fn read(first: &str, lines: &[Line<'_>]) -> Result<Self, String> {
        let mut cursor = Cursor::new(first);
        let command = cursor.word();
        let mut expectation = Expectation::default();
        match command {
            "eval" => {}
            "eval_fail" => expectation.failures.push(Message::Any),
            "eval_warn" => expectation.warnings.wanted.push(Message::Any),
            "eval_info" => expectation.infos.wanted.push(Message::Any),
            "eval_ordered" => expectation.ordered = true,
            _ => return Err(format!("{command:?} is no command")),
        }
        let times = match cursor.word() {
            "instant" => {
                let mut behind = cursor;
                if behind.word() == "at" {
                    cursor = behind;
                    EvaluationTimes::instant(milliseconds(cursor.word())?)
                } else {
                    EvaluationTimes::instant(0)
                }
            }
            "range" => range(&mut cursor)?,
            other => return Err(format!("expected \"instant\" or \"range\", found {other:?}")),
        };
        let expression = cursor.rest().to_owned();
        let values = Values::Series { series: Vec::new(), range_vector: None };
        let mut case = Self { expression, times, expectation, values };
        for (number, line) in lines {
            case.add(line).map_err(|error| format!("line {number}: {error}"))?;
        }
        Ok(case)
    }

    /// Takes in a line that belongs to the command.
    fn add(&mut self, line: &str) -> Result<(), String> {
        if let Some(text) = line.strip_prefix("expected_fail_message ") {
            self.expectation.failures.push(Message::Exactly(text.trim().to_owned()));
            return Ok(());
        }
        if let Some(pattern) = line.strip_prefix("expected_fail_regexp ") {
            self.expectation.failures.push(Message::matching(pattern.trim())?);
            return Ok(());
        }
        if let Some(expected) = line.strip_prefix("expect ") {
            return self.add_expectation(expected.trim());
        }
        if let Ok(value) = number(line) {
            self.values = Values::Scalar(value);
            return Ok(());
        }
        let read = series_line(line)?;
        match &mut self.values {
            Values::Series { series, .. } => series.push((read.labels, slots(read.values)?)),
            other => return Err(format!("a series beside {other:?}")),
        }
        Ok(())
    }

    fn add_expectation(&mut self, text: &str) -> Result<(), String> {
        if let Some(read) = self.expectation.read(text) {
            return read;
        }
        let mut cursor = Cursor::new(text);
        match (cursor.word(), &mut self.values) {
            ("string", values) => *values = Values::Text(unquoted(cursor.rest())?),
            ("range", Values::Series { range_vector, .. }) if cursor.word() == "vector" => {
                *range_vector = Some(range(&mut cursor)?);
            }
            _ => return Err(format!("expectation {text:?} is not known")),
        }
        Ok(())
    }

    /// Says whether a native histogram is among the values.
    pub(super) fn expects_histograms(&self) -> bool {
        match &self.values {
            Values::Series { series, .. } => {
                series.iter().any(|(_, slots)| slots.contains(&Slot::Histogram))
            }
            _ => false,
        }
    }
}

/// Reads `from 1m to 2m step 10s`.
fn range(cursor: &mut Cursor<'_>) -> Result<EvaluationTimes, String> {
    let mut after = |word: &str| {
        let found = cursor.word();
        if found != word {
            return Err(format!("expected {word:?}, found {found:?}"));
        }
        milliseconds(cursor.word())
    };
    let (start, end, step) = (after("from")?, after("to")?, after("step")?);
    Ok(EvaluationTimes::range(start, end, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Case, String> {
        let lines: Vec<Line<'_>> = (1..).zip(text.lines().map(str::trim)).collect();
        let (first, rest) = lines.split_first().unwrap();
        Case::read(first.1, rest)
    }

    #[test]
    fn instants_and_ranges() {
        let case = read("eval instant at 1m30s  a +  b \n  expect ordered\n a{b=\"c\"} 1").unwrap();
        assert_eq!(case.expression, "a +  b");
        assert_eq!(case.times, EvaluationTimes::instant(90_000));
        assert!(case.expectation.ordered && !case.expects_histograms());
        let case = read("eval range from 0 to 2m step 10s a\n{} 1 _ {{sum:2}}").unwrap();
        assert_eq!(case.times, EvaluationTimes::range(0, 120_000, 10_000));
        assert!(case.expects_histograms());
        assert_eq!(read("eval instant rate(a[1m])").unwrap().expression, "rate(a[1m])");
    }

    #[test]
    fn values_that_are_no_series() {
        let scalar = read("eval instant at 0 1\n  -Inf").unwrap().values;
        assert!(matches!(scalar, Values::Scalar(value) if value == f64::NEG_INFINITY));
        let text = read("eval instant at 0 \"a\"\n expect string `a\"`").unwrap().values;
        assert!(matches!(text, Values::Text(text) if text == "a\""));
        let times = EvaluationTimes::range(10_000, 60_000, 10_000);
        let ranges = read("eval instant at 1m a[1m]\nexpect range vector from 10s to 1m step 10s");
        let Values::Series { range_vector, .. } = ranges.unwrap().values else { panic!() };
        assert_eq!(range_vector, Some(times));
    }

    #[test]
    fn old_forms() {
        let fails = read("eval_fail instant at 0 a\n expected_fail_message no").unwrap();
        assert!(fails.expectation.check_error("no").is_ok());
        assert!(fails.expectation.check_error("yes").is_err());
        assert!(read("eval_ordered instant at 0 a").unwrap().expectation.ordered);
        assert_eq!(read("eval_warn instant at 0 a").unwrap().expectation.warnings.wanted.len(), 1);
        for refused in ["eval_none instant a", "eval at 0 a", "eval range from 0 to 1 a"] {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
