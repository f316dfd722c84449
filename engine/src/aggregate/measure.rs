//! Aggregations of one metric by a method over a window.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::observed::{Observed, evaluate, observe};
use super::{AggregateError, Method};
use crate::model::{Labels, Matcher, MetricDefinition, SeriesSamples, TimeRange, Timestamp};

/// How long before the window samples are read, for what counters grew from.
const BASELINE: Duration = Duration::from_secs(5 * 60);

/// Which series share a result.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Each series has its own.
    #[default]
    Each,
    /// Those with the same values of these labels.
    By(Vec<Arc<str>>),
    /// Those with the same values of all labels but these.
    Without(Vec<Arc<str>>),
}

/// A value of a metric's series over a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    pub(super) metric: Arc<str>,
    pub(super) matchers: Vec<Matcher>,
    pub(super) method: Method,
    pub(super) window: Duration,
    pub(super) grouping: Grouping,
}

impl Measure {
    /// Returns the metric that is aggregated.
    #[must_use]
    pub const fn metric(&self) -> &Arc<str> {
        &self.metric
    }

    /// Returns the conditions on its series.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the window.
    #[must_use]
    pub const fn window(&self) -> Duration {
        self.window
    }

    /// Returns which series share a result.
    #[must_use]
    pub const fn grouping(&self) -> &Grouping {
        &self.grouping
    }

    /// Returns the span of samples that an evaluation at `at` needs.
    #[must_use]
    pub fn sample_range(&self, at: Timestamp) -> TimeRange {
        TimeRange::last(self.window + BASELINE, at)
    }

    /// Returns the gauge `name` that holds the results of this aggregation of
    /// `source`. It has the source's unit unless the method changes it.
    ///
    /// # Errors
    /// A label that is grouped by and named twice.
    pub fn result_metric(
        &self,
        name: &Arc<str>,
        source: &MetricDefinition,
    ) -> Result<MetricDefinition, AggregateError> {
        let labels: Vec<Arc<str>> = match &self.grouping {
            Grouping::Each => source.label_names().to_vec(),
            Grouping::By(labels) => labels.clone(),
            Grouping::Without(labels) => {
                let kept = source.label_names().iter().filter(|name| !labels.contains(name));
                kept.cloned().collect()
            }
        };
        // Of a histogram or summary an increase is a number of measurements.
        let counts = source.kind().is_distribution();
        let unit = match self.method {
            Method::Count | Method::Rate | Method::Variance => "",
            Method::Increase if counts => "",
            _ => source.unit(),
        };
        let window = compact(self.window);
        let gauge = MetricDefinition::gauge(Arc::clone(name))
            .help(format!("{} of {} over {window}", self.method, self.metric))
            .unit(unit)
            .labels(labels);
        Ok(gauge.build()?)
    }

    /// Evaluates the aggregation at `at` over the stored series of `source`:
    /// a value for each group that has one, sorted by labels.
    #[must_use]
    pub fn evaluate(
        &self,
        source: &MetricDefinition,
        series: Vec<SeriesSamples>,
        at: Timestamp,
    ) -> Vec<(Labels, f64)> {
        let window = TimeRange::last(self.window, at);
        let observed = observe(source, series);
        let mut groups: BTreeMap<Labels, Vec<&Observed>> = BTreeMap::new();
        for one in &observed {
            groups.entry(self.group_of(one.labels())).or_default().push(one);
        }
        let value = |(labels, group): (Labels, Vec<&Observed>)| {
            evaluate(&group, self.method, window).map(|value| (labels, value))
        };
        groups.into_iter().filter_map(value).collect()
    }

    fn group_of(&self, labels: &Labels) -> Labels {
        let listed = |list: &[Arc<str>], name: &str| list.iter().any(|one| one.as_ref() == name);
        match &self.grouping {
            Grouping::Each => labels.clone(),
            Grouping::By(list) => labels.filtered(|name| listed(list, name)),
            Grouping::Without(list) => labels.filtered(|name| !listed(list, name)),
        }
    }

    /// Returns the name of the results if none is given:
    /// `<metric>:<method>_<window>`.
    pub(super) fn default_name(&self) -> Arc<str> {
        let method = self.method.to_string().replace('.', "_");
        format!("{}:{method}_{}", self.metric, compact(self.window)).into()
    }
}

/// Writes a duration for a name, such as `5m` or `1h30m`.
fn compact(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut text = String::new();
    for (unit, millis) in
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
    {
        let count = rest / millis;
        rest %= millis;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    text
}
