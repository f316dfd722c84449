//! Unit tests of rules, in the format of `promtool test rules`.
//!
//! [`UnitTestFile::parse`] reads a file of tests, with every error and its
//! place as for rule files. [`UnitTestFile::load`] asks for the texts of the
//! rule files that it names, and [`Suite::run`] carries a test out: it plays
//! the input series into a store in memory, evaluates the groups from one
//! evaluation interval to the next and compares alerts and expressions with
//! what the test expects.
//!
//! Every group is evaluated at every evaluation interval, whatever interval it
//! has of its own, as promtool does it.
//! Native histograms are not there yet: cases that read or expect them are
//! listed apart ([`TestReport::needing_histograms`]).
//!
//! Source: Prometheus 3.14, "Unit testing for rules".

mod failure;
mod notation;
mod read;
mod run;
mod suite;
#[cfg(test)]
mod tests;
mod world;

use std::sync::Arc;
use std::time::Duration;

pub use failure::{Failure, LoadError, TestReport};
pub use notation::{NotationError, SeriesValues, Slot};
pub use suite::{EVALUATIONS_MAX, RuleText, Suite};

use super::fault::{FaultList, Faults};
use super::reader::{Reader, UnknownFields};
use super::yaml;
use crate::model::{Labels, Timestamp};
use crate::promql::{Expression, LabelSet};

/// The time between two evaluations where a file names none.
pub const EVALUATION_INTERVAL_DEFAULT: Duration = Duration::from_secs(60);

/// A file of tests.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTestFile {
    /// The rule files as they are named: paths or patterns, relative to this
    /// file.
    pub rule_files: Vec<Arc<str>>,
    /// The time between two evaluations of the groups; at least a millisecond.
    pub evaluation_interval: Duration,
    /// The names of groups that are evaluated first, in this order.
    pub group_eval_order: Vec<Arc<str>>,
    /// Whether values may differ in the last bit.
    pub fuzzy_compare: bool,
    /// The tests in the order of the file.
    pub tests: Vec<UnitTest>,
    /// What is odd.
    pub warnings: Faults,
}

/// A test: input series, and what is expected of rules and expressions.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitTest {
    /// The name; may be empty.
    pub name: Arc<str>,
    /// The time between two values of the input series.
    pub interval: Duration,
    /// When the test begins; the Unix epoch by default.
    pub start: Timestamp,
    /// The input.
    pub input_series: Vec<InputSeries>,
    /// What is expected of alerts.
    pub alert_tests: Vec<AlertTest>,
    /// What is expected of expressions.
    pub expression_tests: Vec<ExpressionTest>,
    /// What templates see as `$externalLabels`.
    pub external_labels: Labels,
    /// What templates see as `$externalURL`.
    pub external_url: Arc<str>,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A series and its values from the start of the test on.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSeries {
    /// Which series.
    pub series: LabelSet,
    /// Its values, one an interval.
    pub values: SeriesValues,
}

/// What is expected of the alerts of one name.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertTest {
    /// When, from the start of the test.
    pub eval_time: Duration,
    /// The name.
    pub alert: Arc<str>,
    /// The alerts that fire; none if it is empty.
    pub expected: Vec<ExpectedAlert>,
    /// The line of the file, from 1.
    pub line: usize,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedAlert {
    /// Its labels, `alertname` included.
    pub labels: Labels,
    /// Its annotations.
    pub annotations: Labels,
}

/// What is expected of an expression.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpressionTest {
    /// The expression.
    pub expression: Expression,
    /// When, from the start of the test.
    pub eval_time: Duration,
    /// The samples, in any order.
    pub expected: Vec<ExpectedSample>,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A sample of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectedSample {
    /// Which series; a number is one without labels.
    pub series: LabelSet,
    /// Its value; `None` for a native histogram.
    pub value: Option<f64>,
}

impl UnitTestFile {
    /// Reads a file of tests.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::parse_with(text, UnknownFields::Refused)
    }

    /// Reads a file of tests, and says what becomes of fields that nobody
    /// reads.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn parse_with(text: &str, unknown: UnknownFields) -> Result<Self, Faults> {
        let mut faults = FaultList::new(text);
        let document = yaml::read(text, &mut faults);
        let mut reader = Reader::new(faults, unknown);
        let file = document.and_then(|document| reader.unit_test_file(&document));
        let (file, warnings) = reader.faults.finish(file)?;
        // Without a file there is an error.
        let file = file.ok_or_else(Faults::default)?;
        Ok(Self { warnings, ..file })
    }
}
