//! Scraping other programs, so that one keepwatch watches a group of services.
//!
//! A [`Job`] names targets that are alike; [`MonitorBuilder::scrape`] adds it
//! (feature `scrape`). Each target is asked at its interval, at an offset that
//! its address decides, for OpenMetrics, protobuf or Prometheus text, compressed
//! or not. Its series get the labels `job` and `instance` and are stored beside
//! the program's own; what they are made of is
//! [`keepwatch_engine::scrape`]'s.
//!
//! Targets are fetched on a thread of their own, bodies are read on pool
//! threads. A target that is slow, large or broken costs its own scrapes alone.
//! What of its samples was left out is counted by job and reason in
//! `keepwatch_scrape_dropped_total`, scrapes that failed in
//! `keepwatch_scrape_failures_total`. When the engine stops, all series of all
//! targets end with a staleness marker.
//!
//! [`MonitorBuilder::scrape`]: crate::MonitorBuilder::scrape

mod board;
mod job;

#[cfg(feature = "scrape")]
mod body;
#[cfg(feature = "scrape")]
mod fetch;
#[cfg(feature = "scrape")]
mod figures;
#[cfg(feature = "scrape")]
mod run;
#[cfg(feature = "scrape")]
mod scraper;

pub use board::ScrapedTarget;
pub(crate) use job::all_targets;
pub use job::{Job, JobError, Scheme};
pub use keepwatch_engine::scrape::{Described, Health, SampleLimits, TargetStatus};

#[cfg(feature = "scrape")]
pub(crate) use run::Scraping;
