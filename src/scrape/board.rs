//! What is known of the targets.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use keepwatch_engine::scrape::{Intake, TargetStatus};

/// A target and how it fares. Reading it waits for nobody.
#[derive(Debug)]
pub struct ScrapedTarget {
    /// The name of its job.
    pub job: Arc<str>,
    /// The host and port that are connected to.
    pub address: String,
    /// What is fetched.
    pub url: String,
    /// How often it is fetched.
    pub interval: Duration,
    /// How long a scrape may take.
    pub timeout: Duration,
    /// The largest body in bytes, decompressed.
    pub body_bytes_max: usize,
    /// The labels and limits that its samples come under.
    pub intake: Arc<Intake>,
    status: ArcSwap<TargetStatus>,
}

impl ScrapedTarget {
    /// Returns how the target fares, as of its last scrape.
    #[must_use]
    pub fn status(&self) -> Arc<TargetStatus> {
        self.status.load_full()
    }

    #[cfg(feature = "scrape")]
    pub(super) fn publish(&self, status: TargetStatus) {
        self.status.store(Arc::new(status));
    }

    pub(super) fn new(
        job: Arc<str>,
        (address, url): (String, String),
        (interval, timeout): (Duration, Duration),
        body_bytes_max: usize,
        intake: Intake,
    ) -> Self {
        let (intake, status) = (Arc::new(intake), ArcSwap::default());
        Self { job, address, url, interval, timeout, body_bytes_max, intake, status }
    }
}
