//! What a check is: its name, place in the graph, schedule and thresholds.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Dependency, Group, Groups, HealthError};

/// The longest name of a check in bytes.
pub const CHECK_NAME_BYTES_MAX: usize = 128;

/// The shortest interval, fast interval, timeout and time to live.
pub const PERIOD_MIN: Duration = Duration::from_millis(10);

/// The longest of them.
pub const PERIOD_MAX: Duration = Duration::from_hours(24 * 365);

/// The greatest jitter, as a fraction of the interval.
pub const JITTER_MAX: f64 = 0.5;

/// The type of the thing that a check looks at. Source:
/// draft-inadarei-api-health-check-06, section 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ComponentType {
    /// A part of the service, or another service.
    Component,
    /// Something that stores: a database, a cache, a queue.
    Datastore,
    /// The machine: memory, disks, processes.
    System,
}

impl ComponentType {
    /// Returns the type's name in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Component => "component",
            Self::Datastore => "datastore",
            Self::System => "system",
        }
    }
}

/// What a check is. Fields are checked when it is added.
///
/// ```
/// use std::time::Duration;
/// use keepwatch_engine::health::{CheckDefinition, ComponentType};
///
/// let orders = CheckDefinition::new("orders")
///     .requires("database")
///     .optional("cache")
///     .any_of("mirrors", ["mirror-1", "mirror-2"])
///     .component_type(ComponentType::Component)
///     .interval(Duration::from_secs(10))
///     .fall(3);
/// assert!(orders.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CheckDefinition {
    /// The name, unique among checks.
    pub name: Arc<str>,
    /// The type of the thing that is looked at; `Component` by default.
    pub component_type: ComponentType,
    /// The groups that the check counts for; readiness by default.
    pub groups: Groups,
    /// What the check needs of others; nothing by default.
    pub dependencies: Vec<Dependency>,
    /// The time from the start of one run to the start of the next; 30 s by
    /// default.
    pub interval: Duration,
    /// How far the interval varies, as a fraction of it; 0.1 by default, at
    /// most [`JITTER_MAX`].
    pub jitter: f64,
    /// How long a run may take; 5 s by default.
    pub timeout: Duration,
    /// How many successes in a row bring a check up that was down; 1 by
    /// default. After the start the first success is enough.
    pub rise: u32,
    /// How many failures in a row bring a check down; 1 by default.
    pub fall: u32,
    /// How long a check must have been failing before it is down; zero by
    /// default.
    pub error_time_min: Duration,
    /// The interval while results and status disagree, until `rise` or `fall`
    /// is reached; none by default.
    pub fast_interval: Option<Duration>,
    /// How old a result may become before the status is unknown; by default
    /// three intervals and a timeout.
    pub stale_after: Option<Duration>,
    /// For a check that waits for beats instead of running: how long a beat
    /// holds.
    pub heartbeat: Option<Duration>,
    /// What the check's observed value measures, such as `utilization`; the
    /// second half of its key in application/health+json.
    pub measurement: Arc<str>,
    /// The endpoints that a failure affects, for application/health+json.
    pub affected_endpoints: Vec<Arc<str>>,
}

