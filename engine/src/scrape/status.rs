//! How a target fares.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::page::Described;
use crate::model::Timestamp;

/// Whether a target answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It was not scraped yet.
    #[default]
    Unknown,
    /// The last scrape was taken.
    Up,
    /// The last scrape failed.
    Down,
}

impl Health {
    /// Returns `unknown`, `up` or `down`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// How a target fares, as of its last scrape.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TargetStatus {
    /// Whether it answers.
    pub health: Health,
    /// Why the last scrape failed; empty if it did not.
    pub last_error: String,
    /// When the last scrape began.
    pub last_scrape: Option<Timestamp>,
    /// How long the last scrape took.
    pub last_took: Duration,
    /// How many samples the last body had.
    pub samples: usize,
    /// How many series are waited for in the next scrape.
    pub series: usize,
    /// What was left out since the target was added, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// What the last body that could be read said of its metrics, sorted by
    /// name.
    pub metadata: Arc<[Described]>,
}
