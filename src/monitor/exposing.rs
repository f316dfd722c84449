//! The current values, for scrapers.

use std::time::Duration;

use keepwatch_actors::Error;
use keepwatch_actors::supervisor::WorkError;
use keepwatch_engine::exposition::{Exposition, Wanted};

use super::Monitor;

/// The longest that encoding an exposition, or a part of one, may take.
const ENCODE_LIMIT: Duration = Duration::from_secs(30);

const EXPOSITION: &str = "exposition";

impl Monitor {
    /// Returns the current values of all metrics as Prometheus text 0.0.4,
    /// encoded on a pool thread. It asks no component.
    ///
    /// # Errors
    /// An engine that has stopped.
    pub async fn exposition(&self) -> Result<String, Error> {
        let (exposition, now) = (self.inner.exposition.clone(), self.inner.clock.now());
        let encode =
            move || -> Vec<u8> { exposition.scrape(&Wanted::default(), now).flatten().collect() };
        let text = self.encode(encode).await?;
        // The text formats are UTF-8.
        String::from_utf8(text).map_err(|_| Error::Faulted { component: EXPOSITION })
    }

    /// Returns what encodes the current values, in any format and piece by
    /// piece.
    #[must_use]
    pub fn scraped(&self) -> &Exposition {
        &self.inner.exposition
    }

    /// Runs a piece of encoding on a pool thread.
    pub(crate) async fn encode<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let encoded = self.inner.workshop.compute(ENCODE_LIMIT, work).await;
        encoded.map_err(|error| match error {
            WorkError::TimedOut(after) => Error::Timeout { component: EXPOSITION, after },
            WorkError::Cancelled => Error::Stopped { component: EXPOSITION },
            _ => Error::Faulted { component: EXPOSITION },
        })
    }
}