impl CheckDefinition {
    /// Defines a check that runs by itself, with every default.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            component_type: ComponentType::Component,
            groups: [Group::Readiness].into_iter().collect(),
            dependencies: Vec::new(),
            interval: Duration::from_secs(30),
            jitter: 0.1,
            timeout: Duration::from_secs(5),
            rise: 1,
            fall: 1,
            error_time_min: Duration::ZERO,
            fast_interval: None,
            stale_after: None,
            heartbeat: None,
            measurement: "value".into(),
            affected_endpoints: Vec::new(),
        }
    }

    /// Defines a check that waits to be called: it fails when no beat came
    /// for `ttl`.
    pub fn heartbeat(name: impl Into<Arc<str>>, ttl: Duration) -> Self {
        Self { heartbeat: Some(ttl), ..Self::new(name) }
    }

    /// Sets the type of the thing that is looked at.
    #[must_use]
    pub fn component_type(mut self, component_type: ComponentType) -> Self {
        self.component_type = component_type;
        self
    }

    /// Sets the groups that the check counts for, in place of readiness.
    #[must_use]
    pub fn groups(mut self, groups: impl IntoIterator<Item = Group>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }

    /// Adds a dependency without which the check is blocked.
    #[must_use]
    pub fn requires(mut self, check: impl Into<Arc<str>>) -> Self {
        self.dependencies.push(Dependency::Required(check.into()));
        self
    }

    /// Adds a dependency without which the check is degraded.
    #[must_use]
    pub fn optional(mut self, check: impl Into<Arc<str>>) -> Self {
        self.dependencies.push(Dependency::Optional(check.into()));
        self
    }

    /// Adds a group of dependencies of which one is enough.
    #[must_use]
    pub fn any_of<N: Into<Arc<str>>>(
        mut self,
        group: impl Into<Arc<str>>,
        members: impl IntoIterator<Item = N>,
    ) -> Self {
        let members = members.into_iter().map(Into::into).collect();
        self.dependencies.push(Dependency::AnyOf { group: group.into(), members });
        self
    }

    /// Sets the time from the start of one run to the start of the next.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how far the interval varies, as a fraction of it.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = fraction;
        self
    }

    /// Sets how long a run may take.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many successes in a row bring the check up again.
    #[must_use]
    pub fn rise(mut self, successes: u32) -> Self {
        self.rise = successes;
        self
    }

    /// Sets how many failures in a row bring the check down.
    #[must_use]
    pub fn fall(mut self, failures: u32) -> Self {
        self.fall = failures;
        self
    }

    /// Sets how long the check must have been failing before it is down.
    #[must_use]
    pub fn error_time_min(mut self, least: Duration) -> Self {
        self.error_time_min = least;
        self
    }

    /// Sets the interval while results and status disagree.
    #[must_use]
    pub fn fast_interval(mut self, interval: Duration) -> Self {
        self.fast_interval = Some(interval);
        self
    }

    /// Sets how old a result may become before the status is unknown.
    #[must_use]
    pub fn stale_after(mut self, age: Duration) -> Self {
        self.stale_after = Some(age);
        self
    }

    /// Sets what the observed value measures.
    #[must_use]
    pub fn measurement(mut self, name: impl Into<Arc<str>>) -> Self {
        self.measurement = name.into();
        self
    }

    /// Adds an endpoint that a failure affects.
    #[must_use]
    pub fn affects(mut self, endpoint: impl Into<Arc<str>>) -> Self {
        self.affected_endpoints.push(endpoint.into());
        self
    }

    /// Returns how old a result may become, with the default worked out.
    #[must_use]
    pub fn stale_limit(&self) -> Duration {
        self.stale_after
            .unwrap_or_else(|| self.interval.saturating_mul(3).saturating_add(self.timeout))
    }

    /// Checks the values that need no knowledge of other checks.
    ///
    /// # Errors
    /// The first value that is out of range, by check and field.
    pub fn validate(&self) -> Result<(), HealthError> {
        self.validate_name()?;
        self.within("interval", self.interval, PERIOD_MIN)?;
        self.within("timeout", self.timeout, PERIOD_MIN)?;
        self.within("error_time_min", self.error_time_min, Duration::ZERO)?;
        if let Some(ttl) = self.heartbeat {
            self.within("heartbeat", ttl, PERIOD_MIN)?;
        }
        if let Some(fast) = self.fast_interval {
            self.within("fast_interval", fast, PERIOD_MIN)?;
            if fast > self.interval {
                let most = format!("at most the interval, {:?}", self.interval);
                return Err(self.value("fast_interval", format!("{fast:?}"), most));
            }
        }
        if let Some(age) = self.stale_after {
            // A result that is stale before the next one is due would make
            // every check flap.
            self.within("stale_after", age, self.interval.saturating_add(self.timeout))?;
        }
        if !(0.0..=JITTER_MAX).contains(&self.jitter) {
            let expected = format!("a fraction between 0 and {JITTER_MAX}");
            return Err(self.value("jitter", self.jitter.to_string(), expected));
        }
        for (field, count) in [("rise", self.rise), ("fall", self.fall)] {
            if count == 0 {
                return Err(self.value(field, "0".to_owned(), "at least 1".to_owned()));
            }
        }
        self.validate_dependencies()
    }

    fn validate_name(&self) -> Result<(), HealthError> {
        let expected = if self.name.trim().is_empty() {
            "more than blanks"
        } else if self.name.len() > CHECK_NAME_BYTES_MAX {
            "at most 128 bytes long"
        } else if self.name.chars().any(char::is_control) {
            "free of control characters"
        } else {
            return Ok(());
        };
        Err(HealthError::Name { check: self.name.chars().take(64).collect(), expected })
    }

    fn validate_dependencies(&self) -> Result<(), HealthError> {
        let mut seen = std::collections::BTreeSet::new();
        for dependency in &self.dependencies {
            if let Dependency::AnyOf { group, members } = dependency
                && members.is_empty()
            {
                return Err(HealthError::EmptyGroup {
                    check: self.name.clone(),
                    group: group.clone(),
                });
            }
            for name in dependency.names() {
                if !seen.insert(name) {
                    return Err(HealthError::DuplicateDependency {
                        check: self.name.clone(),
                        dependency: name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn within(
        &self,
        field: &'static str,
        got: Duration,
        least: Duration,
    ) -> Result<(), HealthError> {
        if (least..=PERIOD_MAX).contains(&got) {
            return Ok(());
        }
        let expected = format!("between {least:?} and 365 days");
        Err(self.value(field, format!("{got:?}"), expected))
    }

    fn value(&self, field: &'static str, value: String, expected: String) -> HealthError {
        HealthError::Value { check: self.name.clone(), field, value, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(definition: CheckDefinition, expected: &str) {
        assert_eq!(definition.validate().unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_default_is_valid() {
        let definition = CheckDefinition::new("db");
        assert_eq!(definition.validate(), Ok(()));
        assert_eq!(definition.stale_limit(), Duration::from_secs(95));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let db = || CheckDefinition::new("db");
        let ms = Duration::from_millis;
        check(CheckDefinition::new(" "), "check name \" \" must be more than blanks");
        check(
            CheckDefinition::new("a\nb"),
            "check name \"a\\nb\" must be free of control characters",
        );
        check(
            db().interval(ms(9)),
            "check \"db\": interval must be between 10ms and 365 days, got 9ms",
        );
        check(
            db().timeout(ms(0)),
            "check \"db\": timeout must be between 10ms and 365 days, got 0ns",
        );
        check(
            db().jitter(0.6),
            "check \"db\": jitter must be a fraction between 0 and 0.5, got 0.6",
        );
        check(
            db().jitter(f64::NAN),
            "check \"db\": jitter must be a fraction between 0 and 0.5, got NaN",
        );
        check(db().fall(0), "check \"db\": fall must be at least 1, got 0");
        check(db().rise(0), "check \"db\": rise must be at least 1, got 0");
        check(
            db().fast_interval(ms(31_000)),
            "check \"db\": fast_interval must be at most the interval, 30s, got 31s",
        );
        check(
            db().stale_after(ms(20_000)),
            "check \"db\": stale_after must be between 35s and 365 days, got 20s",
        );
        check(db().requires("a").optional("a"), "check \"db\" names its dependency \"a\" twice");
        check(
            db().any_of("replicas", [] as [&str; 0]),
            "check \"db\": the any-of group \"replicas\" has no members",
        );
    }
}
