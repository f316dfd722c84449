//! Is something running out: disk space, memory, connections of a pool?

use std::fmt::{self, Display};
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use keepwatch_engine::health::{HealthError, Outcome};

use super::Probe;

/// How much of something is used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// How much is used, in any unit.
    pub used: f64,
    /// How much there is, in the same unit.
    pub total: f64,
}

type Read = dyn Fn() -> Result<Usage, String> + Send + Sync;

/// Degrades and fails as something fills up: disk space, memory. The values
/// come from a closure, which may block its thread.
#[derive(Clone)]
pub struct UsageProbe {
    read: Arc<Read>,
    degraded_at: f64,
    failed_at: f64,
}

impl UsageProbe {
    /// Creates a probe that degrades at 85 % and fails at 95 %.
    pub fn new<E: Display>(read: impl Fn() -> Result<Usage, E> + Send + Sync + 'static) -> Self {
        let read = move || read().map_err(|error| format!("{error:#}"));
        Self { read: Arc::new(read), degraded_at: 0.85, failed_at: 0.95 }
    }

    /// Sets at which fraction of the total the check degrades and fails.
    ///
    /// # Errors
    /// Fractions that are not within 0 and 1, or not in that order; `check`
    /// is named in the error.
    pub fn thresholds(
        mut self,
        check: &str,
        degraded_at: f64,
        failed_at: f64,
    ) -> Result<Self, HealthError> {
        let ordered = 0.0 <= degraded_at && degraded_at <= failed_at && failed_at <= 1.0;
        if !ordered {
            return Err(HealthError::Value {
                check: check.into(),
                field: "thresholds",
                value: format!("{degraded_at} and {failed_at}"),
                expected: "two fractions between 0 and 1, the second not below the first"
                    .to_owned(),
            });
        }
        self.degraded_at = degraded_at;
        self.failed_at = failed_at;
        Ok(self)
    }

    fn judge(&self, usage: Usage) -> Outcome {
        let fraction = usage.used / usage.total;
        if !fraction.is_finite() {
            let Usage { used, total } = usage;
            return Outcome::failed(format_args!("no usage can be told from {used} of {total}"));
        }
        let percent = fraction * 100.0;
        let said = |limit: f64| format!("{percent:.1} % used, the limit is {:.0} %", limit * 100.0);
        let outcome = if fraction >= self.failed_at {
            Outcome::failed(said(self.failed_at))
        } else if fraction >= self.degraded_at {
            Outcome::degraded(said(self.degraded_at))
        } else {
            Outcome::healthy()
        };
        outcome.observed(percent, "%")
    }
}

impl Probe for UsageProbe {
    fn run(&self) -> BoxFuture<'static, Outcome> {
        let probe = self.clone();
        let read = async move {
            match (probe.read)() {
                Ok(usage) => probe.judge(usage),
                Err(error) => Outcome::failed(error),
            }
        };
        read.boxed()
    }
}

impl fmt::Debug for UsageProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageProbe")
            .field("degraded_at", &self.degraded_at)
            .field("failed_at", &self.failed_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(used: f64, total: f64, expected: &Outcome) {
        let read = move || Ok::<_, String>(Usage { used, total });
        let probe = UsageProbe::new(read).thresholds("disk", 0.5, 0.75).unwrap();
        assert_eq!(probe.run().now_or_never().as_ref(), Some(expected), "{used} of {total}");
    }

    #[test]
    fn degrades_and_fails_as_it_fills_up() {
        check(10.0, 200.0, &Outcome::healthy().observed(5.0, "%"));
        check(
            50.0,
            100.0,
            &Outcome::degraded("50.0 % used, the limit is 50 %").observed(50.0, "%"),
        );
        check(3.0, 4.0, &Outcome::failed("75.0 % used, the limit is 75 %").observed(75.0, "%"));
        check(0.0, 0.0, &Outcome::failed("no usage can be told from 0 of 0"));
    }

    #[test]
    fn a_reader_that_fails_is_a_failure() {
        let probe = UsageProbe::new(|| Err("no such device"));
        assert_eq!(probe.run().now_or_never(), Some(Outcome::failed("no such device")));
    }

    #[test]
    fn thresholds_are_checked() {
        for (degraded, failed) in [(0.9, 0.8), (-0.1, 0.8), (0.5, 1.1), (f64::NAN, 0.8)] {
            let probe = UsageProbe::new(|| Err("unused"));
            let error = probe.thresholds("disk", degraded, failed).unwrap_err().to_string();
            assert!(error.starts_with("check \"disk\": thresholds must be two"), "{error}");
        }
    }
}
