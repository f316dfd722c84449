//! Time that passes.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment, and how long ago it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch(Duration);

impl Watch {
    pub(super) fn begin() -> Self {
        Self(now())
    }

    pub(super) fn elapsed(self) -> Duration {
        now().saturating_sub(self.0)
    }
}

fn now() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

/// Lets time pass; there is no arbiter here that could be blocked.
#[expect(clippy::disallowed_methods, reason = "servers start and come to rest in their own time")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
