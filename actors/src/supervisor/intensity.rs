//! How often a component may fail before it is given a rest.
//!
//! Source: OTP's supervisor, whose intensity and period these are. OTP ends
//! the supervisor itself when they are exceeded; here the host process must
//! live on, so the component is rested with exponential back-off, and at last
//! declared down and probed slowly.

use std::collections::VecDeque;
use std::time::Duration;

/// The bounds of restarting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntensityLimits {
    /// Failures in `period` that are followed by an immediate restart;
    /// default 5.
    pub restarts: usize,
    /// The span in which failures are counted; default 10 s.
    pub period: Duration,
    /// The first rest; default 100 ms. Each further one is twice as long.
    pub first_rest: Duration,
    /// The longest rest; default 30 s. A failure after it means down.
    pub longest_rest: Duration,
    /// How often a component that is down is probed; default 60 s.
    pub probe: Duration,
}

impl Default for IntensityLimits {
    fn default() -> Self {
        Self {
            restarts: 5,
            period: Duration::from_secs(10),
            first_rest: Duration::from_millis(100),
            longest_rest: Duration::from_secs(30),
            probe: Duration::from_secs(60),
        }
    }
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Rebuild the component at once.
    Restart,
    /// Pause the mailbox this long, then rebuild it.
    Rest(Duration),
    /// Answer every message with an error, and try to rebuild it this much
    /// later.
    Down(Duration),
}

/// Counts a component's failures and says what follows each.
///
/// A component that lives for a whole period after its last rebuild starts
/// afresh.
#[derive(Debug, Clone)]
pub struct Intensity {
    limits: IntensityLimits,
    failures: VecDeque<Duration>,
    rest: Option<Duration>,
    down: bool,
    /// When the last rebuild succeeded; `None` while there is none alive.
    alive_since: Option<Duration>,
}

impl Intensity {
    /// Creates a count without failures.
    #[must_use]
    pub fn new(limits: IntensityLimits) -> Self {
        Self { limits, failures: VecDeque::new(), rest: None, down: false, alive_since: None }
    }

    /// Takes note that a rebuilt component is alive since `now`.
    pub fn revived(&mut self, now: Duration) {
        self.alive_since = Some(now);
    }

    /// Takes note of a failure at the monotonic time `now`.
    pub fn failed(&mut self, now: Duration) -> Verdict {
        let lived = self.alive_since.take().map(|since| now.saturating_sub(since));
        if lived.is_some_and(|lived| lived >= self.limits.period) {
            self.rest = None;
            self.down = false;
        }
        while self.failures.front().is_some_and(|at| now.saturating_sub(*at) > self.limits.period) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        if self.down {
            return Verdict::Down(self.limits.probe);
        }
        if self.rest.is_none() && self.failures.len() <= self.limits.restarts {
            return Verdict::Restart;
        }
        let rest = match self.rest {
            None => self.limits.first_rest,
            Some(last) if last >= self.limits.longest_rest => {
                self.down = true;
                return Verdict::Down(self.limits.probe);
            }
            Some(last) => (last * 2).min(self.limits.longest_rest),
        };
        self.rest = Some(rest);
        Verdict::Rest(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_in_ten_seconds_restart_and_the_sixth_rests() {
        let mut intensity = Intensity::new(IntensityLimits::default());
        for second in 0..5 {
            assert_eq!(intensity.failed(at(second)), Verdict::Restart);
            intensity.revived(at(second));
        }
        assert_eq!(intensity.failed(at(5)), Verdict::Rest(Duration::from_millis(100)));
    }

    #[test]
    fn failures_that_are_far_apart_never_rest() {
        let mut intensity = Intensity::new(IntensityLimits::default());
        for step in 0..100 {
            assert_eq!(intensity.failed(at(step * 3)), Verdict::Restart);
            intensity.revived(at(step * 3));
        }
    }

    #[test]
    fn rests_double_up_to_the_longest_and_then_it_is_down() {
        let mut intensity = Intensity::new(IntensityLimits::default());
        let mut now = Duration::ZERO;
        for _ in 0..5 {
            intensity.failed(now);
            intensity.revived(now);
        }
        let mut rests = Vec::new();
        loop {
            match intensity.failed(now) {
                Verdict::Rest(rest) => {
                    rests.push(rest.as_millis());
                    now += rest;
                    intensity.revived(now);
                }
                Verdict::Down(probe) => {
                    assert_eq!(probe, at(60));
                    break;
                }
                Verdict::Restart => panic!("restarted after {rests:?}"),
            }
        }
        assert_eq!(rests, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000]);
        now += at(60);
        intensity.revived(now);
        assert_eq!(intensity.failed(now), Verdict::Down(at(60)), "a probe that fails stays down");
    }

    #[test]
    fn time_spent_dead_is_no_life() {
        let mut intensity = Intensity::new(IntensityLimits::default());
        intensity.revived(at(0));
        for _ in 0..8 {
            intensity.failed(at(0));
        }
        assert_eq!(intensity.failed(at(20)), Verdict::Rest(Duration::from_millis(800)));
    }

    #[test]
    fn a_period_of_life_starts_afresh() {
        let mut intensity = Intensity::new(IntensityLimits::default());
        for _ in 0..8 {
            intensity.failed(at(0));
        }
        intensity.revived(at(1));
        assert_eq!(intensity.failed(at(12)), Verdict::Restart);
    }
}
