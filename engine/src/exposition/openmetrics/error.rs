//! Why a family could not be written.

use std::io;

use thiserror::Error;

/// Why a family could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output refused the text.
    #[error("could not be written: {0}")]
    Write(#[from] io::Error),
    /// A name of the metric belongs to a family written before, even with
    /// the metric as families of type unknown.
    #[error("metric {metric:?} has name {name:?}, which a family written before has, too")]
    Clash {
        /// The metric.
        metric: String,
        /// The name.
        name: String,
    },
}
