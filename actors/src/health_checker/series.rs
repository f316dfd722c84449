//! The results of checks as series of the registry.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use keepwatch_engine::health::series_definitions;
use keepwatch_engine::model::{MetricDefinition, Record};

use super::HealthChecker;
use crate::Error;
use crate::registry::{RecordBatch, RegisterMetric, RegisterMode};
use crate::supervisor::{Outlet, Scope};

/// How often every check's status is recorded, besides when it changes: a
/// blocked check has no results of its own, and its series must not end.
const RECORD_EVERY: Duration = Duration::from_secs(15);

/// How long after a change it is recorded.
const RECORD_DELAY: Duration = Duration::from_millis(10);

/// How the results of checks reach the registry.
#[derive(Debug, Clone)]
pub struct SeriesOutlets {
    /// Where the series are defined.
    pub register: Outlet<RegisterMetric>,
    /// Where values go.
    pub record: Outlet<RecordBatch>,
}

/// What is yet to be recorded.
#[derive(Debug)]
pub(super) struct SeriesFeed {
    outlets: Option<SeriesOutlets>,
    is_registered: bool,
    /// Checks whose series lag behind.
    unrecorded: BTreeSet<Arc<str>>,
    is_timer_set: bool,
}

impl SeriesFeed {
    pub(super) const fn new(outlets: Option<SeriesOutlets>) -> Self {
        Self { outlets, is_registered: false, unrecorded: BTreeSet::new(), is_timer_set: false }
    }
}

impl HealthChecker {
    /// Defines the series, and records every check now and then.
    pub(super) fn feed_series(&mut self, scope: &mut Scope<Self>) {
        self.register_series(scope);
        scope.every(RECORD_EVERY, RECORD_EVERY, |checker, scope| {
            if !checker.series.is_registered {
                checker.register_series(scope);
            }
            let checks: Vec<Arc<str>> = checker.state.machine.names().cloned().collect();
            checker.record_soon(checks, scope);
        });
    }

    /// Records how checks stand, in a moment: what changes twice at once is
    /// recorded once, since a series has one value at a time.
    pub(super) fn record_soon(
        &mut self,
        checks: impl IntoIterator<Item = Arc<str>>,
        scope: &mut Scope<Self>,
    ) {
        if self.series.outlets.is_none() {
            return;
        }
        self.series.unrecorded.extend(checks);
        if !self.series.is_timer_set {
            self.series.is_timer_set = true;
            scope.after(RECORD_DELAY, |checker, _| {
                checker.series.is_timer_set = false;
                checker.record();
            });
        }
    }

    fn register_series(&self, scope: &mut Scope<Self>) {
        let Some(outlets) = &self.series.outlets else { return };
        let register = outlets.register.clone();
        let definitions = match series_definitions() {
            Ok(definitions) => definitions,
            Err(error) => {
                log::error!("the series of health checks can't be defined: {error}");
                return;
            }
        };
        scope.spawn(
            register_all(register, definitions),
            |checker, registered, _| match registered {
                Ok(()) => {
                    checker.series.is_registered = true;
                    checker.record();
                }
                Err(error) => {
                    log::warn!("the series of health checks are not yet registered: {error}");
                }
            },
        );
    }

    /// Sends what is unrecorded; what the registry can't take now waits for
    /// the next time.
    fn record(&mut self) {
        let Some(outlets) = self.series.outlets.as_ref().filter(|_| self.series.is_registered)
        else {
            return;
        };
        let machine = &self.state.machine;
        let records: Vec<Record> =
            self.series.unrecorded.iter().flat_map(|check| machine.records_of(check)).collect();
        let sent = records.is_empty() || outlets.record.try_send(RecordBatch(records)).is_ok();
        if sent {
            self.series.unrecorded.clear();
        }
    }
}

async fn register_all(
    register: Outlet<RegisterMetric>,
    definitions: Vec<MetricDefinition>,
) -> Result<(), Error> {
    for definition in definitions {
        let mode = RegisterMode::GetOrRegister;
        register.send(RegisterMetric { definition, mode }).await?;
    }
    Ok(())
}
