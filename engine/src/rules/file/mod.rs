//! Rule files: `groups:` of recording and alerting rules.
//!
//! [`RuleFile::parse`] tells every error of a file at once, each with its
//! line, what stands there and what was expected. An error in the YAML itself
//! is told alone, as there is no tree to look at. What is odd but no error is
//! a warning.
//!
//! Source: Prometheus 3.14, "Defining recording rules" and "Alerting rules".
//!
//! ```
//! use keepwatch_engine::rules::file::RuleFile;
//!
//! let text = "\
//! groups:
//!   - name: hosts
//!     rules:
//!       - alert: Down
//!         expr: up == 0 and
//!         for: 5 minutes
//! ";
//! let errors = RuleFile::parse(text).unwrap_err();
//! assert_eq!(
//!     errors.to_string(),
//!     "5:26: could not parse expression: expected an expression, found the end of the query\n\
//!      6:14: not a valid duration string: \"5 minutes\", expected such as \"1h30m\""
//! );
//! ```

mod lint;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use super::fault::{FaultList, Faults};
use super::reader::{Reader, UnknownFields};
use super::yaml;
use crate::promql::Expression;
use crate::template::{Template, TemplateTexts};

/// The most groups in a file.
pub const GROUPS_MAX: usize = 10_000;
/// The most rules in a file.
pub const RULES_MAX: usize = 20_000;

/// The most labels, and the most annotations, in one mapping.
pub const LABELS_MAX: usize = 100;

/// The names of labels and their values, in the order of the file. An empty
/// value removes the label.
pub type LabelTexts = Vec<(Arc<str>, Arc<str>)>;

/// The groups of a rule file.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleFile {
    /// The groups in the order of the file, no name twice.
    pub groups: Vec<RuleGroup>,
    /// What is odd.
    pub warnings: Faults,
}

/// Rules that are evaluated together, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleGroup {
    /// The name; not empty.
    pub name: Arc<str>,
    /// The time from one evaluation to the next; at least a millisecond.
    /// `None` for the default.
    pub interval: Option<Duration>,
    /// How far back the rules look; `None` for the default.
    pub query_offset: Option<Duration>,
    /// The most series or alerts that one rule may come to; 0 for any number.
    pub limit: usize,
    /// The labels of all rules that have no others.
    pub labels: LabelTexts,
    /// The rules in their order.
    pub rules: Vec<RuleDefinition>,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleDefinition {
    /// One that stores the result of its expression.
    Recording(RecordingRule),
    /// One that alerts for each series of its expression.
    Alerting(AlertingRule),
}

/// A rule that stores the result of its expression as series.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordingRule {
    /// The name of the series.
    pub record: Arc<str>,
    /// What is stored.
    pub expression: Expression,
    /// The labels of the series, with those of the group.
    pub labels: LabelTexts,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A rule that alerts for each series of its expression.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertingRule {
    /// The name of the alerts.
    pub alert: Arc<str>,
    /// What must have a result.
    pub expression: Expression,
    /// For how long it must have one before the alert fires.
    pub pending_for: Duration,
    /// For how long the alert still fires when it has none any more.
    pub keep_firing_for: Duration,
    /// The labels of the alerts, with those of the group.
    pub labels: TemplateTexts,
    /// The annotations of the alerts.
    pub annotations: TemplateTexts,
    /// The line of the file, from 1.
    pub line: usize,
}

impl RuleFile {
    /// Reads a rule file.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        Self::parse_with(text, UnknownFields::Refused)
    }

    /// Reads a rule file, and says what becomes of fields that nobody reads.
    ///
    /// # Errors
    /// Everything that is wrong with the file.
    pub fn parse_with(text: &str, unknown: UnknownFields) -> Result<Self, Faults> {
        let mut faults = FaultList::new(text);
        let document = yaml::read(text, &mut faults);
        let mut reader = Reader::new(faults, unknown);
        let groups = document.map_or_else(Vec::new, |document| reader.rule_file(&document));
        let (groups, warnings) = reader.faults.finish(groups)?;
        Ok(Self { groups, warnings })
    }

    /// Returns all rules in the order of the file.
    pub fn rules(&self) -> impl Iterator<Item = &RuleDefinition> {
        self.groups.iter().flat_map(|group| &group.rules)
    }
}

impl RuleDefinition {
    /// Returns the name of the series or of the alerts.
    #[must_use]
    pub const fn name(&self) -> &Arc<str> {
        match self {
            Self::Recording(rule) => &rule.record,
            Self::Alerting(rule) => &rule.alert,
        }
    }

    /// Returns the expression.
    #[must_use]
    pub const fn expression(&self) -> &Expression {
        match self {
            Self::Recording(rule) => &rule.expression,
            Self::Alerting(rule) => &rule.expression,
        }
    }

    /// Returns the labels as they are written, with those of the group.
    #[must_use]
    pub fn labels(&self) -> LabelTexts {
        match self {
            Self::Recording(rule) => rule.labels.clone(),
            Self::Alerting(rule) => {
                let text = |(name, template): &(Arc<str>, Template)| {
                    (Arc::clone(name), Arc::clone(template.text()))
                };
                rule.labels.iter().map(text).collect()
            }
        }
    }

    /// Returns the line of the file, from 1.
    #[must_use]
    pub const fn line(&self) -> usize {
        match self {
            Self::Recording(rule) => rule.line,
            Self::Alerting(rule) => rule.line,
        }
    }
}
