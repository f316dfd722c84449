//! What scraping says of itself.

use std::collections::BTreeMap;

use keepwatch_engine::instrument::{Catalogue, Counter, CounterFamily, RegisterError};
use keepwatch_engine::model::MetricDefinition;

/// The counters of all targets.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    dropped: Option<CounterFamily>,
    failures: Option<CounterFamily>,
}

impl Figures {
    pub(super) fn register(catalogue: &Catalogue) -> Result<Self, RegisterError> {
        let family = |name, help| {
            let definition = MetricDefinition::counter(name)
                .labels(["job", "reason"])
                .help(help)
                .build()
                .expect("constant definitions are valid; every start builds them");
            Ok(CounterFamily::of(catalogue.get_or_register(definition)?))
        };
        Ok(Self {
            dropped: family(
                "keepwatch_scrape_dropped_total",
                "What was left out of scraped bodies, by reason.",
            )?,
            failures: family("keepwatch_scrape_failures_total", "Scrapes that failed, by reason.")?,
        })
    }

    pub(super) fn fail(&self, job: &str, reason: &str) {
        count(self.failures.as_ref(), job, reason, 1);
    }

    /// Counts what was left out since `told`, and tells it.
    pub(super) fn tell(
        &self,
        job: &str,
        dropped: &BTreeMap<&'static str, u64>,
        told: &mut BTreeMap<&'static str, u64>,
    ) {
        for (reason, total) in dropped {
            let before = told.insert(reason, *total).unwrap_or(0);
            count(self.dropped.as_ref(), job, reason, total.saturating_sub(before));
        }
    }
}

fn count(family: Option<&CounterFamily>, job: &str, reason: &str, by: u64) {
    #[expect(clippy::cast_precision_loss, reason = "counts of one scrape; exact to 2^53")]
    let add = |counter: &Counter| counter.add(by as f64);
    if let Some(family) = family.filter(|_| by > 0) {
        // A job whose name is too long for a label is not counted.
        let _ = family.on(&[job, reason], add);
    }
}
