//! What users read.

use std::sync::Arc;
use std::time::Duration;

use super::{Registry, RegistryError};
use crate::model::{
    MatchOp, Matcher, MetricDefinition, MetricKind, SeriesSamples, TimeRange, Timestamp,
};
use crate::promql::plan::Select;
use crate::storage::{Selection, Selector, Snapshot};

/// A read that ends at most this long ago is one of the present: the asker's
/// clock was read before the message was handled.
const PRESENT: Duration = Duration::from_secs(1);

/// The label under which a series' own name is matched.
const NAME: &str = "__name__";

/// The series that a read found; decoding them is the asker's.
#[derive(Debug, Clone)]
pub struct Selected {
    /// The metric.
    pub definition: Arc<MetricDefinition>,
    /// Its series that match.
    pub selection: Selection,
}

impl Selected {
    /// Decodes the samples in the range: series sorted by name and labels,
    /// samples in time order.
    #[must_use]
    pub fn samples(&self) -> Vec<SeriesSamples> {
        self.snapshot().decode(self.selection.range())
    }

    /// Takes the series that may have samples in the range, as they are now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.selection.snapshot()
    }
}

impl Registry {
    /// Finds series of a metric. If the range reaches the present, cells that
    /// changed since their last sample are sampled first.
    ///
    /// The selector may also name a series of a histogram or summary, such as
    /// `latency_seconds_count`.
    ///
    /// # Errors
    /// An unknown metric.
    pub fn select(
        &mut self,
        selector: &Selector,
        range: TimeRange,
        now: Timestamp,
    ) -> Result<Selected, RegistryError> {
        let name = &selector.metric;
        let owner = || self.catalogue.owner_of_series(name);
        let Some(metric) = self.catalogue.get(name).or_else(owner) else {
            return self.select_derived(selector, range, now).ok_or_else(|| {
                let similar = self.catalogue.similar(name);
                RegistryError::UnknownMetric { metric: Arc::clone(name), similar }
            });
        };
        if range.end + PRESENT >= now && range.start <= range.end {
            self.sample_for_read(&metric, now.min(range.end), now);
        }
        let definition = Arc::clone(metric.definition());
        let selection = if definition.name() == name {
            self.store.select(selector, range)
        } else {
            let part = Selector {
                metric: Arc::clone(definition.name()),
                matchers: selector.matchers.clone(),
            };
            self.store.select(&part.matching(Matcher::equal(NAME, name.as_ref())), range)
        };
        let selection = self.hide_expired(selection, &definition, now);
        Ok(Selected { definition, selection })
    }

    /// Returns of which kind the series of this name are: a part of a histogram
    /// or summary is a counter, what a rule made a gauge.
    ///
    /// # Errors
    /// An unknown metric.
    pub fn kind_of(&self, name: &Arc<str>) -> Result<MetricKind, RegistryError> {
        match self.catalogue.get(name) {
            Some(metric) => Ok(metric.definition().kind()),
            None if self.catalogue.owner_of_series(name).is_some() => Ok(MetricKind::Counter),
            None if self.store.series_of(name) > 0 => Ok(MetricKind::Gauge),
            None => {
                let similar = self.catalogue.similar(name);
                Err(RegistryError::UnknownMetric { metric: Arc::clone(name), similar })
            }
        }
    }

    /// Finds what the parts of a query read, in their order. Where a range
    /// reaches the present, cells that changed since their last sample are
    /// sampled first, those of metrics that may match.
    pub fn find(&mut self, selects: &[Select], now: Timestamp) -> Vec<Selection> {
        let find = |select: &Select| self.find_one(select, now);
        selects.iter().map(find).collect()
    }

    fn find_one(&mut self, Select { selector, range }: &Select, now: Timestamp) -> Selection {
        let named = selector
            .matchers
            .iter()
            .find(|matcher| matcher.name() == NAME && matcher.op() == MatchOp::Equal)
            .map(|matcher| Arc::from(matcher.value()));
        let metric = named.as_ref().and_then(|name| {
            self.catalogue.get(name).or_else(|| self.catalogue.owner_of_series(name))
        });
        if range.end + PRESENT >= now && range.start <= range.end {
            let all = if named.is_none() { self.catalogue.metrics() } else { Vec::new() };
            for metric in metric.iter().chain(&all) {
                self.sample_for_read(metric, now.min(range.end), now);
            }
        }
        let selection = self.store.select(selector, *range);
        match metric {
            Some(metric) => self.hide_expired(selection, metric.definition(), now),
            // What differs by metric is not looked at.
            None => match &self.retention {
                Some(retention) => {
                    selection.kept_since(retention.cutoffs("", None, now).samples_before)
                }
                None => selection,
            },
        }
    }

    /// Hides samples that are kept no longer, in a segment that others need.
    pub(super) fn hide_expired(
        &self,
        selection: Selection,
        definition: &MetricDefinition,
        now: Timestamp,
    ) -> Selection {
        let Some(retention) = &self.retention else { return selection };
        let cutoffs = retention.cutoffs(definition.name(), definition.retention(), now);
        selection.kept_since(cutoffs.samples_before)
    }

    /// Decodes the samples of a metric between two times; for small reads,
    /// as [`select`](Self::select) and decoding elsewhere spares the owner.
    ///
    /// # Errors
    /// An unknown metric.
    pub fn values(
        &mut self,
        selector: &Selector,
        range: TimeRange,
        now: Timestamp,
    ) -> Result<Vec<SeriesSamples>, RegistryError> {
        Ok(self.select(selector, range, now)?.samples())
    }

    /// Finds the series of every metric, sorted by name, that have a sample
    /// in the last `lookback`: what an exposition shows.
    pub fn select_all(&mut self, lookback: Duration, now: Timestamp) -> Vec<Selected> {
        let range = TimeRange::last(lookback, now);
        let metrics = self.catalogue.metrics();
        let mut all = Vec::with_capacity(metrics.len());
        for metric in metrics {
            self.sample_for_read(&metric, now, now);
            let definition = Arc::clone(metric.definition());
            let selector = Selector::metric(Arc::clone(definition.name()));
            let selection = self.store.select(&selector, range);
            all.push(Selected { definition, selection });
        }
        all
    }
}
