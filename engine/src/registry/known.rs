//! Records of subjects whose series is known: no look-up, no comparison of
//! text.
//!
//! What does not hold any more, and whatever is to be refused, is left to the
//! way that every record can go, so that both ways have the same errors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::{Limits, Registry};
use crate::instrument::Metric;
use crate::model::{MetricKind, Observation, Record, Sample, Subject, Timestamp};
use crate::storage::SeriesRef;

/// The token of the next registry of this process.
static NEXT_TOKEN: AtomicU32 = AtomicU32::new(1);

/// Returns a token that no other registry of this process has; 0, with which
/// nothing is remembered, once there are no more.
pub(super) fn next_token() -> u32 {
    let next = |token: u32| token.checked_add(1);
    NEXT_TOKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(0)
}

/// What decides whether a metric takes a set value.
#[derive(Debug)]
pub(super) struct Terms {
    metric: Arc<Metric>,
    kind: MetricKind,
    /// How far behind the clock a sample may be.
    age_max: Duration,
}

impl Terms {
    pub(super) fn new(metric: Arc<Metric>, limits: &Limits) -> Self {
        let definition = metric.definition();
        let age_max = definition.retention().unwrap_or_default().max(limits.age_max);
        Self { kind: definition.kind(), age_max, metric }
    }

    /// Says whether the metric takes the value, and no cell has to go on from
    /// it.
    fn take(&self, value: f64) -> bool {
        let fits = match self.kind {
            MetricKind::Gauge => true,
            MetricKind::Counter => value >= 0.0 && value.is_finite(),
            MetricKind::Histogram | MetricKind::Summary => false,
        };
        fits && self.metric.children() == 0
    }
}

impl Registry {
    /// Stores the value of a record whose subject's series is known; `false`
    /// leaves the record as if it had not come.
    #[inline]
    pub(super) fn record_known(&mut self, record: &Record, now: Timestamp) -> bool {
        let Observation::Set { value, at: given } = record.observation else { return false };
        let Some([id, serial, metric]) = record.subject().and_then(|s| s.recall(self.token)) else {
            return false;
        };
        let Some(terms) = self.terms.get(metric as usize) else { return false };
        let at = given.unwrap_or(now);
        if !terms.take(value) || (at < now && at < now - terms.age_max) {
            return false;
        }
        let (series, sample) = (SeriesRef::from_parts([id, serial]), Sample::new(at, value));
        let stored = match given {
            Some(_) => self.store.append(series, sample, now),
            None => self.store.amend(series, sample, now),
        };
        stored.is_ok()
    }
}

/// Notes in a subject where the registry with this token has its series.
pub(super) fn remember(subject: &Subject, token: u32, series: SeriesRef, metric: u32) {
    let [id, serial] = series.to_parts();
    subject.remember(token, [id, serial, metric]);
}
