//! Statuses of checks and the groups that checks belong to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::HealthError;

/// How a check, a group or the whole stands.
///
/// Ordered from best to worst, so that the status of many is their maximum.
/// [`Unknown`](Self::Unknown) ranks worse than [`Up`](Self::Up): nobody may
/// take silence for health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Works.
    Up,
    /// Works with less than it should: as the check says, or because an
    /// optional dependency failed.
    Degraded,
    /// Not yet checked, or the last result is stale.
    Unknown,
    /// Not checked, because something that it needs failed.
    Blocked,
    /// Does not work.
    Down,
}

impl HealthStatus {
    /// Returns the status in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
            Self::Down => "down",
        }
    }

    /// Says whether requests may be sent there: up or degraded.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Up | Self::Degraded)
    }

    /// Says whether it is known not to work: down or blocked.
    #[must_use]
    pub const fn is_failed(self) -> bool {
        matches!(self, Self::Down | Self::Blocked)
    }

    /// Returns the value of the status as a series: 1 up, 0.5 degraded, 0
    /// down or blocked, none while unknown.
    #[must_use]
    pub const fn series_value(self) -> Option<f64> {
        match self {
            Self::Up => Some(1.0),
            Self::Degraded => Some(0.5),
            Self::Down | Self::Blocked => Some(0.0),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A question that an orchestrator asks; the terms are those of Kubernetes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Should the process be restarted? Belongs to checks of the process
    /// itself, never of a database.
    Liveness,
    /// May the process be sent requests?
    Readiness,
    /// Has the process come up? Gates readiness, once.
    Startup,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 3] = [Self::Liveness, Self::Readiness, Self::Startup];

    /// Returns the group's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Liveness => 1,
            Self::Readiness => 2,
            Self::Startup => 4,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Group {
    type Err = HealthError;

    fn from_str(text: &str) -> Result<Self, HealthError> {
        Self::ALL
            .into_iter()
            .find(|group| group.as_str() == text)
            .ok_or_else(|| HealthError::Group { text: text.to_owned() })
    }
}

/// A set of [`Group`]s. Serialises as a list of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Groups(u8);

impl Groups {
    /// No group: the check counts for the whole alone.
    pub const NONE: Self = Self(0);

    /// Says whether `group` belongs to the set.
    #[must_use]
    pub const fn contains(self, group: Group) -> bool {
        self.0 & group.bit() != 0
    }

    /// Iterates over the groups of the set.
    pub fn iter(self) -> impl Iterator<Item = Group> {
        Group::ALL.into_iter().filter(move |group| self.contains(*group))
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        Self(groups.into_iter().fold(0, |bits, group| bits | group.bit()))
    }
}

impl Serialize for Groups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_ranks_between_degraded_and_blocked() {
        use HealthStatus::{Blocked, Degraded, Down, Unknown, Up};
        let mut mixed = [Down, Unknown, Up, Blocked, Degraded];
        mixed.sort();
        assert_eq!(mixed, [Up, Degraded, Unknown, Blocked, Down]);
        assert_eq!([Up, Unknown].into_iter().max(), Some(Unknown));
    }

    #[test]
    fn a_set_of_groups_is_a_list_of_names() {
        let groups: Groups = [Group::Startup, Group::Liveness].into_iter().collect();
        assert!(groups.contains(Group::Startup) && !groups.contains(Group::Readiness));
        assert_eq!(serde_json::to_string(&groups).unwrap(), r#"["liveness","startup"]"#);
    }

    #[test]
    fn a_group_is_read_by_name() {
        assert_eq!("readiness".parse(), Ok(Group::Readiness));
        assert_eq!(
            "ready".parse::<Group>().unwrap_err().to_string(),
            "group \"ready\" is not one of liveness, readiness, startup"
        );
    }
}
