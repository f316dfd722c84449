//! The tables of the file.

use std::fmt;

/// A table of the state file; the module says what each holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// Alert rules added at run time.
    AlertRules,
    /// What is known of a rule beside its alerts.
    AlertStates,
    /// Alerts that are pending or raised.
    Alerts,
    /// What happened to alerts.
    AlertHistory,
    /// Silences.
    Silences,
    /// How checks stand.
    HealthStates,
    /// What happened to checks.
    HealthHistory,
    /// Aggregations added at run time.
    Aggregations,
    /// The retention policy set at run time.
    Retention,
    /// Definitions of metrics.
    Metrics,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 10] = [
        Self::AlertRules,
        Self::AlertStates,
        Self::Alerts,
        Self::AlertHistory,
        Self::Silences,
        Self::HealthStates,
        Self::HealthHistory,
        Self::Aggregations,
        Self::Retention,
        Self::Metrics,
    ];

    /// Returns the table's name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlertRules => "alert_rules",
            Self::AlertStates => "alert_states",
            Self::Alerts => "alerts",
            Self::AlertHistory => "alert_history",
            Self::Silences => "silences",
            Self::HealthStates => "health_states",
            Self::HealthHistory => "health_history",
            Self::Aggregations => "aggregations",
            Self::Retention => "retention",
            Self::Metrics => "metrics",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
