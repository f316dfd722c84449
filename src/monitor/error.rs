//! Why the engine did not start.

use std::io;

use keepwatch_engine::instrument::RegisterError;
use keepwatch_engine::storage::folder::DataError;
use thiserror::Error;

use crate::scrape::JobError;

/// Why [`MonitorBuilder::start`](super::MonitorBuilder::start) failed. Nothing
/// is left running.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The system gave no thread.
    #[error("the engine's threads cannot be started: {0}")]
    Thread(#[source] io::Error),
    /// A setting is out of its range.
    #[error("{setting} must be {expected}, got {value}")]
    Setting {
        /// The setting, as the builder names it.
        setting: &'static str,
        /// The value as given.
        value: String,
        /// The range.
        expected: &'static str,
    },
    /// A metric that the monitor or a collector defines cannot be registered.
    #[error(transparent)]
    Metric(#[from] RegisterError),
    /// The data folder cannot be used.
    #[error("data folder: {0}")]
    Data(#[from] DataError),
    /// What is to be scraped cannot be.
    #[error("scrape {0}")]
    Scrape(#[from] JobError),
    /// The checks of the builder were refused; the error names the one.
    #[error("health checks: {0}")]
    Checks(#[source] Box<keepwatch_actors::Error>),
    /// A rule or aggregation of the builder's was refused.
    #[error("{what} {name:?}: {source}")]
    Refused {
        /// `alert rule` or `aggregation`.
        what: &'static str,
        /// Its name.
        name: String,
        /// The component's word.
        source: Box<keepwatch_actors::Error>,
    },
    /// The engine panicked while it started; the log has the message.
    #[error("the engine panicked while it started")]
    Panicked,
}
