//! The built-in health checks: what a check does, apart from when and how
//! often, which a `CheckDefinition` says.
//!
//! A probe runs on a pool thread of its own under the check's timeout. It
//! reports what it measured beside its verdict, so that the result is a
//! series that can be looked at and alerted on.

#[cfg(feature = "host")]
mod disk;
#[cfg(feature = "http-check")]
mod http;
#[cfg(feature = "host")]
mod memory;
mod tcp;
#[cfg(feature = "host")]
mod usage;

use std::time::Duration;

use keepwatch_engine::clock::{Clock, SystemClock};
use keepwatch_engine::health::Outcome;

#[cfg(feature = "host")]
pub use disk::DiskSpace;
#[cfg(feature = "http-check")]
pub(crate) use http::parse_statuses;
#[cfg(feature = "http-check")]
pub use http::{Http, HttpError};
#[cfg(feature = "host")]
pub use memory::Memory;
pub use tcp::{Tcp, TcpError};
#[cfg(feature = "host")]
pub use usage::{ThresholdError, Thresholds};

/// One of the built-in checks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Probe {
    /// A URL answers as expected.
    #[cfg(feature = "http-check")]
    Http(Http),
    /// A TCP port accepts connections.
    Tcp(Tcp),
    /// A filesystem has space left.
    #[cfg(feature = "host")]
    DiskSpace(DiskSpace),
    /// The host has memory left.
    #[cfg(feature = "host")]
    Memory(Memory),
}

impl Probe {
    /// Looks once. Must run where `tokio::task::spawn_local` works; may block
    /// its thread.
    pub async fn run(&self) -> Outcome {
        match self {
            #[cfg(feature = "http-check")]
            Self::Http(http) => http.run().await,
            Self::Tcp(tcp) => tcp.run().await,
            #[cfg(feature = "host")]
            Self::DiskSpace(disk) => disk.run(),
            #[cfg(feature = "host")]
            Self::Memory(memory) => memory.run(),
        }
    }
}

/// Measures how long a future takes.
async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let clock = SystemClock::new();
    let output = work.await;
    (output, clock.monotonic())
}

/// A duration as an observed value in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_can_be_sent_to_a_pool_thread() {
        fn check<T: Send>(_: &T) {}
        let probe = Tcp::new("db:5432").map(Probe::Tcp).unwrap();
        check(&probe.run());
    }
}
