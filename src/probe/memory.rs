//! The host has memory left.

use keepwatch_actors::health_checker::probe::{Usage, UsageProbe};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Probes the host's memory; observes the used part in percent, where what
/// can be had without swapping counts as free.
pub fn memory() -> UsageProbe {
    UsageProbe::new(usage)
}

fn usage() -> Result<Usage, String> {
    let ram = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(ram)
        .map_err(|error| format!("cannot read memory: {error:?}"))?;
    let (total, available) = (system.total_memory(), system.available_memory());
    Ok(Usage { used: bytes(total.saturating_sub(available)), total: bytes(total) })
}

#[expect(clippy::cast_precision_loss, reason = "a percentage needs three digits")]
pub(super) fn bytes(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_memory_is_used() {
        let usage = usage().unwrap();
        assert!(usage.used > 0.0 && usage.used < usage.total, "{usage:?}");
    }
}
