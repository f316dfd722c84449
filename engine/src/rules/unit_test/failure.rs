//! What came of a test.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::{ExpectedAlert, ExpectedSample};
use crate::promql::functions::number::shortest;
use crate::promql::syntax::Millis;
use crate::rules::fault::Faults;

/// Why the rule files of a test are not there.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Whoever was asked for a file does not have it.
    #[error("{file}: {message}")]
    Read {
        /// The file as it is named.
        file: Arc<str>,
        /// What they say.
        message: String,
    },
    /// A file has errors.
    #[error("{file}: {faults}")]
    Faults {
        /// The file.
        file: Arc<str>,
        /// Its errors.
        faults: Faults,
    },
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestReport {
    /// The name of the test; may be empty.
    pub name: Arc<str>,
    /// The line of the file, from 1.
    pub line: usize,
    /// What is not as expected; nothing if the test passes.
    pub failures: Vec<Failure>,
    /// The rules and cases that read or expect native histograms, and so were
    /// not carried out.
    pub needing_histograms: Vec<String>,
}

impl TestReport {
    /// Says whether everything that was carried out is as expected.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// Something that is not as a test expects. Times are from its start.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// An input series that cannot be stored.
    Input {
        /// What is wrong.
        message: String,
    },
    /// The test is longer than [`EVALUATIONS_MAX`](super::EVALUATIONS_MAX)
    /// evaluations.
    TooLong {
        /// How many it has.
        evaluations: u64,
    },
    /// A rule whose evaluation fails; ends the test.
    Rule {
        /// The name of the rule.
        rule: Arc<str>,
        /// When.
        time: Duration,
        /// Why.
        error: String,
    },
    /// Alerts that are not those expected.
    Alerts {
        /// The line of the case.
        line: usize,
        /// The name of the alerts.
        alert: Arc<str>,
        /// When.
        time: Duration,
        /// What was expected, sorted.
        expected: Vec<ExpectedAlert>,
        /// What was there, sorted.
        got: Vec<ExpectedAlert>,
    },
    /// An expression that cannot be evaluated.
    Query {
        /// The line of the case.
        line: usize,
        /// The expression.
        expression: Arc<str>,
        /// When.
        time: Duration,
        /// Why.
        error: String,
    },
    /// Samples that are not those expected.
    Samples {
        /// The line of the case.
        line: usize,
        /// The expression.
        expression: Arc<str>,
        /// When.
        time: Duration,
        /// What was expected, sorted by labels.
        expected: Vec<ExpectedSample>,
        /// What was there, sorted by labels.
        got: Vec<ExpectedSample>,
    },
}

impl fmt::Display for Failure {
    /// Writes it as promtool does, on several lines where there is an
    /// expectation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { message } => write!(f, "input series: {message}"),
            Self::TooLong { evaluations } => {
                let max = super::EVALUATIONS_MAX;
                write!(f, "{evaluations} evaluations are more than the {max} of a test")
            }
            Self::Rule { rule, time, error } => {
                write!(f, "rule: {rule}, time: {}, err: {error}", millis(*time))
            }
            Self::Alerts { line: _, alert, time, expected, got } => {
                write!(f, "alertname: {alert}, time: {},", millis(*time))?;
                write_alerts(f, "exp", expected)?;
                write_alerts(f, "got", got)
            }
            Self::Query { line: _, expression, time, error } => {
                write!(f, "expr: {expression:?}, time: {}, err: {error}", millis(*time))
            }
            Self::Samples { line: _, expression, time, expected, got } => {
                write!(f, "expr: {expression:?}, time: {},", millis(*time))?;
                write_samples(f, "exp", expected)?;
                write_samples(f, "got", got)
            }
        }
    }
}

pub(super) fn millis(time: Duration) -> Millis {
    Millis(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn write_alerts(f: &mut fmt::Formatter<'_>, what: &str, alerts: &[ExpectedAlert]) -> fmt::Result {
    if alerts.is_empty() {
        return write!(f, "\n    {what}: []");
    }
    write!(f, "\n    {what}: [")?;
    for (index, ExpectedAlert { labels, annotations }) in alerts.iter().enumerate() {
        write!(f, "\n        {index}: Labels:{labels}\n           Annotations:{annotations}")?;
    }
    write!(f, "\n    ]")
}

fn write_samples(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    samples: &[ExpectedSample],
) -> fmt::Result {
    if samples.is_empty() {
        return write!(f, "\n    {what}: nil");
    }
    for (index, ExpectedSample { series, value }) in samples.iter().enumerate() {
        let before = if index == 0 { format!("\n    {what}: ") } else { ", ".to_owned() };
        let value = value.map_or_else(|| "a native histogram".to_owned(), shortest);
        write!(f, "{before}{series} {value}")?;
    }
    Ok(())
}
