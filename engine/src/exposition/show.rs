//! The current values of a catalogue, for whoever asks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::layout::Layout;
use super::negotiate::Format;
use super::scrape::Scrape;
use crate::instrument::Catalogue;
use crate::model::Timestamp;
use crate::storage::Ledger;

/// How old the newest sample of a series may be that only the store has.
const LOOKBACK: Duration = Duration::from_secs(5 * 60);

/// Shows the current values of a catalogue's metrics. Clones share what is
/// kept between scrapes: what stands before each value, encoded.
///
/// Everything is read where it is, so a scrape asks no component and waits for
/// none. Values of cells are those of the moment; a counter, gauge or info that
/// records set shows its newest sample, up to 5 min old.
#[derive(Clone)]
pub struct Exposition {
    catalogue: Catalogue,
    ledger: Arc<Ledger>,
    layout: Arc<ArcSwap<Layout>>,
}

/// What a scraper wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// In which format.
    pub format: Format,
    /// Names of metrics, of their OpenMetrics families or of their series;
    /// each shows the metric that has it. Empty shows all.
    pub names: Vec<String>,
}

impl Exposition {
    /// Creates an exposition of a catalogue, and of the series in a ledger
    /// that belong to its metrics.
    #[must_use]
    pub fn new(catalogue: Catalogue, ledger: Arc<Ledger>) -> Self {
        Self { catalogue, ledger, layout: Arc::default() }
    }

    /// Returns the metrics that are shown.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Starts a scrape. Its series are those of now; its values are read chunk
    /// by chunk.
    ///
    /// What changed in the set of series is encoded here, which takes some
    /// milliseconds where they are many: best on a thread that may.
    #[must_use]
    pub fn scrape(&self, wanted: &Wanted, now: Timestamp) -> Scrape {
        Scrape::new(self.layout(), wanted, (now - LOOKBACK, now))
    }

    /// Returns the layout as it is now.
    pub(super) fn layout(&self) -> Arc<Layout> {
        let known = self.layout.load_full();
        let Some(renewed) = known.renewed(&self.catalogue, &self.ledger) else { return known };
        let renewed = Arc::new(renewed);
        // If another scrape renewed it meanwhile, either will do.
        self.layout.compare_and_swap(&known, Arc::clone(&renewed));
        renewed
    }
}

impl fmt::Debug for Exposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposition").field("layout", &self.layout.load()).finish_non_exhaustive()
    }
}
