//! Rules that belong to a group of a rule file.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// That a rule belongs to a group of a rule file. Such a rule is evaluated with
/// its group, and its alerts are those that Prometheus would raise:
///
/// - they are named as the file says, while the rule's own name is unique;
/// - the label `severity` is the file's, or absent;
/// - `for` counts from the first evaluation that found the series, whatever
///   evaluations failed in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The file.
    pub file: Arc<str>,
    /// The group in it.
    pub group: Arc<str>,
    /// The name of the rule's alerts: `alertname`.
    pub alert: Arc<str>,
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {:?} of {:?}", self.group, self.file)
    }
}
