//! `[[aggregation]]`: series computed from others.

use keepwatch_engine::aggregate::{Definition, Method};
use keepwatch_engine::model::{check_label_name, check_metric_name};

use super::document::Table;
use super::section::{DAY, checked_expression, seconds};
use crate::notation::parse_matchers;

/// Reads one `[[aggregation]]`; the defaults are those of [`Definition::of`].
///
/// | key | default | |
/// |---|---|---|
/// | `name` | `<metric>:<method>_<window>` | the gauge that holds the results; required with `expr` |
/// | `metric` or `expr` | required | the metric that is aggregated, or PromQL |
/// | `method` | required with `metric` | `"avg"`, `"rate"`, `"p99"` … |
/// | `window` | `"5m"` | 1s to 400d; with `metric` |
/// | `interval` | `intervals.aggregation` | 1s to 7d |
/// | `match` | | matchers such as `'route="/cart"'`; with `metric` |
/// | `group_by` or `without` | | one result a combination of (all but) these labels; else one for each series; with `metric` |
/// | `labels` | | laid over those of the results; with `expr` |
pub(super) fn read(table: &Table<'_>) -> Option<Definition> {
    let metric_name = |text: &str| check_metric_name(text).map(|()| text.to_owned());
    let name = table.parsed("name", metric_name);
    let window = table.duration("window", seconds(1..=400 * DAY));
    let interval = table.duration("interval", seconds(1..=7 * DAY));
    let matchers = table.parsed("match", parse_matchers);
    let label = |text: &str| check_label_name(text).map(|()| text.to_owned());
    let (by, without) = (table.list("group_by", label), table.list("without", label));
    if table.has("group_by") && table.has("without") {
        table.refuse_name("without", "without and group_by exclude each other");
    }
    let method = table.parsed("method", str::parse::<Method>);
    let mut definition = if table.has("expr") {
        if table.text("metric").is_some() {
            table.refuse_key("metric", "no metric beside expr");
        }
        let expr = table.parsed("expr", checked_expression);
        let name = table.required("name", name);
        let mut definition = Definition::expression(name?, expr?);
        if let Some(method) = method {
            definition = definition.method(method);
        }
        for (name, value) in table.texts("labels") {
            definition = definition.label(name, value);
        }
        definition
    } else {
        let metric = table.required("metric", table.parsed("metric", metric_name));
        let method = table.required("method", method);
        let mut definition = Definition::of(metric?, method?);
        if let Some(name) = name {
            definition = definition.name(name);
        }
        definition
    };
    if let Some(window) = window {
        definition = definition.window(window);
    }
    if let Some(interval) = interval {
        definition = definition.interval(interval);
    }
    if let Some(matchers) = matchers {
        definition = definition.matchers(matchers);
    }
    if table.has("group_by") {
        definition = definition.by(by);
    } else if table.has("without") {
        definition = definition.without(without);
    }
    match definition.build() {
        Ok(definition) => Some(definition),
        Err(error) => {
            table.refuse(error);
            None
        }
    }
}
