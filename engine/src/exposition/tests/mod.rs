//! What is written of a catalogue and a ledger, by format.

mod formats;
pub(super) mod laws;
mod renewal;

use std::sync::Arc;
use std::time::Duration;

pub(super) use self::formats::furnished;
use super::*;
use crate::instrument::{Catalogue, Handle};
use crate::model::{DefinitionBuilder, Timestamp};
use crate::registry::{Limits, Registry};
use crate::storage::Ledger;

/// The present: some seconds after [`BEGAN`].
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_010_250);
pub(super) const BEGAN: Timestamp = Timestamp::from_millis(1_700_000_000_250);

/// A catalogue with its registry, and the exposition of both.
pub(super) struct House {
    ledger: Arc<Ledger>,
    pub(super) catalogue: Catalogue,
    pub(super) registry: Registry,
    pub(super) exposition: Exposition,
}

impl House {
    pub(super) fn new() -> Self {
        let (catalogue, ledger) = (Catalogue::new(), Arc::new(Ledger::new()));
        let limits = Limits::default();
        let registry = Registry::new(limits, catalogue.clone(), Arc::clone(&ledger));
        let exposition = Exposition::new(catalogue.clone(), Arc::clone(&ledger));
        Self { ledger, catalogue, registry, exposition }
    }

    /// Gives the registry a successor.
    fn succeed(&mut self) {
        let (catalogue, ledger) = (self.catalogue.clone(), Arc::clone(&self.ledger));
        self.registry = Registry::new(Limits::default(), catalogue, ledger);
    }

    /// Registers a metric and returns a handle of these label values.
    pub(super) fn handle<H: Handle>(&self, definition: DefinitionBuilder, values: &[&str]) -> H {
        let definition = definition.build().unwrap();
        self.catalogue.family::<H>(definition).unwrap().with(values).unwrap()
    }

    /// Returns the metrics of these names in the format that is asked for.
    pub(super) fn bytes(&self, accept: &str, names: &[&str]) -> Vec<u8> {
        let format = Format::negotiate(Some(accept));
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.exposition.scrape(&Wanted { format, names }, NOW).flatten().collect()
    }

    pub(super) fn text(&self, accept: &str, names: &[&str]) -> String {
        String::from_utf8(self.bytes(accept, names)).unwrap()
    }
}

const TEXT: &str = "text/plain";
const OPEN: &str = "application/openmetrics-text";
pub(super) const PROTO: &str = "application/vnd.google.protobuf";
const MINUTE: Duration = Duration::from_secs(60);
