//! One target's scrapes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use awc::Client;
use futures_util::future::{Either, select};
use keepwatch_actors::registry::{AppendDerived, Registry};
use keepwatch_actors::supervisor::{Address, WorkError, Workshop};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::model::Timestamp;
use keepwatch_engine::registry::DerivedSample;
use keepwatch_engine::scrape::{Page, ScrapeFailure, Target, offset};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::board::ScrapedTarget;
use super::figures::Figures;
use super::{body, fetch};

/// The longest that decompressing and reading a body may take.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// How many samples the registry gets at once: what else it is asked is
/// handled in between.
const BATCH: usize = 2_000;

/// What all targets share.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) registry: Address<Registry>,
    pub(super) workshop: Workshop,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) figures: Figures,
}

/// Scrapes one target until it is told to stop.
pub(super) struct Scraper {
    target: Arc<ScrapedTarget>,
    state: Target,
    client: Client,
    around: Surroundings,
    /// What was told of what was left out.
    told: BTreeMap<&'static str, u64>,
}

impl Scraper {
    pub(super) fn new(target: Arc<ScrapedTarget>, client: Client, around: Surroundings) -> Self {
        let state = Target::new(Arc::clone(&target.intake));
        Self { target, state, client, around, told: BTreeMap::new() }
    }

    /// Scrapes at each interval. Ends the target's series when `stop` says so,
    /// or is gone.
    pub(super) async fn run(mut self, stop: watch::Receiver<bool>) {
        let mut stopped = pin!(stopped(stop));
        if before(&mut stopped, sleep(self.delay())).await.is_some() {
            let mut ticks = interval(self.target.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                if before(&mut stopped, ticks.tick()).await.is_none() {
                    break;
                }
                // Half a scrape is none.
                let Some((at, took, outcome)) = before(&mut stopped, self.scrape()).await else {
                    break;
                };
                self.take(at, took, outcome).await;
            }
        }
        let markers = self.state.gone(self.around.clock.now());
        self.append(markers).await;
        self.target.publish(self.state.status().clone());
    }

    /// Returns how long it is until the target's place in the interval.
    fn delay(&self) -> Duration {
        let every = self.target.interval;
        let now = self.around.clock.now();
        let into = now.since(now.align_down(every));
        let place = offset(&self.target.url, every);
        if place >= into { place - into } else { every + place - into }
    }

    async fn scrape(&self) -> (Timestamp, Duration, Result<Page, ScrapeFailure>) {
        let clock = &self.around.clock;
        let (at, begun) = (clock.now(), clock.monotonic());
        let outcome = self.page().await;
        (at, clock.monotonic().saturating_sub(begun), outcome)
    }

    async fn page(&self) -> Result<Page, ScrapeFailure> {
        let fetched = fetch::fetch(&self.client, &self.target).await?;
        let target = Arc::clone(&self.target);
        let read = move || body::page(fetched, &target);
        let read = self.around.workshop.compute(READ_LIMIT, read).await;
        read.unwrap_or_else(|error: WorkError| Err(ScrapeFailure::Work(error.to_string())))
    }

    async fn take(&mut self, at: Timestamp, took: Duration, outcome: Result<Page, ScrapeFailure>) {
        let target = Arc::clone(&self.target);
        let (job, url) = (&target.job, &target.url);
        if let Err(failure) = &outcome {
            self.around.figures.fail(job, failure.reason());
            // Once for as long as it lasts.
            let text = failure.to_string();
            if self.state.status().last_error != text {
                log::warn!("scrape of {url} (job {job:?}) {text}");
            }
        } else if !self.state.status().last_error.is_empty() {
            log::info!("scrape of {url} (job {job:?}) works again");
        }
        let samples = self.state.scraped(at, took, outcome);
        self.append(samples).await;
        let status = self.state.status();
        self.around.figures.tell(job, &status.dropped, &mut self.told);
        target.publish(status.clone());
    }

    async fn append(&mut self, mut samples: Vec<DerivedSample>) {
        while !samples.is_empty() {
            let rest = samples.split_off(samples.len().min(BATCH));
            let batch = std::mem::replace(&mut samples, rest);
            match self.around.registry.send(AppendDerived(batch.clone())).await {
                Ok(outcome) => self.state.appended(&batch, &outcome),
                Err(error) => {
                    log::warn!("scrape of {}: samples are lost: {error}", self.target.url);
                    self.state.lost("registry", batch.len());
                }
            }
        }
    }
}

/// Completes when the targets are to stop.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Waits for `work`, unless the end comes before.
async fn before<T>(
    end: &mut Pin<&mut impl Future<Output = ()>>,
    work: impl Future<Output = T>,
) -> Option<T> {
    match select(end.as_mut(), pin!(work)).await {
        Either::Left(((), _)) => None,
        Either::Right((done, _)) => Some(done),
    }
}
