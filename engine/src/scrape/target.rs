//! One target, scrape by scrape.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::failure::ScrapeFailure;
use super::intake::Intake;
use super::page::{Page, PageSample};
use super::status::{Health, TargetStatus};
use crate::model::{Labels, Sample, Timestamp, stale_marker};
use crate::registry::{BatchOutcome, DerivedSample};

/// The names of what is told of each scrape.
const UP: &str = "up";
const DURATION: &str = "scrape_duration_seconds";
const SCRAPED: &str = "scrape_samples_scraped";
const KEPT: &str = "scrape_samples_post_metric_relabeling";
const ADDED: &str = "scrape_series_added";
const REPORT: [&str; 5] = [UP, DURATION, SCRAPED, KEPT, ADDED];

/// The state of a target between scrapes: which series it had.
#[derive(Debug)]
pub struct Target {
    intake: Arc<Intake>,
    /// The series that will be missed, each with the scrape that had it last.
    series: HashMap<Key, u64>,
    scrape: u64,
    status: TargetStatus,
}

type Key = (Arc<str>, Labels);

impl Target {
    /// Makes a target that was not scraped yet.
    #[must_use]
    pub fn new(intake: Arc<Intake>) -> Self {
        Self { intake, series: HashMap::new(), scrape: 0, status: TargetStatus::default() }
    }

    /// Returns how the target fares.
    #[must_use]
    pub const fn status(&self) -> &TargetStatus {
        &self.status
    }

    /// Takes what a scrape that began at `at` brought, and returns what is to
    /// be appended: its samples, a marker for each series that it has no more,
    /// and what is told of the scrape itself.
    ///
    /// A sample with a time of its own is passed on as it is; its series is not
    /// missed when it goes, because nobody can tell at which time it went. Of
    /// several samples of a series without one, the first counts.
    pub fn scraped(
        &mut self,
        at: Timestamp,
        took: Duration,
        outcome: Result<Page, ScrapeFailure>,
    ) -> Vec<DerivedSample> {
        self.scrape += 1;
        let mut samples = Vec::new();
        let (mut scraped, mut added) = (0, 0);
        match outcome {
            Ok(page) => {
                scraped = page.samples.len();
                for (reason, count) in page.dropped {
                    self.drop(reason, count);
                }
                samples.reserve(scraped + REPORT.len());
                for sample in page.samples {
                    added += usize::from(self.take(sample, at, &mut samples));
                }
                self.status.metadata = page.metadata.into();
                self.status.health = Health::Up;
                self.status.last_error.clear();
            }
            Err(failure) => {
                scraped += failure.samples();
                self.status.health = Health::Down;
                self.status.last_error = failure.to_string();
            }
        }
        let current = self.scrape;
        self.mark(at, &mut samples, |scrape| scrape != current);
        self.status.last_scrape = Some(at);
        self.status.last_took = took;
        self.status.samples = scraped;
        self.status.series = self.series.len();
        let up = f64::from(u8::from(self.status.health == Health::Up));
        let values = [up, took.as_secs_f64(), number(scraped), number(scraped), number(added)];
        samples.extend(REPORT.iter().zip(values).map(|(name, value)| self.report(name, at, value)));
        samples
    }

    /// Ends the target: returns a marker for each of its series, and for those
    /// that tell of its scrapes.
    pub fn gone(&mut self, now: Timestamp) -> Vec<DerivedSample> {
        let Some(last) = self.status.last_scrape else { return Vec::new() };
        // The last scrape may have been in this very millisecond.
        let at = now.max(last + Duration::from_millis(1));
        let mut samples = Vec::new();
        self.mark(at, &mut samples, |_| true);
        samples.extend(REPORT.map(|name| self.report(name, at, stale_marker())));
        self.status.series = 0;
        samples
    }

    /// Takes what the registry made of `samples`: what it refused is counted,
    /// and not missed when it goes.
    pub fn appended(&mut self, samples: &[DerivedSample], outcome: &BatchOutcome) {
        for (index, error) in &outcome.errors {
            if let Some(refused) = samples.get(*index) {
                self.series.remove(&(Arc::clone(&refused.name), refused.labels.clone()));
            }
            self.drop(error.reason().map_or("other", |reason| reason.as_str()), 1);
        }
        // The errors of many are not told one by one.
        let untold = outcome.refused.saturating_sub(outcome.errors.len());
        self.lost("refused", untold);
        self.status.series = self.series.len();
    }

    /// Counts samples that nobody took.
    pub fn lost(&mut self, reason: &'static str, samples: usize) {
        self.drop(reason, samples as u64);
    }

    /// Takes one sample; says whether its series is new.
    fn take(&mut self, sample: PageSample, at: Timestamp, out: &mut Vec<DerivedSample>) -> bool {
        let PageSample { name, labels, value, at: own } = sample;
        if REPORT.contains(&&*name) && labels == *self.intake.labels() {
            self.drop("duplicate sample", 1);
            return false;
        }
        let mut is_new = false;
        if own.is_none() {
            let key = (Arc::clone(&name), labels.clone());
            match self.series.insert(key, self.scrape) {
                Some(scrape) if scrape == self.scrape => {
                    self.drop("duplicate sample", 1);
                    return false;
                }
                before => is_new = before.is_none(),
            }
        }
        let sample = Sample::new(own.unwrap_or(at), value);
        out.push(DerivedSample { name, labels, sample });
        is_new
    }

    /// Marks the series whose last scrape is `over`, and forgets them.
    fn mark(&mut self, at: Timestamp, out: &mut Vec<DerivedSample>, over: impl Fn(u64) -> bool) {
        let ended = self.series.extract_if(|_, scrape| over(*scrape));
        let first = out.len();
        out.extend(ended.map(|((name, labels), _)| DerivedSample {
            name,
            labels,
            sample: Sample::new(at, stale_marker()),
        }));
        // A table has no order of its own.
        if let Some(markers) = out.get_mut(first..) {
            markers.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
        }
    }

    fn report(&self, name: &'static str, at: Timestamp, value: f64) -> DerivedSample {
        let labels = self.intake.labels().clone();
        DerivedSample { name: name.into(), labels, sample: Sample::new(at, value) }
    }

    fn drop(&mut self, reason: &'static str, count: u64) {
        if count > 0 {
            *self.status.dropped.entry(reason).or_default() += count;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "samples are f64; exact to 2^53")]
const fn number(count: usize) -> f64 {
    count as f64
}
