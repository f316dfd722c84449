//! `[[aggregation]]`: series computed from others.

use std::time::Duration;

use keepwatch_engine::aggregate::Method;
use keepwatch_engine::model::{Matcher, check_label_name, check_metric_name};

use super::document::Table;
use super::section::{DAY, seconds};
use crate::notation::parse_matchers;

/// One `[[aggregation]]`.
///
/// | key | default | |
/// |---|---|---|
/// | `name` | required | the metric that holds the results |
/// | `metric` | required | the metric that is aggregated |
/// | `method` | required | `"avg"`, `"rate"`, `"p99"` … |
/// | `window` | `"5m"` | 1s to 400d |
/// | `interval` | `intervals.aggregation` | 1s to 7d |
/// | `match` | | matchers such as `'route="/cart"'` |
/// | `group_by` | | one result a combination of these labels; one for each series without it |
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Aggregation {
    /// The metric that holds the results.
    pub name: String,
    /// The metric that is aggregated.
    pub metric: String,
    /// How.
    pub method: Method,
    /// Over which span; 5 min by default.
    pub window: Duration,
    /// How often; `None` as the configuration's intervals say.
    pub interval: Option<Duration>,
    /// Which series of the metric.
    pub matchers: Vec<Matcher>,
    /// The labels of a group.
    pub group_by: Option<Vec<String>>,
}

impl Aggregation {
    pub(super) fn read(table: &Table<'_>) -> Option<Self> {
        let metric_name = |text: &str| check_metric_name(text).map(|()| text.to_owned());
        let name = table.required("name", table.parsed("name", metric_name));
        let metric = table.required("metric", table.parsed("metric", metric_name));
        let method = table.required("method", table.parsed("method", str::parse::<Method>));
        let window = table.duration("window", seconds(1..=400 * DAY));
        let interval = table.duration("interval", seconds(1..=7 * DAY));
        let matchers = table.parsed("match", parse_matchers);
        let labels =
            table.list("group_by", |text| check_label_name(text).map(|()| text.to_owned()));
        Some(Self {
            name: name?,
            metric: metric?,
            method: method?,
            window: window.unwrap_or(Duration::from_secs(300)),
            interval,
            matchers: matchers.unwrap_or_default(),
            group_by: table.has("group_by").then_some(labels),
        })
    }
}
