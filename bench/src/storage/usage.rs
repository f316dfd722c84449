//! What a process has used, as Linux accounts for it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Times at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// CPU time of all threads, those that have ended included.
    cpu: Duration,
    /// CPU time of the calling thread.
    thread: Duration,
    wall: Duration,
}

/// What passed between two moments.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) cpu: Duration,
    pub(super) thread: Duration,
    pub(super) wall: Duration,
}

impl Times {
    pub(super) fn now() -> Self {
        Self {
            cpu: read(ClockId::ProcessCPUTime),
            thread: read(ClockId::ThreadCPUTime),
            wall: read(ClockId::Monotonic),
        }
    }

    pub(super) fn spent(self) -> Spent {
        let now = Self::now();
        Spent {
            cpu: now.cpu.saturating_sub(self.cpu),
            thread: now.thread.saturating_sub(self.thread),
            wall: now.wall.saturating_sub(self.wall),
        }
    }
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).unwrap_or_default()
}

/// Bytes that the process holds and has written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes {
    /// Memory that is resident: `VmRSS`.
    pub(super) resident: u64,
    /// The most that ever was: `VmHWM`.
    pub(super) resident_peak: u64,
    /// What `write` and its kin were given: `wchar`.
    pub(super) handed: u64,
    /// What reached the file system, whole pages: `write_bytes`.
    pub(super) written: u64,
}

impl Bytes {
    pub(super) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").expect("Linux shows its processes");
        let io = fs::read_to_string("/proc/self/io").expect("Linux shows its processes");
        Self {
            resident: field(&status, "VmRSS:") * 1_024,
            resident_peak: field(&status, "VmHWM:") * 1_024,
            handed: field(&io, "wchar:"),
            written: field(&io, "write_bytes:"),
        }
    }
}

fn field(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    value.and_then(|number| number.parse().ok()).expect("the field is a number")
}

/// Adds up the lengths of all files below a folder; 0 if there is none.
pub(super) fn tree_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => tree_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
