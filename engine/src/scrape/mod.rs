//! What comes of scraping another program.
//!
//! [`Format`] says what a body is by its content type, [`Page::read`] makes
//! samples of it under an [`Intake`]'s labels and limits, and a [`Target`]
//! turns page after page, and scrapes that failed, into what is appended: the
//! samples, staleness markers for what has gone, and the series `up`,
//! `scrape_duration_seconds`, `scrape_samples_scraped`,
//! `scrape_samples_post_metric_relabeling` and `scrape_series_added`. Who
//! fetches, when, and where samples go is the caller's.
//!
//! Invariants: a series that a target has given a sample of without a time of
//! its own gets a sample or a marker from the very next scrape, whatever came
//! of it; a series has one sample a scrape at most; what is left out is counted
//! by reason.
//!
//! Source: Prometheus documentation, "Jobs and instances", "Staleness",
//! "Configuration" (`scrape_config`).

mod failure;
mod format;
mod intake;
mod offset;
mod page;
mod status;
mod target;

#[cfg(test)]
mod tests;

pub use failure::ScrapeFailure;
pub use format::{ACCEPT, Format};
pub use intake::{Intake, IntakeError, SampleLimits};
pub use offset::offset;
pub use page::{Described, Page, PageSample};
pub use status::{Health, TargetStatus};
pub use target::Target;
