//! The host has memory left.

use keepwatch_engine::health::Outcome;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::Thresholds;

/// A check of the host's memory; it observes the used part in percent, where
/// what can be had without swapping counts as free.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Memory {
    thresholds: Thresholds,
}

impl Memory {
    /// Checks the host's memory with the default thresholds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when the check is degraded and when it fails.
    #[must_use]
    pub const fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    pub(super) fn run(&self) -> Outcome {
        let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
        match System::new_with_specifics(ram) {
            Ok(system) => {
                let (total, available) = (system.total_memory(), system.available_memory());
                self.thresholds.judge("memory", total.saturating_sub(available), total)
            }
            Err(error) => Outcome::failed(format_args!("cannot read memory: {error:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_memory_is_used() {
        let outcome = Memory::new().thresholds(Thresholds::new(100.0, 100.0).unwrap()).run();
        let used = outcome.observed.as_ref().map(|observed| observed.value);
        assert!(used.is_some_and(|percent| percent > 0.0 && percent < 100.0), "{outcome:?}");
    }
}
