//! Why a scrape came to nothing.

use std::time::Duration;

use thiserror::Error;

/// Why a scrape came to nothing. All its samples are left out, and `up` is 0.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScrapeFailure {
    /// Nobody answered, or the connection broke.
    #[error("could not be fetched: {0}")]
    Fetch(String),
    /// There was no whole answer in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The answer is no success.
    #[error("expected status 200, got {0}")]
    Status(u16),
    /// The answer is in a form that was not asked for.
    #[error("content type {0:?} is no format of metrics")]
    ContentType(String),
    /// The answer is compressed in a way that was not asked for, or badly.
    #[error("content encoding {coding:?} cannot be undone: {problem}")]
    Coding {
        /// Its name.
        coding: String,
        /// What is wrong.
        problem: String,
    },
    /// The body is larger than the limit, decompressed or not.
    #[error("body is larger than {0} bytes")]
    BodyTooLarge(usize),
    /// The body is not what its content type says.
    #[error("body cannot be read: {0}")]
    Body(String),
    /// There are more samples than the limit.
    #[error("more than {limit} samples: {samples}")]
    TooManySamples {
        /// The limit.
        limit: usize,
        /// How many there are.
        samples: usize,
    },
    /// A series has more labels, or longer ones, than the limits.
    #[error("series {name:?} has {found} {what}, expected at most {limit}")]
    Labels {
        /// The series' name.
        name: String,
        /// `labels`, `bytes in a label's name` or `bytes in a label's value`.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The work on the body could not be done.
    #[error("could not be worked on: {0}")]
    Work(String),
}

impl ScrapeFailure {
    /// Returns how many samples the body had, if it was read that far.
    #[must_use]
    pub const fn samples(&self) -> usize {
        match self {
            Self::TooManySamples { samples, .. } => *samples,
            _ => 0,
        }
    }

    /// Returns a few words for the sort of failure, to count by.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "fetch",
            Self::TimedOut(_) => "timeout",
            Self::Status(_) => "status",
            Self::ContentType(_) => "content_type",
            Self::Coding { .. } => "coding",
            Self::BodyTooLarge(_) => "body_size",
            Self::Body(_) => "body",
            Self::TooManySamples { .. } => "sample_limit",
            Self::Labels { .. } => "label_limit",
            Self::Work(_) => "work",
        }
    }
}
