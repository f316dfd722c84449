//! `[[scrape]]`: other programs whose metrics are fetched.
//!
//! | key | default | |
//! |---|---|---|
//! | `name` | required | unique; the label `job` |
//! | `targets` | required | `"host:port"` or URLs |
//! | `interval` | `"1m"` | 1s to 1d |
//! | `timeout` | `"10s"` | 10ms to the interval |
//! | `metrics_path` | `"/metrics"` | of targets that are no URL |
//! | `scheme` | `"http"` | likewise, or `"https"` |
//! | `labels` | `{}` | that every series gets |
//! | `honor_labels` | false | keep labels that clash, instead of `exported_…` |
//! | `honor_timestamps` | true | take times that a body gives |
//! | `body_size_max` | `"64MiB"` | decompressed |
//! | `samples_max`, `labels_max` | no limit | of a body, of a series |
//! | `label_name_max`, `label_value_max` | no limit | in bytes |
//!
//! A body beyond a limit makes the whole scrape fail.

use std::time::Duration;

use keepwatch_engine::scrape::SampleLimits;

use super::document::Table;
use super::section::{DAY, seconds};
use crate::notation::parse_size;
use crate::scrape::{Job, JobError, Scheme};

/// What any limit of a number may be.
const COUNTS: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;

pub(super) fn read(table: &Table<'_>) -> Option<Job> {
    let name = table.required("name", table.text("name"))?;
    let targets = table.list("targets", |text| Ok::<_, String>(text.to_owned()));
    table.required("targets", (!targets.is_empty()).then_some(()));
    let mut job = Job::new(name);
    for target in targets {
        job = job.target(target);
    }
    if let Some(interval) = table.duration("interval", seconds(1..=DAY)) {
        job = job.interval(interval);
    }
    let timeouts = Duration::from_millis(10)..=Duration::from_secs(DAY);
    if let Some(timeout) = table.duration("timeout", timeouts) {
        job = job.timeout(timeout);
    }
    if let Some(path) = table.text("metrics_path") {
        job = job.metrics_path(path);
    }
    let schemes = [("http", Scheme::Http), ("https", Scheme::Https)];
    if let Some(scheme) = table.choice("scheme", &schemes) {
        job = job.scheme(scheme);
    }
    for (label, value) in table.texts("labels") {
        job = job.label(label, value);
    }
    if let Some(honor) = table.flag("honor_labels") {
        job = job.honor_labels(honor);
    }
    if let Some(honor) = table.flag("honor_timestamps") {
        job = job.honor_timestamps(honor);
    }
    if let Some(bytes) = table.parsed("body_size_max", parse_size) {
        job = job.body_bytes_max(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    job = job.limits(SampleLimits {
        samples: table.count("samples_max", COUNTS),
        labels: table.count("labels_max", COUNTS),
        label_name_bytes: table.count("label_name_max", COUNTS),
        label_value_bytes: table.count("label_value_max", COUNTS),
    });
    match job.targets() {
        Ok(_) => Some(job),
        Err(error) => {
            let key = match error {
                JobError::Target { .. } | JobError::Twice { .. } => "targets",
                JobError::Timeout { .. } => "timeout",
                JobError::Interval { .. } => "interval",
                _ => "labels",
            };
            table.refuse_value(key, error);
            None
        }
    }
}
