//! Keeps the series in a folder of the user's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_actors::supervisor::Workshop;
use keepwatch_engine::storage::{Archived, DataFolder, Ledger};
use tokio::time::{MissedTickBehavior, interval};

use super::error::StartError;

/// How often the series are saved while the engine runs: what a crash can
/// cost.
const SAVE_EVERY: Duration = Duration::from_secs(5 * 60);

/// The longest that saving may take.
const SAVE_LIMIT: Duration = Duration::from_secs(60);

/// A folder and the ledger that is saved in it.
#[derive(Clone)]
pub(super) struct Saving {
    folder: Arc<DataFolder>,
    ledger: Arc<Ledger>,
    workshop: Workshop,
}

impl Saving {
    /// Opens a folder and reads what is there. Damage is logged, with what it
    /// cost, and is no reason not to start.
    pub(super) fn open(
        folder: &Path,
        workshop: Workshop,
    ) -> Result<(Self, Arc<Ledger>), StartError> {
        let (held, ledger, found) = DataFolder::open(folder)?;
        let Archived { series, samples, frames_lost, bytes_lost, .. } = found;
        log::info!("{folder:?} holds {series} series with {samples} samples");
        if frames_lost > 0 {
            log::error!(
                "{folder:?}: {frames_lost} frames ({bytes_lost} bytes) are damaged and lost"
            );
        }
        let ledger = Arc::new(ledger);
        let saving = Self { folder: Arc::new(held), ledger: Arc::clone(&ledger), workshop };
        Ok((saving, ledger))
    }

    /// Saves for ever. A folder that refuses costs that save; the next is
    /// tried all the same.
    pub(super) async fn save_regularly(self) {
        let mut ticks = interval(SAVE_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when there is nothing new.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            if let Err(reason) = self.save().await {
                log::error!("the series were not saved: {reason}");
            }
        }
    }

    /// Saves now, on a pool thread.
    pub(super) async fn save(&self) -> Result<Archived, String> {
        let Self { folder, ledger, workshop } = self.clone();
        match workshop.compute(SAVE_LIMIT, move || folder.save(&ledger)).await {
            Ok(saved) => saved.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}
