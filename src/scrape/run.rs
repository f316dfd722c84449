//! The thread that targets are fetched on.

use std::sync::Arc;
use std::time::Duration;

use actix_rt::Arbiter;
use keepwatch_actors::registry::Registry;
use keepwatch_actors::supervisor::{Address, Workshop};
use keepwatch_engine::clock::Clock;
use keepwatch_engine::instrument::{Catalogue, RegisterError};
use tokio::sync::{mpsc, watch};

use super::board::ScrapedTarget;
use super::fetch;
use super::figures::Figures;
use super::scraper::{Scraper, Surroundings};

/// All targets being scraped.
pub(crate) struct Scraping {
    arbiter: Arbiter,
    stop: watch::Sender<bool>,
    /// Ends when the last scraper has.
    ended: mpsc::Receiver<()>,
}

impl Scraping {
    /// Starts to scrape; `None` if there is nothing to.
    ///
    /// # Errors
    /// The counters of scraping cannot be registered.
    pub(crate) fn start(
        targets: Vec<Arc<ScrapedTarget>>,
        catalogue: &Catalogue,
        registry: &Address<Registry>,
        workshop: &Workshop,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, RegisterError> {
        if targets.is_empty() {
            return Ok(None);
        }
        let around = Surroundings {
            registry: registry.clone(),
            workshop: workshop.clone(),
            clock: Arc::clone(clock),
            figures: Figures::register(catalogue)?,
        };
        let (stop, stopping) = watch::channel(false);
        let (running, ended) = mpsc::channel::<()>(1);
        let arbiter = Arbiter::new();
        arbiter.spawn_fn(move || {
            // The client stays on its thread, and so do those who use it.
            let client = fetch::client();
            for target in targets {
                let scraper = Scraper::new(target, client.clone(), around.clone());
                let (stopping, running) = (stopping.clone(), running.clone());
                actix_rt::spawn(async move {
                    scraper.run(stopping).await;
                    drop(running);
                });
            }
        });
        Ok(Some(Self { arbiter, stop, ended }))
    }

    /// Ends the series of all targets and stops, after `deadline` at the
    /// latest.
    pub(crate) async fn stop(mut self, deadline: Duration) {
        self.stop.send_replace(true);
        if tokio::time::timeout(deadline, self.ended.recv()).await.is_err() {
            log::warn!("scraping did not end within {deadline:?}; some series have no end");
        }
        self.arbiter.stop();
    }
}
