//! Points in time and spans between them, in milliseconds.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A point in time: milliseconds since the Unix epoch, UTC.
///
/// Arithmetic saturates at the ends of `i64`. Serialises as RFC 3339 text
/// with milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable point.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable point.
    pub const MAX: Self = Self(i64::MAX);

    /// Creates a timestamp from milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Returns the seconds since the Unix epoch, with a fraction.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact to the millisecond until the year 285428"
    )]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1_000.0
    }

    /// Returns the time that passed since `earlier`; zero if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the last multiple of `step` since the epoch that is not after
    /// `self`, or the earliest point. A step under one millisecond changes
    /// nothing.
    #[must_use]
    pub fn align_down(self, step: Duration) -> Self {
        let step_ms = millis(step);
        if step_ms <= 0 { self } else { Self(self.0.saturating_sub(self.0.rem_euclid(step_ms))) }
    }

    /// Returns the point as a chrono value; `None` outside chrono's years.
    #[must_use]
    pub fn to_datetime(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.0)
    }
}

/// A duration in whole milliseconds, saturating.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, step: Duration) -> Self {
        Self(self.0.saturating_add(millis(step)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, step: Duration) -> Self {
        Self(self.0.saturating_sub(millis(step)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|at| Self(at.timestamp_millis()))
            .map_err(|_| D::Error::custom(format!("expected an RFC 3339 time, got {text:?}")))
    }
}

/// A span of time; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeRange {
    /// The first point of the span.
    pub start: Timestamp,
    /// The last point of the span.
    pub end: Timestamp,
}

impl TimeRange {
    /// All of time.
    pub const ALL: Self = Self { start: Timestamp::MIN, end: Timestamp::MAX };

    /// Creates the span from `start` to `end`.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Creates the span of length `window` that ends at `end`.
    #[must_use]
    pub fn last(window: Duration, end: Timestamp) -> Self {
        Self { start: end - window, end }
    }

    /// Says whether `at` lies in the span.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at <= self.end
    }

    /// Says whether the two spans share a point.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Duration::from_secs(1), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
    }

    #[test]
    fn alignment_goes_down_on_both_sides_of_the_epoch() {
        let step = Duration::from_secs(15);
        assert_eq!(Timestamp::from_millis(31_000).align_down(step).millis(), 30_000);
        assert_eq!(Timestamp::from_millis(-1).align_down(step).millis(), -15_000);
    }

    #[test]
    fn text_form_is_rfc_3339_and_round_trips() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let text = serde_json::to_string(&at).unwrap();
        assert_eq!(text, "\"2023-11-14T22:13:20.123Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), at);
    }

    #[test]
    fn a_bad_text_is_named_in_the_error() {
        let error = serde_json::from_str::<Timestamp>("\"noon\"").unwrap_err().to_string();
        assert!(error.contains("expected an RFC 3339 time, got \"noon\""), "{error}");
    }
}
