//! From how much of something is used to a verdict.

use keepwatch_engine::health::Outcome;
use thiserror::Error;

/// From which use on a check is degraded, and from which on it fails; percent
/// of the whole. 85 and 95 by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    degraded_above: f64,
    failed_above: f64,
}

/// Why thresholds were refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[error(
    "expected 0 <= degraded_above <= failed_above <= 100, got {degraded_above} and {failed_above}"
)]
#[non_exhaustive]
pub struct ThresholdError {
    /// As given.
    pub degraded_above: f64,
    /// As given.
    pub failed_above: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { degraded_above: 85.0, failed_above: 95.0 }
    }
}

impl Thresholds {
    /// Creates thresholds; equal ones leave no degraded state.
    ///
    /// # Errors
    /// Values outside 0 to 100, or in the wrong order.
    pub fn new(degraded_above: f64, failed_above: f64) -> Result<Self, ThresholdError> {
        let ordered = 0.0 <= degraded_above && degraded_above <= failed_above;
        if ordered && failed_above <= 100.0 {
            Ok(Self { degraded_above, failed_above })
        } else {
            Err(ThresholdError { degraded_above, failed_above })
        }
    }

    /// Judges `used` of `total` bytes of `what`.
    pub(super) fn judge(self, what: &str, used: u64, total: u64) -> Outcome {
        if total == 0 {
            return Outcome::failed(format_args!("{what}: its size cannot be read"));
        }
        let percent = bytes(used) / bytes(total) * 100.0;
        let message = |limit: f64| {
            format!(
                "{what} is {percent:.1} % used, above {limit} %: {} left",
                size(total - used.min(total))
            )
        };
        let outcome = if percent > self.failed_above {
            Outcome::failed(message(self.failed_above))
        } else if percent > self.degraded_above {
            Outcome::degraded(message(self.degraded_above))
        } else {
            Outcome::healthy()
        };
        outcome.observed(percent, "%")
    }
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
fn bytes(count: u64) -> f64 {
    count as f64
}

/// Writes a count of bytes with a binary unit.
fn size(count: u64) -> String {
    let mut value = bytes(count);
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1024.0 {
            return if unit == "B" { format!("{value} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1024.0;
    }
    format!("{value:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let limits = Thresholds::default();
        for (used, total, expected) in [
            (85, 100, Outcome::healthy().observed(85.0, "%")),
            (
                90,
                100,
                Outcome::degraded("/ is 90.0 % used, above 85 %: 10 B left").observed(90.0, "%"),
            ),
            (
                96,
                100,
                Outcome::failed("/ is 96.0 % used, above 95 %: 4 B left").observed(96.0, "%"),
            ),
            (0, 0, Outcome::failed("/: its size cannot be read")),
        ] {
            assert_eq!(limits.judge("/", used, total), expected, "{used} of {total}");
        }
    }

    #[test]
    fn order_and_range() {
        assert!(Thresholds::new(0.0, 100.0).is_ok());
        for (degraded, failed) in [(90.0, 80.0), (-1.0, 50.0), (50.0, 101.0), (f64::NAN, 50.0)] {
            assert!(Thresholds::new(degraded, failed).is_err(), "{degraded} {failed}");
        }
        assert_eq!(
            Thresholds::new(90.0, 80.0).unwrap_err().to_string(),
            "expected 0 <= degraded_above <= failed_above <= 100, got 90 and 80"
        );
    }

    #[test]
    fn sizes() {
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (5 << 30, "5.0 GiB"),
            (3 << 40, "3.0 TiB"),
        ] {
            assert_eq!(size(count), text);
        }
    }
}
