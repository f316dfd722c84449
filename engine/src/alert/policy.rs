//! What a rule makes of missing values and of failed evaluations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::AlertError;

/// What a rule makes of a series without a value in the window.
///
/// In every case the alert stays the same alert: none is closed in favour of
/// another one about missing data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoDataPolicy {
    /// A firing alert moves to the state `no_data` until its series speaks
    /// again; a pending one waits, and the wait does not count toward `for`.
    /// The default.
    #[default]
    NoData,
    /// The condition counts as met: a series that falls silent alerts. A rule
    /// without any series alerts by its own labels.
    Alerting,
    /// The condition counts as not met, as in Prometheus.
    Normal,
    /// Alerts keep their state; silence does not count toward `for`.
    KeepLast,
}

impl NoDataPolicy {
    /// Returns the policy's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no_data",
            Self::Alerting => "alerting",
            Self::Normal => "normal",
            Self::KeepLast => "keep_last",
        }
    }
}

impl fmt::Display for NoDataPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NoDataPolicy {
    type Err = AlertError;

    fn from_str(text: &str) -> Result<Self, AlertError> {
        [Self::NoData, Self::Alerting, Self::Normal, Self::KeepLast]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| AlertError::Policy {
                what: "no-data policy",
                given: text.to_owned(),
                expected: "no_data, alerting, normal or keep_last",
            })
    }
}

/// What a rule makes of an evaluation that failed. Its alerts hold their
/// state either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorPolicy {
    /// Nothing more. The default.
    #[default]
    KeepLast,
    /// The rule also alerts by its own labels, after `for`, until an
    /// evaluation succeeds.
    Alerting,
}

impl ErrorPolicy {
    /// Returns the policy's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepLast => "keep_last",
            Self::Alerting => "alerting",
        }
    }
}

impl fmt::Display for ErrorPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorPolicy {
    type Err = AlertError;

    fn from_str(text: &str) -> Result<Self, AlertError> {
        [Self::KeepLast, Self::Alerting]
            .into_iter()
            .find(|policy| policy.as_str() == text)
            .ok_or_else(|| AlertError::Policy {
                what: "error policy",
                given: text.to_owned(),
                expected: "keep_last or alerting",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_bad_ones_are_named() {
        for name in ["no_data", "alerting", "normal", "keep_last"] {
            assert_eq!(name.parse::<NoDataPolicy>().unwrap().to_string(), name);
            let json = format!("\"{name}\"");
            let policy: NoDataPolicy = serde_json::from_str(&json).unwrap();
            assert_eq!(policy.as_str(), name);
        }
        for name in ["alerting", "keep_last"] {
            assert_eq!(name.parse::<ErrorPolicy>().unwrap().to_string(), name);
        }
        assert_eq!(
            "ok".parse::<ErrorPolicy>().unwrap_err().to_string(),
            "unknown error policy \"ok\"; expected keep_last or alerting"
        );
        assert_eq!(
            "ok".parse::<NoDataPolicy>().unwrap_err().to_string(),
            "unknown no-data policy \"ok\"; expected no_data, alerting, normal or keep_last"
        );
    }
}
