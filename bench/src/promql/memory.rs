//! What processes hold, as Linux accounts for it.

use std::fs;

/// A process whose resident memory is watched.
#[derive(Debug, Clone)]
pub(super) struct Memory(String);

impl Memory {
    /// Returns that of the calling process.
    pub(super) fn own() -> Self {
        Self("/proc/self".to_owned())
    }

    /// Returns that of another process.
    pub(super) fn of(pid: u32) -> Self {
        Self(format!("/proc/{pid}"))
    }

    /// Lets the peak begin anew; returns what is held, in KiB.
    pub(super) fn begin_peak(&self) -> u64 {
        // Where the system does not know it, the peak is that since the start.
        let _ = fs::write(format!("{}/clear_refs", self.0), "5");
        self.kib("VmRSS")
    }

    /// Returns the most that was held since the peak began, in KiB.
    pub(super) fn peak_kib(&self) -> u64 {
        self.kib("VmHWM")
    }

    fn kib(&self, field: &str) -> u64 {
        let text = fs::read_to_string(format!("{}/status", self.0)).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(field));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    }
}
