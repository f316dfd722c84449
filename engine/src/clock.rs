//! The one place that reads a clock.
//!
//! A [`Clock`] gives two readings: the wall time that samples carry, and a
//! monotonic reading for durations, which no clock adjustment moves. The
//! engine itself never calls one: actors read it once a message and hand
//! `now` down.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// A source of time.
pub trait Clock: Send + Sync + 'static {
    /// Returns the wall time in milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;

    /// Returns the time since an arbitrary fixed point; it never runs
    /// backwards.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// Creates a clock whose monotonic reading starts at zero.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            // A machine whose clock stands before 1970 still gets an order.
            Err(before) => {
                i64::try_from(before.duration().as_millis()).map_or(i64::MIN, i64::wrapping_neg)
            }
        };
        Timestamp::from_millis(millis)
    }

    #[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// Measures how long something takes by the machine's monotonic clock: for
/// instruments that an application times itself with. What the engine does
/// depends on no stopwatch.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts to measure.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this file is where clocks are read")]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that moves only when told to: for tests and backtests.
///
/// Clones share the same hands.
#[derive(Debug, Clone)]
pub struct ManualClock {
    origin: Timestamp,
    now_ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// Creates a clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { origin: start, now_ms: Arc::new(AtomicI64::new(start.millis())) }
    }

    /// Moves the clock forward by `step`.
    pub fn advance(&self, step: Duration) {
        let step_ms = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        // One writer in practice; the clock publishes nothing but itself.
        self.now_ms.fetch_add(step_ms, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(Timestamp::from_millis(1_000));
        let twin = clock.clone();
        assert_eq!(clock.now(), Timestamp::from_millis(1_000));
        clock.advance(Duration::from_millis(250));
        assert_eq!(twin.now(), Timestamp::from_millis(1_250));
        assert_eq!(twin.monotonic(), Duration::from_millis(250));
    }

    #[test]
    fn the_system_clock_reads_this_millennium() {
        let clock = SystemClock::new();
        assert!(clock.now() > Timestamp::from_millis(1_700_000_000_000));
        assert!(clock.monotonic() <= clock.monotonic());
    }
}
